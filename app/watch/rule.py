"""What a rule is: where it looks, what it may find, and how grave that is."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from app.domain.alert_life import AlertPatience, Sight
from app.domain.health_lines import DEFAULTS, HealthLines
from app.store.spool.file import SpoolCounts
from app.store.unit_of_work import Store
from app.watch.stages.health import NOBODY_LOOKS, ReadsHealth

HOME = ZoneInfo("Asia/Shanghai")

LONGEST_SUBJECT = 100

MARK = 12
"""Characters that tell sets of lines apart."""

Level = Literal["notice", "yellow", "orange", "red"]

BEFORE_WAREHOUSE = frozenset({1, 2})
"""Stages in which orders can only wait while the main system is away: nothing *can* enter the warehouse."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong: a stable code, a Chinese sentence that says what to do, and what it is about.

    ``subject`` tells several troubles of one rule apart (a channel, a folder); it holds no figure and no time, since an
    alert is known by it.
    """

    code: str
    text: str
    subject: str = ""
    stage: int | None = None
    """Of the orders' way, where it is about one."""
    sight: Sight = Sight.WRONG
    """How it is seen: what is not wrong is named where it is not well either, or where nobody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPolicy:
    """What a deployment calls late, little or much."""

    batch_every: timedelta
    coupons_wanted: bool
    coupon_low_at: int
    sms_per_day: int
    sms_per_client_per_day: int
    coupons_per_client_per_hour: int = 600
    zone: ZoneInfo = HOME
    """The merchant's, for moments that people read."""
    disk_low_bytes: int = 256 * 1024**2
    """Room for some hundred thousand orders: time to make more, and not so much that small machines always warn."""
    disk_reserve_bytes: int = 0
    """Where a disk has less, exports and uploads wait so that orders need not."""
    special_days: frozenset[date] = frozenset()
    """Promotions and holidays on the merchant's calendar, with which no other day is compared."""
    lines: HealthLines = DEFAULTS
    """What the rules of order health judge by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where rules look, at one moment."""

    store: Store
    now: datetime
    policy: WatchPolicy
    folders: tuple[Path, ...]
    """Of this machine: what is written to must have room."""
    spool: Callable[[], SpoolCounts]
    """Counts the spool of this machine."""
    orders: ReadsHealth = NOBODY_LOOKS
    """Looks at the order flow of the main system."""
    brief: bool = False
    """Whether words of what is not wrong are left out: whoever looks at weeks reads none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One definition of a trouble, read by doctor, /readyz, /metrics, the console and the group alike.

    ``of_machine`` rules look at this machine alone and ask no database. An alert begins once the trouble has lasted for
    ``hold``, and ends once it has been over for ``clear_hold``; where its text changes, it is told again at most every
    ``again``, or never if None. One that is ``inhibited_by_incident`` is not told while the main system is down anyway;
    ``stages_by_incident`` are those of whose alerts alone that is true. Where a deployment turns what a rule judges by,
    ``part`` is that part of its lines, ``hold_by`` how long it says.
    """

    name: str
    level: Level
    find: Callable[[Situation], Iterator[Trouble]]
    of_machine: bool = False
    hold: timedelta = timedelta()
    clear_hold: timedelta = timedelta()
    again: timedelta | None = None
    inhibited_by_incident: bool = False
    stages_by_incident: frozenset[int] = frozenset()
    part: Callable[[HealthLines], object] | None = None
    hold_by: Callable[[HealthLines], timedelta] | None = None

    def is_inhibited_by_incident(self, stage: int | None) -> bool:
        """Tell whether an open incident inhibits an alert of this rule about a stage of the orders' way."""
        return self.inhibited_by_incident or stage in self.stages_by_incident

    def patience(self, lines: HealthLines) -> AlertPatience:
        """Return how long a trouble lasts before it is one, and is over before it has ended."""
        return AlertPatience(hold=self.hold_by(lines) if self.hold_by else self.hold, clear=self.clear_hold)

    def mark(self, lines: HealthLines) -> str | None:
        """Return what tells one set of lines from another where this rule judges by them, None where it has none."""
        return hashlib.sha256(repr(self.part(lines)).encode()).hexdigest()[:MARK] if self.part else None


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found; ``troubles`` is None if it could not look."""

    rule: Rule
    troubles: tuple[Trouble, ...] | None


def alert_subject(trouble: Trouble, machine: str = "") -> str:
    """Return what an alert is about, machine included, within what a row holds."""
    subject = f"{machine}:{trouble.subject}" if machine else trouble.subject
    if len(subject) <= LONGEST_SUBJECT:
        return subject
    mark = hashlib.sha256(subject.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{subject[: LONGEST_SUBJECT - 17]}~{mark}"
