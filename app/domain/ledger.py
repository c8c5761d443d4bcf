"""The equation that proves nothing was lost: every accepted order is in exactly one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One incident's count of orders by where they are.

    ``accepted`` is counted at the door, the others where the orders are now, so that the two sides check each other.
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
