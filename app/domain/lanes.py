"""Which group messages leave with a short budget: alerts first, then high priority, the rest as a digest."""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import assert_never


class Lane(IntEnum):
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
class Waiting:
    """What waits in one lane: how many messages, and for how long the oldest."""

    count: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with one lane now: ``single`` messages one by one, then ``digests`` that merge what is left."""

    single: int = 0
    digests: int = 0


def plan(lane: Lane, waiting: Waiting, *, free: int) -> Plan:
    """Decide how one lane uses the ``free`` sends of its robot."""
    match lane:
        case Lane.ALERT:
            return Plan(single=min(waiting.count, free))
        case Lane.HIGH:
            spare = free - KEPT_FOR_ALERTS
        case Lane.NORMAL:
            spare = free - KEPT_FOR_ALERTS - KEPT_FOR_HIGH
        case _:
            assert_never(lane)
    if spare <= 0 or waiting.count == 0:
        return Plan()
    if waiting.count <= spare and waiting.oldest <= MERGE_AFTER:
        return Plan(single=waiting.count)
    return Plan(digests=1) if waiting.oldest > MERGE_AFTER else Plan()
