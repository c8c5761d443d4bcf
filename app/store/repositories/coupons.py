"""The coupon pool: a code is given once, to one customer of one incident."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, tuple_, update
from sqlalchemy.orm import Session

from app.store.statements import IN_LIMIT, chunks, insert_new
from app.store.tables import Coupon, OrderRow
from app.store.tables.coupon import FREE, GIVEN


@dataclass(frozen=True, slots=True)
class GivenCoupon:
    """A code that a customer was given, with the number of the order and the end of the phone."""

    coupon: Coupon
    order_number: str | None
    phone_last4: str | None


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

    def free_by_worth(self, *, at_most: int) -> dict[str, int]:
        """Count the codes that are left by what they are worth, ``at_most`` of them."""
        left = select(Coupon.worth).where(FREE.query, Coupon.drill.is_(False)).limit(at_most).subquery()
        counted = select(left.c.worth, func.count()).group_by(left.c.worth).order_by(left.c.worth)
        return dict(self._session.execute(counted).all())

    def given(self, *, at_most: int) -> int:
        """Count the codes that were given, up to ``at_most``."""
        gone = select(Coupon.id).where(GIVEN.query, Coupon.drill.is_(False)).limit(at_most).subquery()
        return self._session.scalar(select(func.count()).select_from(gone)) or 0

    def given_page(self, *, before: int | None = None, limit: int) -> list[GivenCoupon]:
        """Return codes that were given, the newest first; ``before`` is the row id of the last one seen."""
        query = (
            select(Coupon, OrderRow.number, OrderRow.phone_last4)
            .outerjoin(OrderRow, OrderRow.id == Coupon.order_id)
            .where(GIVEN.query)
            .order_by(Coupon.given_at.desc(), Coupon.id.desc())
            .limit(limit)
        )
        seen = self._session.get(Coupon, before) if before is not None else None
        if seen is not None and seen.given_at is not None:
            query = query.where(tuple_(Coupon.given_at, Coupon.id) < tuple_(seen.given_at, seen.id))
        return [GivenCoupon(*row) for row in self._session.execute(query)]

    def known_among(self, codes: Sequence[str]) -> int:
        """Count how many of these codes the pool has."""
        known = (select(func.count()).where(Coupon.code.in_(part)) for part in chunks(codes, IN_LIMIT))
        return sum(self._session.scalar(counted) or 0 for counted in known)

    def any(self) -> bool:
        """Tell whether there ever was a code."""
        return self._session.scalars(select(Coupon.id).limit(1)).first() is not None

    def total(self) -> int:
        """Return how many codes there are, given or not."""
        return self._session.scalar(select(func.count()).select_from(Coupon)) or 0
