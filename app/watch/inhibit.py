"""Which alerts are not told because something graver says the same; their life goes on underneath.

A flag and no state: when what inhibits is over, one that still fires is told at once, and one that has ended is not.
"""

from collections.abc import Sequence

from app.domain.alert_life import Inhibitor, Sight
from app.domain.states import AlertState
from app.store.tables import Alert
from app.watch.rule import Found, alert_subject
from app.watch.rules.backlog_growing import BACKLOG_GROWING
from app.watch.stages.hours import BACKLOG_STAGES

BY_RED = frozenset({"yellow", "orange"})

COVERS = {BACKLOG_GROWING.name: frozenset(BACKLOG_STAGES)}
"""The stages that a rule's alerts speak of, where that is not their own stage alone."""


def inhibited(alerts: Sequence[Alert], found: Sequence[Found], *, incident: bool) -> dict[int, Inhibitor]:
    """Return why open alerts are to be inhibited, by their ids, after a look; ``incident`` where one is open.

    Sources first: a red alert inhibits the lower ones of its stages, and an alert that is only pending inhibits none.
    Those that rest are of a warehouse that is closed: they are not told, and inhibit none. One that recovers unheard
    stays inhibited when its cause is over: whoever closes an incident at once, with all orders home, would else be told
    of what is over. Where it holds again it is told.
    """
    rules = {one.rule.name: one.rule for one in found} if incident else {}
    resting = {
        (one.rule.name, alert_subject(trouble))
        for one in found
        for trouble in one.troubles or ()
        if trouble.sight is Sight.RESTING
    }
    told = (alert for alert in alerts if (alert.rule, alert.subject) not in resting)
    red = frozenset(stage for alert in told if alert.level == "red" and _speaks(alert) for stage in _stages(alert))
    why: dict[int, Inhibitor] = {}
    for alert in alerts:
        rule = rules.get(alert.rule)
        if rule is not None and rule.is_inhibited_by_incident(alert.stage):
            why[alert.id or 0] = Inhibitor.INCIDENT
        elif (alert.rule, alert.subject) in resting:
            why[alert.id or 0] = Inhibitor.CLOSED
        elif alert.level in BY_RED and red & _stages(alert):
            why[alert.id or 0] = Inhibitor.RED
        elif alert.inhibited_why and alert.told_at is None and alert.state == AlertState.RECOVERING:
            why[alert.id or 0] = Inhibitor(alert.inhibited_why)
    return why


def _speaks(alert: Alert) -> bool:
    return alert.state != AlertState.PENDING


def _stages(alert: Alert) -> frozenset[int]:
    return COVERS.get(alert.rule, frozenset() if alert.stage is None else frozenset({alert.stage}))
