"""Tells of an alert again, to further people, while nobody takes it on; and to all who heard of it, who has.

All timers stand in the alert's row, and each step is one transaction, guarded by the row's version, with the messages
it causes: a process that dies has told nothing, and the one after it tells it once. Who is on duty is asked at the step
itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from app.channels.kinds import EMAIL
from app.domain.escalation import Escalation, EscalationStep, EscalationTarget, StepWays, due_at, is_due
from app.domain.person_target import for_person
from app.domain.role import Role
from app.domain.states import AlertState
from app.notify.alert_messages import Exit, alert_exits, content_of, messages_to
from app.notify.people import exits_of
from app.notify.policy import MessagePolicy
from app.notify.trouble import trouble_with
from app.store.alert_steps import hushed
from app.store.on_duty import on_duty
from app.store.sealing import Keyring
from app.store.tables import Alert, User
from app.store.unit_of_work import Store, UnitOfWork

log = structlog.get_logger()

MOST_NAMED = 5
"""People whom a message names as told."""


@dataclass(frozen=True, slots=True)
class _Call:
    """Whom a step reaches: people with all their exits, and whether the groups are told."""

    people: tuple[User, ...]
    exits: tuple[Exit, ...]
    groups: bool


def escalate(store: Store, keyring: Keyring, policy: MessagePolicy, *, now: datetime) -> int:
    """Take every step that is due; return how many. Where none is due nothing is written."""
    with store.reading() as uow:
        if not any(_is_owed(alert, policy, now) for alert in uow.alerts.open()):
            return 0
    taken = 0
    with store.writing() as uow:
        for alert in uow.alerts.open():
            if not _is_owed(alert, policy, now):
                continue
            if error := trouble_with(uow, partial(_tell, uow, keyring, policy, alert, now)):
                log.error("alert_cannot_be_escalated", rule=alert.rule, reason=type(error).__name__)
            else:
                taken += 1
    return taken


def _is_owed(alert: Alert, policy: MessagePolicy, now: datetime) -> bool:
    return _is_untold_claim(alert) or _step_is_due(alert, policy.escalations.get(alert.level), now)


def _is_untold_claim(alert: Alert) -> bool:
    return alert.acknowledged_at is not None and alert.acknowledged_told_at is None and alert.told_at is not None


def _step_is_due(alert: Alert, escalation: Escalation | None, now: datetime) -> bool:
    if escalation is None or alert.state != AlertState.FIRING or alert.told_at is None:
        return False
    if hushed(alert, now=now):
        return False
    at = due_at(escalation, alert.step, alert.next_step_at, told_at=alert.told_at)
    return is_due(escalation, alert.step, at, now=now)


def _tell(uow: UnitOfWork, keyring: Keyring, policy: MessagePolicy, alert: Alert, now: datetime) -> None:
    if _is_untold_claim(alert):
        _tell_claim(uow, policy, alert, now)
    else:
        _take_step(uow, keyring, policy, alert, policy.escalations[alert.level], now)


# ---- somebody has it in hand ---------------------------------------------------------------------------------------


def _tell_claim(uow: UnitOfWork, policy: MessagePolicy, alert: Alert, now: datetime) -> None:
    """Tell those who heard of the alert who has it in hand, but not himself; those of the settings have the groups."""
    if not uow.outbox_of_alerts.note_claim_told(alert, now=now):
        return
    himself = uow.access.user_named(alert.acknowledged_by or "")
    himself_is = for_person(himself.id or 0) if himself is not None else ""
    others = [one for one in uow.outbox_of_alerts.people(alert.id or 0) if one[1] != himself_is]
    groups = [one for one in alert_exits(policy, alert.level) if one[0] != EMAIL.name]
    content = content_of(alert, policy, alert.text, taken_by=alert.acknowledged_by or "")
    messages = messages_to([*groups, *others], alert, content, phase=f"{alert.version}:claim", now=now)
    uow.messages.add_new([message.as_row() for message in messages])


# ---- nobody has ------------------------------------------------------------------------------------------------------


def _take_step(
    uow: UnitOfWork, keyring: Keyring, policy: MessagePolicy, alert: Alert, escalation: Escalation, now: datetime
) -> None:
    """Take the step that is due, or the first one behind it that reaches somebody, and set the time of the next.

    Groups have heard of the alert already, so where a further step has nobody else to tell they have its time to wait.
    """
    step = alert.step
    while not (call := _call(uow, keyring, policy, escalation.step(step), now)).exits and not call.groups:
        step += 1
    if not call.exits and step != alert.step:
        uow.outbox_of_alerts.escalate(alert, step=step, next_step_at=now + escalation.step(step).after)
        return
    if not uow.outbox_of_alerts.escalate(alert, step=step + 1, next_step_at=now + escalation.step(step + 1).after):
        return
    exits = [*call.exits, *(alert_exits(policy, alert.level) if call.groups else [])]
    content = content_of(alert, policy, _sentence(alert, call.people, now))
    messages = messages_to(exits, alert, content, phase=f"{alert.version}:step", now=now)
    uow.messages.add_new([message.as_row() for message in messages])


def _call(uow: UnitOfWork, keyring: Keyring, policy: MessagePolicy, step: EscalationStep, now: datetime) -> _Call:
    duty, wanted = on_duty(uow, now), step.asks
    found: dict[EscalationTarget, Sequence[User | None]] = {
        EscalationTarget.FIRST: [duty.in_charge],
        EscalationTarget.SECOND: [duty.second],
        EscalationTarget.FALLBACK: [duty.fallback],
        EscalationTarget.LEADS: uow.access.open_accounts(Role.ADMIN) if EscalationTarget.LEADS in wanted else [],
    }
    people = {
        one.id: one for asked in EscalationTarget if asked in wanted for one in found.get(asked, ()) if one is not None
    }
    ways = {user.id: _exits_by(step.ways, user, keyring, policy) for user in people.values()}
    return _Call(
        people=tuple(user for user in people.values() if ways[user.id]),
        exits=tuple(way for each in ways.values() for way in each),
        groups=EscalationTarget.GROUPS in wanted,
    )


def _exits_by(ways: StepWays, user: User, keyring: Keyring, policy: MessagePolicy) -> list[Exit]:
    """Return the exits of a person that a step uses, in its order."""
    there_are = dict(exits_of(user, keyring, policy, texts=policy.alert_texts))
    return [(channel, there_are[channel]) for channel in ways.of(there_are)]


def _sentence(alert: Alert, people: Sequence[User], now: datetime) -> str:
    minutes = int((now - (alert.firing_since or now)).total_seconds()) // 60
    waited = f"已 {minutes} 分钟无人认领" if minutes > 0 else ""
    names = "、".join(user.name for user in people[:MOST_NAMED])
    names += " 等" if len(people) > MOST_NAMED else ""
    told = "，".join(filter(None, (waited, f"通知 {names}" if names else "")))
    return f"{alert.text}（{told}）" if told else alert.text
