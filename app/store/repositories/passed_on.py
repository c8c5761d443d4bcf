"""What proxies said of orders that the main system may have, and what has been found out since."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, defer

from app.domain.passed_on import MainMayHave, PassedOn
from app.domain.states import OrderState
from app.store.statements import insert_new
from app.store.tables import OrderRow, PassedOnOrder
from app.store.tables.passed_on import UNSETTLED


class PassedOnRepository:
    """Reads the notes that the door makes, and settles them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, number: str) -> PassedOnOrder | None:
        """Return what was said of an order; None where nobody says that the main system may have it."""
        return self._session.get(PassedOnOrder, number)

    def note(self, number: str, said: PassedOn, *, now: datetime) -> None:
        """Note that the main system may have an order, unless somebody has said so before."""
        row = {"number": number, "sent": str(said.sent), "reason": said.reason, "times": 1}
        row |= {"main_may_have": str(MainMayHave.MAYBE), "first_at": now, "last_at": now}
        insert_new(self._session, PassedOnOrder, [row], unique=("number",))

    def settle(self, number: str, to: MainMayHave, *, now: datetime | None) -> None:
        """Write down what was found out of an order, ``MAYBE`` for nothing; of one that nobody passed on nothing is."""
        mine = update(PassedOnOrder).where(PassedOnOrder.number == number)
        self._session.execute(mine.values(main_may_have=str(to), settled_at=now))

    def unsettled(self) -> int:
        """Count the orders that the main system may have."""
        query = select(func.count()).select_from(PassedOnOrder).where(UNSETTLED.query)
        return self._session.scalar(query) or 0

    def newest_sent_at(self, *, since: datetime) -> datetime | None:
        """Return when the newest live order came that the main system may have, of those that came since then."""
        same = PassedOnOrder.number == OrderRow.number
        live = select(func.max(PassedOnOrder.last_at)).join(OrderRow, same).where(OrderRow.drill.is_(False))
        return self._session.scalar(live.where(PassedOnOrder.last_at >= since))

    def unsettled_since(self, moment: datetime, *, first: int) -> tuple[int, list[str]]:
        """Count the orders that the main system may have since before a moment; return the numbers of the oldest."""
        mine = (UNSETTLED.query, PassedOnOrder.last_at <= moment)
        count = self._session.scalar(select(func.count()).select_from(PassedOnOrder).where(*mine)) or 0
        named = select(PassedOnOrder.number).where(*mine).order_by(PassedOnOrder.last_at).limit(first)
        return count, list(self._session.scalars(named)) if count else []

    def gone_on_count(self) -> int:
        """Count the orders that :meth:`gone_on` returns."""
        return self._session.scalar(select(func.count()).select_from(self._gone_on().subquery())) or 0

    def gone_on(self, *, limit: int) -> Sequence[OrderRow]:
        """Return orders that the main system may have and that are not held: they had gone on before it was said."""
        without = defer(OrderRow.sealed_payload), defer(OrderRow.sealed_original)
        query = select(OrderRow).options(*without).where(OrderRow.id.in_(self._gone_on()))
        return self._session.scalars(query.order_by(OrderRow.id.desc()).limit(limit)).all()

    def _gone_on(self) -> Select[tuple[int | None]]:
        same = PassedOnOrder.number == OrderRow.number
        return select(OrderRow.id).join(PassedOnOrder, same).where(UNSETTLED.query, OrderRow.state != OrderState.HELD)
