"""What a deployment wants said to whom; plain values, so that the stage knows no settings."""

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

DRY_TARGET = "dry"
"""The destination of group messages where no robot is configured: recorded as simulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePolicy:
    """How messages are composed and sent."""

    zone: ZoneInfo
    robots: tuple[str, ...]
    """Names of the WeCom robots (hashes of their addresses); each group gets every message."""
    mentions: tuple[str, ...]
    coupon: Literal["combined", "separate", "off"]
    coupon_template: bool
    """Whether a coupon can be sent as a message of its own."""
    coupon_low_at: int
    sms_per_day: int
    sms_per_client_per_day: int
    shop: str
    public_url: str
    alert_emails: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """Where group messages go."""
        return self.robots or (DRY_TARGET,)
