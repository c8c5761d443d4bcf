"""Ticks off what people did while the main system is down; whatever the rows tell by themselves is not ticked here."""

from datetime import datetime

from app.domain.actor import Actor
from app.reconcile.incidents import IncidentError, NotOpen
from app.store.tables import GuideTick, Incident
from app.store.unit_of_work import UnitOfWork

TESTED = "tested"
STEPS = frozenset({"switched", TESTED, "told", "switched_back"})
"""Steps that a person may tick."""

DUTIES = frozenset({"duty_it", "duty_ops", "duty_service", "duty_lead"})
"""Jobs that somebody has; what is written beside one is who."""

LONGEST_SAID = 100


class NoSuchStep(IncidentError):
    """No step or job is called so, or it is not ticked."""


def tick_step(uow: UnitOfWork, incident: str, step: str, *, by: Actor, now: datetime, said: str = "") -> None:
    """Note that a step is done, or who has a job; what was noted before is replaced.

    Raises:
        NotOpen: no open incident is called so.
        NoSuchStep: there is no such step, or nobody was named for a job.
    """
    found = _open(uow, incident)
    said = " ".join("".join(c if c.isprintable() else " " for c in said).split())[:LONGEST_SAID]
    if step not in STEPS | DUTIES or (step in DUTIES and not said):
        raise NoSuchStep("请写明由谁负责。" if step in DUTIES else "没有这个步骤。")
    uow.guide.put(GuideTick(incident_id=found.id or 0, step=step, said=said, done_at=now, done_by=by.name))
    uow.audit.record("guide.tick", by=by, at=now, subject=found.name, detail={"step": step, "said": said})


def untick_step(uow: UnitOfWork, incident: str, step: str, *, by: Actor, now: datetime) -> None:
    """Take a tick back.

    Raises:
        NotOpen: no open incident is called so.
        NoSuchStep: it is not ticked.
    """
    found = _open(uow, incident)
    if not uow.guide.remove(found.id or 0, step):
        raise NoSuchStep("这一步没有勾选，或已被撤销。")
    uow.audit.record("guide.untick", by=by, at=now, subject=found.name, detail={"step": step})


def _open(uow: UnitOfWork, name: str) -> Incident:
    incident = uow.incidents.named(name)
    if incident is None or incident.closed_at is not None:
        raise NotOpen("没有进行中的这个事件，请刷新页面。")
    return incident
