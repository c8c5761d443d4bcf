"""Counts the two sides of the equation: what the door took, and where the orders are."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.ledger import Ledger
from app.domain.states import OrderState
from app.store.tables import Incident, OrderRow, Tally


class LedgerRepository:
    """Reads an incident's ledger."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def accepted(self, incident_id: int) -> int:
        """Return what the door counted, in the transactions that took the orders."""
        return (
            self._session.scalar(
                select(func.coalesce(func.sum(Tally.accepted), 0)).where(Tally.incident_id == incident_id)
            )
            or 0
        )

    def of(self, incident: Incident, *, spooled: int = 0) -> Ledger:
        """Return the ledger of one incident; ``spooled`` orders are accepted and not yet in the database."""
        query = select(OrderRow.state, func.count()).where(OrderRow.incident_id == incident.id).group_by(OrderRow.state)
        states: dict[str, int] = dict(self._session.execute(query).all())
        return Ledger(
            incident=incident.name,
            accepted=self.accepted(incident.id or 0) + spooled,
            waiting=states.get(OrderState.ACCEPTED, 0),
            spooled=spooled,
            **{state.value: states.get(state, 0) for state in OrderState if state is not OrderState.ACCEPTED},
        )

    def unbatched_strays(self, incident_id: int) -> Sequence[str]:
        """Return numbers of orders whose state and batch contradict each other; there must be none."""
        batched = (OrderState.BATCHED,)
        query = select(OrderRow.number).where(
            OrderRow.incident_id == incident_id,
            OrderRow.state.in_(batched) != OrderRow.batch_id.is_not(None),
            OrderRow.state.in_((OrderState.ACCEPTED, OrderState.HELD, OrderState.BATCHED)),
        )
        return list(self._session.scalars(query.limit(100)))
