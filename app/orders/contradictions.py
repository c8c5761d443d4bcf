"""A person decides about a word that contradicts what is known: the order stays as it is, or what was said is taken."""

from datetime import datetime
from typing import Literal

from app import words
from app.domain.actor import Actor
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import OrderState
from app.orders.correct import correct
from app.store.repositories.contradictions import ContradictionRow
from app.store.repositories.results import NewResult
from app.store.unit_of_work import UnitOfWork

Decision = Literal["keep", "take"]


def settle_contradiction(
    uow: UnitOfWork, row_id: int, decision: Decision, *, reason: str, by: Actor, now: datetime
) -> ContradictionRow:
    """Settle a contradiction; return it as it stands then.

    To take what was said is a correction of the order. What was said "failed" goes back into its batch as failed, so
    that a repair batch brings it again. The other half of an upload that contradicted itself is settled with it.

    Raises:
        NotFound: there is none of that number.
        NotInThisState: it is settled, or the order cannot be corrected to that.
    """
    found = uow.contradictions.get(row_id)
    if found is None:
        raise NotFound(f"没有编号为 {row_id} 的矛盾。")
    one = found.row
    if one.settled_at is not None:
        raise NotInThisState(f"编号 {row_id} 的矛盾已由 {one.settled_by} 裁定。")
    reason = reason.strip()
    if decision == "take":
        _take(uow, found, reason=reason, by=by, now=now)
    halves = [o for o in uow.contradictions.open_of(one.order_id) if o.reported_at == one.reported_at]
    for half in halves if decision == "take" else [one]:
        uow.contradictions.settle(
            half, "corrected" if half is one and decision == "take" else "kept", by=by.name, now=now
        )
    said = words.RESULTS[one.said].text + (f" {one.said_main}" if one.said_main else "")
    kept = "采纳" if decision == "take" else "不采纳，维持原状"
    detail = {"sentence": f"主系统又称“{said}”：{kept}，原因：{reason}", "contradiction": row_id, "decision": decision}
    uow.audit.record("order.settle_contradiction", by=by, at=now, subject=found.order_number, detail=detail)
    return found


def _take(uow: UnitOfWork, found: ContradictionRow, *, reason: str, by: Actor, now: datetime) -> None:
    one, order = found.row, uow.orders.get(found.row.order_id)
    failed = one.said == "failed"
    to = OrderState.BATCHED if failed else OrderState(one.said)
    if order.state != to or (one.said_main and order.main_order_number != one.said_main):
        correct(uow, found.order_number, to=to, main=one.said_main or None, reason=reason, by=by, now=now)
    if failed and order.batch_id is not None:
        word = NewResult(
            batch_id=order.batch_id,
            order_id=one.order_id,
            result="failed",
            main_order_number=None,
            reason=one.reason,
            reported_by=by.name[:64],
            reported_at=now,
        )
        uow.results.add([word])
