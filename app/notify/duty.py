"""Tells hand-overs to whoever comes on duty and whoever goes, once each, and daily what the roster lacks.

What was told is a row with a unique key, written in the transaction of its messages: a process that dies in between has
told nothing, and one that comes after it tells it once. The roster is asked at each look, so a change is told as it is
when it is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.alert_life import GRAVITY
from app.domain.roster import FIRST, DutyChange, changes
from app.domain.send_budget import Urgency
from app.domain.states import HOLDING
from app.domain.subject import Subject
from app.domain.times import local_text
from app.notify.alert_messages import alert_exits
from app.notify.contents import AlertContent, Content, DutyContent
from app.notify.new_message import NewMessage
from app.notify.people import exits_of
from app.notify.policy import MessagePolicy
from app.store.on_duty import lacks_in_words, roster_lacks, uses_roster
from app.store.sealing import Keyring
from app.store.tables import Alert
from app.store.unit_of_work import Store, UnitOfWork

BEFORE = timedelta(minutes=15)
"""Enough to finish what one has in hand and to ask who goes."""

LATE = timedelta(hours=1)
"""After a change nobody need be told of it: a worker that was away for longer does not wake people up for history."""

REMINDED_FROM, REMINDED_UNTIL = 9, 21
"""Hours of the merchant's day in which the roster's lacks are told: by day somebody can mend them."""

KEPT = timedelta(days=60)
MOST_ALERTS = 10
LONGEST_ALERT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldHandOver:
    """One thing to tell one person about one change; ``key`` names it among all that is ever told."""

    key: str
    change: DutyChange
    comes: bool
    who: int
    other: int | None
    stands_in: bool = False


def tell_duty(store: Store, keyring: Keyring, policy: MessagePolicy, *, now: datetime) -> int:
    """Tell what is to be told now; return how much it was. Where there is nothing new nothing is written."""
    local = now.astimezone(policy.zone)
    reminder = f"roster:{local:%Y-%m-%d}" if REMINDED_FROM <= local.hour < REMINDED_UNTIL else ""
    with store.reading() as uow:
        due = {one.key: one for one in _due(uow, now=now)}
        keys = {*due, *([reminder] if reminder and uses_roster(uow, now) else [])}
        if not keys or keys == uow.roster.told(keys):
            return 0
    with store.writing() as uow:
        due = {one.key: one for one in _due(uow, now=now)}  # as it is now that it is told
        new = uow.roster.tell_once([*due, *(keys & {reminder})], now=now)
        messages = [one for key in new if key in due for one in _messages(uow, keyring, policy, due[key], now=now)]
        if reminder in new:
            messages += _reminders(uow, keyring, policy, reminder, now=now)
            uow.roster.forget_notices(before=now - KEPT)
        uow.messages.add_new([message.as_row() for message in messages])
    return len(new)


def _due(uow: UnitOfWork, *, now: datetime) -> Iterator[ToldHandOver]:
    """Yield what is to be told of changes that were just now or come soon, told or not."""
    since, until = now - LATE, now + BEFORE
    turns, able = uow.roster.turns(since=since - LATE, until=until + LATE), uow.roster.able()
    known = uow.roster.fallback()
    fallback = known.user_id if known is not None and known.user_id in able else None
    for change in changes(turns, since=since, until=until, able=able):
        behind = fallback if change.place == FIRST else None  # behind the second nobody need stand in
        comes, goes = change.after or behind, change.before or behind
        if comes == goes:
            continue
        phase = "before" if now < change.at else "at"
        of = f"duty:{int(change.at.timestamp())}:{change.place}:{phase}"
        if comes is not None:
            key, stands_in = f"{of}:in:{comes}", change.after is None
            yield ToldHandOver(key=key, change=change, comes=True, who=comes, other=change.before, stands_in=stands_in)
        if goes is not None:
            yield ToldHandOver(key=f"{of}:out:{goes}", change=change, comes=False, who=goes, other=change.after)


def _messages(
    uow: UnitOfWork, keyring: Keyring, policy: MessagePolicy, told: ToldHandOver, *, now: datetime
) -> list[NewMessage]:
    """Return the messages of one hand-over: to the person by every way that is verified, else to the groups."""
    user = uow.access.user(told.who)
    alerts = _open_alerts(uow)
    other = uow.access.user(told.other) if told.other is not None else None
    content = DutyContent(
        comes=told.comes,
        ahead=now < told.change.at,
        place=told.change.place,
        at=local_text(told.change.at, policy.zone)[:16],
        other=other.name if other else "",
        stands_in=told.stands_in,
        open_alerts=len(alerts),
        alerts=tuple(alert.text[:LONGEST_ALERT] for alert in alerts[:MOST_ALERTS]),
    )
    if exits := exits_of(user, keyring, policy, texts=policy.duty_texts):
        return [_message(told.key, Subject.DUTY, channel, target, content, now) for channel, target in exits]
    named = replace(content, person=user.name if user else "")
    return [_message(told.key, Subject.DUTY, one.channel, one.target, named, now) for one in policy.everyday_groups]


def _reminders(
    uow: UnitOfWork, keyring: Keyring, policy: MessagePolicy, key: str, *, now: datetime
) -> list[NewMessage]:
    lacks = lacks_in_words(roster_lacks(uow, keyring, now=now), zone=policy.zone)
    if not lacks:
        return []
    content = AlertContent(sentence="值班表：" + "".join(lack.text for lack in lacks))
    exits = alert_exits(policy, "notice")
    return [_message(key, Subject.ALERT, channel, target, content, now) for channel, target in exits]


def _message(key: str, subject: Subject, channel: str, target: str, content: Content, now: datetime) -> NewMessage:
    return NewMessage(
        once=f"{key}:{channel}:{target}",
        subject=subject,
        channel=channel,
        target=target,
        urgency=Urgency.ALERT,
        content=content,
        now=now,
    )


def _open_alerts(uow: UnitOfWork) -> list[Alert]:
    """Return the alerts that hold, gravest first."""
    holding = [one for one in uow.alerts.open() if one.state in HOLDING]
    return sorted(holding, key=lambda one: -GRAVITY.get(one.level, 0))
