"""Whom an alert is told to while nobody takes it on, in which order and after how long: one table, and what it says.

The first telling, to the groups, is the beginning. From there step follows step; behind the last one everybody of
``again`` is told over and over, until somebody has it in hand. A step that reaches nobody is passed over at once:
waiting for an answer of nobody is time lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """Whom it asks, and how long after the step before it."""

    after: timedelta
    asks: frozenset[EscalationTarget]


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


def due_at(escalation: Escalation, number: int, next_at: datetime | None, *, told_at: datetime) -> datetime:
    """Return when a step is due: as its row says, else counted from when the groups were told."""
    return told_at + escalation.step(number).after if next_at is None else next_at


def is_due(escalation: Escalation, number: int, at: datetime, *, now: datetime) -> bool:
    """Tell whether a step that is due at a moment is due now.

    One that is further ahead than a step can be was written before the clock was set back, and is due.
    """
    return at <= now or at > now + escalation.step(number).after
