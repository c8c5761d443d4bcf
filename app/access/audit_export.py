"""Hands the audit out as a list, and writes down who took which part of it."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor
from app.store.repositories.audit import DeedFilter
from app.store.tables import Audit
from app.store.unit_of_work import Store

MOST = 10_000
"""Deeds of one list: some megabytes. Who wants more narrows the time."""

MOST_LOOKS = 200
"""Stretches of the past that are looked through for them: ten million deeds."""

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ExportedAudit:
    """What was handed out, newest first; not ``whole`` if there may be more that fits the filter."""

    deeds: tuple[Audit, ...]
    whole: bool


def export_audit(store: Store, wanted: DeedFilter, *, by: Actor, now: datetime, most: int = MOST) -> ExportedAudit:
    """Return the deeds that are wanted, ``most`` at most, and record that ``by`` has taken them.

    Each stretch is a look of its own, so that no transaction stays open for long.
    """
    deeds: list[Audit] = []
    before = None
    for _ in range(MOST_LOOKS):
        with store.reading() as uow:
            page = uow.audit.search(wanted, before=before, limit=min(AT_ONCE, most - len(deeds)))
        deeds += page.deeds
        before = page.before
        if before is None or len(deeds) >= most:
            break
    asked = {"actor": wanted.actor, "action": wanted.action, "subject": "、".join(wanted.subjects[:1])}
    moments = {"since": wanted.since, "until": wanted.until}
    told = {name: value for name, value in asked.items() if value}
    told |= {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
    with store.writing() as uow:
        detail = {**told, "rows": len(deeds), "whole": before is None}
        uow.audit.record("audit.export", by=by, at=now, detail=detail)
    return ExportedAudit(tuple(deeds), whole=before is None)
