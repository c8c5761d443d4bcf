"""Which parts of which pages change when something has changed in the store: names that a stream may tell anybody."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

_STATES = frozenset({"orders", "moved", "results", "contradictions", "deeds", "closed", "incidents"})
"""Marks that move when an order does."""

REGIONS: Mapping[str, AbstractSet[str]] = {
    "strip": _STATES | {"published", "alerts", "alert_versions", "troubles", "away", "minute"},
    "home": _STATES
    | {"batches", "published", "messages", "attempts", "delivered", "pauses", "paused", "alerts", "alert_versions"}
    | {"troubles", "away", "minute"},
    "wall": _STATES | {"published", "alerts", "alert_versions", "troubles", "away", "minute"},
    "orders": _STATES,
    "urgent": _STATES,
    "order": _STATES | {"published", "messages", "attempts", "delivered"},
    "batches": {"batches", "published", "results", "contradictions", "deeds"},
    "goods": _STATES | {"messages", "minute"},
    "todo": _STATES | {"attempts", "delivered", "alerts", "alert_versions"},
    "messages": {"messages", "attempts", "delivered", "pauses", "paused", "deeds"},
    "stuck": {"deeds", "minute"},
    "health": {"alerts", "alert_versions", "minute"},
    "alerts": {"alerts", "alert_versions", "deeds", "troubles", "away"},
    "incidents": {"incidents", "closed", "results", "moved", "deeds"},
    "systemic": {"alerts", "deeds", "jobs", "minute"},
    "switching": {"messages", "deeds", "minute"},
    "readiness": {"troubles", "jobs", "deeds", "minute"},
}
"""By the region's name, the marks whose movement changes what it shows."""


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    """Return the regions that show something else after a look than before it."""
    moved = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return frozenset(region for region, marks in REGIONS.items() if not moved.isdisjoint(marks))
