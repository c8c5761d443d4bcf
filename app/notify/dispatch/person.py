"""The way to a person of ours: a message names the account, and the address is read from it at the moment it is sent.

``person:17`` as a message's target is the account with row id 17. Whatever a person can be sent goes this way: by text
message if :func:`person_text` knows a template for its content, by e-mail if :func:`person_mail` knows its wording. It
has a budget of its own, for each person, and a rest of its own (``sms:staff``): customers' messages and these never
wait for each other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from app.channels.base import Mail, Sms, SmsTemplate
from app.channels.kinds import SMS, STAFF
from app.domain.contact import ContactWay
from app.domain.outcome import Rejected
from app.domain.retry import GiveUp
from app.domain.send_budget import Urgency
from app.domain.states import MessageState
from app.domain.worth import worth_until
from app.notify.contents import AlertContent, CodeContent, Content, DutyContent
from app.notify.dispatch.record import Sending, move_message
from app.notify.new_message import PERSON, is_for_person
from app.notify.texts import alert_text, code_text, duty_text
from app.store.contacts import code_for, contact_of, reachable_at
from app.store.sealing import Keyring
from app.store.tables import Message
from app.store.unit_of_work import UnitOfWork

MOST: Mapping[timedelta, int] = {timedelta(minutes=15): 5, timedelta(hours=1): 11, timedelta(hours=3): 21}
"""Text messages to one person within a time: GoAlert's constants. Whoever gets more reads none of them."""

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
        if allowed <= 0:
            continue
        claimed = uow.messages.claim(
            channel, now=now, lease_until=now + lease, limit=allowed, target=target, lane=Urgency.ALERT
        )
        kept += [message for message in claimed if not _is_over(uow, message, now)]
    return kept


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
    return reachable_at(keyring, uow.access.user(_user_id(target)), way)


def _code(
    uow: UnitOfWork, keyring: Keyring, target: str, content: CodeContent, way: ContactWay
) -> tuple[str, str] | Rejected:
    """Return the address a code goes to, verified or not, and the code; one that was replaced since is not sent."""
    user = uow.access.user(_user_id(target))
    contact = contact_of(keyring, user, way) if user is not None and user.disabled_at is None else None
    current = uow.contacts.code(_user_id(target), way)
    if contact is None or current is None or current.nonce != content.nonce:
        return Rejected("sms:code_over" if way is ContactWay.PHONE else "email:code_over")
    return contact.address, code_for(keyring, _user_id(target), contact, content.nonce)


def _user_id(target: str) -> int:
    digits = target.removeprefix(PERSON)
    return int(digits) if digits.isascii() and digits.isdigit() else 0
