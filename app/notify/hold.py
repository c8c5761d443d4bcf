"""A person stops a channel for a while, or lets it go on; its messages wait meanwhile, and none is lost."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from app.channels.kinds import COUPONS, STAFF
from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.problems import Refusal
from app.store.repositories.pauses import LONGEST
from app.store.unit_of_work import UnitOfWork

LONGEST_WHY = 160
"""Characters of the reason of a pause."""


class HoldError(Refusal):
    """The channel cannot be stopped or let go on so; the message is for the person who tried."""


def named(name: str, *, known: Collection[str]) -> list[str]:
    """Return the destinations that a person means: one by its whole name, or all of a channel by the channel's.

    Raises:
        HoldError: there is none; the sentence tells which there are.
    """
    if name in known:
        return [name]
    whole = sorted(one for one in known if one.partition(":")[0] == name and one not in {COUPONS, STAFF})
    if not whole:
        raise HoldError(
            f"没有通知渠道“{harmless_text(name)[:40]}”，可选：{'、'.join(sorted(known)) or '（都未接通）'}。"
        )
    return whole


def hold_channel(
    uow: UnitOfWork, names: Sequence[str], *, lasting: timedelta, why: str, by: Actor, now: datetime
) -> datetime:
    """Stop destinations for a while, a day at most; return until when.

    Raises:
        HoldError: there is no reason, or the time is none that is allowed.
    """
    why = harmless_text(why).strip()[:LONGEST_WHY]
    if not why:
        raise HoldError("请写明为什么暂停，接班的人要看。")
    if not timedelta() < lasting <= LONGEST:
        raise HoldError("暂停时长须在 1 分钟到 24 小时之间。")
    until = now + lasting
    for name in names:
        uow.pauses.order(name, why=why, by=by.name, until=until, now=now)
        uow.audit.record("channel.hold", by=by, at=now, subject=name, detail={"until": until.isoformat(), "why": why})
    return until


def release_channel(uow: UnitOfWork, names: Sequence[str], *, by: Actor, now: datetime) -> int:
    """Let destinations go on that a person had stopped; return how many were stopped.

    Raises:
        HoldError: none of them was; a provider's limit and a fault end by themselves.
    """
    freed = [name for name in names if uow.pauses.countermand(name)]
    if not freed:
        raise HoldError("这个渠道没有被人暂停；服务商的限流与故障在恢复后自动解除。")
    for name in freed:
        uow.audit.record("channel.release", by=by, at=now, subject=name)
    return len(freed)
