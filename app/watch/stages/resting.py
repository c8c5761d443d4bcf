"""Whether a stage is to be judged now: not while the warehouse is closed, and not before it has been open for a while.

While it is closed the figures of its stages stand still and only orders that come in are added, so a rule would go on
ringing for what was so in the evening, and a hold would run out although nothing lasts. Once it opens the window still
holds the evening, and beside it all that came in the night: whoever divides the one by the other rings each morning.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.domain.working_clock import WorkingClock

SETTLES_IN = timedelta(minutes=30)
"""So long the warehouse has been open without a break before its stages are judged: the shortest window of figures."""


def resting_at(clocks: Mapping[int, WorkingClock], at: datetime) -> frozenset[int]:
    """Return the stages that are not to be judged at a moment, by the clock of each; whose always runs is."""
    return frozenset(stage for stage, clock in clocks.items() if _rests(clock, at))


def _rests(clock: WorkingClock, at: datetime) -> bool:
    return not clock.is_open(at) or clock.between(at - SETTLES_IN, at) < SETTLES_IN
