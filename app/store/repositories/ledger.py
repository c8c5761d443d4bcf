"""Counts the two sides of the equation: what the door took, and where the orders are."""

from collections.abc import Sequence

from sqlalchemy import TextClause, func, select
from sqlalchemy.orm import Session, defer

from app.domain.ledger import Ledger
from app.domain.states import HeldKind, OrderState
from app.store.reach import STANDARD, Reach
from app.store.tables import AcceptedCount, Incident, OrderRow, StateCount
from app.store.tables.order import DECIDED, HELD, UNBATCHED


class LedgerRepository:
    """Reads an incident's ledger."""

    def __init__(self, session: Session, reach: Reach = STANDARD) -> None:
        self._session = session
        self._reach = reach

    def accepted(self, incident_id: int) -> int:
        """Return what the door counted, in the transactions that took the orders."""
        return (
            self._session.scalar(
                select(func.coalesce(func.sum(AcceptedCount.accepted), 0)).where(
                    AcceptedCount.incident_id == incident_id
                )
            )
            or 0
        )

    def of(self, incident: Incident, *, spooled: int = 0, full: bool = False) -> Ledger:
        """Return the ledger of one incident; ``spooled`` orders are accepted and not yet in the database.

        Where ``full`` asks for it every row of the table is looked at, and up to :attr:`Reach.one_by_one` orders
        every row of the incident. Beyond that, what waits is counted and the rest is taken from the counts kept when
        orders moved.
        """
        incident_id = incident.id or 0
        accepted = self.accepted(incident_id)
        if full:
            states = self._counted(incident_id)
        elif accepted <= self._reach.one_by_one:
            states = self._counted(incident_id, DECIDED.query) | self._waiting(incident_id)
        else:
            states = self._kept(incident_id) | self._waiting(incident_id)
        return Ledger(
            incident=incident.name,
            accepted=accepted + spooled,
            waiting=states.get(OrderState.ACCEPTED, 0),
            spooled=spooled,
            held_by=self._held_by(incident_id),
            **{state.value: states.get(state, 0) for state in OrderState if state is not OrderState.ACCEPTED},
        )

    def of_all(self) -> Ledger:
        """Return the sum over all incidents, drills among them, from the counts kept when orders moved."""
        accepted = self._session.scalar(select(func.coalesce(func.sum(AcceptedCount.accepted), 0))) or 0
        kept = select(StateCount.state, func.sum(StateCount.orders)).group_by(StateCount.state)
        states = {state: int(orders) for state, orders in self._session.execute(kept)}
        kind = func.coalesce(OrderRow.held_kind, HeldKind.INCOMPLETE)
        held = select(kind, func.count()).where(HELD.query).group_by(kind).order_by(kind)
        return Ledger(
            incident=None,
            accepted=int(accepted),
            waiting=self._session.scalar(select(func.count()).select_from(OrderRow).where(UNBATCHED.query)) or 0,
            held_by=dict(self._session.execute(held).all()),
            **{state.value: states.get(state, 0) for state in OrderState if state is not OrderState.ACCEPTED},
        )

    def _counted(self, incident_id: int, *conditions: TextClause) -> dict[str, int]:
        mine = select(OrderRow.state, func.count()).where(OrderRow.incident_id == incident_id, *conditions)
        return dict(self._session.execute(mine.group_by(OrderRow.state)).all())

    def _kept(self, incident_id: int) -> dict[str, int]:
        kept = select(StateCount.state, StateCount.orders).where(StateCount.incident_id == incident_id)
        return dict(self._session.execute(kept).all())

    def _waiting(self, incident_id: int) -> dict[str, int]:
        waiting = select(func.count()).where(UNBATCHED.query, OrderRow.incident_id == incident_id)
        return {OrderState.ACCEPTED: self._session.scalar(waiting) or 0}

    def _held_by(self, incident_id: int) -> dict[str, int]:
        """Count the held orders by kind; only these are looked at, however many there are of others."""
        kind = func.coalesce(OrderRow.held_kind, HeldKind.INCOMPLETE)
        query = select(kind, func.count()).where(HELD.query, OrderRow.incident_id == incident_id)
        return dict(self._session.execute(query.group_by(kind).order_by(kind)).all())

    def orders_of(self, incident_id: int, *, after_id: int = 0, limit: int = 500) -> list[OrderRow]:
        """Return a page of an incident's orders, in whatever state, in order of arrival."""
        without = defer(OrderRow.sealed_payload), defer(OrderRow.sealed_original)
        query = select(OrderRow).options(*without).where(OrderRow.incident_id == incident_id, OrderRow.id > after_id)
        return list(self._session.scalars(query.order_by(OrderRow.id).limit(limit)))

    def unbatched_strays(self, incident_id: int) -> Sequence[str]:
        """Return numbers of orders whose state and batch contradict each other; there must be none."""
        batched = (OrderState.BATCHED,)
        query = select(OrderRow.number).where(
            OrderRow.incident_id == incident_id,
            OrderRow.state.in_(batched) != OrderRow.batch_id.is_not(None),
            OrderRow.state.in_((OrderState.ACCEPTED, OrderState.HELD, OrderState.BATCHED)),
        )
        return list(self._session.scalars(query.limit(100)))
