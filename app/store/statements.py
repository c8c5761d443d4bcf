"""SQL that the two engines spell differently, behind one name each."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    and_,
    bindparam,
    case,
    func,
    not_,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from app.store.tables import Alert, OrderPlace, OrderRow, Pause, SkuCount, StateCount
from app.store.tables.alert import UNENDED

T = TypeVar("T")

AT_ONCE = timedelta(minutes=1)
"""After the end of a pause: the next message has been tried by then."""

IN_LIMIT = 500
"""Values in one IN list: short enough for every engine's planner."""


def insert_new(
    session: Session, model: type[SQLModel], rows: Sequence[dict[str, Any]], *, unique: Sequence[str]
) -> list[Any]:
    """Insert the rows that do not exist yet by their ``unique`` columns; return the first of these of each new one."""
    if not rows:
        return []
    table: Table = model.__table__  # type: ignore[attr-defined]
    statement = (
        _insert(session.get_bind().dialect.name, table)
        .on_conflict_do_nothing(index_elements=list(unique))
        .returning(table.c[unique[0]])
    )
    return [row[0] for chunk in chunks(rows, IN_LIMIT) for row in session.execute(statement, list(chunk))]


def insert_unended(session: Session, row: dict[str, Any]) -> bool:
    """Insert an alert unless one of its fingerprint has not ended yet; tell whether it was inserted."""
    table: Table = Alert.__table__  # type: ignore[attr-defined]
    statement = _insert(session.get_bind().dialect.name, table).values(**row)
    untouched = statement.on_conflict_do_nothing(index_elements=["fingerprint"], index_where=UNENDED.index)
    return session.execute(untouched.returning(table.c.id)).first() is not None


def shift(session: Session, *, incident_id: int, state: str, orders: int) -> None:
    """Add ``orders``, which may be negative, to the kept count of a state."""
    values = {"incident_id": incident_id, "state": state, "orders": orders}
    session.execute(_shift(session.get_bind().dialect.name), values)


def shift_goods(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add to the kept counts of SKUs what each row says; figures may be negative, the first name that came stays."""
    if rows:
        session.execute(_shift_goods(session.get_bind().dialect.name), list(rows))


def take_place_away(session: Session, order_ids: Sequence[int], *, now: datetime | None) -> None:
    """Take the places of orders in the lists of their storefronts away: they have changed.

    An order that was changed before keeps the later time; without a time it counts from when it came in.
    """
    statement = _taking_place_away(session.get_bind().dialect.name, dated=now is not None)
    session.execute(statement, {"ids": order_ids} | ({} if now is None else {"now": now}))


def add_pause(session: Session, row: dict[str, Any], *, now: datetime, furthest: datetime) -> None:
    """Pause a destination in one statement, so that of two processes that do so at once neither undoes the other's.

    The later end counts, unless the one that is known is past ``furthest``: it was written before the clock was set
    back. A fault keeps its reason and its beginning. What begins again within a minute of its end has never ended: a
    success in between would have forgotten it.
    """
    known: Table = Pause.__table__  # type: ignore[attr-defined]
    statement = _insert(session.get_bind().dialect.name, known).values(**row)
    new = statement.excluded
    longer = and_(known.c.until > now, known.c.until <= furthest, known.c.until > new.until)
    goes_on = and_(known.c.until > now - AT_ONCE, known.c.until <= furthest)
    merged = {
        "until": case((longer, known.c.until), else_=new.until),
        "reason": case((and_(known.c.fault, not_(new.fault)), known.c.reason), else_=new.reason),
        "fault": or_(known.c.fault, new.fault),
        "since": case((or_(known.c.fault, goes_on), known.c.since), else_=new.since),
        "after_attempt": func.coalesce(new.after_attempt, known.c.after_attempt),
    }
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=merged))


def set_pause(session: Session, row: dict[str, Any]) -> None:
    """Pause a destination as a person says; what another person said before is replaced."""
    known: Table = Pause.__table__  # type: ignore[attr-defined]
    statement = _insert(session.get_bind().dialect.name, known).values(**row)
    replaced = {name: statement.excluded[name] for name in row if name != "name"}
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=replaced))


def shift_stages(session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Add to the sums of stages what each row says; figures may be negative."""
    if rows:
        session.execute(_shift_stages(session.get_bind().dialect.name, table), list(rows))


@cache
def _shift_stages(dialect: str, model: type[SQLModel]) -> Any:  # noqa: ANN401 - as below
    table: Table = model.__table__  # type: ignore[attr-defined]
    statement = _insert(dialect, table)
    summed = [column for column in table.c if not column.primary_key]
    added = {column.name: column + statement.excluded[column.name] for column in summed}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=added)


@cache
def _taking_place_away(dialect: str, *, dated: bool) -> Any:  # noqa: ANN401 - as below
    orders: Table = OrderRow.__table__  # type: ignore[attr-defined]
    table: Table = OrderPlace.__table__  # type: ignore[attr-defined]
    at = bindparam("now", type_=table.c.changed_at.type) if dated else orders.c.received_at
    these = select(orders.c.id, orders.c.client_id, at).where(orders.c.id.in_(bindparam("ids", expanding=True)))
    statement = _insert(dialect, table).from_select(["order_id", "client_id", "changed_at"], these)
    told = statement.excluded.changed_at
    later = case((table.c.changed_at > told, table.c.changed_at), else_=told)
    return statement.on_conflict_do_update(index_elements=["order_id"], set_={"place": null(), "changed_at": later})


@cache
def _shift(dialect: str) -> Any:  # noqa: ANN401 - as below
    table: Table = StateCount.__table__  # type: ignore[attr-defined]
    statement = _insert(dialect, table)
    counted = {"orders": table.c.orders + statement.excluded.orders}
    return statement.on_conflict_do_update(index_elements=["incident_id", "state"], set_=counted)


@cache
def _shift_goods(dialect: str) -> Any:  # noqa: ANN401 - as below
    table: Table = SkuCount.__table__  # type: ignore[attr-defined]
    statement = _insert(dialect, table)
    counted: dict[str, Any] = {
        name: table.c[name] + statement.excluded[name] for name in ("accepted", "home", "closed")
    }
    counted["name"] = case((table.c.name == "", statement.excluded.name), else_=table.c.name)
    return statement.on_conflict_do_update(index_elements=["incident_id", "sku"], set_=counted)


def _insert(dialect: str, table: Table) -> Any:  # noqa: ANN401 - one dialect's Insert or the other's
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def minute_of(session: Session, moment: ColumnElement[datetime]) -> ColumnElement[str]:
    """Return the minute of a time in UTC, as a text like ``2026-11-22 02:05``."""
    if session.get_bind().dialect.name == "postgresql":
        return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD HH24:MI")
    return func.substr(type_coerce(moment, String), 1, 16)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut ``items`` into pieces of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
