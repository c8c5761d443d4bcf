"""Names of incidents and batches: they begin with a letter, say when they began, and are unique by their counter."""

from datetime import datetime
from zoneinfo import ZoneInfo


def incident_name(opened_at: datetime, serial: int, *, drill: bool, zone: ZoneInfo) -> str:
    """Return e.g. ``E20261122-7`` for the seventh incident, ``D20261122-8`` if it is a drill."""
    return f"{'D' if drill else 'E'}{opened_at.astimezone(zone):%Y%m%d}-{serial}"


def batch_name(window_to: datetime, serial: int, *, repair: bool, zone: ZoneInfo) -> str:
    """Return e.g. ``B20261122-1030-12`` for the twelfth batch, cut at 10:30; a repair batch begins with ``R``."""
    return f"{'R' if repair else 'B'}{window_to.astimezone(zone):%Y%m%d-%H%M}-{serial}"
