"""Keeps orders out of the next file that the main system's list has already: known by a number, or much like one there.

What a number proves is closed as a duplicate; what only looks so is held for a person. Nothing is done about an order
that has gone on meanwhile, that disagrees in goods, amount or state, or about which a person has decided already.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from app.domain.actor import Actor
from app.domain.discrepancy import Discrepancy
from app.domain.passed_on import MainMayHave, PassedOn, SentBefore, sentence_of
from app.domain.states import HeldKind, OrderState
from app.reconcile.compare.run import IncidentComparison
from app.store.tables import OrderRow
from app.store.unit_of_work import Store, UnitOfWork

FOUND = "compare.found_in_main"
HELD = "compare.hold"
"""The deeds in the audit."""

AT_ONCE = 100
"""Orders of one transaction: the door waits for it."""

_DISAGREES = frozenset(
    {
        *(Discrepancy.AMOUNT_DIFFERS, Discrepancy.GOODS_DIFFER, Discrepancy.DOUBLED, Discrepancy.UNCLEAR_STATE),
        *(Discrepancy.UNPAID_THERE, Discrepancy.REFUNDED_THERE),
    }
)


@dataclass(slots=True)
class KeptOut:
    """What was done: closed as duplicates, held for a person, and left as they were."""

    duplicates: int = 0
    held: int = 0
    left: int = 0


def keep_out(store: Store, found: IncidentComparison, *, by: Actor, now: datetime) -> KeptOut:
    """Close and hold what no file may hold any more; every change is guarded and on record."""
    done = KeptOut()
    disagree = {one["order"] for one in found.discrepancies() if one["kind"] in _DISAGREES}
    concerned = (one for one in found.discrepancies() if one["kind"] in (Discrepancy.ALREADY_THERE, _LIKELY))
    while some := list(islice(concerned, AT_ONCE)):
        with store.writing() as uow:
            for one in some:
                _one(uow, one, done, surely=one["kind"] != _LIKELY and one["order"] not in disagree, by=by, now=now)
    return done


_LIKELY = Discrepancy.LIKELY_THERE


def _one(uow: UnitOfWork, one: Mapping[str, Any], done: KeptOut, *, surely: bool, by: Actor, now: datetime) -> None:
    row = uow.held.locked(one["order"])
    noted = uow.passed_on.of(one["order"])
    decided = noted is not None and noted.main_may_have == MainMayHave.SETTLED_NO
    if row is None or row.batch_id is not None or row.released_at is not None or decided:
        done.left += 1
    elif surely and _closed(uow, row, one, by=by, now=now):
        done.duplicates += 1
    elif not surely and one["kind"] == _LIKELY and _held(uow, row, one, by=by, now=now):
        done.held += 1
    else:
        done.left += 1


def _closed(uow: UnitOfWork, row: OrderRow, one: Mapping[str, Any], *, by: Actor, now: datetime) -> bool:
    main = str(one["main"][0]["number"])[:64]
    order_id = row.id or 0
    if row.state == OrderState.ACCEPTED:
        uow.orders.hold([order_id], kind=HeldKind.MAIN_MAY_HAVE, looks_like=None, reason="主系统清单里已有此单")
    if not uow.orders.move(
        [order_id],
        OrderState.DUPLICATE,
        only_from=(OrderState.HELD,),
        now=now,
        settled_at=now,
        main_order_number=main,
    ):
        return False
    uow.passed_on.settle(row.number, MainMayHave.YES, now=now)
    sentence = f"主系统清单里已有此单（主系统单号 {main}，{_where(one)}），不再发货"
    uow.audit.record(FOUND, by=by, at=now, subject=row.number, detail={"sentence": sentence})
    return True


def _held(uow: UnitOfWork, row: OrderRow, one: Mapping[str, Any], *, by: Actor, now: datetime) -> bool:
    said = PassedOn(SentBefore.LISTED, f"{one['main'][0]['number']}，{_where(one)}"[:300])
    why = sentence_of(said)
    if not uow.orders.hold([row.id or 0], kind=HeldKind.MAIN_MAY_HAVE, looks_like=None, reason=why):
        return False
    uow.passed_on.note(row.number, said, now=now)
    uow.audit.record(HELD, by=by, at=now, subject=row.number, detail={"sentence": sentence_of(said, inside=True)})
    return True


def _where(one: Mapping[str, Any]) -> str:
    return "、".join(_rows(one["main"][0]["rows"]))


def _rows(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    yield from (f"{row['file']} 第 {row['row']} 行" for row in rows[:2])
