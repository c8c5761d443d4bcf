"""Corrects a final word that was wrong: by a named person, with a reason, until the incident is signed off."""

from datetime import datetime

from app import words
from app.domain.actor import Actor
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import FINAL, OrderState, may_be_corrected
from app.store.tables import Incident, OrderRow
from app.store.unit_of_work import UnitOfWork

_HOME = (OrderState.IMPORTED, OrderState.DUPLICATE)
TARGETS = (*sorted(FINAL), OrderState.BATCHED)
"""What an order may be corrected to: a final word, or back into its batch, not yet home."""


def may_correct(_incident: Incident) -> bool:
    """Tell whether final words of an incident may still be corrected: until it is signed off.

    Nobody can sign one yet. That it is closed does not forbid it: most mistakes are found when the books are compared.
    """
    return True


def correct(
    uow: UnitOfWork, number: str, *, to: OrderState, main: str | None, reason: str, by: Actor, now: datetime
) -> None:
    """Put an order to the state it really has, and under the number it really has in the main system.

    ``main`` None leaves its numbers as they are where it stays in the main system. What was said of it and is now true
    no longer waits for anybody.

    Raises:
        NotFound: there is no such order.
        NotInThisState: it never had a word to be corrected, it is like that already, or has no batch to go back to.
    """
    row = uow.orders.numbered(number)
    if row is None:
        raise NotFound(f"没有订单 {number}。")
    before, at_home, reason = OrderState(row.state), to in _HOME, reason.strip()
    if not reason:
        raise NotInThisState("更正必须写明原因。")
    main = main.strip() if main and main.strip() else None
    if main and not at_home:
        raise NotInThisState("只有已导入或重复的订单才有主系统单号。")
    new_main = (main or row.main_order_number) if at_home else None
    _refuse_if_not_possible(uow, row, to, new_main=new_main)
    known_main, order_id = row.main_order_number, row.id or 0
    if before == to:
        uow.results.set_main_numbers({order_id: new_main})
        uow.flow_notes.leave([order_id])
    else:
        settled = None if to is OrderState.BATCHED else now
        why = None if at_home or to is OrderState.BATCHED else reason[:500]
        also: dict[str, object] = {"main_order_number": new_main, "settled_at": settled, "state_reason": why}
        if not uow.orders.move([order_id], to, may_be_corrected, only_from=(before,), now=now, **also):
            raise NotInThisState(f"订单 {number} 刚被改动，请重新查看。")
    if new_main != known_main:
        uow.results.forget_main_numbers(order_id)
    if new_main:
        uow.results.add_main_numbers({order_id: (new_main,)}, now=now)
    for open_one in uow.contradictions.open_of(order_id):
        if _agrees(open_one.said, open_one.said_main, to, new_main):
            uow.contradictions.settle(open_one, "corrected", by=by.name, now=now)
    detail = {"sentence": _sentence(before, known_main, to, new_main, reason), "from": before, "to": to}
    uow.audit.record("order.correct", by=by, at=now, subject=number, detail={**detail, "reason": reason})


def _refuse_if_not_possible(uow: UnitOfWork, row: OrderRow, to: OrderState, *, new_main: str | None) -> None:
    before, named = OrderState(row.state), words.ORDER_STATES[row.state].text
    same = before == to
    if same and new_main == row.main_order_number:
        raise NotInThisState(f"订单 {row.number} 已经是“{named}”，没有要更正的。")
    if not may_be_corrected(before, to) and not (same and before in _HOME):
        raise NotInThisState(f"订单 {row.number} 当前为“{named}”，还没有可更正的结果。")
    if not may_correct(uow.incidents.get(row.incident_id)):
        raise NotInThisState("该应急事件已签认，结果不能再更正。")
    if to is OrderState.BATCHED and not uow.batches.is_live_in_published(row.id or 0):
        raise NotInThisState(f"订单 {row.number} 不在任何已发布的批次中，不能退回批次。")


def _agrees(said: str, said_main: str, to: OrderState, main: str | None) -> bool:
    """Tell whether what was said of an order is what it has now been corrected to."""
    if said == "failed":
        return to is OrderState.BATCHED
    return said == to and said_main in ("", main)


def _sentence(before: OrderState, before_main: str | None, to: OrderState, main: str | None, reason: str) -> str:
    was, becomes = _named(before, before_main), _named(to, main)
    return f"人工更正：{was} → {becomes}，原因：{reason}"


def _named(state: OrderState, main: str | None) -> str:
    return words.ORDER_STATES[state].text + (f" {main}" if main else "")
