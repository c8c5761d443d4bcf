"""What goes wrong with one order is that order's own trouble; what goes wrong with most of them is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.batch.checks import Breaks, Held, HoldDecision, Unreadable
from app.domain.times import is_a_time
from app.store.sealing import CannotUnseal

A_FEW = 20
"""Orders that may break whatever their share: a night's first three orders may all come from one odd shop."""


class EveryOrderBreaks(Exception):
    """So many orders break that it is the layout or the program; none of them was set aside for it."""


def trouble_of(error: Exception) -> Held:
    """Return why an order is set aside that raised ``error`` where nothing but the order was looked at.

    Raises:
        MemoryError: that is the machine's, and the next order's as well.
    """
    if isinstance(error, MemoryError):
        raise error
    return Unreadable() if isinstance(error, CannotUnseal) else Breaks(type(error).__name__)


@dataclass(slots=True)
class Tried:
    """The orders that were tried, of which those that break are decided about once all have been seen."""

    orders: int = 0
    breaking: dict[int, Held] = field(default_factory=dict)

    def note(self, decisions: Mapping[int, HoldDecision]) -> dict[int, HoldDecision]:
        """Count decisions; return those that need not wait for the others."""
        self.orders += len(decisions)
        sound: dict[int, HoldDecision] = {}
        for order_id, decision in decisions.items():
            if isinstance(decision, Unreadable | Breaks):
                self.breaking[order_id] = decision
            else:
                sound[order_id] = decision
        return sound

    @property
    def too_many(self) -> bool:
        """Whether it cannot be the orders: more than a few break, and more than half of all."""
        return len(self.breaking) > A_FEW and 2 * len(self.breaking) > self.orders

    def everybody(self) -> EveryOrderBreaks:
        """Return the error that says so."""
        first = next(iter(self.breaking.values()))
        return EveryOrderBreaks(f"{len(self.breaking)} of {self.orders}: {first.reason}")


def window_from(first: datetime | None, window_to: datetime) -> datetime:
    """Return when a batch's window begins; a row whose time is none moves it nowhere."""
    return min(first, window_to) if first is not None and is_a_time(first, now=window_to) else window_to
