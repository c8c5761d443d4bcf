"""Looks at the order flow of the main system, once a minute, and keeps its alerts in step with what is seen."""

from dataclasses import dataclass

from app.watch.patrol import keep_alerts, look
from app.watch.rule import Found, Situation
from app.watch.rules import ORDER_RULES
from app.watch.stages.hours import close_hours, take_hours_anew
from app.watch.stages.overdue import note_overdue


@dataclass(frozen=True, slots=True)
class Round:
    """What a round found, and how many alerts it changed."""

    found: list[Found]
    changes: int


def patrol_orders(situation: Situation) -> Round:
    """Close the hours that are over, and look at every rule of order health.

    All of one look is one transaction: what a red alert inhibits is inhibited before anybody is told of it.
    """
    policy = situation.policy
    note_overdue(situation.store, now=situation.now)
    close_hours(situation.store, now=situation.now, zone=policy.zone, special_days=policy.special_days)
    take_hours_anew(situation.store, now=situation.now, zone=policy.zone, special_days=policy.special_days)
    found = look(ORDER_RULES, situation)
    return Round(found, keep_alerts(found, situation))
