"""Writes the messages of an alert, whoever tells it: the worker, or a web process while the worker is silent.

Both write under the same names, so that of the two one alone tells.
"""

from datetime import datetime

from app.channels.kinds import EMAIL
from app.domain.send_budget import Urgency
from app.domain.subject import Subject
from app.notify.contents import AlertContent
from app.notify.new_message import NewMessage
from app.notify.policy import MessagePolicy
from app.store.tables import Alert


def alert_messages(alert: Alert, policy: MessagePolicy, *, ended: bool = False, now: datetime) -> list[NewMessage]:
    """Return an alert, or its end, to the groups that hear of it, and by e-mail to those named in the settings."""
    over = alert.end_reason == "over" and not ended  # before anybody was told of it
    content = AlertContent(sentence=f"{alert.text}（现已恢复）" if over else alert.text, ended=ended)
    return [
        NewMessage(
            once=f"alert:{alert.id}:{'end' if ended else alert.version}:{channel}:{target}",
            subject=Subject.ALERT,
            channel=channel,
            target=target,
            urgency=Urgency.ALERT,
            content=content,
            now=now,
            alert_id=alert.id,
        )
        for channel, target in alert_exits(policy, alert.level)
    ]


def alert_exits(policy: MessagePolicy, level: str) -> list[tuple[str, str]]:
    """Return the channels and targets that hear of alerts of a level."""
    mail = [(EMAIL.name, "")] if policy.alert_emails else []
    return [*((group.channel, group.target) for group in policy.groups_for(level)), *mail]
