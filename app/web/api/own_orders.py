"""A storefront lists its own orders: by its own number, or all that has changed since some time, none left out."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from app.bootstrap import Lifeboat
from app.domain import problems as p
from app.domain.order_number import derive
from app.domain.states import OrderState
from app.store.repositories.order_feed import Placed
from app.store.sealing import MARK_LENGTH, Marker
from app.store.spool.kept_here import may_be_kept_here
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork
from app.web.api.at_hand import store_at_hand
from app.web.callers import AnyCaller
from app.web.door.door import ORDERS
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["订单"])

PLACED_AT_ONCE = 500
"""Orders that one transaction puts in their place: some ten milliseconds, for which SQLite's lock is held."""

MOST_ROUNDS = 20
"""Of those in one request; whoever has more waiting is given a cursor and comes again."""

Place = tuple[datetime, int]


class ListedOrder(BaseModel):
    """Where an order stands, and both its numbers; ``updated_at`` never goes back from one of a list to the next."""

    order_number: str
    client_order_id: str | None
    status: OrderState | str
    priority: str
    received_at: AwareDatetime
    updated_at: AwareDatetime
    main_order_number: str | None
    main_order_numbers: list[str] = Field(description="主系统拆单时有多个，第一个即 main_order_number")


class ListedOrders(BaseModel):
    """A page of one's own orders, the earliest change first; pass ``next`` as ``cursor`` for the page after."""

    items: list[ListedOrder]
    next: str | None


@router.get(
    ORDERS,
    summary="自己的订单：按外部单号查，或取某时刻以来有变化的",
    responses=documented(p.Unauthenticated, p.InvalidOrder, p.StoreAway),
)
def list_own_orders(
    boat: TheBoat,
    caller: AnyCaller,
    client_order_id: Annotated[str | None, Query(max_length=128, description="外部单号，与下单时一字不差")] = None,
    updated_since: Annotated[
        str | None,
        Query(max_length=40, description="ISO 8601，带时区；含这一刻", examples=["2026-11-22T10:00:00+08:00"]),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=200, description="上一页的 next，原样带回")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> ListedOrders:
    """List orders that this client has sent."""
    since, client_id = _moment(updated_since), caller.client_id
    if client_order_id is not None and updated_since is not None:
        raise _wrong("updated_since", "不能与 client_order_id 同时使用")
    after = _place(boat.keyring.cursor, cursor, client_id) if cursor is not None else None
    with store_at_hand():
        if client_order_id is not None:
            return _of_shop(boat, client_id, client_order_id.strip(), after, limit)
        return _changed(boat, client_id, since, after, limit)


def _changed(boat: Lifeboat, client_id: str, since: datetime | None, after: Place | None, limit: int) -> ListedOrders:
    now, whole = boat.clock.now(), False
    for _ in range(MOST_ROUNDS):
        with boat.store.reading() as uow:
            whole = not uow.order_feed.has_unplaced(client_id)
            found = uow.order_feed.page(client_id, since=since, after=after, limit=limit + 1)
        if whole or len(found) > limit:
            break
        with boat.store.writing() as uow:
            whole = uow.order_feed.place(client_id, now=now, limit=PLACED_AT_ONCE)
        if whole:
            break
    with boat.store.reading() as uow:
        found = uow.order_feed.page(client_id, since=since, after=after, limit=limit + 1)
        end = uow.order_feed.end(client_id)
        items = _shown(uow, [one.row for one in found[:limit]], {one.row.id: one.changed_at for one in found})
    goes_on = _last(found[:limit]) if len(found) > limit else None if whole else end
    return ListedOrders(items=items, next=None if goes_on is None else _cursor(boat.keyring.cursor, client_id, goes_on))


def _last(found: Sequence[Placed]) -> Place:
    return found[-1].changed_at, found[-1].place


def _of_shop(boat: Lifeboat, client_id: str, theirs: str, after: Place | None, limit: int) -> ListedOrders:
    if not theirs or not theirs.isprintable():
        return ListedOrders(items=[], next=None)  # no order has such a number
    number = derive(boat.keyring.number, client_id, theirs, prefix=boat.settings.order_prefix)
    after_id = after[1] if after is not None else 0

    def asked() -> tuple[list[ListedOrder], Place | None]:
        with boat.store.reading() as uow:
            rows = uow.order_feed.of_shop(client_id, theirs, number=number, after_id=after_id, limit=limit + 1)
            times = uow.order_feed.changed_at([row.id or 0 for row in rows])
            more = (rows[limit - 1].received_at, rows[limit - 1].id or 0) if len(rows) > limit else None
            return _shown(uow, rows[:limit], {row.id: times.get(row.id or 0, row.received_at) for row in rows}), more

    items, more = asked()
    if not items and after is None:
        kept = may_be_kept_here(boat.settings.spool_dir, client_id=client_id, client_order_id=theirs)
        items, more = asked()  # it may have come from there meanwhile
        if kept and not items:
            raise p.StoreAway
    return ListedOrders(items=items, next=None if more is None else _cursor(boat.keyring.cursor, client_id, more))


def _shown(uow: UnitOfWork, rows: Sequence[OrderRow], changed_at: dict[int | None, datetime]) -> list[ListedOrder]:
    mains = uow.results.main_numbers([row.id or 0 for row in rows if row.main_order_number is not None])
    return [
        ListedOrder(
            order_number=row.number,
            client_order_id=row.client_order_id,
            status=row.state,
            priority="high" if row.priority == "high" else "normal",
            received_at=row.received_at,
            updated_at=changed_at[row.id],
            main_order_number=row.main_order_number,
            main_order_numbers=list(dict.fromkeys([row.main_order_number, *mains.get(row.id or 0, [])]))
            if row.main_order_number is not None
            else [],
        )
        for row in rows
    ]


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))  # a plus that nobody has escaped is a blank
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _wrong("updated_since", "须为带时区的 ISO 8601 时间，例如 2026-11-22T10:00:00+08:00")


def _wrong(parameter: str, sentence: str) -> p.InvalidOrder:
    return p.InvalidOrder(
        "请求参数有误，请按 errors 逐项修改。", errors=[p.FieldError(f"/query/{parameter}", "bad_parameter", sentence)]
    )


def _cursor(marker: Marker, client_id: str, place: Place) -> str:
    """Return a cursor that means a place to us, and nothing to anybody else; only its client can use it."""
    said = f"{place[0].astimezone(UTC).isoformat()} {place[1]}".encode()
    return base64.urlsafe_b64encode(_mark(marker, client_id, said) + said).decode().rstrip("=")


def _place(marker: Marker, cursor: str, client_id: str) -> Place:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        said = packed[MARK_LENGTH:]
        if packed[:MARK_LENGTH] == _mark(marker, client_id, said):
            at, _, place = said.decode().partition(" ")
            return datetime.fromisoformat(at), int(place)
    except (ValueError, binascii.Error):
        pass
    raise _wrong("cursor", "不是本接口给出的游标，请原样带回 next")


def _mark(marker: Marker, client_id: str, said: bytes) -> bytes:
    return marker.mark(client_id.encode() + b"\x00" + said)
