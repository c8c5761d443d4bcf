"""Writes down who gave an order by hand or by file: the order itself names the way in, the audit the person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.actor import Actor
from app.store.statements import IN_LIMIT, chunks
from app.store.unit_of_work import UnitOfWork


def record_by_hand(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> int:
    """Write down who typed an order at the console; 0 if that was known already."""
    return _record_once(uow, "order.by_hand", {number: {}}, by=by, now=now)


def record_by_file(uow: UnitOfWork, rows: Mapping[str, int], *, file: str, by: Actor, now: datetime) -> int:
    """Write down who imported orders, by number the row of ``file``; return how many were not known before."""
    return _record_once(
        uow, "order.by_file", {n: {"file": file, "row": row} for n, row in rows.items()}, by=by, now=now
    )


def _record_once(
    uow: UnitOfWork, deed: str, taken: Mapping[str, Mapping[str, Any]], *, by: Actor, now: datetime
) -> int:
    """Write these deeds down, by the number of their order, as far as they are not.

    An order is on disk before its record can be: where the store was away in between, giving it again makes up for it.
    """
    numbers: Sequence[str] = list(taken)
    known: set[str] = set()
    for some in chunks(numbers, IN_LIMIT):
        known |= uow.audit.of_each(some, deed, limit=2 * IN_LIMIT).keys()
    for number in numbers:
        if number not in known:
            uow.audit.record(deed, by=by, at=now, subject=number, detail=taken[number])
    return len(taken.keys() - known)
