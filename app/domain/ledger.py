"""The equation that proves nothing was lost: every accepted order is in exactly one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One incident's count of orders by where they are.

    ``accepted`` is counted at the door, the others where the orders are now, so that the two sides check each other.
    ``held_by`` tells the held ones apart by their kind, and names only kinds that there are.
    """

    incident: str | None
    accepted: int
    imported: int = 0
    duplicate: int = 0
    rejected: int = 0
    cancelled: int = 0
    batched: int = 0
    waiting: int = 0
    held: int = 0
    spooled: int = 0
    held_by: Mapping[str, int] = field(default_factory=dict)

    @property
    def unfinished(self) -> int:
        """How many orders have no final result yet."""
        return self.batched + self.waiting + self.held + self.spooled

    @property
    def accounted(self) -> int:
        """The right-hand side of the equation."""
        final = self.imported + self.duplicate + self.rejected + self.cancelled
        return final + self.unfinished

    @property
    def balanced(self) -> bool:
        """Whether both sides agree."""
        return self.accepted == self.accounted
