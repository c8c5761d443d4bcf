"""Merges waiting order messages into one, when there are more than the robot's budget can carry one by one."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.send_budget import Urgency
from app.domain.states import MessageState
from app.domain.subject import Subject
from app.notify.contents import Digest, DigestContent, HighDigestContent, OrderContent, as_row
from app.notify.texts import fitting, order_line
from app.store.tables import Message

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
    first = members[0].message
    return Message(
        once=f"digest:{secrets.token_hex(12)}",
        incident_id=first.incident_id,
        drill=first.drill,
        subject=Subject.DIGEST,
        channel=first.channel,
        target=first.target,
        lane=int(urgency),
        content=as_row(digest_content([member.order for member in members], urgency)),
        state=MessageState.SENDING,
        created_at=now,
        due_at=now,
        lease_until=lease_until,
        attempts=1,
    )
