"""Settings of the door: what an order may be, and how many may wait."""

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from app.domain.order_number import PREFIX as ORDER_PREFIX
from app.settings.sources import Part, Words


class DoorSettings(Part):
    """How orders come in."""

    order_prefix: str = "LB"
    high_priority_above: Decimal = Field(
        default=Decimal(500), ge=0, decimal_places=2
    )  # yuan; the amount itself is not above
    max_body_bytes: int = Field(default=256 * 1024, ge=1024)  # an order of 200 lines is about 40 KiB
    queue_limit: int = Field(default=5000, ge=1)  # orders waiting for their commit; beyond it 503
    client_orders_per_minute: int = Field(default=60_000, ge=0)  # stored for one client by one web process; 0: no limit
    keyless_orders_per_minute: int = Field(default=6_000, ge=0)  # for a profile that asks for no key
    client_bytes_per_minute: int = Field(default=128 * 1024**2, ge=0)  # 60,000 orders of 2 KiB: twice the usual ones
    limit_concurrency: int = Field(default=4000, ge=1)  # open requests and connections of one web process
    web_processes: int = Field(default=1, ge=1, le=32)  # one writer commits best; more pay with PostgreSQL
    store_patience_seconds: float = Field(default=1.5, gt=0, le=2)  # a commit slower than this goes to the spool
    spool_max_bytes: int = Field(default=2 * 1024**3, ge=1024 * 1024)  # about three million orders
    access_log: bool = False
    buyer_form: Path | None = None  # what strangers may order on /order; without it there is no such page
    trusted_proxies: Words = ()  # addresses of our own nginx: whose X-Forwarded-For and X-Lifeboat-Sent are believed
    handed_over: Literal["", "unknown"] = ""  # what is meant by a proxy that cannot say whether it sent an order before

    @field_validator("order_prefix")
    @classmethod
    def prefix_makes_valid_numbers(cls, value: str) -> str:
        """Refuse a prefix that spreadsheets or the check character could not bear."""
        if not ORDER_PREFIX.fullmatch(value):
            raise ValueError("须以大写字母开头，仅含大写字母和数字，最多 7 位")
        return value

    @property
    def high_priority_above_fen(self) -> int:
        """The threshold in fen."""
        return int(self.high_priority_above * 100)
