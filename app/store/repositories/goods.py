"""Goods by SKU: each order counted once, counted anew where it comes to its end, and held against a stock list."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.domain.goods import WARN_AT_PERCENT, Fate, Lines, fate_of, runs_short
from app.store.statements import IN_LIMIT, chunks, shift_goods
from app.store.tables import OrderGoods, OrderRow, SkuCount, SkuNote, SkuStock
from app.store.tables.goods import UNREAD
from app.store.tables.order import HELD

ORDERS = ""
"""The SKU under which orders are counted instead of pieces."""

_SOLD = SkuCount.accepted - SkuCount.closed


@dataclass(frozen=True, slots=True)
class CountedOrder:
    """An order to count: its row, its pieces by SKU (None where nobody can read them), and what they are called."""

    row: OrderRow
    lines: Lines | None
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SkuLine:
    """The figures of a SKU; ``stock`` is None where no list names it."""

    sku: str
    name: str
    accepted: int
    home: int
    closed: int
    stock: int | None

    @property
    def sold(self) -> int:
        """What is taken from the stock: all but what nobody will ship."""
        return self.accepted - self.closed

    @property
    def beyond(self) -> int:
        """How many pieces are sold that the stock does not have."""
        return 0 if self.stock is None else max(self.sold - self.stock, 0)

    @property
    def is_short(self) -> bool:
        """Whether the stock is sold, or nearly."""
        return self.stock is not None and runs_short(sold=self.sold, stock=self.stock)


class GoodsRepository:
    """Counts goods, and answers for them without looking at past orders."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # ---- counting --------------------------------------------------------------------------------------------------

    def count(self, orders: Sequence[CountedOrder]) -> None:
        """Count orders that the caller's transaction has locked; each is counted once, or the transaction fails."""
        if not orders:
            return
        rows, shifts, names = [], _Shifts(), dict[str, str]()
        for one in orders:
            fate = fate_of(one.row.state, in_batch=one.row.batch_id is not None)
            incident = one.row.incident_id
            lines = None if one.lines is None else sorted(one.lines.items())
            rows.append({"order_id": one.row.id, "incident_id": incident, "fate": fate, "lines": lines})
            for sku, pieces in lines or ():
                shifts.add(incident, sku, "accepted", pieces)
                shifts.move(incident, sku, pieces, before=Fate.OPEN, after=fate)
            if lines is not None:
                shifts.add(incident, ORDERS, "accepted", 1)
                shifts.move(incident, ORDERS, 1, before=Fate.OPEN, after=fate)
            names |= one.names
        self._session.execute(insert(OrderGoods), rows)
        shift_goods(self._session, shifts.rows(names))

    def notes_waiting(self) -> bool:
        """Tell whether an order is to be counted anew."""
        return self._session.scalars(select(SkuNote.id).limit(1)).first() is not None

    def count_anew(self, *, limit: int) -> int:
        """Take the oldest notes, and bring the counts in step with where their orders stand now; return how many.

        The order's counted row is locked before its state is read: of two passes that hold notes of one order, the
        later one sees what the earlier one has counted. An order that is not counted yet will be with its new state.
        """
        taken = select(SkuNote.id, SkuNote.order_id).order_by(SkuNote.id).limit(limit)
        notes = self._session.execute(taken.with_for_update(skip_locked=True)).all()
        shifts = _Shifts()
        for part in chunks(sorted({note.order_id for note in notes}), IN_LIMIT):
            counted = select(OrderGoods).where(OrderGoods.order_id.in_(part)).order_by(OrderGoods.order_id)
            known = {row.order_id: row for row in self._session.scalars(counted.with_for_update())}
            stand = select(OrderRow.id, OrderRow.state, OrderRow.batch_id).where(OrderRow.id.in_(list(known)))
            for order_id, state, batch_id in self._session.execute(stand):
                row, fate = known[order_id], fate_of(state, in_batch=batch_id is not None)
                if row.lines is None or row.fate == fate:
                    continue
                for sku, pieces in (*row.lines, (ORDERS, 1)):
                    shifts.move(row.incident_id, sku, pieces, before=row.fate, after=fate)
                self._session.execute(update(OrderGoods).where(OrderGoods.order_id == order_id).values(fate=fate))
        shift_goods(self._session, shifts.rows({}))
        for part in chunks([note.id for note in notes], IN_LIMIT):
            self._session.execute(delete(SkuNote).where(SkuNote.id.in_(part)))
        return len(notes)

    # ---- reading ---------------------------------------------------------------------------------------------------

    def orders_counted(self, incident_id: int) -> SkuLine:
        """Return how many orders of an incident are in the figures, and what has become of them."""
        found = self._lines(incident_id, SkuCount.sku == ORDERS, order=(SkuCount.sku,), limit=1)
        return found[0] if found else SkuLine(ORDERS, "", 0, 0, 0, None)

    def by_sku(self, incident_id: int, *, after: str = ORDERS, limit: int) -> list[SkuLine]:
        """Return a page of an incident's SKUs, in their own order."""
        return self._lines(incident_id, SkuCount.sku > after, order=(SkuCount.sku,), limit=limit)

    def most_sold(self, incident_id: int, *, below: tuple[int, str] | None = None, limit: int) -> list[SkuLine]:
        """Return a page of an incident's SKUs, those most ordered first; ``below`` are the figures of the last one."""
        wanted: Any = SkuCount.sku != ORDERS
        if below is not None:
            pieces, sku = below
            same = and_(SkuCount.accepted == pieces, SkuCount.sku < sku)
            wanted = and_(wanted, SkuCount.accepted <= pieces, or_(SkuCount.accepted < pieces, same))
        order = (SkuCount.accepted.desc(), SkuCount.sku.desc())
        return self._lines(incident_id, wanted, order=order, limit=limit)

    def short(self, incident_id: int, *, limit: int) -> list[SkuLine]:
        """Return the SKUs of which the stock is sold, or nearly, those most oversold first."""
        sold = and_(_SOLD > 0, SkuStock.stock * WARN_AT_PERCENT <= _SOLD * 100)
        order = ((_SOLD - SkuStock.stock).desc(), SkuCount.sku)
        return self._lines(incident_id, sold, order=order, limit=limit)

    def short_count(self, incident_id: int) -> tuple[int, int]:
        """Return how many SKUs are sold beyond the stock, and how many nearly."""
        joined = select(func.count(), func.count(case((SkuStock.stock < _SOLD, 1))))
        near = and_(SkuCount.incident_id == incident_id, _SOLD > 0, SkuStock.stock * WARN_AT_PERCENT <= _SOLD * 100)
        total, over = self._session.execute(
            joined.select_from(SkuCount).join(SkuStock, SkuStock.sku == SkuCount.sku).where(near)
        ).one()
        return int(over), int(total) - int(over)

    def held(self, incident_id: int, *, at_most: int) -> tuple[Counter[str], bool]:
        """Sum what the held orders ask for by SKU, and tell whether all were summed."""
        query = (
            select(OrderGoods.lines)
            .join(OrderRow, OrderRow.id == OrderGoods.order_id)
            .where(HELD.query, OrderRow.incident_id == incident_id)
            .order_by(OrderRow.id)
            .limit(at_most + 1)
        )
        found: Counter[str] = Counter()
        orders = list(self._session.scalars(query))
        for lines in orders[:at_most]:
            for sku, pieces in lines or ():
                found[sku] += pieces
        return found, len(orders) <= at_most

    def unread(self, incident_id: int, *, limit: int) -> list[str]:
        """Return the numbers of orders that could not be counted since nobody can read them."""
        query = (
            select(OrderRow.number)
            .join(OrderGoods, OrderGoods.order_id == OrderRow.id)
            .where(UNREAD.query, OrderGoods.incident_id == incident_id)
        )
        return list(self._session.scalars(query.order_by(OrderGoods.order_id).limit(limit)))

    def _lines(self, incident_id: int, wanted: Any, *, order: tuple[Any, ...], limit: int) -> list[SkuLine]:  # noqa: ANN401 - conditions
        columns = (SkuCount.sku, SkuCount.name, SkuCount.accepted, SkuCount.home, SkuCount.closed, SkuStock.stock)
        query = select(*columns).outerjoin(SkuStock, SkuStock.sku == SkuCount.sku)
        query = query.where(SkuCount.incident_id == incident_id, wanted).order_by(*order).limit(limit)
        return [SkuLine(*row) for row in self._session.execute(query)]

    # ---- the stock list --------------------------------------------------------------------------------------------

    def stock(self) -> dict[str, int]:
        """Return the stock list."""
        return dict(self._session.execute(select(SkuStock.sku, SkuStock.stock)).all())

    def stock_listed(self) -> tuple[int, datetime, str] | None:
        """Return how long the stock list is, when it came and from whom; None if there is none."""
        count, at, by = self._session.execute(
            select(func.count(), func.max(SkuStock.listed_at), func.max(SkuStock.listed_by))
        ).one()
        return (count, at, by) if count else None

    def list_stock(self, stock: Mapping[str, int], *, by: str, now: datetime) -> None:
        """Put a stock list in the place of the one before."""
        self._session.execute(delete(SkuStock))
        rows = [{"sku": sku, "stock": n, "listed_at": now, "listed_by": by[:80]} for sku, n in sorted(stock.items())]
        for part in chunks(rows, IN_LIMIT):
            self._session.execute(insert(SkuStock), list(part))


class _Shifts:
    """What is to be added to the counts, summed up, so that each row is touched once and in one order: no deadlock."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str], Counter[str]] = {}

    def add(self, incident_id: int, sku: str, column: str, pieces: int) -> None:
        """Add pieces to a column."""
        self._found.setdefault((incident_id, sku), Counter())[column] += pieces

    def move(self, incident_id: int, sku: str, pieces: int, *, before: str, after: str) -> None:
        """Take pieces from one fate to another; what is open has no column, being what is left."""
        if before == after:
            return
        if before != Fate.OPEN:
            self.add(incident_id, sku, before, -pieces)
        if after != Fate.OPEN:
            self.add(incident_id, sku, after, pieces)

    def rows(self, names: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return a row for each SKU, sorted."""
        return [
            {
                "incident_id": incident_id,
                "sku": sku,
                "name": names.get(sku, "")[:80],
                "accepted": found["accepted"],
                "home": found["home"],
                "closed": found["closed"],
            }
            for (incident_id, sku), found in sorted(self._found.items())
        ]
