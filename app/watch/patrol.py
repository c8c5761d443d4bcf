"""Looks at every rule, and keeps the alerts in step with what it finds: each trouble is told once, and so is its end.

A rule that cannot look (the database refuses, a mistake of ours) finds neither trouble nor health: its alerts stay as
they are, and no other rule is kept from looking.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.store.repositories.alerts import rests
from app.store.tables import Alert
from app.watch.rule import Rule, Situation, Trouble

log = structlog.get_logger()

LONGEST_SUBJECT = 100

EXPIRES_AFTER = timedelta(days=7)
"""An alert that nobody ends, such as one of a machine that is gone, ends by itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found; ``troubles`` is None if it could not look."""

    rule: Rule
    troubles: tuple[Trouble, ...] | None


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
    now = situation.now
    with situation.store.reading() as uow:
        known = {alert.fingerprint: alert for alert in uow.alerts.open()}
    changes = 0
    for one in found:
        if one.troubles is None:
            continue
        holding = {_subject(trouble, machine): trouble for trouble in one.troubles}
        mine = [a for a in known.values() if a.rule == one.rule.name and _of_machine(a.subject, machine)]
        over = [alert for alert in mine if alert.subject not in holding]
        due = [
            (subject, trouble)
            for subject, trouble in holding.items()
            if _is_news(next((a for a in mine if a.subject == subject), None), trouble, one.rule, situation)
        ]
        if not over and not due:
            continue
        with situation.store.writing() as uow:
            for subject, trouble in due:
                uow.alerts.fire(
                    one.rule.name,
                    subject=subject,
                    level=one.rule.level,
                    text=trouble.text,
                    now=now,
                    hold=one.rule.hold,
                    again=one.rule.again,
                )
            for alert in over:
                uow.alerts.end(alert, now=now)
        changes += len(over) + len(due)
    return changes


def _is_news(alert: Alert | None, trouble: Trouble, rule: Rule, situation: Situation) -> bool:
    if alert is None:
        return True
    if alert.text != trouble.text[:500]:
        return not rests(alert, again=rule.again, now=situation.now)
    held_since = alert.pending_since if alert.firing_since is None else None
    return held_since is not None and situation.now - held_since >= rule.hold


def _subject(trouble: Trouble, machine: str) -> str:
    """Return what an alert is about, machine included, within what a row holds."""
    subject = f"{machine}:{trouble.subject}" if machine else trouble.subject
    if len(subject) <= LONGEST_SUBJECT:
        return subject
    mark = hashlib.sha256(subject.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{subject[: LONGEST_SUBJECT - 17]}~{mark}"


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
