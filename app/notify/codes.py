"""Composes the messages that bring people of ours their codes; a message holds neither the code nor where it goes."""

from datetime import datetime

from app.channels.kinds import EMAIL, SMS
from app.domain.contact import ContactWay
from app.domain.person_target import for_person
from app.domain.send_budget import Urgency
from app.domain.subject import Subject
from app.notify.contents import CodeContent
from app.notify.new_message import NewMessage
from app.store.unit_of_work import UnitOfWork

_CHANNELS = {ContactWay.PHONE: SMS.name, ContactWay.EMAIL: EMAIL.name}


def compose_codes(uow: UnitOfWork, *, shop: str, now: datetime) -> int:
    """Write a message for each code that has none yet, in the caller's transaction; return how many."""
    messages = []
    for code in uow.contacts.claim_unsent(now=now):
        way = ContactWay(code.way)
        minutes = max(int((code.ends_at - code.made_at).total_seconds()) // 60, 1)
        messages.append(
            NewMessage(
                once=f"code:{code.user_id}:{code.way}:{code.nonce}",
                subject=Subject.CODE,
                channel=_CHANNELS[way],
                target=for_person(code.user_id),
                urgency=Urgency.ALERT,
                content=CodeContent(way=way, nonce=code.nonce, minutes=minutes, shop=shop),
                now=now,
            )
        )
    uow.messages.add_new([message.as_row() for message in messages])
    return len(messages)
