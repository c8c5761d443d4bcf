"""Everything that recurs, in two tables: loops, which rest by the monotonic clock, and the calendar, with times of day.

To add a job of the calendar, add a line to ``calendar``, and its step to ``Steps``. The step asks the rows whether
something is due, so that a missed, doubled or late firing harms nothing. What is rarely due, such as a monthly drill,
is asked for every hour: then a firing that came while the worker restarted costs an hour and not a month.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from app.worker.cron import Cron, at, each
from app.worker.loops import Step

PURGE_WITHIN = timedelta(minutes=20)
"""What is not removed by then is removed on another night."""


@dataclass(frozen=True, slots=True)
class Job:
    """A step, the rest in seconds where it found nothing to do, and who does it."""

    name: str
    step: Step
    rest: float
    leader_only: bool = False


@dataclass(frozen=True, slots=True)
class Appointment:
    """A job of the calendar, done by the leader: its name, its Chinese word, when, what, and when it is cut off."""

    name: str
    label: str
    due: Cron
    step: Callable[["Steps"], Step]
    within: timedelta


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps a worker can take."""

    compose: Step
    goods: Step
    groups: Step
    sms: Step
    settle: Step
    mail: Step
    batch: Step
    batch_on_time: Step
    sweep: Step
    watch: Step
    own_orders: Step
    changes: Step
    duty: Step
    escalate: Step
    chain_audit: Step
    forget_runs: Step
    purge: Step
    tell_dead_men: Step
    probe: Step
    look_up: Step
    replay: Step
    ask_main: Step
    switches: Step


def timetable(steps: Steps) -> Sequence[Job]:
    """Return the loops of a worker."""
    return (
        Job("compose", steps.compose, rest=0.3),  # the group hears of an order within a second
        Job("goods", steps.goods, rest=1.0),
        Job("groups", steps.groups, rest=0.5),
        Job("sms", steps.sms, rest=1.0),
        Job("settle", steps.settle, rest=3.0),
        Job("mail", steps.mail, rest=5.0),
        Job("batch", steps.batch, rest=10.0, leader_only=True),  # the net under the calendar; idempotent
        Job("sweep", steps.sweep, rest=10.0, leader_only=True),
        Job("watch", steps.watch, rest=20.0, leader_only=True),
        Job("own_orders", steps.own_orders, rest=2.0, leader_only=True),
        Job("changes", steps.changes, rest=10.0, leader_only=True),
        Job("dead_men", steps.tell_dead_men, rest=5.0, leader_only=True),
        Job("probe", steps.probe, rest=60.0, leader_only=True),
        Job("look_up", steps.look_up, rest=10.0, leader_only=True),
        Job("replay", steps.replay, rest=2.0, leader_only=True),
        Job("main_system", steps.ask_main, rest=5.0, leader_only=True),
        Job("switches", steps.switches, rest=2.0),  # each worker keeps the files of its own machine
        Job("duty", steps.duty, rest=20.0, leader_only=True),
        Job("escalate", steps.escalate, rest=5.0, leader_only=True),
    )


def calendar(*, batch_every: timedelta, zone: ZoneInfo) -> Sequence[Appointment]:
    """Return the jobs of the calendar; each is cut off before it is due again, so that one that hangs stops none."""
    short = timedelta(minutes=2)
    while_due = min(batch_every * 0.8, timedelta(hours=1))  # a batch that hangs is told of within the hour
    return (
        Appointment("batch", "出批次", each(batch_every, zone), lambda steps: steps.batch_on_time, while_due),
        # between the half hours, when everybody wants SQLite's lock
        Appointment("audit", "审计入链", at(zone, minute="2-57/5"), lambda steps: steps.chain_audit, short),
        Appointment("job_runs", "清理运行记录", at(zone, hour=4, minute=10), lambda steps: steps.forget_runs, short),
        # the shop sleeps, and no half hour is near its end
        Appointment("purge", "清理订单进度", at(zone, hour=4, minute=35), lambda steps: steps.purge, PURGE_WITHIN),
    )
