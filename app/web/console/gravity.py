"""The order in which alerts are shown: the gravest first."""

from collections.abc import Iterable

from app.store.tables import Alert

_LEVELS = {"red": 3, "orange": 2, "yellow": 1}


def gravest_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Return alerts by level; those of one level stay in the order they have."""
    return sorted(alerts, key=lambda alert: -_LEVELS.get(alert.level, 0))
