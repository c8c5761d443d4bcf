"""A person says how the main system stands, for a while and with a reason, whatever the probe finds."""

from datetime import datetime, timedelta

from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.main_health import LONGEST_ORDER, MainState, is_in_force
from app.domain.problems import Refusal
from app.store.unit_of_work import UnitOfWork

LONGEST_WHY = 160
SAYABLE = (MainState.UP, MainState.DOWN)
"""That nobody can tell is no word of somebody who can."""


class MainOrderError(Refusal):
    """It cannot be said so; the message is for the person who tried."""


def order_main(
    uow: UnitOfWork, state: MainState, *, lasting: timedelta, why: str, by: Actor, now: datetime
) -> datetime:
    """Let the main system count as a person says, for a while; return until when.

    Raises:
        MainOrderError: there is no reason, or the time or the state is none that is allowed.
    """
    why = harmless_text(why).strip()[:LONGEST_WHY]
    if state not in SAYABLE:
        raise MainOrderError("只能认定为正常或不收单。")
    if not why:
        raise MainOrderError("请写明依据，接班的人要看。")
    if not timedelta() < lasting <= LONGEST_ORDER:
        raise MainOrderError("认定的时长须在 1 分钟到 24 小时之间。")
    row, until = uow.main_probe.locked(), now + lasting
    row.ordered, row.ordered_by, row.ordered_why, row.ordered_until = state, by.name, why, until
    detail = {"until": until.isoformat(), "why": why, "state": str(state)}
    uow.audit.record("main.order", by=by, at=now, subject="main", detail=detail)
    return until


def withdraw_main_order(uow: UnitOfWork, *, by: Actor, now: datetime) -> None:
    """Let the probe's word count again.

    Raises:
        MainOrderError: no person's word holds.
    """
    row = uow.main_probe.locked()
    if not is_in_force(row.ordered_until, now=now):
        raise MainOrderError("现在没有人工认定，以探测为准。")
    row.ordered, row.ordered_until = None, None
    uow.audit.record("main.withdraw", by=by, at=now, subject="main")
