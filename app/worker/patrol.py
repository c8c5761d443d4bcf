"""The patrol of one worker: every rule is looked at, the order flow once a minute, and alerts are kept in step."""

from datetime import datetime

from app.bootstrap import Lifeboat, situation_of
from app.watch.order_patrol import patrol_orders
from app.watch.patrol import expire_alerts, keep_alerts, look, wake_alerts
from app.watch.rules import RULES, WORKER_SILENT
from app.watch.stages.usual import Baselines


class Patrol:
    """What a patrol keeps from round to round; all else stands in rows, so that another one can go on."""

    def __init__(self, boat: Lifeboat) -> None:
        self._boat = boat
        # A worker is no judge of its own silence.
        self._rules = [rule for rule in RULES if not rule.of_machine and rule is not WORKER_SILENT]
        self._baselines = Baselines(boat.live.zone)
        self._minute: datetime | None = None
        """The last minute at which the order flow was looked at."""

    def go_round(self) -> bool:
        """Look at what is wrong, and keep the alerts in step; tell whether every rule could look."""
        situation = situation_of(self._boat, baselines=self._baselines)
        found = look(self._rules, situation)
        keep_alerts(found, situation)
        if (minute := situation.now.replace(second=0, microsecond=0)) != self._minute:
            self._minute = minute
            found += patrol_orders(situation).found
        wake_alerts(situation)
        expire_alerts(situation)
        return all(one.troubles is not None for one in found)
