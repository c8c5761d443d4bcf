"""What a person decides about one order; each decision is guarded, final where it says so, and written down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import words
from app.domain.actor import Actor
from app.domain.fitness import Fitness
from app.domain.passed_on import MainMayHave, sentence_of
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import HeldKind, OrderState
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork

Preflight = Callable[[OrderRow], Fitness]
"""Tells of a held order what the next batch would do with it; it is the stage of batches that knows."""

_RELEASED = {
    HeldKind.LOOK_ALIKE: "人工确认不是重复单",
    HeldKind.INCOMPLETE: "人工确认资料无误",
    HeldKind.BROKEN: "已能处理",
    HeldKind.UNPAID: "人工确认未付款也发货",
    HeldKind.MAIN_MAY_HAVE: "人工确认主系统没有此单",
}
_CLOSED = (OrderState.CANCELLED, OrderState.REJECTED)

DECISIONS = frozenset(
    {
        "order.release",
        "order.complete",
        "order.cancel",
        "order.reject",
        "order.found_in_main",
        "order.mark_duplicate",
        "order.not_in_main",
        "order.correct",
        "order.settle_contradiction",
        "order.undo_decision",
        "order.client_cancel",
        "order.client_paid",
        "order.settle_change",
    }
)
"""What the audit calls a decision about an order."""


@dataclass(frozen=True, slots=True)
class Released:
    """The order goes out with the next batch, and is never held again."""

    number: str


@dataclass(frozen=True, slots=True)
class StillHeld:
    """What the person was asked is answered; now it is another ``kind`` of doubt that keeps the order."""

    number: str
    kind: HeldKind
    reason: str


def release(
    uow: UnitOfWork, number: str, *, preflight: Preflight, by: Actor, now: datetime, reason: str = ""
) -> Released | StillHeld:
    """Let a held order go: a person answers the doubt that keeps it, and it is never held again.

    One question at a time: who says that an order is no duplicate has not said that it may be shipped unpaid.

    Raises:
        NotFound: there is no such order.
        NotInThisState: it is not held, or the importing program would refuse it; the sentence names why.
    """
    row = held_order(uow, number)
    fitness = preflight(row)
    if not fitness.may_be_released:
        raise NotInThisState(
            f"订单 {row.number} 不能放行：{fitness.reason}。资料可用 lifeboat orders complete 或在控制台补全。"
        )
    answered = _RELEASED.get(HeldKind(row.held_kind), "") if row.held_kind else "人工放行"
    because = f"（{reason.strip()}）" if reason.strip() else ""
    was = as_it_is(row)
    if row.held_kind == HeldKind.MAIN_MAY_HAVE:
        uow.passed_on.settle(row.number, MainMayHave.SETTLED_NO, now=now)
    if (doubt := _other_doubt(uow, row, fitness)) is not None:
        kind, why = doubt
        uow.held.amend(row, {"held_kind": kind, "state_reason": why[:500]})
        sentence = f"{answered}{because}；另外{why}，仍待人工确认"
        detail = {"sentence": sentence, "was": was, "to": OrderState.HELD}
        uow.audit.record("order.release", by=by, at=now, subject=row.number, detail=detail)
        return StillHeld(row.number, kind, why)
    _decide(
        uow,
        row.number,
        OrderState.ACCEPTED,
        (OrderState.HELD,),
        "order.release",
        {"sentence": f"{answered}{because}，放行进入下一批次", "was": was, "to": OrderState.ACCEPTED},
        by=by,
        now=now,
        released_at=row.released_at if row.held_kind == HeldKind.MAIN_MAY_HAVE else now,  # nobody has judged it yet
    )
    return Released(row.number)


def _other_doubt(uow: UnitOfWork, row: OrderRow, fitness: Fitness) -> tuple[HeldKind, str] | None:
    """Return the doubt that keeps an order once the one it is held for is answered: the main system first."""
    noted = uow.passed_on.of(row.number)
    if noted is not None and noted.is_open:
        return HeldKind.MAIN_MAY_HAVE, sentence_of(noted.said)
    if fitness.kind is not None and row.held_kind not in (None, fitness.kind):
        return fitness.kind, fitness.reason
    return None


def mark_duplicate(uow: UnitOfWork, number: str, *, by: Actor, now: datetime, of: str | None = None) -> str:
    """Close a held order as a duplicate of the order ``of``, by default of the one it looks like; final.

    Return the number of that other order: without one that is shipped, closing this one would lose what was bought.

    Raises:
        NotFound: there is no such order, or no such other one.
        NotInThisState: it is not held, looks like no other, or the other will not be shipped either.
    """
    row = held_order(uow, number)
    other = _other(uow, row, of or row.looks_like)
    _decide(
        uow,
        row.number,
        OrderState.DUPLICATE,
        (OrderState.HELD,),
        "order.mark_duplicate",
        {"sentence": f"人工判定为重复单（{other}）", "was": as_it_is(row), "to": OrderState.DUPLICATE},
        by=by,
        now=now,
        settled_at=now,
        looks_like=other,
    )
    return other


def _other(uow: UnitOfWork, row: OrderRow, number: str | None) -> str:
    """Return the number of the order that ``row`` may be closed for."""
    if not number:
        raise NotInThisState(
            f"订单 {row.number} 不像任何一笔订单（{row.state_reason or '原因未记录'}），不能标记为重复单；"
            "确是重复单请用 --of 指明与哪一笔重复。"
        )
    other = uow.orders.numbered(clean_number(number))
    if other is None or other.drill != row.drill:
        raise NotFound(f"没有订单 {number}，订单 {row.number} 不能标记为它的重复单。")
    at, passed = other, set[str]()
    while at.number != row.number and at.state == OrderState.DUPLICATE and at.looks_like and at.number not in passed:
        passed.add(at.number)
        at = uow.orders.numbered(at.looks_like) or at
    if at.number == row.number:
        raise NotInThisState(f"订单 {row.number} 不能是自己的重复单（{other.number}）。")
    if at.state in _CLOSED:
        raise NotInThisState(
            f"订单 {at.number} {state_in_chinese(at)}，不会发货，订单 {row.number} 不能标记为 {other.number} 的重复单。"
        )
    return other.number


def cancel(uow: UnitOfWork, number: str, *, reason: str, by: Actor, now: datetime) -> None:
    """Close an order that the customer takes back; final. One in a file already must be stopped there too."""
    open_states = (OrderState.ACCEPTED, OrderState.HELD, OrderState.BATCHED)
    _decide(
        uow,
        number,
        OrderState.CANCELLED,
        open_states,
        "order.cancel",
        {"sentence": f"已取消：{reason}"},
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
        {"sentence": f"已人工关闭：{reason}"},
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
    detail: Mapping[str, object],
    *,
    by: Actor,
    now: datetime,
    **also: object,
) -> None:
    row = uow.orders.numbered(clean_number(number))
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    if not uow.orders.move([row.id or 0], to, only_from=only_from, now=now, **also):
        raise not_now(row)
    uow.audit.record(action, by=by, at=now, subject=row.number, detail=detail)


def as_it_is(row: OrderRow) -> dict[str, object]:
    """Return what a decision may change of a held order, for who takes it back; nothing of the customer's is in it."""
    return {
        "held_kind": row.held_kind,
        "looks_like": row.looks_like,
        "state_reason": row.state_reason,
        "released_at": row.released_at.isoformat() if row.released_at else None,
    }


def held_order(uow: UnitOfWork, number: str) -> OrderRow:
    """Return a held order, locked: two people may decide about it at once.

    Raises:
        NotFound: there is no such order.
        NotInThisState: it is not held.
    """
    row = uow.held.locked(clean_number(number))
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    if row.state != OrderState.HELD:
        raise not_now(row)
    return row


def clean_number(text: str) -> str:
    """Return an order number as people type or paste it, in its one form."""
    return text.strip().upper()


def not_now(row: OrderRow) -> NotInThisState:
    """Return the refusal to decide about an order in its state."""
    return NotInThisState(f"订单 {row.number} 当前为“{state_in_chinese(row)}”，不能执行此操作。")


def state_in_chinese(row: OrderRow) -> str:
    """Return an order's state for people."""
    return words.ORDER_STATES[row.state].text


def unmask(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> None:
    """Write down that somebody is about to see an order's customer; nobody sees one whose record could not be kept.

    Raises:
        NotFound: there is no such order.
    """
    row = uow.orders.numbered(clean_number(number))
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    uow.audit.record("order.unmask", by=by, at=now, subject=row.number)
