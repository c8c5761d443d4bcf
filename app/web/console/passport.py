"""A batch's passport: made, taken, imported, refused, repaired, at zero; derived from rows, never kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.batch.download import DOWNLOADED
from app.store.tables import Audit, Batch
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Passport:
    """How far a batch has come."""

    made_at: datetime | None
    orders: int
    downloads: tuple[Audit, ...]
    """Newest last."""
    results: Mapping[str, int]
    repairs: tuple[str, ...]
    """The batches that repair it, by name."""
    failed: int
    """Orders that the main system refused and that are still in it."""

    @property
    def said(self) -> int:
        """Orders of which the main system has said something."""
        return sum(self.results.values())

    @property
    def home(self) -> int:
        """Orders that are in the main system."""
        return self.results.get("imported", 0) + self.results.get("duplicate", 0)

    @property
    def silent(self) -> int:
        """Orders of which nothing has been said."""
        return max(self.orders - self.said, 0)

    @property
    def at_zero(self) -> bool:
        """Whether nothing of it is open: all is said, and what was refused has gone into a repair batch."""
        return not self.silent and not self.failed


class Only(NamedTuple):
    """A filter of the list: its word, and which batches it shows."""

    word: str
    fits: Callable[[Passport], bool]


ONLY: Mapping[str, Only] = {
    "untaken": Only("未下载", lambda passport: not passport.downloads),
    "silent": Only("缺结果", lambda passport: passport.silent > 0),
    "failed": Only("有失败", lambda passport: passport.failed > 0),
}


def passports_of(uow: UnitOfWork, batches: Sequence[Batch]) -> dict[int, Passport]:
    """Return the passports of a page of batches by row id."""
    ids = [batch.id or 0 for batch in batches]
    if not ids:
        return {}
    results, repairs = uow.results.counts_of_each(ids), uow.batches.repairs_of(ids)
    downloads = uow.audit.of_each([batch.name or "" for batch in batches], DOWNLOADED)
    return {
        id_: Passport(
            made_at=batch.published_at,
            orders=batch.orders if isinstance(batch.orders, int) else 0,  # one bad row keeps no page shut
            downloads=tuple(sorted(downloads.get(batch.name or "", ()), key=lambda deed: deed.id or 0)),
            results=results.get(id_, {}),
            repairs=tuple(repairs.get(id_, ())),
            failed=len(uow.results.failed_in(id_)) if results.get(id_, {}).get("failed") else 0,
        )
        for id_, batch in zip(ids, batches, strict=True)
    }
