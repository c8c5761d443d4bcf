"""The order in which alerts are shown: the gravest first."""

from collections.abc import Iterable

from app.domain.alert_life import GRAVITY
from app.store.tables import Alert


def gravest_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Return alerts by level; those of one level stay in the order they have."""
    return sorted(alerts, key=lambda alert: -GRAVITY.get(alert.level, 0))
