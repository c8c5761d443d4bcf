"""The text message that brings a coupon: written without a code, which is drawn when it is about to leave."""

from dataclasses import replace
from datetime import datetime

from app.channels.kinds import SMS
from app.domain.subject import Subject
from app.notify.contents import CustomerContent
from app.notify.new_message import UNDRAWN, NewMessage
from app.store.tables import OrderRow


def customer_of(row: OrderRow) -> str:
    """Return what names a customer within an incident, the same for each of his orders."""
    return f"{row.incident_id}:{row.phone_index.hex()}"


def coupon_follow_up(
    row: OrderRow, content: CustomerContent, *, own_template: bool, now: datetime, due_at: datetime
) -> NewMessage:
    """Return the message that brings a customer his coupon by itself; ``content`` is that of his notice."""
    message = NewMessage(
        once=f"coupon_sms:{customer_of(row)}",
        subject=Subject.COUPON,
        channel=SMS.name,
        target=row.client_id,
        urgency=UNDRAWN,
        content=replace(content, template="coupon" if own_template else "combined", coupon="", worth=""),
        now=now,
        due_at=due_at,
    )
    return message.about(row)
