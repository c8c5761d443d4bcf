"""Every recurring job in one table: what, how often, and whether one worker of all does it or each does its share."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.worker.loops import Step


@dataclass(frozen=True, slots=True)
class Job:
    """A step, the rest in seconds where it found nothing to do, and who does it."""

    name: str
    step: Step
    rest: float
    leader_only: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps a worker can take."""

    compose: Step
    groups: Step
    sms: Step
    settle: Step
    mail: Step
    batch: Step
    sweep: Step
    watch: Step


def timetable(steps: Steps) -> Sequence[Job]:
    """Return the jobs of a worker."""
    return (
        Job("compose", steps.compose, rest=0.3),  # the group hears of an order within a second
        Job("groups", steps.groups, rest=0.5),
        Job("sms", steps.sms, rest=1.0),
        Job("settle", steps.settle, rest=3.0),
        Job("mail", steps.mail, rest=5.0),
        Job("batch", steps.batch, rest=10.0, leader_only=True),  # asks whether a batch is due; idempotent
        Job("sweep", steps.sweep, rest=10.0, leader_only=True),
        Job("watch", steps.watch, rest=20.0, leader_only=True),
    )
