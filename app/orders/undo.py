"""Takes back what a person has just decided about a held order: for some seconds, and while no batch has it.

Nothing waits for those seconds to pass. A released order may go into a file at once, and then the decision stands: to
keep it out of batches meanwhile would cost every claim a condition, and an order that somebody lets go at the last
moment would miss its file, which is worse than a slip that can still be stopped in the main system.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.actor import Actor
from app.domain.passed_on import MainMayHave
from app.domain.problems import Forbidden, NotFound, NotInThisState
from app.domain.states import HeldKind, OrderState, may_be_undone
from app.orders.decide import DECISIONS, clean_number, not_now, state_in_chinese
from app.store.tables import Audit, OrderRow
from app.store.unit_of_work import UnitOfWork

UNDO_WITHIN = timedelta(seconds=10)
"""What people are told: long enough to see what one has tapped, short enough for nobody to wait for it."""

ON_ITS_WAY = timedelta(seconds=5)
"""Granted beyond that: who taps in the last second has a request that travels, and a page that took time to come."""

_UNDOABLE = ("order.release", "order.mark_duplicate", "order.found_in_main")


@dataclass(frozen=True, slots=True)
class Undone:
    """The order waits for a person again, for what it waited before; ``sentence`` is what was taken back."""

    number: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Undoable:
    """A decision that may still be taken back: what it was, and until when people are offered to."""

    number: str
    sentence: str
    until: datetime


def undo_decision(uow: UnitOfWork, number: str, *, by: Actor, now: datetime, anybody: bool = False) -> Undone:
    """Take back the last decision about an order; ``anybody`` where ``by`` may take back what others have decided.

    Raises:
        NotFound: there is no such order.
        Forbidden: somebody else has decided.
        NotInThisState: nothing was decided that could be taken back, it is too long ago, or the order has gone on; the
            sentence names which.
    """
    row = uow.held.locked(clean_number(number))
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    deed = uow.audit.newest(row.number, DECISIONS)
    if deed is None or deed.action not in _UNDOABLE or "was" not in deed.detail:
        raise NotInThisState(f"订单 {row.number} 没有可以撤销的裁定（当前为“{state_in_chinese(row)}”）。")
    if deed.actor != by.name and not anybody:
        raise Forbidden(f"订单 {row.number} 由 {deed.actor} 裁定，只有本人或管理员可以撤销。")
    if abs(now - deed.at) > UNDO_WITHIN + ON_ITS_WAY:
        seconds = int(UNDO_WITHIN.total_seconds())
        raise NotInThisState(f"订单 {row.number} 的裁定已超过 {seconds} 秒，不能再撤销。")
    if row.state != deed.detail["to"]:
        raise _gone_on(row)
    _put_back(uow, row, deed.detail["was"], now=now)
    if deed.detail["was"]["held_kind"] == HeldKind.MAIN_MAY_HAVE:
        uow.passed_on.settle(row.number, MainMayHave.MAYBE, now=None)
    sentence = str(deed.detail.get("sentence", ""))
    detail = {"sentence": f"撤销裁定“{sentence}”，重新待人工确认", "undoes": deed.action}
    uow.audit.record("order.undo_decision", by=by, at=now, subject=row.number, detail=detail)
    return Undone(row.number, sentence)


def undoable(uow: UnitOfWork, number: str, *, by: Actor, now: datetime, anybody: bool = False) -> Undoable | None:
    """Return the decision about an order that ``by`` may take back now; None if there is none."""
    row = uow.orders.numbered(clean_number(number))
    deed = uow.audit.newest(row.number, DECISIONS) if row is not None else None
    if row is None or deed is None or not _may_offer(deed, row, by=by, now=now, anybody=anybody):
        return None
    return Undoable(row.number, str(deed.detail.get("sentence", "")), deed.at + UNDO_WITHIN)


def _may_offer(deed: Audit, row: OrderRow, *, by: Actor, now: datetime, anybody: bool) -> bool:
    ours = anybody or deed.actor == by.name
    known = deed.action in _UNDOABLE and "was" in deed.detail and row.state == deed.detail["to"]
    return ours and known and abs(now - deed.at) < UNDO_WITHIN


def _put_back(uow: UnitOfWork, row: OrderRow, was: dict[str, Any], *, now: datetime) -> None:
    released = was["released_at"]
    columns = {**was, "released_at": datetime.fromisoformat(released) if released else None}
    if row.state == OrderState.HELD:  # another doubt has kept it
        uow.held.amend(row, columns)
        return
    decided = OrderState(row.state)
    if not uow.orders.move(
        [row.id or 0], OrderState.HELD, may_be_undone, only_from=(decided,), now=now, settled_at=None, **columns
    ):
        raise not_now(row)


def _gone_on(row: OrderRow) -> NotInThisState:
    if row.state == OrderState.BATCHED:
        return NotInThisState(
            f"订单 {row.number} 已被批次取走，裁定不能再撤销；不该发货的，请取消这笔订单并在主系统中拦截。"
        )
    return NotInThisState(f"订单 {row.number} 已是“{state_in_chinese(row)}”，裁定不能再撤销。")
