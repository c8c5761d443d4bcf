"""Completes a held order: a person says what it lacks, it is checked and sealed as at the door, and goes out again.

Its number and fingerprint stay, so that the shop's retry is still a replay. What it said when it was accepted is kept
beside it, sealed, in its own row: there it is erased together with the order, and the audit, which is kept for ever,
holds the names of the fields alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app import words
from app.domain.actor import Actor
from app.domain.amended import Amended
from app.domain.fitness import Fitness
from app.domain.problems import InvalidOrder, NotInThisState
from app.domain.states import HeldKind, OrderState
from app.orders.decide import Preflight, held_order
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork

Amend = Callable[[OrderRow, Mapping[str, object]], Amended]
"""Makes the amended order of a row and of changes by path; it is the intake that knows what an order may be."""

COMPLETABLE = frozenset({HeldKind.INCOMPLETE, HeldKind.BROKEN, HeldKind.UNPAID, HeldKind.LOOK_ALIKE, None})
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Completed:
    """A completed order: with the next batch it goes out, unless ``fitness`` tells what still keeps it."""

    number: str
    state: OrderState
    kind: HeldKind | None
    fitness: Fitness


def complete(
    uow: UnitOfWork,
    number: str,
    changes: Mapping[str, object],
    *,
    reason: str,
    amend: Amend,
    preflight: Preflight,
    by: Actor,
    now: datetime,
) -> Completed:
    """Change fields of a held order; if pre-flight then finds nothing, it waits for the next batch.

    The batch judges it anew: completed, it may look like another order, and is held for that.

    Raises:
        NotFound: there is no such order.
        NotInThisState: it is not held, or not for a reason that other data could mend.
        InvalidOrder: no reason is given, or the order would not pass the door; pointers name the fields.
    """
    because = reason.strip()
    if not because or len(because) > LONGEST_REASON:
        raise InvalidOrder(f"请写明补全的原因，至多 {LONGEST_REASON} 字。")
    row = held_order(uow, number)
    if row.held_kind not in COMPLETABLE:
        raise NotInThisState(f"订单 {row.number} 不能补全：{row.state_reason or row.held_kind}。")
    amended = amend(row, changes)
    uow.held.amend(row, {**amended.columns, "sealed_original": row.sealed_original or row.sealed})
    fitness = preflight(row)
    if fitness.kind is None:
        moved = {"completed_at": now, "state_reason": None}
        uow.orders.move([row.id or 0], OrderState.ACCEPTED, only_from=(OrderState.HELD,), now=now, **moved)
        state, kind, after = OrderState.ACCEPTED, None, "进入下一批次"
    elif row.held_kind == HeldKind.LOOK_ALIKE:  # that question is still the first
        state, kind, after = OrderState.HELD, HeldKind.LOOK_ALIKE, f"仍待人工确认：{fitness.reason}"
    else:
        uow.held.amend(row, {"held_kind": fitness.kind, "state_reason": fitness.reason[:500]})
        state, kind, after = OrderState.HELD, fitness.kind, f"仍待人工确认：{fitness.reason}"
    sentence = f"人工补全 {'、'.join(map(words.field_name, amended.fields))}（{because}），{after}"
    detail = {"sentence": sentence, "fields": list(amended.fields), "reason": because}
    uow.audit.record("order.complete", by=by, at=now, subject=row.number, detail=detail)
    return Completed(row.number, state, kind, fitness)
