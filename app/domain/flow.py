"""Where an order is on its way: a fold over its lifecycle events, the same whatever order they arrived in.

Events are taken by their own time, and by the rank of their mark where two share a moment; never "the last one wins". A
late, doubled or missing event therefore changes what we know, and not what we made of it.

Of orders that Lifeboat took itself it tells under the name :data:`OWN_SOURCE`. They stand in their stages like all
others, but until the warehouse has them their time was ours and not the main system's: those visits count as inferred,
in no mean. Our word that one is over, or home, holds only until the main system tells of the order itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.marks import ENDS_STAGE, RANK, REACHED, STAGES, WAY, Mark
from app.domain.times import is_a_time
from app.domain.triage import SAID

PROMISED = "promised_at"
"""The attribute that says by when an order is to be shipped."""

LAST = "last"
"""The attribute that says, where it is true, that nothing more will be told of an order, as of past ones in a list."""

LONGEST_SAID = 80

OWN_SOURCE = "lifeboat"
"""Who tells of the orders that Lifeboat has taken; nobody else may tell under this name."""

LAST_OF_OURS = 2
"""The last stage that an order of ours may spend with us instead of the main system: on its way to the warehouse."""

AHEAD = timedelta(minutes=2)
"""A sender's clock may be so far ahead of ours before its time is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleEvent:
    """Something that has happened to an order in the main system.

    ``at`` is when it happened as far as we believe it, see :func:`believed`. ``attributes`` holds what else was said:
    ``stage`` of a mark ``reopened``, ``into`` of one ``merged``, ``children`` of one ``split``, ``priority``, ``last``.
    """

    source: str
    event_id: str
    mark: Mark
    at: datetime
    channel: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Standing(StrEnum):
    """How an order stands in the flow; only ``under_way`` and ``done`` count in figures and rules."""

    UNDER_WAY = "under_way"
    DONE = "done"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"
    MERGED = "merged"
    SPLIT = "split"
    HOME = "home"
    """Lifeboat took it and the main system has it now, which has not told of it yet."""


_OUR_END = {
    Mark.CANCELLED: Standing.CANCELLED,
    Mark.MERGED: Standing.MERGED,
    Mark.SPLIT: Standing.SPLIT,
    Mark.HOLD: Standing.HOME,
}
"""How an order stands by our own last word of it, while nobody else has told of it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A time that an order spent in a stage; it is there still where ``left_at`` is None.

    An ``inferred`` one has a beginning or an end that no event told: it counts as a visit and in no mean.
    """

    stage: int
    entered_at: datetime
    left_at: datetime | None = None
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """What is known of an order's way."""

    standing: Standing = Standing.UNDER_WAY
    stage: int | None = None
    """The stage it is in; None before the first mark, after the last, and where nothing more will be told of it."""
    visits: tuple[Visit, ...] = ()
    """Oldest first; empty for an order that does not count."""
    channel: str = ""
    high: bool = False
    reworks: int = 0
    """How often it was sent back."""
    promised_at: datetime | None = None
    """By when it is to be shipped, as was told last."""
    said: tuple[tuple[str, str], ...] = ()
    """The facts of ``triage.SAID`` that events tell of it, by name, each as it was told last; empty words left out."""


def believed(at: datetime, *, received_at: datetime) -> datetime:
    """Return when an event happened: when we received it if its sender's clock was ahead."""
    ahead = at > received_at + AHEAD
    return received_at if ahead else at


def word_said(told: object) -> str:
    """Return a fact as an event tells it, cut to :data:`LONGEST_SAID`; what is none, false or empty takes it back."""
    return "" if told is None or told is False else str(told)[:LONGEST_SAID]


def promised_moment(told: object, *, told_at: datetime) -> datetime | None:
    """Return a promise as an event tells it, RFC 3339 with its zone; None for an empty word and for what is no time."""
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    if at is None or at.tzinfo is None or not is_a_time(at, now=told_at):
        return None
    return at.astimezone(UTC)


def flow_of(events: Iterable[LifecycleEvent]) -> Flow:
    """Return where an order is, by all that is known of it."""
    fold = _Fold()
    for event in sorted(events, key=lambda one: (one.at, RANK[one.mark], one.source, one.event_id)):
        fold.take(event)
    return fold.flow()


@dataclass(slots=True)
class _Fold:
    """Takes events in the order of their times."""

    behind: int | None = None
    """How many stages lie behind the order; None before its first mark."""
    since: datetime | None = None
    """Since when it is in the stage after those."""
    guessed: bool = False
    """Whether no event told that beginning."""
    standing: Standing = Standing.UNDER_WAY
    visits: list[Visit] = field(default_factory=list)
    channel: str = ""
    high: bool = False
    reworks: int = 0
    promised_at: datetime | None = None
    said: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    """Whether the newest event says that it is the last; one that comes nevertheless goes on from there."""
    ours: bool = False
    """Whether Lifeboat took it."""
    told_elsewhere: bool = False
    """Whether anybody else has told of it."""
    our_end: Mark | None = None
    """Our own word that it is over or home."""

    def take(self, event: LifecycleEvent) -> None:
        self._hear(event)
        if event.source != OWN_SOURCE:
            self.told_elsewhere = True
            self._go(event)
        else:
            self.ours = True
            self.our_end = None if event.mark in WAY else event.mark
            if event.mark in WAY:
                self._go(event)

    def _hear(self, event: LifecycleEvent) -> None:
        """Note what is said beside the mark."""
        self.channel = event.channel or self.channel
        self.ended = event.attributes.get(LAST) is True
        if "priority" in event.attributes:
            self.high = event.attributes["priority"] == "high"
        self.said.update({name: word_said(event.attributes[name]) for name in SAID & event.attributes.keys()})
        if PROMISED in event.attributes:
            self.promised_at = promised_moment(event.attributes[PROMISED], told_at=event.at)

    def _go(self, event: LifecycleEvent) -> None:
        """Go where the mark says."""
        match event.mark:
            case Mark.CANCELLED:
                self.standing = Standing.CANCELLED
            case Mark.MERGED | Mark.SPLIT:
                self._go_on_elsewhere(event)
            case Mark.HOLD if self.standing is Standing.UNDER_WAY:
                self._leave(event.at, inferred=True)
                self.standing = Standing.ON_HOLD
            case Mark.RESUMED if self.standing is Standing.ON_HOLD:
                self.standing = Standing.UNDER_WAY
                self._enter(event.at)
            case Mark.HOLD | Mark.RESUMED | Mark.STATUS:
                pass
            case Mark.REOPENED:
                self._reopen(event)
            case mark:
                self._reach(REACHED[mark], event.at, told=mark in ENDS_STAGE)

    def flow(self) -> Flow:
        standing, ended_here = self.standing, None
        if standing is Standing.UNDER_WAY and self.our_end is not None and not self.told_elsewhere:
            ended_here = _OUR_END.get(self.our_end)
        standing = ended_here or standing
        counts = ended_here is None and standing not in {Standing.CANCELLED, Standing.ON_HOLD}
        visits, stage = list(self.visits), None
        if counts and self.since is not None and standing is Standing.UNDER_WAY:
            here = (self.behind or 0) + 1
            if self.ended:  # nobody knows how long it stayed, and it is not there now
                visits.append(Visit(here, self.since, self.since, inferred=True))
            else:
                stage = here
                visits.append(Visit(here, self.since, inferred=self.guessed))
        if standing is Standing.UNDER_WAY and self.behind == len(STAGES):
            standing = Standing.DONE
        return Flow(
            standing=standing,
            stage=stage,
            visits=tuple(self._as_ours(visits)) if counts else (),
            channel=self.channel,
            high=self.high,
            reworks=self.reworks,
            promised_at=self.promised_at,
            said=tuple(sorted((name, word) for name, word in self.said.items() if word)),
        )

    def _as_ours(self, visits: Iterable[Visit]) -> Iterator[Visit]:
        """Yield visits; of an order of ours those before the warehouse are in no mean."""
        for visit in visits:
            yield replace(visit, inferred=True) if self.ours and visit.stage <= LAST_OF_OURS else visit

    def _reach(self, behind: int, at: datetime, *, told: bool) -> None:
        """Note that so many stages lie behind; those that nobody told the end of are left at the same moment."""
        before = self.behind
        if before is not None and behind <= before:  # told again, or late and outdated
            return
        if before is not None:
            exact = told and behind == before + 1
            self._leave(at, inferred=not exact)
            self.visits += [Visit(stage, at, at, inferred=True) for stage in range(before + 2, behind + 1)]
        self.behind = behind
        self._enter(at, guessed=not told)

    def _enter(self, at: datetime, *, guessed: bool = False) -> None:
        if self.standing is Standing.UNDER_WAY and self.behind is not None and self.behind < len(STAGES):
            self.since, self.guessed = at, guessed

    def _reopen(self, event: LifecycleEvent) -> None:
        """Let a stage that lies behind the order begin again; the one it was in is left."""
        stage = event.attributes.get("stage")
        if type(stage) is not int or self.behind is None or not 1 <= stage <= self.behind:
            return
        self._leave(event.at, inferred=True)
        self.behind = stage - 1
        self._enter(event.at)
        self.reworks += 1

    def _leave(self, at: datetime, *, inferred: bool) -> None:
        if self.since is not None and self.behind is not None:
            self.visits.append(Visit(self.behind + 1, self.since, at, inferred or self.guessed))
        self.since, self.guessed = None, False

    def _go_on_elsewhere(self, event: LifecycleEvent) -> None:
        """Let it go: what it was merged into, or its parts, have a clock of their own."""
        if self.standing in {Standing.UNDER_WAY, Standing.ON_HOLD}:
            self._leave(event.at, inferred=True)
            self.standing = Standing.MERGED if event.mark is Mark.MERGED else Standing.SPLIT
