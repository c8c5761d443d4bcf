"""Words of the main system that do not fit what is known: each waits once for a person, and is settled once."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from app.store.statements import IN_LIMIT, chunks
from app.store.tables import METADATA, Batch, Contradiction, OrderRow
from app.store.tables.batch import OPEN

_TABLE = METADATA.tables["contradiction"]


class NewContradiction(NamedTuple):
    """A contradiction to be kept; see :class:`Contradiction`."""

    order_id: int
    batch_id: int
    known: str
    known_main: str
    said: str
    said_main: str
    reason: str | None
    reported_by: str
    reported_at: datetime


class ContradictionRow(NamedTuple):
    """A contradiction with the number of its order and the name of its batch."""

    row: Contradiction
    order_number: str
    batch: str | None


class ContradictionRepository:
    """Keeps contradictions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, found: Sequence[NewContradiction]) -> int:
        """Keep those that do not wait yet; return how many were new. The orders are locked by the caller.

        What a person has decided to leave as it is does not come back while it is as it was.
        """
        known = self._known([one.order_id for one in found])
        new = {(one.order_id, one.said, one.said_main): one for one in reversed(found)}
        rows = [one._asdict() for one in reversed(new.values()) if not any(_is_it(old, one) for old in known)]
        if rows:
            self._session.execute(insert(_TABLE), rows)
        return len(rows)

    def _known(self, order_ids: Sequence[int]) -> list[Contradiction]:
        found: list[Contradiction] = []
        for part in chunks(sorted(set(order_ids)), IN_LIMIT):
            waits = select(Contradiction).where(OPEN.query, Contradiction.order_id.in_(part))
            kept = select(Contradiction).where(Contradiction.settlement == "kept", Contradiction.order_id.in_(part))
            found += [*self._session.scalars(waits), *self._session.scalars(kept)]
        return found

    def get(self, row_id: int) -> ContradictionRow | None:
        """Return one, locked for the caller's transaction."""
        query = _joined().where(Contradiction.id == row_id).with_for_update(of=Contradiction)
        return next(self._found(query), None)

    def page(self, *, everything: bool, after: int | None, limit: int) -> list[ContradictionRow]:
        """Return a page, oldest first: those that wait, or the settled ones too."""
        query = _joined() if everything else _joined().where(OPEN.query)
        if after is not None:
            query = query.where(Contradiction.id > after)
        return list(self._found(query.order_by(Contradiction.id).limit(limit)))

    def of_batch(self, batch_id: int, *, limit: int) -> list[ContradictionRow]:
        """Return those of a batch that wait, oldest first."""
        query = _joined().where(OPEN.query, Contradiction.batch_id == batch_id)
        return list(self._found(query.order_by(Contradiction.id).limit(limit)))

    def of_incident(self, incident_id: int, *, limit: int) -> list[ContradictionRow]:
        """Return those of an incident, those that wait first, else oldest first."""
        query = _joined().where(Batch.incident_id == incident_id)
        return list(self._found(query.order_by(Contradiction.settled_at.is_not(None), Contradiction.id).limit(limit)))

    def _found(self, query: Select[Any]) -> Iterator[ContradictionRow]:
        for row, order_number, batch in self._session.execute(query):
            yield ContradictionRow(row, order_number, batch)

    def open_of(self, order_id: int) -> list[Contradiction]:
        """Return those of an order that wait, oldest first."""
        query = select(Contradiction).where(OPEN.query, Contradiction.order_id == order_id)
        return list(self._session.scalars(query.order_by(Contradiction.id)))

    def open_count(self) -> int:
        """Return how many wait."""
        return self._session.scalar(select(func.count()).select_from(Contradiction).where(OPEN.query)) or 0

    def settle(self, row: Contradiction, settlement: str, *, by: str, now: datetime) -> None:
        """Write down how a person has settled one."""
        row.settled_at, row.settled_by, row.settlement = now, by[:64], settlement
        self._session.add(row)


def _joined() -> Select[Any]:
    of_batch = select(Contradiction, OrderRow.number, Batch.name)
    return of_batch.join(OrderRow, OrderRow.id == Contradiction.order_id).join(
        Batch, Batch.id == Contradiction.batch_id
    )


def _is_it(old: Contradiction, new: NewContradiction) -> bool:
    same = (old.order_id, old.said, old.said_main) == (new.order_id, new.said, new.said_main)
    return same and (old.settled_at is None or (old.known, old.known_main) == (new.known, new.known_main))
