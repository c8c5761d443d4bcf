"""Looks whether what is stuck now is systemic: what the orders have in common, since when, and what happened then."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from app.domain.heartbeat import BeatState
from app.domain.times import local_text
from app.domain.working_clock import WorkingClock
from app.store.repositories.expected_beats import beat_of
from app.store.repositories.traits import FlowRow
from app.store.tables import ExpectedBeat, JobRun, RuleChange
from app.store.unit_of_work import UnitOfWork
from app.watch.flow_map.plans import stages_of
from app.watch.systemic.dependencies import Sickness, sicknesses
from app.watch.systemic.onset import MINUTE, onset_of, usual_exits
from app.watch.systemic.time_line import AFTER, BEFORE, TimeLineEntry, time_line
from app.watch.systemic.verdict import ENOUGH, Comparison, Concentration, Traits, judge

MOST_ORDERS = 2000
MOST_LEAVERS = 20_000
"""Orders whose events are read to date what one warehouse did: some three hours of a hundred a minute."""

LOOKED_AT = timedelta(hours=6)
"""Of the stage's own clock: after a night it is the evening that is looked at."""

FURTHEST_BACK = timedelta(days=3)
"""On the wall, over a closed weekend."""

HISTORY = timedelta(days=14)
MOST_HAPPENINGS = 200
MOST_RUNS = 400
LONGEST_VALUE = 80

ATTRIBUTES = {
    "type": ("type", "status"),
    "sku": ("sku", "skus"),
    "warehouse": ("warehouse",),
    "carrier": ("carrier",),
    "pay": ("pay", "payment"),
}
"""By dimension: the attributes of an event that name it."""


@dataclass(frozen=True, slots=True)
class Systemic:
    """What a look found.

    ``stage`` is the one most of the stuck orders are in; ``began_at`` is ``onset``, or else when the oldest of the
    stuck orders in that stage came into it. The time line is empty where too few are stuck.
    """

    judgement: Comparison
    stage: int | None
    onset: datetime | None
    began_at: datetime | None
    time_line: tuple[TimeLineEntry, ...]
    examples: tuple[str, ...]
    """Some of the stuck orders, newest first."""
    onset_of: Concentration | None = None
    """Whose exits fell, where those of the whole stage did not."""

    @property
    def likeliest(self) -> TimeLineEntry | None:
        """What to look at first."""
        return next((one for one in self.time_line if one.likeliest), None)


def look_for_cause(uow: UnitOfWork, *, now: datetime, zone: tzinfo) -> Systemic:
    """Look whether what is stuck now is systemic."""
    limits = {stage.number: stage.limit for stage in stages_of(uow)}
    stuck = uow.traits.stuck(limits, now=now, at_most=MOST_ORDERS)
    if len(stuck) < ENOUGH:
        examples = tuple(row.order_ref for row in stuck)
        return Systemic(judge([_bare(row) for row in stuck], []), None, None, None, (), examples)
    by_stage = Counter(row.stage for row in stuck if row.stage is not None)
    stage = max(by_stage, key=lambda one: (by_stage[one], one))
    since = max(min(row.entered_at for row in stuck), now - timedelta(days=1))
    others = uow.traits.well(limits, now=now, at_most=MOST_ORDERS)
    others = [row for row in others if row.entered_at >= since]
    others += uow.traits.passed(stage, since=since, at_most=MOST_ORDERS)
    said = uow.traits.attributes([row.flow_id for row in (*stuck, *others)])
    judgement = judge(
        [_traits(row, said.get(row.flow_id, {})) for row in stuck],
        [_traits(row, said.get(row.flow_id, {})) for row in others],
    )
    onset, of = _onset(uow, stage, now=now), None
    if onset is None and (shared := _shared(judgement)):
        onset, of = _onset_of_value(uow, stage, shared, now=now), shared
    began_at = onset or min(row.entered_at for row in stuck if row.stage == stage)
    happenings = _happenings(
        uow, began_at - BEFORE, min(now, began_at + AFTER), now=now, words=JobWords.of(uow, zone=zone)
    )
    examples = tuple(row.order_ref for row in stuck[:ENOUGH])
    return Systemic(
        judgement, stage, onset, began_at, time_line(happenings, began_at=began_at), examples, of if onset else None
    )


@dataclass(frozen=True, slots=True)
class JobWords:
    """What people call the jobs of the calendar, and how long each may run."""

    labels: Mapping[str, str]
    within: Mapping[str, timedelta]
    zone: tzinfo
    """The merchant's, for moments that people read."""

    @classmethod
    def of(cls, uow: UnitOfWork, *, zone: tzinfo) -> "JobWords":
        """Return them as the worker that leads wrote them down."""
        plans = uow.jobs.plans()
        return cls({job.name: job.label for job in plans}, {job.name: job.within for job in plans}, zone)


def _onset(uow: UnitOfWork, stage: int, *, now: datetime) -> datetime | None:
    end = now.replace(second=0, microsecond=0)
    return _fell(uow.traits.exits(stage, since=end - HISTORY, until=end), uow.clocks.of(stage), end=end)


def _start(clock: WorkingClock, end: datetime) -> datetime:
    start = max(clock.back(end, LOOKED_AT), end - FURTHEST_BACK)
    return start.replace(second=0, microsecond=0)


def _fell(exits: Mapping[datetime, int], clock: WorkingClock, *, end: datetime) -> datetime | None:
    """Return the minute in which exits fell, in the time before ``end`` that is looked at."""
    start = _start(clock, end)
    usual = usual_exits(exits, now=end, looked_at=end - start, runs=clock.is_open)
    return onset_of([exits.get(start + n * MINUTE, 0) for n in range(len(usual))], usual, start=start)


def _shared(judgement: Comparison) -> Concentration | None:
    return next((one for one in judgement.concentrations if one.stands_out and one.dimension != "stage"), None)


def _onset_of_value(uow: UnitOfWork, stage: int, shared: Concentration, *, now: datetime) -> datetime | None:
    """Return the minute in which the exits of what the stuck orders share fell, where those of the stage did not.

    One warehouse of four that stands still leaves the stage three quarters of its exits.
    """
    end = now.replace(second=0, microsecond=0)
    clock = uow.clocks.of(stage)
    leavers = uow.traits.leavers(stage, since=_start(clock, end), at_most=MOST_LEAVERS)
    gone = [row for row in leavers if row.entered_at < end]
    said = uow.traits.attributes([row.flow_id for row in gone])
    exits: Counter[datetime] = Counter()
    for row in gone:
        if shared.value in _traits(row, said.get(row.flow_id, {})).get(shared.dimension, ()):
            exits[row.entered_at.replace(second=0, microsecond=0)] += 1
    return _fell(exits, clock, end=end)


def _bare(row: FlowRow) -> Traits:
    return {"stage": frozenset((str(row.stage),))} if row.stage is not None else {}


def _traits(row: FlowRow, said: Mapping[str, object]) -> Traits:
    traits = dict(_bare(row))
    if row.channel:
        traits["channel"] = frozenset((row.channel,))
    for dimension, names in ATTRIBUTES.items():
        if values := frozenset(value for name in names for value in _values(said.get(name))):
            traits[dimension] = values
    return traits


def _values(said: object) -> Iterator[str]:
    for one in said if isinstance(said, list) else (said,):
        value = one.get("sku") if isinstance(one, dict) else one
        if isinstance(value, str | int) and not isinstance(value, bool) and (text := str(value).strip()):
            yield text[:LONGEST_VALUE]


def _happenings(
    uow: UnitOfWork, since: datetime, until: datetime, *, now: datetime, words: JobWords
) -> Iterator[TimeLineEntry]:
    for change in uow.rule_changes.between(since, until, limit=MOST_HAPPENINGS):
        yield _of_change(change)
    for run in uow.jobs.newest(limit=MOST_RUNS):
        if run.outcome == "failed" or _was_cut_off(run, words, now=now):
            yield _of_run(run, words)
    for beat in uow.expected_beats.all():
        yield from _of_beat(beat, now=now, zone=words.zone)
    for sickness in sicknesses(uow.dependencies.windows(since - timedelta(days=1), until)):
        yield _of_sickness(sickness)


def _of_change(change: RuleChange) -> TimeLineEntry:
    values = f"{change.before or '（空）'} → {change.after or '（空）'}"
    evidence = values if change.before or change.after else "没有写明前后的值"
    return TimeLineEntry(change.at, "change", f"{change.who} 改了 {change.what}", evidence)


def _was_cut_off(run: JobRun, words: JobWords, *, now: datetime) -> bool:
    within = words.within.get(run.name)
    return run.finished_at is None and within is not None and now - run.started_at > within


def _of_run(run: JobRun, words: JobWords) -> TimeLineEntry:
    label = words.labels.get(run.name, run.name)
    what = "失败" if run.outcome == "failed" else "没有跑完"
    return TimeLineEntry(run.started_at, "job", f"定时任务 {label} {what}", run.detail or "没有留下说明")


def _of_beat(row: ExpectedBeat, *, now: datetime, zone: tzinfo) -> Iterator[TimeLineEntry]:
    beat = beat_of(row)
    state, awaited = beat.state(now), beat.overdue_at
    last = f"上次成功 {local_text(row.last_ok_at, zone)[:16]}" if row.last_ok_at else "还没有成功过"
    if row.failed_at is not None:
        yield TimeLineEntry(row.failed_at, "heartbeat", f"任务 {row.name} 报失败", row.said if row.failures else last)
    if awaited is not None and awaited == row.started_at and state is BeatState.DOWN:
        yield TimeLineEntry(awaited, "heartbeat", f"任务 {row.name} 开始后没有报完成", last)
    elif awaited is not None and awaited == row.due_at and awaited < now:
        yield TimeLineEntry(awaited, "heartbeat", f"任务 {row.name} 到时没有报到", last)


def _of_sickness(one: Sickness) -> TimeLineEntry:
    slow = f"，95% 在 {one.p95} 毫秒内" if one.p95 is not None else ""
    why = f"，{one.reason}" if one.reason else ""
    evidence = f"{one.probes} 次探测失败 {one.errors} 次{why}{slow}"
    return TimeLineEntry(one.at, "dependency", f"依赖 {one.name} 异常", evidence)
