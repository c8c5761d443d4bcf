"""A person takes an alert on, or keeps it quiet for a while; only its rule ends it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import AlertState
from app.store.alert_steps import LONGEST_SILENCE
from app.store.tables import Alert
from app.store.unit_of_work import UnitOfWork

IN_HAND: Mapping[str, timedelta] = {"red": timedelta(minutes=30), "orange": timedelta(minutes=60)}
"""How long somebody is left alone with an alert, by level, before it is told again. The other levels can wait."""

LONGEST_WHY = 200
"""Characters of the reason of a silence."""

_MOVED_ON = "这条告警刚刚有变化，请刷新后再试。"


def claim_alert(uow: UnitOfWork, alert_id: int, *, by: Actor, now: datetime, take_over: bool = False) -> Alert:
    """Note that somebody has an alert in hand: it is not told again while he has; return it as it stands then.

    Raises:
        NotFound: there is none of that number.
        NotInThisState: it is over, not yet one, or somebody else has it and it is not to be taken over.
    """
    alert = _open(uow, alert_id)
    if alert.state == AlertState.PENDING:
        raise NotInThisState("还在观察中，尚未成为告警，无需认领。")
    before = alert.acknowledged_by
    if before not in {None, by.name} and not take_over:
        raise NotInThisState(f"已由 {before} 认领；如需接手，请选择“接手”。")
    in_hand = IN_HAND.get(alert.level)
    if not uow.alerts.acknowledge(alert, by=by.name, now=now, until=now + in_hand if in_hand else None):
        raise NotInThisState(_MOVED_ON)
    uow.outbox_of_alerts.take_back(alert.id or 0, now=now, reason=f"{by.name} 已认领，不再发送")
    _record(uow, "alert.claim", alert, by=by, now=now, taken_from=before if before != by.name else None)
    return _open(uow, alert_id)


def silence_alert(uow: UnitOfWork, alert_id: int, *, lasting: timedelta, why: str, by: Actor, now: datetime) -> Alert:
    """Keep an alert from being told for a while, a day at most; it stays in every list, and still ends by itself.

    Raises:
        NotFound: there is none of that number.
        NotInThisState: it is over; or there is no reason, or the time is none that is allowed.
    """
    if not timedelta() < lasting <= LONGEST_SILENCE:
        raise NotInThisState("静默时长须在 1 分钟到 24 小时之间。")
    why = harmless_text(why).strip()[:LONGEST_WHY]
    if not why:
        raise NotInThisState("请写明为什么静默，接班的人要看。")
    alert = _open(uow, alert_id)
    until = now + lasting
    if not uow.alerts.silence(alert, by=by.name, why=why, until=until):
        raise NotInThisState(_MOVED_ON)
    _record(uow, "alert.silence", alert, by=by, now=now, until=until.isoformat(), why=why)
    return _open(uow, alert_id)


def unsilence_alert(uow: UnitOfWork, alert_id: int, *, by: Actor, now: datetime) -> Alert:
    """Let an alert be told again; where it still fires and nobody has it in hand, that is at once.

    Raises:
        NotFound: there is none of that number.
        NotInThisState: it is over, or not silenced.
    """
    alert = _open(uow, alert_id)
    if alert.silenced_until is None:
        raise NotInThisState("这条告警没有静默。")
    if not uow.alerts.end_silence(alert):
        raise NotInThisState(_MOVED_ON)
    _record(uow, "alert.unsilence", alert, by=by, now=now)
    return _open(uow, alert_id)


def _open(uow: UnitOfWork, alert_id: int) -> Alert:
    alert = uow.alerts.get(alert_id)
    if alert is None:
        raise NotFound(f"没有编号为 {alert_id} 的告警。")
    if alert.ended_at is not None:
        raise NotInThisState("这条告警已恢复，无需处理。")
    return alert


def _record(uow: UnitOfWork, action: str, alert: Alert, *, by: Actor, now: datetime, **more: str | None) -> None:
    told = {"rule": alert.rule, "about": alert.subject, "text": alert.text}
    told |= {name: value for name, value in more.items() if value is not None}
    uow.audit.record(action, by=by, at=now, subject=f"alert:{alert.id}", detail=told)
