"""Merges waiting order messages into one, when there are more than the robot's budget can carry one by one."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.domain.send_budget import Urgency
from app.domain.states import MessageState
from app.notify.texts import fitting, order_line
from app.store.tables import Message

MOST_IN_DIGEST = 2000
"""Orders one digest speaks for; it lists what fits and sums up the rest."""

MOST_IN_HIGH_DIGEST = 60
"""More lines of high-priority orders than fit 2048 bytes anyway."""

LINES_KEPT = 60
"""More than fit 4096 bytes anyway."""


def members_of(waiting: Sequence[Message], lane: Urgency) -> Sequence[Message]:
    """Return which of the waiting messages one digest takes: all of a kind, and of high priority what it can name."""
    drill = waiting[0].content.get("drill", False)
    alike = [message for message in waiting if message.content.get("drill", False) == drill]
    return alike[: fitting([message.content for message in alike])] if lane is Urgency.HIGH else alike


def digest_of(members: Sequence[Message], lane: Urgency, *, now: datetime, lease_until: datetime) -> Message:
    """Return the message that speaks for ``members``, on its way already."""
    contents = [message.content for message in members]
    return Message(
        once=f"digest:{secrets.token_hex(12)}",
        incident_id=members[0].incident_id,
        kind="digest_wecom",
        channel="wecom",
        target=members[0].target,
        lane=int(lane),
        content={"high": contents} if lane is Urgency.HIGH else _sums(contents),
        state=MessageState.SENDING,
        created_at=now,
        due_at=now,
        lease_until=lease_until,
        attempts=1,
    )


def _sums(contents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    moments = sorted(content["at"] for content in contents)
    return {
        "drill": contents[0].get("drill", False),
        "count": len(contents),
        "total": sum(content["total"] or 0 for content in contents),
        "unpriced": sum(content["total"] is None for content in contents),
        "first_at": moments[0],
        "last_at": moments[-1],
        "lines": [order_line(content) for content in contents[:LINES_KEPT]],
    }
