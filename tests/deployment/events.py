"""What a main system tells of an order's way, as a test says it."""

from datetime import datetime

from app.domain.marks import Mark
from app.watch.stages.take_events import ReportedEvent, id_of


def reported(order: str, mark: Mark, at: datetime, **attributes: object) -> ReportedEvent:
    """Return an event of one source and channel; the same of the same order, mark, time and number of attributes."""
    return ReportedEvent(
        index=0,
        source="erp",
        event_id=f"{id_of(order, mark, at)}{len(attributes)}",
        order=order,
        channel="天猫",
        mark=mark,
        at=at,
        attributes=attributes,
    )
