"""Writes the messages of an alert, whoever tells it: the worker, or a web process while the worker is silent.

Both write under the same names, so that of the two one alone tells.
"""

from collections.abc import Iterable
from datetime import datetime

from app.channels.kinds import EMAIL
from app.domain.alert_group import GROUPED
from app.domain.send_budget import Urgency
from app.domain.subject import Subject
from app.domain.times import local_text
from app.notify.contents import AlertContent
from app.notify.new_message import NewMessage
from app.notify.people import exits_of
from app.notify.policy import MessagePolicy
from app.store.alert_steps import RULE_CHANGED
from app.store.sealing import Keyring
from app.store.tables import Alert
from app.store.unit_of_work import UnitOfWork

Exit = tuple[str, str]
"""A channel and a target."""

CLAIM = "/a"
"""Where a person takes an alert on without signing in; a text message's template has the address in it."""


def alert_messages(
    alert: Alert, policy: MessagePolicy, *, ended: bool = False, people: Iterable[Exit] = (), now: datetime
) -> list[NewMessage]:
    """Return an alert, or its end, to the groups that hear of it, by e-mail to those of the settings, and to people."""
    content = content_of(alert, policy, f"{alert.text}{_remark(alert, ended=ended)}", ended=ended)
    exits = [*alert_exits(policy, alert.level), *people]
    return messages_to(exits, alert, content, phase="end" if ended else str(alert.version), now=now)


def _remark(alert: Alert, *, ended: bool) -> str:
    """Return what is to be said of an end: that it came before anybody was told, or that nothing but a line moved."""
    if alert.end_reason == RULE_CHANGED:
        return "（告警阈值已调整，按新的阈值不再算异常）"
    return "（现已恢复）" if alert.end_reason == "over" and not ended else ""


def content_of(
    alert: Alert, policy: MessagePolicy, sentence: str, *, ended: bool = False, taken_by: str = ""
) -> AlertContent:
    """Return what is told of an alert."""
    return AlertContent(
        sentence=sentence,
        ended=ended,
        taken_by=taken_by,
        level=alert.level,
        at=local_text(alert.firing_since, policy.zone)[11:16] if alert.firing_since else "",
        claim_at=f"{policy.public_url}{CLAIM}",
        shop=policy.shop,
    )


def messages_to(
    exits: Iterable[Exit], alert: Alert, content: AlertContent, *, phase: str, now: datetime
) -> list[NewMessage]:
    """Return one message to each exit; ``phase`` names what is told among all that is ever told of the alert."""
    return [
        NewMessage(
            once=f"alert:{alert.id}:{phase}:{channel}:{target}",
            subject=Subject.ALERT,
            channel=channel,
            target=target,
            urgency=Urgency.ALERT,
            content=content,
            now=now,
            alert_id=alert.id,
        )
        for channel, target in exits
    ]


def alert_exits(policy: MessagePolicy, level: str) -> list[Exit]:
    """Return the channels and targets that hear of each alert of a level by itself; grouped e-mails are none."""
    mail = [(EMAIL.name, "")] if policy.alert_emails and level not in GROUPED else []
    return [*((group.channel, group.target) for group in policy.groups_for(level)), *mail]


def owners_of(uow: UnitOfWork, alert: Alert, keyring: Keyring, policy: MessagePolicy) -> list[str]:
    """Return which e-mail addresses hear of a grouped alert: whoever keeps its stage, and those of the settings."""
    targets = [""] if policy.alert_emails else []
    plan = uow.stage_plans.latest().get(alert.stage or 0)
    if plan is not None and plan.keeper:
        ways = exits_of(uow.access.user_named(plan.keeper), keyring, policy, texts=False)
        targets += [target for channel, target in ways if channel == EMAIL.name]
    return targets
