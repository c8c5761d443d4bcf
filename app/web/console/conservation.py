"""The conservation bar: every accepted order is in exactly one of its parts, and each part leads to its orders."""

from dataclasses import dataclass

from app import words
from app.domain.ledger import Ledger

WIDTH = 1000
"""Units across; the bar is drawn in these and stretched to the screen."""

THINNEST = 6
"""Units of a part that has any orders: one of ten thousand still shows."""

_PARTS = ("waiting", "spooled", "held", "batched", "imported", "duplicate", "rejected", "cancelled")
_STATE = {"waiting": "accepted"}
"""The state of a part's orders, where the part has a name of its own."""


@dataclass(frozen=True, slots=True)
class BarPart:
    """One part: its name, its word, how many orders, where it is drawn, and the list of exactly these orders.

    ``path`` lies below ``/console``; it is empty for orders that are in no list yet.
    """

    name: str
    word: str
    count: int
    x: int = 0
    width: int = 0
    path: str = ""


def parts_of(ledger: Ledger) -> tuple[BarPart, ...]:
    """Return the eight parts in the order of an order's life; their counts always add up to what is accounted for."""
    counts = {name: int(getattr(ledger, name)) for name in _PARTS}
    widths = _widths(counts)
    parts, x = [], 0
    for name in _PARTS:
        path = "" if name == "spooled" else f"/orders?state={_STATE.get(name, name)}"
        parts.append(BarPart(name, words.LEDGER[name], counts[name], x, widths[name], path))
        x += widths[name]
    return tuple(parts)


def _widths(counts: dict[str, int]) -> dict[str, int]:
    """Return widths that fill the bar, none of an empty part, and enough to be seen of every other."""
    total = sum(counts.values())
    if not total:
        return dict.fromkeys(counts, 0)
    widths = {name: max(THINNEST, count * WIDTH // total) if count else 0 for name, count in counts.items()}
    largest = max(counts, key=lambda name: counts[name])
    widths[largest] += WIDTH - sum(widths.values())
    return widths
