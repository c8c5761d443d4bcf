"""A storefront stands in with us while the others stay on the main system: a person says so, why, and until when.

The row is what counts. The worker keeps a file for each, which a proxy looks for (``app/files/switch_folder.py``).
"""

from datetime import datetime

from app.domain.actor import SYSTEM, Actor
from app.domain.harmless_text import harmless_text
from app.domain.problems import Refusal
from app.domain.switch import is_switchable
from app.store.tables import Switched
from app.store.unit_of_work import Store, UnitOfWork

LONGEST_REASON = 160
MOST = 100
"""Storefronts that are switched at once; beyond it somebody means all of them."""

RUN_OUT = "到时自动切回"
_SERIALISED = "switch"


class SwitchError(Refusal):
    """It cannot be switched so; the message is for the person who tried."""


def switch_on(
    uow: UnitOfWork, channel: str, *, reason: str, until: datetime | None, by: Actor, now: datetime
) -> Switched:
    """Let a storefront stand in with us; said again, the new reason and time count.

    Raises:
        SwitchError: the name, the reason or the time is none that is allowed.
    """
    reason = _checked(channel, reason)
    if until is not None and until <= now:
        raise SwitchError("切回的时间已经过去。")
    uow.leases.serialise(_SERIALISED)
    if uow.switched.of(channel) is None and len(uow.switched.now(now)) >= MOST:
        raise SwitchError(f"最多同时切换 {MOST} 个渠道；全部切换请用 all。")
    uow.switched.begin(channel, by=by.name, reason=reason, until=until, now=now)
    detail = {"reason": reason, **({"until": until.isoformat()} if until else {})}
    uow.audit.record("switch.on", by=by, at=now, subject=channel, detail=detail)
    return _there(uow, channel)


def switch_off(uow: UnitOfWork, channel: str, *, reason: str, by: Actor, now: datetime) -> Switched:
    """Let a storefront go back to the main system.

    Raises:
        SwitchError: the name or the reason is none that is allowed, or it is not switched.
    """
    reason = _checked(channel, reason)
    uow.leases.serialise(_SERIALISED)
    row = uow.switched.of(channel)
    if row is None or not uow.switched.end(row.id or 0, by=by.name, why=reason, now=now):
        raise SwitchError(f"“{channel}”没有切换，订单本来就发给主系统。")
    uow.audit.record("switch.off", by=by, at=now, subject=channel, detail={"reason": reason})
    return row


def end_run_out(store: Store, *, now: datetime) -> int:
    """End the switches whose time is over; return how many. Where there is none nothing is written."""
    with store.reading() as uow:
        if not uow.switched.run_out(now):
            return 0
    ended = 0
    with store.writing() as uow:
        for row in uow.switched.run_out(now):
            if uow.switched.end(row.id or 0, by=SYSTEM.name, why=RUN_OUT, now=now):
                uow.audit.record("switch.off", by=SYSTEM, at=now, subject=row.channel, detail={"reason": RUN_OUT})
                ended += 1
    return ended


def _checked(channel: str, reason: str) -> str:
    if not is_switchable(channel):
        raise SwitchError(
            f"“{harmless_text(channel)[:60]}”不能作渠道名：1–48 位字母、数字、_ 和 -，"
            "与代理配置里的名字一致；all 为全部。"
        )
    reason = harmless_text(reason).strip()[:LONGEST_REASON]
    if not reason:
        raise SwitchError("请写明为什么切换，接班的人要看。")
    return reason


def _there(uow: UnitOfWork, channel: str) -> Switched:
    row = uow.switched.of(channel)
    if row is None:  # it was written above, under a lock
        raise LookupError(channel)
    return row
