"""Which orders are to be looked up in the main system, and what came of it."""

from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from app.domain.look_up import LEAST_APART, LookUpState, may_be_asked_at
from app.domain.states import OrderState
from app.store.statements import insert_new
from app.store.tables import LookUp, OrderRow, PassedOnOrder
from app.store.tables.look_up import OPEN
from app.store.tables.passed_on import UNSETTLED


class LookUpRepository:
    """Opens looks, hands them out one by one, and keeps what they found."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def enrol(self, *, now: datetime, limit: int) -> int:
        """Open a look for each held order that the main system may have; return for how many.

        One whose look has ended is looked up anew after a further attempt. Orders that had gone on into a file are for
        people: what the main system has then may have come from that file.
        """
        fresh = self._session.execute(self._unasked().limit(limit)).all()
        rows = [
            {
                "number": one.number,
                "state": str(LookUpState.OPEN),
                "times": one.times,
                "asked": 0,
                "absent": 0,
                "due_at": may_be_asked_at(one.last_at, now=now),
                "words": "",
            }
            for one in fresh
        ]
        new = set(insert_new(self._session, LookUp, rows, unique=["number"]))
        for row in rows:
            if row["number"] not in new:
                again = update(LookUp).where(LookUp.number == row["number"], LookUp.state != LookUpState.OPEN)
                self._session.execute(again.values(**row, asked_at=None, leased_until=None, ended_at=None))
        return len(rows)

    def _unasked(self) -> Select[tuple[str, int, datetime]]:
        again = and_(LookUp.state != LookUpState.OPEN, LookUp.times < PassedOnOrder.times)
        return (
            select(PassedOnOrder.number, PassedOnOrder.times, PassedOnOrder.last_at)
            .join(OrderRow, OrderRow.number == PassedOnOrder.number)
            .outerjoin(LookUp, LookUp.number == PassedOnOrder.number)
            .where(UNSETTLED.query, OrderRow.state == OrderState.HELD, OrderRow.drill.is_(False))
            .where(or_(LookUp.number.is_(None), again))
            .order_by(PassedOnOrder.number)
        )

    def has_work(self, *, now: datetime) -> bool:
        """Tell whether a look is to be opened or is due, without asking for the lock that orders wait for."""
        due = select(LookUp.number).where(OPEN.query, LookUp.due_at <= now)
        return any(self._session.execute(query.limit(1)).first() for query in (due, self._unasked()))

    def claim(self, *, now: datetime, lease: timedelta) -> LookUp | None:
        """Take the look that is due longest; None if none is. A lease of before the clock was set back holds nobody."""
        free = or_(LookUp.leased_until.is_(None), LookUp.leased_until <= now, LookUp.leased_until > now + lease)
        query = select(LookUp).where(OPEN.query, LookUp.due_at <= now, free).order_by(LookUp.due_at).limit(1)
        found = self._session.scalars(query.with_for_update(skip_locked=True)).first()
        if found is not None:
            found.leased_until = now + lease
            self._session.add(found)
        return found

    def of(self, number: str) -> LookUp | None:
        """Return how far the look for an order has come; None where it is not looked up."""
        return self._session.get(LookUp, number)

    def locked(self, number: str) -> LookUp | None:
        """Return the same, locked until the transaction ends."""
        return self._session.scalars(select(LookUp).where(LookUp.number == number).with_for_update()).first()

    def hurry(self, *, now: datetime) -> int:
        """Let those that rest, or wait for a person, be asked now; return how many.

        Of the answers that make a "no" believed none comes sooner after another for that.
        """
        known = exists().where(PassedOnOrder.number == LookUp.number, UNSETTLED.query)
        resting = and_(OPEN.query, LookUp.due_at > now, LookUp.asked_at <= now - LEAST_APART)
        stuck = and_(LookUp.state == LookUpState.PERSON, known)
        now_due = update(LookUp).where(or_(resting, stuck))
        open_again = {"state": str(LookUpState.OPEN), "due_at": now, "ended_at": None}
        return self._session.execute(now_due.values(**open_again)).rowcount

    def waiting(self) -> int:
        """Count the orders whose look is open."""
        return self._session.scalar(select(func.count()).select_from(LookUp).where(OPEN.query)) or 0
