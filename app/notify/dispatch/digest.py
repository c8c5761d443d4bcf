"""Merges waiting order messages into one, when there are more than the robot's budget can carry one by one."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.send_budget import Urgency
from app.domain.states import MessageState
from app.domain.subject import Subject
from app.notify.contents import (
    Digest,
    DigestContent,
    HighDigestContent,
    OrderContent,
    UnreadableContent,
    as_row,
    read_content,
)
from app.notify.texts import fitting, order_line
from app.store.tables import Message
from app.store.unit_of_work import UnitOfWork

MOST_IN_DIGEST = 2000
"""Orders one digest speaks for; it lists what fits and sums up the rest."""

MOST_IN_HIGH_DIGEST = 300
"""More lines of high-priority orders than any channel's longest message holds."""

LINES_KEPT = 300
"""Likewise of a digest that only sums up."""


@dataclass(frozen=True, slots=True)
class DigestMember:
    """A waiting message, and the order it tells of."""

    message: Message
    order: OrderContent


def members_of(waiting: Sequence[DigestMember], urgency: Urgency, *, limit: int) -> Sequence[DigestMember]:
    """Return which of the waiting messages one digest takes: all of a kind, and of high priority what it can name."""
    drill = waiting[0].order.drill
    alike = [member for member in waiting if member.order.drill == drill]
    return alike[: fitting([one.order for one in alike], limit=limit)] if urgency is Urgency.HIGH else alike


def digest_content(orders: Sequence[OrderContent], urgency: Urgency) -> Digest:
    """Return what the digest of these orders says."""
    if urgency is Urgency.HIGH:
        return HighDigestContent(high=tuple(orders))
    moments = sorted(order.at for order in orders)
    return DigestContent(
        drill=orders[0].drill,
        count=len(orders),
        total=sum(order.total or 0 for order in orders),
        unpriced=sum(order.total is None for order in orders),
        first_at=moments[0],
        last_at=moments[-1],
        lines=tuple(order_line(order) for order in orders[:LINES_KEPT]),
    )


def digest_of(members: Sequence[DigestMember], urgency: Urgency, *, now: datetime, lease_until: datetime) -> Message:
    """Return the message that speaks for ``members``, on its way already."""
    content = as_row(digest_content([member.order for member in members], urgency))
    return speaker_for([one.message for one in members], Subject.DIGEST, content, now=now, lease_until=lease_until)


def speaker_for(
    members: Sequence[Message], subject: Subject, content: dict[str, Any], *, now: datetime, lease_until: datetime
) -> Message:
    """Return a message that speaks for others of its lane and target, on its way already."""
    first = members[0]
    return Message(
        once=f"digest:{secrets.token_hex(12)}",
        incident_id=first.incident_id,
        drill=first.drill,
        subject=subject,
        channel=first.channel,
        target=first.target,
        lane=first.lane,
        content=content,
        state=MessageState.SENDING,
        created_at=now,
        due_at=now,
        lease_until=lease_until,
        attempts=1,
    )


def divide_digest(uow: UnitOfWork, digest: Message, *, limit: int, now: datetime) -> None:
    """Let a digest of high-priority orders name only what ``limit`` bytes hold, and another one the rest.

    It is too long if it was made for a robot with longer messages, which is gone. Every one of its orders is still
    named, and knows which of the two speaks for it.
    """
    if digest.subject != Subject.DIGEST:
        return
    try:
        content = read_content(digest.subject, digest.content)
    except UnreadableContent:
        return  # it becomes a dead letter where it is about to be sent
    if not isinstance(content, HighDigestContent) or len(content.high) == (n := fitting(content.high, limit=limit)):
        return
    rest = uow.messages.add(
        Message(
            once=f"digest:{secrets.token_hex(12)}",
            **digest.model_dump(include={"incident_id", "drill", "subject", "channel", "target", "lane", "created_at"}),
            content=as_row(HighDigestContent(high=content.high[n:])),
            state=MessageState.PENDING,
            due_at=now,
        )
    )
    digest.content = as_row(HighDigestContent(high=content.high[:n]))
    left = uow.messages.members_about(digest, [order.number for order in content.high[n:]])
    uow.messages.merge(left, into=rest, now=now)
