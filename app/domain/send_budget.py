"""How many messages may leave now, and which: alerts first, then high priority, the rest merged into a digest.

A provider's limit holds for any window, so sends are counted in a sliding one; a full bucket that refills may pass
twice its size within one window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import assert_never


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``limit`` sends in any ``window``."""

    limit: int
    window: timedelta

    def free(self, sent_at: Iterable[datetime], *, now: datetime) -> int:
        """Return how many sends are free at ``now``, given the moments of earlier ones.

        A moment in the future (the clock was set back) still counts as used: waiting is safe, a refusal is not.
        """
        used = sum(1 for at in sent_at if at > now - self.window)
        return max(self.limit - used, 0)


class Urgency(IntEnum):
    """The order in which messages leave."""

    ALERT = 0
    HIGH = 1
    NORMAL = 2


KEPT_FOR_ALERTS = 2
"""Never spent by orders, so that a red light is not the nineteenth message of its minute."""

KEPT_FOR_HIGH = 6
"""Never spent by normal orders: a high-priority order should not wait for the minute to pass."""

MERGE_AFTER = timedelta(seconds=4)
"""Whatever has waited longer than a few seconds leaves with its like in one digest."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits of one urgency: how many messages, and for how long the oldest."""

    count: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with one urgency now: ``single`` messages one by one, then ``digests`` that merge what is left."""

    single: int = 0
    digests: int = 0


def plan(urgency: Urgency, backlog: Backlog, *, free: int) -> Plan:
    """Decide how the messages of one urgency use the ``free`` sends of its robot."""
    match urgency:
        case Urgency.ALERT:
            return Plan(single=min(backlog.count, free))
        case Urgency.HIGH:
            spare = free - KEPT_FOR_ALERTS
        case Urgency.NORMAL:
            spare = free - KEPT_FOR_ALERTS - KEPT_FOR_HIGH
        case _:
            assert_never(urgency)
    if spare <= 0 or backlog.count == 0:
        return Plan()
    if backlog.count <= spare and backlog.oldest <= MERGE_AFTER:
        return Plan(single=backlog.count)
    return Plan(digests=1) if backlog.oldest > MERGE_AFTER else Plan()
