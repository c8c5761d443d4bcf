"""Whether the main system has an order that was passed on to us is known: it has, or it has not.

A person has looked, or it was asked itself (``look_up``). Of a held one a person's "it has not" is a release
(``decide.release``); the verbs here are for the rest.
"""

from datetime import datetime

from app.domain.actor import Actor
from app.domain.passed_on import MainMayHave
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import HeldKind, OrderState
from app.orders.decide import as_it_is, clean_number, not_now
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork

LONGEST_NUMBER = 64

_OPEN = (OrderState.HELD, OrderState.ACCEPTED, OrderState.BATCHED)


def found_in_main(uow: UnitOfWork, number: str, *, main_number: str, by: Actor, now: datetime) -> str:
    """Close an order that the main system has already, under the number it has there; final. Return that number.

    One that is in a file must be stopped there too.

    Raises:
        NotFound: there is no such order.
        NotInThisState: nothing is open about it, or ``main_number`` is none.
    """
    row = _unsettled(uow, number)
    theirs = main_number.strip()
    if not theirs or len(theirs) > LONGEST_NUMBER or not theirs.isprintable():
        raise NotInThisState(f"请填写主系统里的单号（1 至 {LONGEST_NUMBER} 个字符）。")
    was = {**as_it_is(row), "main_order_number": row.main_order_number}
    where = "，批次文件里的这一行请勿再导入" if row.state == OrderState.BATCHED else ""
    if not uow.orders.move(
        [row.id or 0], OrderState.DUPLICATE, only_from=_OPEN, now=now, settled_at=now, main_order_number=theirs
    ):
        raise not_now(row)
    uow.passed_on.settle(row.number, MainMayHave.YES, now=now)
    sentence = f"主系统已有此单（主系统单号 {theirs}），不再发货{where}"
    detail = {"sentence": sentence, "was": was, "to": OrderState.DUPLICATE}
    uow.audit.record("order.found_in_main", by=by, at=now, subject=row.number, detail=detail)
    return theirs


def not_in_main(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> None:
    """Write down that the main system has no such order of its own; of one that went on before it was passed on.

    Raises:
        NotFound: there is no such order.
        NotInThisState: nothing is open about it, or it is held: then it is to be released.
    """
    row = _unsettled(uow, number)
    if row.state == OrderState.HELD:
        raise NotInThisState(f"订单 {row.number} 在待人工确认中，主系统没有此单请直接放行。")
    uow.passed_on.settle(row.number, MainMayHave.SETTLED_NO, now=now)
    detail = {"sentence": "人工确认主系统没有另一笔此单"}
    uow.audit.record("order.not_in_main", by=by, at=now, subject=row.number, detail=detail)


def absent_from_main(uow: UnitOfWork, number: str, *, asked: int, by: Actor, now: datetime) -> None:
    """Let a held order go that the main system, asked ``asked`` times, does not have; the next batch judges it.

    One that is held for another doubt as well is held for that alone from now on.

    Raises:
        NotFound: there is no such order.
        NotInThisState: nothing is open about it, or it is not held.
    """
    row = _unsettled(uow, number)
    if row.state != OrderState.HELD:
        raise not_now(row)
    uow.passed_on.settle(row.number, MainMayHave.SETTLED_NO, now=now)
    goes_on = row.held_kind == HeldKind.MAIN_MAY_HAVE
    if goes_on:
        uow.orders.move([row.id or 0], OrderState.ACCEPTED, only_from=(OrderState.HELD,), now=now)
    then = "放行进入下一批次" if goes_on else "仍因其他原因待人工确认"
    detail = {"sentence": f"查询主系统 {asked} 次均没有此单，{then}"}
    uow.audit.record("order.absent_from_main", by=by, at=now, subject=row.number, detail=detail)


def _unsettled(uow: UnitOfWork, number: str) -> OrderRow:
    row = uow.held.locked(clean_number(number))
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    noted = uow.passed_on.of(row.number)
    if noted is None or not noted.is_open:
        raise NotInThisState(f"没有代理说过主系统可能已有订单 {row.number}，或已有结论。")
    return row
