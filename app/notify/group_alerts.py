"""Tells owners of their alerts by e-mail, those that come together in one: what began, what ended, what still goes on.

What each address has heard stands in rows that change in the transaction of the message: a process that dies has told
nothing, and the one after it tells it once. The alerts themselves join their groups where the chat groups are told.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

import structlog

from app.channels.kinds import EMAIL
from app.domain.alert_group import GROUPED, GroupMember, GroupWord, next_word
from app.domain.person_target import for_person
from app.domain.send_budget import Urgency
from app.domain.subject import Subject
from app.domain.times import local_text
from app.notify.alert_messages import CLAIM
from app.notify.contents import AlertGroupContent, AlertLine, LineState
from app.notify.new_message import NewMessage
from app.notify.policy import MessagePolicy
from app.notify.trouble import trouble_with
from app.store.alert_steps import hushed
from app.store.repositories.alert_groups import Member
from app.store.tables import Alert, AlertGroup
from app.store.unit_of_work import Store, UnitOfWork

log = structlog.get_logger()

MOST_LINES = 50
"""Alerts that one e-mail names; the console has the rest."""

LONGEST_LINE = 200

EXPIRED = "expired"
"""How an alert ended of which nobody knows whether its trouble is over; nobody is told that it is."""


def tell_groups(store: Store, policy: MessagePolicy, *, now: datetime) -> int:
    """Tell every group of which something is due; return how many there were. Where nothing is nothing is written."""
    with store.reading() as uow:
        owners = _owners(uow)
        if not any(_looked(group, members, owners, now) for group, members in uow.alert_groups.going_on()):
            return 0
    looked_at = 0
    with store.writing() as uow:
        owners = _owners(uow)
        for group, members in uow.alert_groups.going_on():
            looked_at += 1
            if error := trouble_with(uow, partial(_tell, uow, policy, group, members, owners, now)):
                log.error("alerts_cannot_be_told", group=group.name, reason=type(error).__name__)
    return looked_at


def _looked(
    group: AlertGroup, members: Sequence[Member], owners: dict[int, str], now: datetime
) -> tuple[GroupWord | None, list[int]] | None:
    """Return what is to be told of a group, and of which alerts nothing is to be told any more; None for neither."""
    over = [alert.id or 0 for _, alert, heard in members if _is_over_unsaid(alert, heard=heard)]
    standing = [
        GroupMember(
            id=alert.id or 0,
            heard=heard,
            owed_since=member.owed_since,
            ended_at=alert.ended_at,
            quiet=_is_quiet(alert, group, owners, now),
        )
        for member, alert, heard in members
        if alert.id not in over
    ]
    word = next_word(standing, told_at=group.told_at, patience=GROUPED[group.level], now=now)
    return (word, over) if word or over else None


def _tell(
    uow: UnitOfWork,
    policy: MessagePolicy,
    group: AlertGroup,
    members: Sequence[Member],
    owners: dict[int, str],
    now: datetime,
) -> None:
    """Tell of a group what is due; where another process was faster there is nothing left to tell."""
    found = _looked(group, members, owners, now)
    if found is None:
        return
    word, over = found
    uow.alert_groups.note_over(group, over, now=now)
    if word is None or not uow.alert_groups.speak(group, now=now):
        return
    alerts = {alert.id or 0: alert for _, alert, _ in members}
    once = f"alerts:{group.id}:{group.version}"
    unheard = [alert.id or 0 for _, alert, heard in members if alert.id in word.new and not heard]
    uow.alert_groups.note_told(group, word.new, first=unheard, once=once)
    uow.alert_groups.note_over(group, word.ended, now=now)
    message = NewMessage(
        once=once,
        subject=Subject.ALERT,
        channel=EMAIL.name,
        target=group.target,
        urgency=Urgency.ALERT,
        content=_content(word, alerts, group.level, policy),
        now=now,
        alert_id=_only_one(word),
    )
    uow.messages.add_new([message.as_row()])


def _only_one(word: GroupWord) -> int | None:
    """Return the alert that a message is about if there is but one: it is taken back with it."""
    told = (*word.new, *word.going_on, *word.ended)
    return told[0] if len(told) == 1 else None


def _is_over_unsaid(alert: Alert, *, heard: bool) -> bool:
    return alert.ended_at is not None and (not heard or alert.end_reason == EXPIRED)


def _is_quiet(alert: Alert, group: AlertGroup, owners: dict[int, str], now: datetime) -> bool:
    """Tell whether nobody of this address is to be asked to do something about an alert now."""
    is_his = not group.target or owners.get(alert.stage or 0) == group.target
    in_hand = alert.acknowledged_by is not None
    return in_hand or not is_his or hushed(alert, now=now)


def _owners(uow: UnitOfWork) -> dict[int, str]:
    """Return whoever keeps each stage now, as a message's target."""
    keepers = {stage: plan.keeper for stage, plan in uow.stage_plans.latest().items() if plan.keeper}
    users = {name: uow.access.user_named(name) for name in set(keepers.values())}
    return {stage: for_person(user.id or 0) for stage, name in keepers.items() if (user := users[name]) is not None}


# ---- what it says ----------------------------------------------------------------------------------------------------


def _content(word: GroupWord, alerts: dict[int, Alert], level: str, policy: MessagePolicy) -> AlertGroupContent:
    lines = [
        *lines_of([alerts[one] for one in word.new], "new", policy),
        *lines_of([alerts[one] for one in word.ended], "ended", policy),
        *lines_of([alerts[one] for one in word.going_on], "going_on", policy),
    ]
    return AlertGroupContent(
        reason=word.reason.value,
        level=level,
        new=len(word.new),
        going_on=len(word.going_on),
        ended=len(word.ended),
        lines=tuple(lines[:MOST_LINES]),
        claim_at=f"{policy.public_url}{CLAIM}",
    )


def lines_of(alerts: Iterable[Alert], state: LineState, policy: MessagePolicy) -> list[AlertLine]:
    """Return alerts as lines of a message that tells of several."""
    return [
        AlertLine(
            alert_id=alert.id or 0,
            sentence=alert.text[:LONGEST_LINE],
            state=state,
            at=local_text(alert.firing_since, policy.zone)[5:16] if alert.firing_since else "",
            lasted=_minutes(alert),
            taken_by=alert.acknowledged_by or "",
        )
        for alert in alerts
    ]


def _minutes(alert: Alert) -> int:
    if alert.ended_at is None or alert.firing_since is None:
        return 0
    return max(int((alert.ended_at - alert.firing_since).total_seconds()) // 60, 0)
