"""A message about to be written: typed where it is composed, a row where it is kept."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.domain.send_budget import Urgency
from app.domain.states import MessageState
from app.domain.subject import Subject
from app.notify.contents import Content, as_row
from app.store.tables import OrderRow

UNDRAWN = 3
"""The lane of coupons that have no code yet: behind everything else, and never in its way while they wait for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """One message to one destination; ``once`` names the fact it tells of, so that no fact is told twice."""

    once: str
    subject: Subject
    channel: str
    content: Content
    now: datetime
    target: str = ""
    urgency: int = Urgency.NORMAL
    """Its lane: an Urgency, or ``UNDRAWN``."""
    due_at: datetime | None = None
    """When it may leave; at once if None."""
    incident_id: int | None = None
    order_id: int | None = None
    batch_id: int | None = None
    alert_id: int | None = None
    drill: bool = False

    def about(self, row: OrderRow) -> "NewMessage":
        """Return the message as one about an order."""
        return replace(self, incident_id=row.incident_id, order_id=row.id, drill=row.drill)

    def saying(self, content: Content) -> "NewMessage":
        """Return the message with another content."""
        return replace(self, content=content)

    def as_row(self) -> dict[str, Any]:
        """Return the columns of its row."""
        return {
            "once": self.once,
            "incident_id": self.incident_id,
            "drill": self.drill,
            "subject": self.subject,
            "channel": self.channel,
            "target": self.target,
            "lane": int(self.urgency),
            "order_id": self.order_id,
            "batch_id": self.batch_id,
            "alert_id": self.alert_id,
            "content": as_row(self.content),
            "state": MessageState.PENDING,
            "created_at": self.now,
            "due_at": self.due_at or self.now,
            "attempts": 0,
            "asked": 0,
        }
