"""What a deployment wants said to whom; plain values, so that the stage knows no settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Literal
from zoneinfo import ZoneInfo

from app.channels.kinds import COUPONS, EMAIL, SMS, STAFF, WECOM
from app.domain.contact import ContactWay
from app.domain.escalation import ESCALATIONS, Escalation


@dataclass(frozen=True, slots=True)
class Destination:
    """One chat group: the kind of its robot, the robot's name (a hash of its address), and whom to mention there.

    An ``emergency`` group hears of red alerts and of nothing else, so that whatever comes there is looked at.
    """

    channel: str
    target: str
    mentions: tuple[str, ...] = ()
    emergency: bool = False


DRY = Destination(WECOM.name, "dry")
"""Where group messages go if no robot is configured: recorded as simulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePolicy:
    """How messages are composed and sent."""

    zone: ZoneInfo
    groups: tuple[Destination, ...]
    """Where group messages go; each but an emergency one gets every message. There is an everyday one: see ``DRY``."""
    coupon: Literal["combined", "separate", "off"]
    coupon_template: bool
    """Whether a coupon can be sent as a message of its own."""
    sms_sent: bool
    """Whether text messages are really sent, and not only recorded."""
    mail_sent: bool
    """Likewise e-mails."""
    sms_per_day: int
    sms_per_client_per_day: int
    coupons_per_client_per_hour: int
    shop: str
    public_url: str
    alert_emails: tuple[str, ...]
    duty_texts: bool = False
    """Whether text messages can be sent to whoever is on duty."""
    alert_texts: bool = False
    """Likewise of an alert."""
    summary_at: time = time(9)
    """When the day's summary of lesser alerts is told, on the merchant's wall clock."""
    escalations: Mapping[str, Escalation] = field(default_factory=lambda: ESCALATIONS)
    """Whom an alert of a level is told to step by step, and by which ways."""
    codes_by: frozenset[ContactWay] = frozenset()
    """By which ways codes really reach people."""

    @property
    def everyday_groups(self) -> tuple[Destination, ...]:
        """The groups that hear of orders, batches and every alert."""
        return tuple(group for group in self.groups if not group.emergency)

    def groups_for(self, level: str) -> tuple[Destination, ...]:
        """Return the groups that hear of alerts of a level."""
        emergency = tuple(group for group in self.groups if group.emergency and level == "red")
        return self.everyday_groups + emergency

    def destinations(self) -> frozenset[str]:
        """Return the names, ``channel:target``, of all there is to send to; what is only recorded has none."""
        chosen = ((SMS.name, self.sms_sent), (EMAIL.name, self.mail_sent))
        groups = {f"{group.channel}:{group.target}" for group in self.groups}
        coupons = {COUPONS} if self.sms_sent and self.coupon != "off" else set()
        for_staff = self.duty_texts or self.alert_texts or ContactWay.PHONE in self.codes_by
        staff = {STAFF} if self.sms_sent and for_staff else set()
        return frozenset(groups | coupons | staff | {f"{name}:" for name, sent in chosen if sent})
