"""What a person decides about one order; each decision is guarded, final where it says so, and written down."""

from collections.abc import Sequence
from datetime import datetime

from app import words
from app.domain.actor import Actor
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import OrderState
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork


def release(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> None:
    """Let a held order go: it is no duplicate, and is never held again."""
    _decide(
        uow,
        number,
        OrderState.ACCEPTED,
        (OrderState.HELD,),
        "order.release",
        "人工确认不是重复单，放行进入下一批次",
        by=by,
        now=now,
        released_at=now,
    )


def mark_duplicate(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> None:
    """Close a held order as a duplicate; final."""
    _decide(
        uow,
        number,
        OrderState.DUPLICATE,
        (OrderState.HELD,),
        "order.mark_duplicate",
        "人工判定为重复单",
        by=by,
        now=now,
        settled_at=now,
    )


def cancel(uow: UnitOfWork, number: str, *, reason: str, by: Actor, now: datetime) -> None:
    """Close an order that the customer takes back; final. One in a file already must be stopped there too."""
    open_states = (OrderState.ACCEPTED, OrderState.HELD, OrderState.BATCHED)
    _decide(
        uow,
        number,
        OrderState.CANCELLED,
        open_states,
        "order.cancel",
        f"已取消：{reason}",
        by=by,
        now=now,
        settled_at=now,
        state_reason=reason,
    )


def reject(uow: UnitOfWork, number: str, *, reason: str, by: Actor, now: datetime) -> None:
    """Close an order that the main system cannot take; final."""
    open_states = (OrderState.HELD, OrderState.BATCHED)
    _decide(
        uow,
        number,
        OrderState.REJECTED,
        open_states,
        "order.reject",
        f"已人工关闭：{reason}",
        by=by,
        now=now,
        settled_at=now,
        state_reason=reason,
    )


def _decide(
    uow: UnitOfWork,
    number: str,
    to: OrderState,
    only_from: Sequence[OrderState],
    action: str,
    sentence: str,
    *,
    by: Actor,
    now: datetime,
    **also: object,
) -> None:
    row = uow.orders.numbered(number)
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    if not uow.orders.move([row.id or 0], to, only_from=only_from, **also):
        raise NotInThisState(f"订单 {number} 当前为“{state_in_chinese(row)}”，不能执行此操作。")
    uow.audit.record(action, by=by, at=now, subject=number, detail={"sentence": sentence})


def state_in_chinese(row: OrderRow) -> str:
    """Return an order's state for people."""
    return words.ORDER_STATES[row.state].text


def unmask(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> None:
    """Write down that somebody is about to see an order's customer; nobody sees one whose record could not be kept.

    Raises:
        NotFound: there is no such order.
    """
    row = uow.orders.numbered(number)
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    uow.audit.record("order.unmask", by=by, at=now, subject=row.number)
