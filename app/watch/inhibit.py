"""Which alerts are not told because something graver says the same; their life goes on underneath.

A flag and no state: when what inhibits is over, one that still fires is told at once, and one that has ended is not.
"""

from collections.abc import Callable, Collection, Sequence

from app.domain.alert_life import Inhibitor
from app.domain.states import AlertState
from app.store.tables import Alert
from app.watch.rules.backlog_growing import BACKLOG_GROWING
from app.watch.stages.hours import BACKLOG_STAGES

BY_RED = frozenset({"yellow", "orange"})

COVERS = {BACKLOG_GROWING.name: frozenset(BACKLOG_STAGES)}
"""The stages that a rule's alerts speak of, where that is not their own stage alone."""


def inhibited(
    alerts: Sequence[Alert], *, by_incident: Callable[[Alert], bool], resting: Collection[tuple[str, str]] = ()
) -> dict[int, Inhibitor]:
    """Return why open alerts are to be inhibited, by their ids; ``by_incident`` tells which an open incident inhibits.

    Sources first: a red alert inhibits the lower ones of its stages, and an alert that is only pending inhibits none.
    Those ``resting``, by rule and subject, are of a warehouse that is closed: they are not told, and inhibit none. One
    that recovers unheard stays inhibited when its cause is over: whoever closes an incident at once, with all orders
    home, would else be told of what is over. Where it holds again it is told.
    """
    told = (alert for alert in alerts if (alert.rule, alert.subject) not in resting)
    red = frozenset(stage for alert in told if alert.level == "red" and _speaks(alert) for stage in _stages(alert))
    found = {}
    for alert in alerts:
        if by_incident(alert):
            found[alert.id or 0] = Inhibitor.INCIDENT
        elif (alert.rule, alert.subject) in resting:
            found[alert.id or 0] = Inhibitor.CLOSED
        elif alert.level in BY_RED and red & _stages(alert):
            found[alert.id or 0] = Inhibitor.RED
        elif alert.inhibited_why and alert.told_at is None and alert.state == AlertState.RECOVERING:
            found[alert.id or 0] = Inhibitor(alert.inhibited_why)
    return found


def _speaks(alert: Alert) -> bool:
    return alert.state != AlertState.PENDING


def _stages(alert: Alert) -> frozenset[int]:
    return COVERS.get(alert.rule, frozenset() if alert.stage is None else frozenset({alert.stage}))
