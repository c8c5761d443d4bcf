"""Tells each morning which lesser alerts nobody has taken on: to their owners by e-mail, and to the chat groups.

That it was told is a row with a unique key, written in the transaction of its messages: once a day, whatever restarts.
What an owner reads here counts as told again.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from app.channels.kinds import EMAIL
from app.domain.alert_group import GROUPED
from app.domain.send_budget import Urgency
from app.domain.states import HOLDING
from app.domain.subject import Subject
from app.notify.alert_messages import CLAIM, owners_of
from app.notify.contents import AlertGroupContent
from app.notify.group_alerts import MOST_LINES, lines_of
from app.notify.new_message import NewMessage
from app.notify.policy import MessagePolicy
from app.store.alert_steps import hushed
from app.store.sealing import Keyring
from app.store.tables import Alert
from app.store.unit_of_work import Store, UnitOfWork

LEFT_FOR = timedelta(hours=4)
"""Whoever could have taken an alert on has by then."""

LATE = timedelta(hours=12)
"""A worker that was away for longer tells the next morning: a summary by night is read by nobody."""

KEPT = timedelta(days=60)


def tell_summary(store: Store, keyring: Keyring, policy: MessagePolicy, *, now: datetime) -> int:
    """Tell the day's summary if it is due and there is something in it; return how many messages were written."""
    key = _due(policy.summary_at, now.astimezone(policy.zone))
    if not key:
        return 0
    with store.reading() as uow:
        if uow.roster.told({key}):
            return 0
    with store.writing() as uow:
        if not uow.roster.tell_once({key}, now=now):
            return 0
        uow.roster.forget_notices(before=now - KEPT)
        messages = _messages(uow, keyring, policy, key, now)
        uow.messages.add_new([message.as_row() for message in messages])
        uow.alert_groups.told_again({one.target for one in messages if one.channel == EMAIL.name}, now=now)
    return len(messages)


def _due(at: time, local: datetime) -> str:
    """Return the key of the day's summary, empty while it is too early or too late for it."""
    began = datetime.combine(local.date(), at, tzinfo=local.tzinfo)
    return f"summary:{local:%Y-%m-%d}" if began <= local < began + LATE else ""


def _messages(uow: UnitOfWork, keyring: Keyring, policy: MessagePolicy, key: str, now: datetime) -> list[NewMessage]:
    left = [alert for alert in reversed(uow.alerts.open()) if _is_left(alert, now)]
    by_exit: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in left:
        for target in owners_of(uow, alert, keyring, policy):
            by_exit[EMAIL.name, target].append(alert)
        for group in policy.everyday_groups:
            by_exit[group.channel, group.target].append(alert)
    return [
        NewMessage(
            once=f"{key}:{channel}:{target}",
            subject=Subject.ALERT,
            channel=channel,
            target=target,
            urgency=Urgency.ALERT,
            content=_content(alerts, policy),
            now=now,
        )
        for (channel, target), alerts in by_exit.items()
    ]


def _is_left(alert: Alert, now: datetime) -> bool:
    """Tell whether nobody has taken on an alert that could wait, and has waited."""
    if alert.level not in GROUPED or alert.state not in HOLDING or alert.acknowledged_by is not None:
        return False
    if hushed(alert, now=now) or alert.firing_since is None:
        return False
    return alert.firing_since > now or now - alert.firing_since >= LEFT_FOR  # ahead: before the clock was set back


def _content(alerts: Sequence[Alert], policy: MessagePolicy) -> AlertGroupContent:
    return AlertGroupContent(
        reason="summary",
        level=alerts[0].level,
        going_on=len(alerts),
        lines=tuple(lines_of(alerts[:MOST_LINES], "going_on", policy)),
        claim_at=f"{policy.public_url}{CLAIM}",
    )
