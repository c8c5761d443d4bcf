"""The marks of an order's way from the shop to the carrier, the five stages between them, and what else befalls it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal


class Mark(StrEnum):
    """What a lifecycle event says has happened to an order; the first eleven lie in this order on its way."""

    PLACED = "placed"
    PAID = "paid"
    QUEUED = "queued"
    ACCEPTED = "accepted"
    WAYBILL = "waybill"
    PICKING_PRINTED = "picking_printed"
    PICKING_STARTED = "picking_started"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    """The waybill is filled in; the carrier has not seen the parcel."""
    COLLECTED = "collected"
    """The carrier's first scan."""

    REOPENED = "reopened"
    """Sent back: the event's attribute ``stage`` names the stage that begins again, 1 to 5."""
    HOLD = "hold"
    """Not in the flow for now: a presale, or a balance to be paid."""
    RESUMED = "resumed"
    """In the flow again, where it was."""
    CANCELLED = "cancelled"
    MERGED = "merged"
    """It goes on as the order that the attribute ``into`` names."""
    SPLIT = "split"
    """It goes on as the orders that the attribute ``children`` names."""
    STATUS = "status"
    """It is where it was; the event's attributes say how it stands there, such as ``status`` or ``freeze_reason``."""


WAY: tuple[Mark, ...] = tuple(Mark)[:11]
RANK: dict[Mark, int] = {mark: rank for rank, mark in enumerate(Mark)}
"""Which of two marks of one moment comes first."""

Clock = Literal["always", "warehouse"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the five stages; it begins where the one before it ends, so that no order stands between two of them."""

    number: int
    word: str
    begins: Mark
    ends: Mark
    limit: timedelta
    clock: Clock
    """Whether its time runs always, or in the warehouse's hours alone."""


STAGES: tuple[Stage, ...] = (
    Stage(1, "下单→支付完成", Mark.PLACED, Mark.PAID, timedelta(minutes=5), "always"),
    Stage(2, "支付完成→进入仓库队列", Mark.PAID, Mark.QUEUED, timedelta(minutes=30), "always"),
    Stage(3, "仓库接单→打印拣货单", Mark.QUEUED, Mark.PICKING_PRINTED, timedelta(hours=1), "warehouse"),
    Stage(4, "拣货→包装完成", Mark.PICKING_PRINTED, Mark.PACKED, timedelta(hours=2), "warehouse"),
    Stage(5, "包装完成→物流揽收", Mark.PACKED, Mark.COLLECTED, timedelta(hours=4), "warehouse"),
)
"""The seed; a merchant's own limits are settings."""

ENDS_STAGE: dict[Mark, int] = {STAGES[0].begins: 0} | {stage.ends: stage.number for stage in STAGES}
"""The last stage that a mark ends, 0 for the one with which the first stage begins."""

REACHED: dict[Mark, int] = {
    mark: max(ENDS_STAGE[earlier] for earlier in WAY[: WAY.index(mark) + 1] if earlier in ENDS_STAGE) for mark in WAY
}
"""How many stages surely lie behind an order of which a mark is known; finer marks only subdivide."""
