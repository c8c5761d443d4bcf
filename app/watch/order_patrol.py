"""Looks at the order flow of the main system, once a minute, and keeps its alerts in step with what is seen."""

from app.watch.patrol import keep_alerts, look
from app.watch.rule import Situation
from app.watch.rules import ORDER_RULES
from app.watch.stages.hours import close_hours
from app.watch.stages.overdue import note_overdue


def patrol_orders(situation: Situation) -> int:
    """Close the hours that are over, look at every rule of order health, and return how many alerts changed.

    All of one look is one transaction: what a red alert inhibits is inhibited before anybody is told of it.
    """
    policy = situation.policy
    note_overdue(situation.store, now=situation.now)
    close_hours(situation.store, now=situation.now, zone=policy.zone, special_days=policy.special_days)
    return keep_alerts(look(ORDER_RULES, situation), situation)
