"""A storefront changes an order of its own: at once until a batch has it, afterwards as a note that somebody follows.

The order's row decides, locked: whoever makes a batch of it at that very moment has it before us, and then the change
is noted, or after us, and then the file has it changed.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor
from app.domain.money import yuan
from app.domain.order import Payment
from app.domain.order_change import ChangeKind, ChangeState, Wish
from app.domain.problems import ChangeConflict, FieldError, InvalidOrder, NotFound, NotInThisState
from app.domain.states import HeldKind, OrderState
from app.orders.decide import Preflight, clean_number, not_now
from app.store.follow_changes import follow, settle_noted
from app.store.repositories.changes import ChangeRow
from app.store.sealed_wish import open_wish, seal_words
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import OrderChange, OrderRow
from app.store.unit_of_work import UnitOfWork
from app.words.changes import CHANGES

LONGEST_REASON = 300
LONGEST_SETTLEMENT = 300

_WAITS_FOR_IT = (HeldKind.UNPAID, HeldKind.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class AnsweredChange:
    """What a storefront is answered; the same at each retry."""

    number: str
    change: OrderChange
    replayed: bool


def ask(
    uow: UnitOfWork,
    keyring: Keyring,
    number: str,
    wish: Wish,
    *,
    client_id: str,
    preflight: Preflight,
    by: Actor,
    now: datetime,
) -> AnsweredChange:
    """Take what the client ``client_id`` wants of an order of its own.

    Raises:
        NotFound: it has no such order.
        ChangeConflict: it has asked for that before, and told something else.
        NotInThisState: the order is closed, or is not to be paid for.
        InvalidOrder: what was paid is not what the order costs.
    """
    row = uow.changes.locked(clean_number(number), client_id=client_id)
    if row is None:
        raise NotFound("没有找到该订单。")
    if earlier := next((one for one in uow.changes.of_order(row.id or 0) if one.kind == wish.kind), None):
        if open_wish(keyring, earlier, row.number) != wish:
            raise ChangeConflict
        return AnsweredChange(row.number, earlier, replayed=True)
    _refuse_if_not_possible(row, wish, keyring)
    there_already = _has_it(row, wish, keyring)
    done = there_already or (not _is_out(row) and follow(uow, keyring, row, wish, now=now))
    effect = ChangeState.APPLIED if done else ChangeState.NOTED
    change = uow.changes.add(
        OrderChange(
            order_id=row.id or 0,
            kind=wish.kind,
            effect=effect,
            state=effect,
            batch_id=row.batch_id,
            sealed=seal_words(keyring, wish, row.number),
            amount_fen=wish.amount_fen,
            paid_at=wish.paid_at,
            asked_by=by.name,
            asked_at=now,
        )
    )
    if done and wish.kind == ChangeKind.PAID and not there_already:
        _judge_anew(uow, row, preflight, now=now)
    elif not done:
        uow.flow_notes.leave([row.id or 0])
    detail = {"sentence": _sentence(wish, noted=not done), "change": change.id, "effect": effect}
    match wish.kind:
        case ChangeKind.CANCEL:
            uow.audit.record("order.client_cancel", by=by, at=now, subject=row.number, detail=detail)
        case ChangeKind.PAID:
            uow.audit.record("order.client_paid", by=by, at=now, subject=row.number, detail=detail)
    return AnsweredChange(row.number, change, replayed=False)


def _refuse_if_not_possible(row: OrderRow, wish: Wish, keyring: Keyring) -> None:
    closed = row.state == OrderState.REJECTED or (row.state == OrderState.DUPLICATE and not _is_out(row))
    if closed:
        raise not_now(row)
    if wish.kind == ChangeKind.CANCEL:
        return
    if row.state == OrderState.CANCELLED:
        raise not_now(row)
    if wish.amount_fen is not None and row.total_fen is not None and wish.amount_fen != row.total_fen:
        sentence = f"与订单金额 {yuan(row.total_fen)} 元不符"
        raise InvalidOrder(
            f"付款金额{sentence}，没有改动订单。", errors=[FieldError("/amount", "amount_differs", sentence)]
        )
    payment = _payment(row, keyring)
    if payment.status == "cod":
        raise NotInThisState(f"订单 {row.number} 为货到付款，不能标记为已付款。")
    if payment.status == "paid" and not _same_payment(payment, wish):
        raise NotInThisState(f"订单 {row.number} 受理时已是已付款，且付款内容与此不同。")


def _is_out(row: OrderRow) -> bool:
    """Tell whether a file has the order, or the main system itself."""
    return row.batch_id is not None or row.main_order_number is not None


def _has_it(row: OrderRow, wish: Wish, keyring: Keyring) -> bool:
    """Tell whether the order is like that already, wherever it is."""
    if wish.kind == ChangeKind.CANCEL:
        return row.state == OrderState.CANCELLED and not _is_out(row)
    return _payment(row, keyring).status == "paid"


def _payment(row: OrderRow, keyring: Keyring) -> Payment:
    try:
        return keyring.open_order(row.sealed, row.number).payment or Payment()
    except CannotUnseal:
        return Payment()


def _same_payment(payment: Payment, wish: Wish) -> bool:
    """Tell whether a payment that the order came with is the one it is told of; what neither names agrees."""
    pairs = ((payment.transaction_id, wish.transaction_id), (payment.paid_at, wish.paid_at))
    return all(known is None or told is None or known == told for known, told in pairs)


def _judge_anew(uow: UnitOfWork, row: OrderRow, preflight: Preflight, *, now: datetime) -> None:
    """Let an order that was held for want of the payment go out with the next batch, unless something else keeps it."""
    if row.state != OrderState.HELD or row.held_kind not in _WAITS_FOR_IT:
        return
    fitness = preflight(row)
    if fitness.kind is None:
        moved = {"completed_at": now, "state_reason": None}
        uow.orders.move([row.id or 0], OrderState.ACCEPTED, only_from=(OrderState.HELD,), now=now, **moved)
    else:
        uow.held.amend(row, {"held_kind": fitness.kind, "state_reason": fitness.reason[:500]})


def _sentence(wish: Wish, *, noted: bool) -> str:
    told = f"渠道通知{CHANGES[wish.kind]}"  # not what it told besides: that rests sealed
    return f"{told}，订单已在批次文件中，已记入待办与变更清单" if noted else f"{told}，已生效"


def settle_change(uow: UnitOfWork, row_id: int, *, done: bool, reason: str, by: Actor, now: datetime) -> ChangeRow:
    """Settle a noted change: it was followed in the main system, or it could not be; return it as it stands then.

    An order that is cancelled there and not known to be imported has come to its end with that.

    Raises:
        NotFound: there is none of that number.
        NotInThisState: it does not wait, or it is refused without a reason.
    """
    found = uow.changes.get(row_id)
    if found is None:
        raise NotFound(f"没有编号为 {row_id} 的变更。")
    if found.row.state != ChangeState.NOTED:
        raise NotInThisState(f"编号 {row_id} 的变更已处理（{found.row.settled_by}）。")
    reason = reason.strip()[:LONGEST_SETTLEMENT]
    if not done and not reason:
        raise NotInThisState("变更未能处理时必须写明原因。")
    settle_noted(uow, found.row, done=done, reason=reason or None, by=by, now=now)
    because = f"，{reason}" if reason else ""
    sentence = f"渠道通知的“{CHANGES[found.row.kind]}”：{'已处理' if done else '未能处理'}{because}"
    detail = {"sentence": sentence, "change": row_id, "done": done}
    uow.audit.record("order.settle_change", by=by, at=now, subject=found.order_number, detail=detail)
    return found
