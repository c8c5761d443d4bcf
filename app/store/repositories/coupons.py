"""The coupon pool: a code is given once, to one customer of one incident."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from app.store.statements import insert_new
from app.store.tables import Coupon
from app.store.tables.coupon import FREE, GIVEN


class CouponRepository:
    """Adds and gives coupon codes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, codes: Iterable[tuple[str, str]], *, now: datetime) -> int:
        """Add (code, worth) pairs; return how many were new."""
        rows = [{"code": code, "worth": worth, "added_at": now, "drill": False} for code, worth in codes]
        return len(insert_new(self._session, Coupon, rows, unique=("code",)))

    def give(
        self, *, incident_id: int, phone_index: bytes, order_id: int, client_id: str, now: datetime
    ) -> Coupon | None:
        """Give the oldest free code to a customer; the one he has already, or None if the pool is empty."""
        mine = select(Coupon).where(Coupon.incident_id == incident_id, Coupon.phone_index == phone_index, GIVEN.query)
        given = self._session.scalars(mine).first()
        if given is not None:
            return given
        free = select(Coupon).where(FREE.query, Coupon.drill.is_(False)).order_by(Coupon.id).limit(1)
        coupon = self._session.scalars(free.with_for_update(skip_locked=True)).first()
        if coupon is None:
            return None
        customer = {"incident_id": incident_id, "phone_index": phone_index, "order_id": order_id}
        values = {**customer, "client_id": client_id, "given_at": now}
        self._session.execute(update(Coupon).where(Coupon.id == coupon.id).values(**values))
        return coupon

    def has_one(self, *, incident_id: int, phone_index: bytes) -> bool:
        """Tell whether a customer has a code of this incident."""
        mine = and_(Coupon.incident_id == incident_id, Coupon.phone_index == phone_index, GIVEN.query)
        return self._session.scalars(select(Coupon.id).where(mine)).first() is not None

    def take_back(self, code: str) -> None:
        """Let a code be given to somebody else: the message that held it never left."""
        nobody = dict.fromkeys(("incident_id", "phone_index", "order_id", "client_id", "given_at"))
        self._session.execute(update(Coupon).where(Coupon.code == code).values(**nobody))

    def given_to_client(self, client_id: str, *, since: datetime) -> int:
        """Count the codes that a client's customers were given after ``since``."""
        theirs = and_(GIVEN.query, Coupon.client_id == client_id, Coupon.given_at > since)
        return self._session.scalar(select(func.count()).select_from(Coupon).where(theirs)) or 0

    def free(self, *, at_most: int | None = None) -> int:
        """Return how many codes are left; with ``at_most`` stop counting there."""
        left = select(Coupon.id).where(FREE.query, Coupon.drill.is_(False)).limit(at_most).subquery()
        return self._session.scalar(select(func.count()).select_from(left)) or 0

    def any(self) -> bool:
        """Tell whether there ever was a code."""
        return self._session.scalars(select(Coupon.id).limit(1)).first() is not None

    def total(self) -> int:
        """Return how many codes there are, given or not."""
        return self._session.scalar(select(func.count()).select_from(Coupon)) or 0
