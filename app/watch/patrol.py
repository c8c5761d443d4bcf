"""Looks at every rule, and keeps the alerts in step with what it finds: each trouble is told once, and so is its end.

A rule that cannot look (the database refuses, a mistake of ours) finds neither trouble nor health: its alerts stay as
they are, and no other rule is kept from looking. All that one look changes is one transaction: what a graver alert
inhibits is inhibited before anybody can be told of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.domain.alert_life import Inhibitor, Sight
from app.domain.health_lines import HealthLines
from app.store.alert_steps import TroubleSighting, changes_of
from app.store.tables import Alert
from app.store.unit_of_work import UnitOfWork
from app.watch.inhibit import inhibited
from app.watch.rule import Found, Rule, Situation, Trouble, alert_subject

log = structlog.get_logger()

EXPIRES_AFTER = timedelta(days=7)
"""An alert that nobody ends, such as one of a machine that is gone, ends by itself."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What a look found of one trouble, and the episode of it that was open before."""

    seen: Alert | None
    sighting: TroubleSighting


def look(rules: Iterable[Rule], situation: Situation) -> list[Found]:
    """Ask each rule what is wrong."""
    return [Found(rule, _asked(rule, situation)) for rule in rules]


def _asked(rule: Rule, situation: Situation) -> tuple[Trouble, ...] | None:
    try:
        return tuple(rule.find(situation))
    except Exception as error:  # noqa: BLE001 - whatever it was, the other rules must have their turn
        log.warning("rule_cannot_look", rule=rule.name, reason=type(error).__name__)
        return None


def keep_alerts(found: Iterable[Found], situation: Situation, *, machine: str = "") -> int:
    """Begin, carry on and end alerts by what was found; return how many changed.

    With a ``machine`` the troubles are that machine's own: alerts of others are left alone. Where nothing has changed
    nothing is written, so a look costs the door nothing.
    """
    found = list(found)
    with situation.store.reading() as uow:
        known = uow.alerts.open()
        steps = [step for one in found for step in _steps(one, known, situation, machine)]
        if not steps and not any(_wanted_inhibitions(uow, known, found, machine)):
            return 0
    with situation.store.writing() as uow:
        changes = sum([uow.alerts.see(step.seen, step.sighting, now=situation.now) for step in steps])
        for alert, why in _wanted_inhibitions(uow, uow.alerts.open(), found, machine):
            changes += uow.alerts.inhibit(alert, why)
    return changes


def _steps(one: Found, known: Sequence[Alert], situation: Situation, machine: str) -> Iterator[_Step]:
    """Yield what there is to change by what a rule found."""
    if one.troubles is None:
        return
    mine = {a.subject: a for a in known if a.rule == one.rule.name and _of_machine(a.subject, machine)}
    holding = {alert_subject(trouble, machine): trouble for trouble in one.troubles}
    for subject in [*holding, *(subject for subject in mine if subject not in holding)]:
        sighting = sighting_of(one.rule, subject, holding.get(subject), lines=situation.policy.lines)
        seen = mine.get(subject)
        if _changes(seen, sighting, situation):
            yield _Step(seen, sighting)


def sighting_of(rule: Rule, subject: str, trouble: Trouble | None, *, lines: HealthLines) -> TroubleSighting:
    """Return what a look found of one trouble; none is one that is over."""
    return TroubleSighting(
        rule=rule.name,
        subject=subject,
        level=rule.level,
        sight=Sight.WELL if trouble is None else trouble.sight,
        text=trouble.text if trouble is not None and trouble.text else None,
        stage=None if trouble is None else trouble.stage,
        patience=rule.patience(lines),
        again=rule.again,
        judged_by=rule.mark(lines),
    )


def _changes(seen: Alert | None, sighting: TroubleSighting, situation: Situation) -> bool:
    if seen is None:
        return sighting.sight is Sight.WRONG
    return changes_of(seen, sighting, now=situation.now) != {}


def _wanted_inhibitions(
    uow: UnitOfWork, alerts: Sequence[Alert], found: Sequence[Found], machine: str
) -> Iterator[tuple[Alert, Inhibitor | None]]:
    """Yield the alerts that are to be inhibited, for another reason than before, or no more."""
    if machine:  # what is wrong with one machine says nothing of the stages
        return
    may_be = any(one.rule.inhibited_by_incident or one.rule.stages_by_incident for one in found)
    incident = may_be and uow.incidents.open_one(drill=False) is not None
    wanted = inhibited(alerts, found, incident=incident)
    rules = {one.rule.name for one in found}
    for alert in alerts:
        if alert.rule in rules and alert.inhibited_why != (why := wanted.get(alert.id or 0)):
            yield alert, why


def _of_machine(subject: str, machine: str) -> bool:
    return subject.startswith(f"{machine}:") if machine else True


def wake_alerts(situation: Situation) -> int:
    """Let alerts be told again whose silence, or whose time in somebody's hands, is over; return how many."""
    now = situation.now
    with situation.store.reading() as uow:
        if not any(_rests(alert) for alert in uow.alerts.open()):
            return 0
    with situation.store.writing() as uow:
        return uow.alerts.wake(now=now)


def _rests(alert: Alert) -> bool:
    return alert.silenced_until is not None or alert.acknowledged_until is not None


def expire_alerts(situation: Situation) -> int:
    """End alerts that have been open for too long; return how many."""
    before = situation.now - EXPIRES_AFTER
    with situation.store.reading() as uow:
        if not any(alert.firing_since and alert.firing_since < before for alert in uow.alerts.open()):
            return 0
    with situation.store.writing() as uow:
        return uow.alerts.expire(before=before, now=situation.now)
