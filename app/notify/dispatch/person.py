"""The way to a person of ours: a message names the account, and the address is read from it at the moment it is sent.

``person:17`` as a message's target is the account with row id 17. Whatever a person can be sent goes this way: by text
message if :func:`person_text` knows a template for its content, by e-mail if :func:`person_mail` knows its wording. It
has a budget of its own, for each person, and a rest of its own (``sms:staff``): customers' messages and these never
wait for each other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from app.channels.base import Mail, Sms, SmsTemplate
from app.channels.kinds import SMS, STAFF
from app.domain.contact import ContactWay
from app.domain.outcome import Rejected
from app.domain.person_target import is_for_person, person_id
from app.domain.retry import GiveUp
from app.domain.send_budget import Urgency
from app.domain.states import MessageState
from app.domain.subject import Subject
from app.domain.worth import worth_until
from app.notify.claim_link import claim_link, claim_links, claimant_of
from app.notify.contents import AlertContent, AlertGroupContent, CodeContent, Content, DutyContent, as_row
from app.notify.dispatch.digest import speaker_for
from app.notify.dispatch.record import Sending, move_message
from app.notify.texts import alert_group_text, alert_sms_text, alert_state, alert_text, code_text, duty_text
from app.store.ack import ack_code
from app.store.contacts import code_for, contact_of, reachable_at
from app.store.sealing import Keyring
from app.store.tables import Message
from app.store.unit_of_work import UnitOfWork

MOST: Mapping[timedelta, int] = {timedelta(minutes=15): 5, timedelta(hours=1): 11, timedelta(hours=3): 21}
"""Text messages to one person within a time: GoAlert's constants. Whoever gets more reads none of them."""

MOST_BUNDLED = 500

NO_CODE, NO_TIME = "无需", "今天"
"""Where a template wants what there is not: no provider takes an empty variable."""

SUBJECT_LENGTH = 60
"""Characters of a message that stand in the subject of its e-mail."""


def claim_for_people(uow: UnitOfWork, channel: str, *, now: datetime, lease: timedelta, limit: int) -> list[Message]:
    """Take what is due for people by a channel, as far as each one's budget goes; what is worth nothing is over."""
    if channel == SMS.name and uow.pauses.holds(STAFF, now=now, longest=SMS.longest_pause):
        return []
    due = [name for name in uow.messages.targets_due(channel, now=now, lane=Urgency.ALERT) if is_for_person(name)]
    room = _room(uow, due, now) if channel == SMS.name else dict.fromkeys(due, limit)
    kept: list[Message] = []
    for target in sorted(due):
        allowed = min(room[target], limit - len(kept))
        if allowed > 0:
            claimed = _claim(
                uow, channel, target, now=now, until=now + lease, limit=allowed, last=_is_last(channel, room[target])
            )
            kept += [message for message in claimed if not _is_over(uow, message, now)]
    return kept


def _is_last(channel: str, room: int) -> bool:
    """Tell whether it is the last message of a person's share; e-mails have none."""
    return channel == SMS.name and room == 1


def _claim(
    uow: UnitOfWork, channel: str, target: str, *, now: datetime, until: datetime, limit: int, last: bool
) -> list[Message]:
    """Take what is due for a person; the last message of his share is kept for saying how many alerts wait for him."""
    take = partial(uow.messages.claim, channel, now=now, lease_until=until, target=target, lane=Urgency.ALERT)
    if not last:
        return take(limit=max(limit - 1, 1))
    if asked_for := take(limit=1, but_not=Subject.ALERT):
        return asked_for
    bundle = _bundle(uow, channel, target, now=now, until=until)
    return [bundle] if bundle is not None else take(limit=1)


def _bundle(uow: UnitOfWork, channel: str, target: str, *, now: datetime, until: datetime) -> Message | None:
    """Let the last message of a person's share say how many alerts wait for him, where there are several."""
    waiting = uow.messages.claim_for_digest(
        channel, target, Urgency.ALERT, subject=Subject.ALERT, now=now, limit=MOST_BUNDLED
    )
    if len(waiting) < 2:  # noqa: PLR2004 - one speaks for itself
        return None
    newest = waiting[-1].content if isinstance(waiting[-1].content, dict) else {}
    content = AlertContent(
        sentence=f"另有 {len(waiting)} 条告警，请登录控制台查看。",
        more=len(waiting),
        at=str(newest.get("at", "")),
        shop=str(newest.get("shop", "")),
    )
    bundle = uow.messages.add(speaker_for(waiting, Subject.ALERT, as_row(content), now=now, lease_until=until))
    uow.messages.merge(waiting, into=bundle, now=now)
    return bundle


def _room(uow: UnitOfWork, targets: Sequence[str], now: datetime) -> dict[str, int]:
    room = dict.fromkeys(targets, max(MOST.values()))
    for within, most in MOST.items():
        sent = uow.attempts.sent_counts_since(SMS.name, now - within, targets=targets)
        room = {target: min(left, most - sent.get(target, 0)) for target, left in room.items()}
    return room


def _is_over(uow: UnitOfWork, message: Message, now: datetime) -> bool:
    worth = worth_until(message.subject, created_at=message.created_at, due_at=message.due_at)
    if worth is None or now <= worth:
        return False
    step = GiveUp(f"{message.last_reason or '一直没有机会发出'}：内容已经过时，不再发送")
    move_message(uow, message, step, now=now, from_states=(MessageState.SENDING,))
    return True


def person_text(uow: UnitOfWork, keyring: Keyring, sending: Sending) -> Sms | Rejected:
    """Return the text message to a person, or why there is none; another content gets its template here."""
    content = sending.content
    match content:
        case CodeContent():
            found = _code(uow, keyring, sending.message.target, content, ContactWay.PHONE)
            if isinstance(found, Rejected):
                return found
            phone, code = found
            values = {"code": code, "minutes": str(content.minutes), "shop": content.shop}
            return _sms(sending, phone, "code", code_text(content, code), values)
        case DutyContent():
            address = _verified(uow, keyring, sending.message.target, ContactWay.PHONE)
            if address is None:
                return Rejected("sms:unverified")
            return _sms(sending, address, "duty", duty_text(content), _duty_values(content))
        case AlertContent():
            address = _verified(uow, keyring, sending.message.target, ContactWay.PHONE)
            if address is None:
                return Rejected("sms:unverified")
            claimant = claimant_of(sending.message, content, person_id(sending.message.target))
            code = ack_code(keyring, claimant) if claimant else ""
            values = {"level": alert_state(content), "time": content.at or NO_TIME, "code": code or NO_CODE}
            return _sms(sending, address, "alert", alert_sms_text(content, code), values)
        case _:
            return Rejected("sms:no_template")


def person_mail(uow: UnitOfWork, keyring: Keyring, message: Message, content: Content) -> Mail | Rejected:
    """Return the e-mail to a person, or why there is none."""
    match content:
        case CodeContent():
            found = _code(uow, keyring, message.target, content, ContactWay.EMAIL)
            if isinstance(found, Rejected):
                return found
            address, code = found
            return Mail((address,), "Lifeboat 验证码", code_text(content, code))
        case DutyContent():
            text = duty_text(content)
        case AlertContent():
            text = alert_text(content)
            if claimant := claimant_of(message, content, person_id(message.target)):
                link = claim_link(keyring, content, claimant)
                text = f"{text}\n{content.at} 起。认领（此链接只属于您，请勿转发）：{link}"
        case AlertGroupContent():
            text = alert_group_text(content, claim_links(keyring, content, person_id(message.target)))
        case _:
            return Rejected("email:not_an_alert")
    verified = _verified(uow, keyring, message.target, ContactWay.EMAIL)
    if verified is None:
        return Rejected("email:unverified")
    return Mail((verified,), f"Lifeboat {text.splitlines()[0][:SUBJECT_LENGTH]}", text)


def _sms(sending: Sending, phone: str, template: SmsTemplate, text: str, values: Mapping[str, str]) -> Sms:
    return Sms(reference=f"lb-{sending.attempt_id}", phone=phone, template=template, text=text, values=values)


def _duty_values(content: DutyContent) -> dict[str, str]:
    return {
        "time": content.at[5:],
        "alerts": str(content.open_alerts),
        "turn": "接班" if content.comes else "交班",
        "person": content.other or "兜底人",
    }


def _verified(uow: UnitOfWork, keyring: Keyring, target: str, way: ContactWay) -> str | None:
    return reachable_at(keyring, uow.access.user(person_id(target)), way)


def _code(
    uow: UnitOfWork, keyring: Keyring, target: str, content: CodeContent, way: ContactWay
) -> tuple[str, str] | Rejected:
    """Return the address a code goes to, verified or not, and the code; one that was replaced since is not sent."""
    user = uow.access.user(person_id(target))
    contact = contact_of(keyring, user, way) if user is not None and user.disabled_at is None else None
    current = uow.contacts.code(person_id(target), way)
    if contact is None or current is None or current.nonce != content.nonce:
        return Rejected("sms:code_over" if way is ContactWay.PHONE else "email:code_over")
    return contact.address, code_for(keyring, person_id(target), contact, content.nonce)
