"""Large orders are handled first: above the threshold, not at it."""

from typing import Literal

Priority = Literal["high", "normal"]


def priority_of(total_fen: int | None, *, above_fen: int) -> Priority:
    """Return ``high`` for a total above ``above_fen``; an unknown total is normal."""
    return "high" if total_fen is not None and total_fen > above_fen else "normal"
