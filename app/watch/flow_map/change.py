"""A person plans a stage anew: its limit, its owner, what to do when it goes wrong.

The rules and every page follow at their next look.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.marks import STAGES
from app.domain.problems import NotFound, NotInThisState
from app.store.tables import StagePlanRow
from app.store.unit_of_work import UnitOfWork

SHORTEST, LONGEST = 1, 30 * 24 * 60
"""Minutes of a limit."""

MOST_OWNER, MOST_EXCEPTIONS = 40, 500
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPlan:
    """What a stage is to be: ``limit`` in minutes as it was typed, ``keeper`` an account's name or empty."""

    limit: str
    owner: str
    exceptions: str
    keeper: str = ""


def plan_stage(
    uow: UnitOfWork, number: int, wanted: WantedPlan, *, seen: int, by: Actor, now: datetime
) -> StagePlanRow:
    """Plan a stage anew; ``seen`` is the version that was looked at, 0 for the seed.

    Raises:
        NotFound: there is no such stage.
        NotInThisState: the limit is none, something is empty or too long, there is no such account, or somebody else
            has planned the stage since.
    """
    if number not in {stage.number for stage in STAGES}:
        raise NotFound(f"没有第 {number} 环节。")
    row = _row(uow, number, wanted, seen=seen, by=by, now=now)
    if not uow.stage_plans.follow(row):
        raise NotInThisState("这个环节刚被别人改过，请看过新的再改。")
    told = {"limit": row.limit_minutes, "owner": row.owner, "keeper": row.keeper, "exceptions": row.exceptions}
    uow.audit.record("flow.plan", by=by, at=now, subject=f"stage:{number}", detail={"version": row.version, **told})
    return row


def _row(uow: UnitOfWork, number: int, wanted: WantedPlan, *, seen: int, by: Actor, now: datetime) -> StagePlanRow:
    typed = wanted.limit.strip()
    limit = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= len(str(LONGEST)) else 0
    if not SHORTEST <= limit <= LONGEST:
        raise NotInThisState(f"限时须为 {SHORTEST} 到 {LONGEST} 之间的整数（分钟）。")
    owner, exceptions = (harmless_text(text).strip() for text in (wanted.owner, wanted.exceptions))
    if not owner or not exceptions:
        raise NotInThisState("责任方和异常处理都要填写。")
    if len(owner) > MOST_OWNER or len(exceptions) > MOST_EXCEPTIONS:
        raise NotInThisState(f"太长了：责任方最多 {MOST_OWNER} 字，异常处理最多 {MOST_EXCEPTIONS} 字。")
    keeper = wanted.keeper.strip()
    if keeper and ((user := uow.access.user_named(keeper)) is None or user.disabled_at is not None):
        raise NotInThisState("没有这个在用的账号，黄灯邮件无处可发；可以留空。")
    return StagePlanRow(
        stage=number,
        version=seen + 1,
        limit_minutes=limit,
        owner=owner,
        keeper=keeper,
        exceptions=exceptions,
        changed_at=now,
        changed_by=by.name,
    )
