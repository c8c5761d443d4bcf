"""Who looks after a high-priority order: taken on by one person, done with a note, or let go again.

It moves no order: that one is taken care of is a matter between people, and its way home goes on as it would.
"""

from datetime import datetime

from app import words
from app.domain.actor import Actor
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import FINAL
from app.orders.decide import clean_number
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork

LONGEST_NOTE = 200


def claim_order(uow: UnitOfWork, number: str, *, by: Actor, now: datetime, take_over: bool = False) -> str:
    """Take an order on; with ``take_over`` also from somebody else. Return whose it was before, or nothing.

    Raises:
        NotFound: there is no such order.
        NotInThisState: somebody has it already, or has done with it; or it is none that anybody has to look after.
    """
    row = _order(uow, number)
    _refuse_ordinary(row)
    if row.state in FINAL:
        raise NotInThisState(f"订单 {row.number} 已经{words.ORDER_STATES[row.state].text}，不用再跟进。")
    order_id, before = row.id or 0, ""
    if not uow.attention.claim(order_id, by=by.name, now=now):
        known = uow.attention.locked(order_id)
        before = known.claimed_by if known else ""
        if known is None or known.handled_at is not None:
            raise NotInThisState(f"订单 {row.number} 已经处理完，不用再认领。")
        if known.claimed_by == by.name:
            return before
        if not take_over:
            raise NotInThisState(f"订单 {row.number} 已由 {before} 认领。")
        uow.attention.change(order_id, claimed_by=by.name[:80], claimed_at=now)
    sentence = f"{by.name} 接手（原由 {before} 跟进）" if before else f"{by.name} 认领跟进"
    uow.audit.record("order.claim", by=by, at=now, subject=row.number, detail={"sentence": sentence})
    return before


def mark_handled(uow: UnitOfWork, number: str, *, note: str, by: Actor, now: datetime) -> None:
    """Say that an order is taken care of; whoever says so has taken it on.

    Raises:
        NotFound: there is no such order.
        NotInThisState: that has been said already, or it is none that anybody has to look after.
    """
    row = _order(uow, number)
    _refuse_ordinary(row)
    order_id, note = row.id or 0, note.strip()[:LONGEST_NOTE]
    uow.attention.claim(order_id, by=by.name, now=now)
    known = uow.attention.locked(order_id)
    if known is None or known.handled_at is not None:
        raise NotInThisState(f"订单 {row.number} 已经标记为已处理。")
    uow.attention.change(order_id, handled_by=by.name[:80], handled_at=now, note=note or None)
    sentence = f"{by.name} 已处理" + (f"：{note}" if note else "")
    uow.audit.record("order.handled", by=by, at=now, subject=row.number, detail={"sentence": sentence})


def let_go(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> None:
    """Give an order back, or take back that it is taken care of: it stands open for everybody again.

    Raises:
        NotFound: there is no such order.
        NotInThisState: nobody has it, or somebody else has: who wants it takes it over, so that the other hears of it.
    """
    row = _order(uow, number)
    order_id = row.id or 0
    known = uow.attention.locked(order_id)
    if known is None:
        raise NotInThisState(f"订单 {row.number} 没有人认领。")
    if known.handled_at is None and known.claimed_by != by.name:
        raise NotInThisState(f"订单 {row.number} 由 {known.claimed_by} 跟进，请先接手。")
    if known.handled_at is not None:
        uow.attention.change(order_id, handled_by=None, handled_at=None, note=None)
        sentence = f"{by.name} 撤销已处理，由 {known.claimed_by} 继续跟进"
    else:
        uow.attention.let_go(order_id)
        sentence = f"{by.name} 放开，等人认领"
    uow.audit.record("order.let_go", by=by, at=now, subject=row.number, detail={"sentence": sentence})


def _refuse_ordinary(row: OrderRow) -> None:
    if row.priority != "high":
        raise NotInThisState(f"订单 {row.number} 不是高优订单，不用认领。")


def _order(uow: UnitOfWork, number: str) -> OrderRow:
    row = uow.orders.numbered(clean_number(number)[:20])
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    return row
