"""Notes of our own orders that the watch is yet to hear of, and what there is to tell of these orders."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, delete, exists, false, func, insert, literal, select
from sqlalchemy.orm import Session, defer

from app.domain.states import OrderState
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import METADATA, FeedChannel, FlowNote, OrderRow
from app.store.tables.order import SHOP_KNOWN

_NOTES, _ORDERS = METADATA.tables["flow_note"], METADATA.tables["orders"]
_SLIM = select(OrderRow).options(defer(OrderRow.sealed_payload), defer(OrderRow.sealed_original))
"""Without what a drop-in order was made of, which is long and says no more."""

_OPEN = (OrderState.ACCEPTED, OrderState.HELD, OrderState.BATCHED)


@dataclass(frozen=True, slots=True)
class ShopNumber:
    """A number of a shop's under which live orders of ours came: whose was the first, and how many are open still."""

    client_id: str
    open: Mapping[str, int]
    """By client."""


def leave_notes(session: Session, order_ids: Collection[int]) -> None:
    """Leave a note for each of these orders that is no drill's, in the caller's transaction.

    Nobody is told where no main system tells of its orders: there is no way for ours to be a part of.
    """
    ours = select(_ORDERS.c.id).where(_ORDERS.c.drill == false(), exists(select(literal(1)).select_from(FeedChannel)))
    for part in chunks(sorted(order_ids), IN_LIMIT):
        session.execute(insert(_NOTES).from_select(["order_id"], ours.where(_ORDERS.c.id.in_(part))))


class FlowNoteRepository:
    """Leaves, reads and removes the notes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def leave(self, order_ids: Collection[int]) -> None:
        """Leave notes of orders of which something is known anew."""
        leave_notes(self._session, order_ids)

    def waiting(self, *, limit: int) -> dict[int, int]:
        """Return the oldest notes: the order of each by the note's id."""
        query = select(FlowNote.id, FlowNote.order_id).order_by(FlowNote.id).limit(limit)
        return {note: order for note, order in self._session.execute(query) if note is not None}

    def forget(self, notes: Collection[int]) -> None:
        """Remove notes whose orders the watch has heard of."""
        for part in chunks(sorted(notes), IN_LIMIT):
            self._session.execute(delete(_NOTES).where(_NOTES.c.id.in_(part)))

    def orders(self, order_ids: Collection[int]) -> list[OrderRow]:
        """Return these orders, with what is sealed in them."""
        return [
            row
            for part in chunks(sorted(set(order_ids)), IN_LIMIT)
            for row in self._session.scalars(_SLIM.where(OrderRow.id.in_(part)).order_by(OrderRow.id))
        ]

    def numbered(self, numbers: Sequence[str]) -> dict[str, OrderRow]:
        """Return orders by their numbers."""
        return {
            row.number: row
            for part in chunks(sorted(set(numbers)), IN_LIMIT)
            for row in self._session.scalars(_SLIM.where(OrderRow.number.in_(part)))
        }

    def of_shops(self, numbers: Collection[str]) -> dict[str, ShopNumber]:
        """Return what is known of numbers of shops."""
        o, is_open = OrderRow, func.sum(case((OrderRow.state.in_(_OPEN), 1), else_=0))
        query = select(o.client_order_id, o.client_id, func.min(o.id), is_open).where(SHOP_KNOWN.query, ~o.drill)
        first: dict[str, tuple[int, str]] = {}
        counts: dict[str, dict[str, int]] = {}
        for part in chunks(sorted(set(numbers)), IN_LIMIT):
            grouped = query.where(o.client_order_id.in_(part)).group_by(o.client_order_id, o.client_id)
            for number, client_id, order_id, orders in self._session.execute(grouped):
                first[number] = min(first.get(number, (order_id, client_id)), (order_id, client_id))
                counts.setdefault(number, {})[client_id] = int(orders)
        return {number: ShopNumber(client_id, counts[number]) for number, (_, client_id) in first.items()}
