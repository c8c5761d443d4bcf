"""Whom a group's alert calls: who is on duty when it is sent, with a link of his own, and mentioned where a robot can.

The link is made as the message leaves and rests nowhere. It says whose it is, since everybody in the group reads it.
"""

from dataclasses import dataclass
from datetime import datetime

from app.channels.kinds import ChannelKind
from app.domain.contact import ContactWay
from app.notify.claim_link import claim_link, claimant_of
from app.notify.contents import AlertContent, Content
from app.store.contacts import reachable_at
from app.store.on_duty import on_duty
from app.store.sealing import Keyring
from app.store.tables import Message
from app.store.unit_of_work import UnitOfWork

CALLED = frozenset({"orange", "red"})
"""Levels for which somebody is called; the others can wait for whoever reads the group."""


@dataclass(frozen=True, slots=True)
class DutyCall:
    """A line for the end of the message, and the phone of whom to mention, empty where the robot cannot."""

    line: str
    phone: str


def duty_call(
    uow: UnitOfWork, keyring: Keyring, message: Message, content: Content, kind: ChannelKind, *, now: datetime
) -> DutyCall | None:
    """Return whom an alert that still holds calls, if anybody is on duty or stands in."""
    if not isinstance(content, AlertContent) or content.level not in CALLED:
        return None
    user = on_duty(uow, now).in_charge
    claimant = claimant_of(message, content, user.id or 0) if user is not None else None
    if user is None or claimant is None:
        return None
    phone = reachable_at(keyring, user, ContactWay.PHONE) if kind.mentions_phones and content.level == "red" else None
    return DutyCall(f"值班 {user.name} 点此认领：{claim_link(keyring, content, claimant)}", phone or "")
