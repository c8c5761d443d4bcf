"""What would have rung in the last days with other lines, beside what would have with those in force.

The same rules look at the past that look at the present, and the same lives follow; only the figures come from what is
stored of each minute. What the past cannot tell any more is said, and not guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from app.domain.health_lines import HealthLines
from app.domain.order_health import HOUR
from app.store.spool.file import SpoolCounts
from app.store.unit_of_work import Store
from app.watch.rule import Found, Rule, Situation, Trouble, WatchPolicy
from app.watch.rules import ORDER_RULES
from app.watch.rules.backlog_growing import BACKLOG_GROWING
from app.watch.stages.health import KindNow, OrderHealth, health_of
from app.watch.what_if.lives import LivesInMind, WouldRing
from app.watch.what_if.past import Past, PastMinute

MOST_DAYS = 14

NO_SPOOL = SpoolCounts()


class HearsHours(Protocol):
    """Hears how far a judgement has come."""

    def __call__(self, at: datetime) -> None:
        """Hear the hour that is looked at."""
        ...


class Doubt(StrEnum):
    """What a judgement of the past cannot know."""

    SHORT = "short"
    """Nothing is stored of the first of the days."""
    LATE = "late"
    """What was told late counts as if it had come in time."""
    LIMITS = "limits"
    """Limits of stages and what was usual are as they stand now."""
    UNREADABLE = "unreadable"
    """That a program could not be asked is written down nowhere: of a silent source its silence alone is judged."""
    INCIDENT = "incident"
    """Of some minutes of an incident nobody noted who waited: red alerts stay as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Days judged twice: ``wanted`` by other lines, ``in_force`` by those that hold now."""

    since: datetime
    until: datetime
    wanted: WouldRing
    in_force: WouldRing
    doubts: tuple[Doubt, ...]


@dataclass(slots=True)
class _Side:
    """One set of lines, the alerts that live by it, and how many minutes of incidents it could not judge."""

    policy: WatchPolicy
    lives: LivesInMind = field(init=False)
    marks: Mapping[str, str | None] = field(init=False)
    unjudged: int = 0

    def __post_init__(self) -> None:
        lines = self.policy.lines
        self.lives, self.marks = LivesInMind(lines), {rule.name: rule.mark(lines) for rule in ORDER_RULES}


class _PastLook:
    """Shows a rule a past minute as if it were now."""

    def __init__(self, health: OrderHealth, past: Past) -> None:
        self._health, self._past = health, past

    def now(self) -> OrderHealth:
        return self._health

    def times(self, kind: KindNow) -> list[float]:
        return self._past.times(kind, self._health.at)


def what_if(
    store: Store,
    *,
    policy: WatchPolicy,
    wanted: HealthLines,
    now: datetime,
    days: int = MOST_DAYS,
    progress: HearsHours | None = None,
) -> WhatIf:
    """Judge the last days by ``wanted`` lines and by those of ``policy``; ``progress`` hears how far it has come.

    It reads in short transactions and writes nothing.
    """
    until = now.replace(second=0, microsecond=0)
    asked = (until - timedelta(days=days)).replace(minute=0)
    with store.reading() as uow:
        first = uow.health.first_minute()
    since = max(asked, first.replace(minute=0)) if first is not None else until
    sides = (_Side(replace(policy, lines=wanted)), _Side(policy))
    past = Past(store, since=since, until=until, zone=policy.zone)
    for minute in past.minutes():
        at = minute.figures.at
        _judge(minute, past, sides, store)
        if progress is not None and at.minute == 0:
            progress(at)
    ringing = [side.lives.result() for side in sides]
    short = first is None or first > asked + HOUR
    unjudged = any(side.unjudged for side in sides)
    doubts = [Doubt.LATE, Doubt.LIMITS, Doubt.UNREADABLE]
    doubts = [*([Doubt.SHORT] if short else []), *doubts, *([Doubt.INCIDENT] if unjudged else [])]
    return WhatIf(since=since, until=until, wanted=ringing[0], in_force=ringing[1], doubts=tuple(doubts))


def _judge(minute: PastMinute, past: Past, sides: Sequence[_Side], store: Store) -> None:
    """Let every rule look at a minute, for each side; where both would see the same they look once."""
    figures = minute.figures
    seen: list[tuple[HealthLines, OrderHealth]] = []
    found: dict[tuple[str, int, str | None], Found] = {}
    for side in sides:
        lines = side.policy.lines
        health = next((health for other, health in seen if _sees_alike(other, lines)), None)
        if health is None:
            health = health_of(figures, minute.usual, lines)
        seen.append((lines, health))
        situation = Situation(
            store=store,
            now=figures.at,
            policy=side.policy,
            folders=(),
            spool=lambda: NO_SPOOL,
            orders=_PastLook(health, past),
            brief=True,
        )
        blank = figures.noted is not None and not health.backlog.samples
        side.unjudged += blank
        mine = []
        for rule in ORDER_RULES:
            key = (rule.name, id(health), side.marks[rule.name])
            if key not in found:
                found[key] = Found(rule, None if blank and rule is BACKLOG_GROWING else _asked(rule, situation))
            mine.append(found[key])
        side.lives.see(mine, now=figures.at, incident=figures.noted is not None)


def _asked(rule: Rule, situation: Situation) -> tuple[Trouble, ...]:
    return tuple(rule.find(situation))


def _sees_alike(one: HealthLines, other: HealthLines) -> bool:
    """Tell whether two sets of lines call the same sources blind, and count the same orders of an incident."""
    return one.feed == other.feed and one.backlog.red_counts == other.backlog.red_counts
