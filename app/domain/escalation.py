"""Whom an alert is told to while nobody takes it on, in which order and after how long: one table, and what it says.

The first telling, to the groups, is the beginning. From there step follows step; behind the last one everybody of
``again`` is told over and over, until somebody has it in hand. A step that reaches nobody is passed over at once:
waiting for an answer of nobody is time lost.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class EscalationTarget(StrEnum):
    """Whom a step asks."""

    FIRST = "first"
    """Who is first on duty."""
    SECOND = "second"
    """Who is second on duty."""
    FALLBACK = "fallback"
    """Whom the roster names for when nobody else is there."""
    LEADS = "leads"
    """Every administrator."""
    GROUPS = "groups"
    """The groups that hear of the alert's level."""


@dataclass(frozen=True, slots=True)
class StepWays:
    """By which ways a step tells people, the best one first; ``first_only`` where the others only stand in for it."""

    order: tuple[str, ...]
    first_only: bool = False

    def of(self, there_are: Collection[str]) -> tuple[str, ...]:
        """Return which of a person's ways are used."""
        used = tuple(way for way in self.order if way in there_are)
        return used[:1] if self.first_only else used


ALL_WAYS = StepWays(("sms", "email"))
"""A text message wakes somebody up, and the e-mail beside it costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """Whom it asks, by which ways, and how long after the step before it."""

    after: timedelta
    asks: frozenset[EscalationTarget]
    ways: StepWays = ALL_WAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The steps of a level, and the one that is repeated behind them."""

    steps: tuple[EscalationStep, ...]
    again: EscalationStep

    def step(self, number: int) -> EscalationStep:
        """Return the step of a number, counted from 0; behind the last one it is the one that is repeated."""
        return self.steps[number] if number < len(self.steps) else self.again


ESCALATIONS: Mapping[str, Escalation] = {
    "orange": Escalation(
        steps=(
            EscalationStep(after=timedelta(), asks=frozenset({EscalationTarget.FIRST})),
            EscalationStep(after=timedelta(minutes=5), asks=frozenset({EscalationTarget.SECOND})),
            EscalationStep(
                after=timedelta(minutes=5), asks=frozenset({EscalationTarget.FALLBACK, EscalationTarget.GROUPS})
            ),
        ),
        again=EscalationStep(
            after=timedelta(minutes=30), asks=frozenset({EscalationTarget.FIRST, EscalationTarget.GROUPS})
        ),
    ),
    "red": Escalation(
        steps=(
            EscalationStep(
                after=timedelta(minutes=5), asks=frozenset({EscalationTarget.FIRST, EscalationTarget.SECOND})
            ),
            EscalationStep(
                after=timedelta(minutes=5),
                asks=frozenset(
                    {EscalationTarget.FIRST, EscalationTarget.SECOND, EscalationTarget.FALLBACK, EscalationTarget.LEADS}
                ),
            ),
        ),
        again=EscalationStep(
            after=timedelta(minutes=15),
            asks=frozenset({EscalationTarget.FIRST, EscalationTarget.SECOND, EscalationTarget.GROUPS}),
        ),
    ),
}
"""By level. Of the others nobody is woken."""

AGAIN = "again"
"""What the step that is repeated is called in the settings; the others are called by their numbers, from 1."""

_WANTED = re.compile(
    r"(?P<level>[a-z]+)\.(?P<step>[1-9]|again)="
    r"(?:(?P<way>sms|email)(?:(?P<how>[+>])(?P<other>sms|email))?(?P<too>\+group)?|(?P<alone>group))"
)


class WrongStep(ValueError):
    """What is to be changed of a step cannot be; the Chinese sentence says why."""


def escalations_of(wanted: Sequence[str]) -> Mapping[str, Escalation]:
    """Return the table with other ways in some of its steps: ``orange.1=sms>email``, ``red.2=sms+group``.

    ``+`` is both, ``>`` the second where the first cannot reach him; without ``group`` the groups are not told again.

    Raises:
        WrongStep: an entry has another form, names no step or one twice, or would let an alert reach nobody.
    """
    changed: dict[str, Escalation] = dict(ESCALATIONS)
    seen: set[tuple[str, str]] = set()
    for entry in wanted:
        found = _WANTED.fullmatch(entry.strip())
        if found is None or (found["way"] is not None and found["way"] == found["other"]):
            raise WrongStep(f"{entry[:40]!r} 写法不对，例如 orange.1=sms>email、red.2=sms+email+group、red.again=group")
        level, step = found["level"], found["step"]
        if level not in changed:
            raise WrongStep(f"{entry[:40]!r}：级别只能是 {'、'.join(sorted(ESCALATIONS))}")
        if (level, step) in seen:
            raise WrongStep(f"{level}.{step} 写了两次")
        seen.add((level, step))
        changed[level] = _with_ways(changed[level], step, found, name=f"{level}.{step}")
    return changed


def _with_ways(escalation: Escalation, step: str, found: "re.Match[str]", *, name: str) -> Escalation:
    groups = found["too"] is not None or found["alone"] is not None
    if step == AGAIN:
        if not groups:
            raise WrongStep(f"{name} 须含 group：没有人可叫的时候，至少群里要知道")
        return replace(escalation, again=_step_with(escalation.again, found, groups=groups))
    number = int(step) - 1
    if number >= len(escalation.steps):
        raise WrongStep(f"{name}：没有这一步，可写 1 到 {len(escalation.steps)} 或 {AGAIN}")
    steps = list(escalation.steps)
    steps[number] = _step_with(steps[number], found, groups=groups)
    return replace(escalation, steps=tuple(steps))


def _step_with(step: EscalationStep, found: "re.Match[str]", *, groups: bool) -> EscalationStep:
    people = step.asks - {EscalationTarget.GROUPS} if found["way"] is not None else frozenset()
    order = tuple(way for way in (found["way"], found["other"]) if way is not None)
    asks = people | ({EscalationTarget.GROUPS} if groups else frozenset())
    return replace(step, asks=asks, ways=StepWays(order, first_only=found["how"] == ">"))


def due_at(escalation: Escalation, number: int, next_at: datetime | None, *, told_at: datetime) -> datetime:
    """Return when a step is due: as its row says, else counted from when the groups were told."""
    return told_at + escalation.step(number).after if next_at is None else next_at


def is_due(escalation: Escalation, number: int, at: datetime, *, now: datetime) -> bool:
    """Tell whether a step that is due at a moment is due now.

    One that is further ahead than a step can be was written before the clock was set back, and is due.
    """
    return at <= now or at > now + escalation.step(number).after
