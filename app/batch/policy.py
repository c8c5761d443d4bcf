"""How a deployment wants its batches."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from app.files.sheet_writers import Format


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPolicy:
    """The knobs of batches; ``chunk`` orders are claimed in one transaction.

    So many take some 3 ms of the database's one writer with SQLite, which the door hardly notices.
    """

    zone: ZoneInfo
    every: timedelta = timedelta(minutes=30)
    look_alike_window: timedelta = timedelta(minutes=10)
    layout: str = "generic"
    xlsx: bool = False
    hold_unknown_payment: bool = False
    chunk: int = 50

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats of each batch."""
        return ("csv", "xlsx") if self.xlsx else ("csv",)
