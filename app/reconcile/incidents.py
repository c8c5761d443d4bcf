"""Opens and closes incidents; each change stands in the audit of the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app import words
from app.domain.actor import Actor
from app.domain.ledger import Ledger
from app.domain.problems import Refusal
from app.store.ledger import ledger_of
from app.store.tables import Incident
from app.store.unit_of_work import Store, UnitOfWork

LONGEST_REASON = 500
"""Characters; as long as its column."""


class IncidentError(Refusal):
    """An incident cannot be opened or closed; the message is for the person who tried."""


class AlreadyOpen(IncidentError):
    """There is an open incident of this kind."""


class NotOpen(IncidentError):
    """There is no such open incident."""


class Unfinished(IncidentError):
    """Some of its orders have no final result yet, and nobody has said to close it all the same."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed incident, and how many of its orders had no final result."""

    incident: Incident
    unfinished: int


def open_incident(uow: UnitOfWork, *, drill: bool, reason: str, by: Actor, now: datetime, zone: ZoneInfo) -> Incident:
    """Open an incident.

    Raises:
        AlreadyOpen: there is one of this kind.
    """
    if (current := uow.incidents.open_one(drill=drill)) is not None:
        raise AlreadyOpen(f"已有进行中的{words.INCIDENT_KINDS[drill]}事件 {current.name}。")
    reason = _one_line(reason)
    incident = uow.incidents.open(drill=drill, reason=reason, by=by.name, now=now, zone=zone)
    uow.audit.record("incident.open", by=by, at=now, subject=incident.name, detail={"reason": reason})
    return incident


def close_incident(
    store: Store,
    name: str | None,
    *,
    drill: bool,
    spool_dir: Path,
    force: bool,
    by: Actor,
    now: datetime,
    reason: str = "",
) -> Closed:
    """Close the incident called ``name``, or the open one of a kind; later orders open another.

    ``reason`` says why it is closed all the same, where something is unfinished.

    Raises:
        NotOpen: there is none, or somebody has closed it meanwhile.
        Unfinished: some of its orders have no final result, and ``force`` was not given.
    """
    with store.reading() as uow:
        incident = uow.incidents.named(name) if name else uow.incidents.open_one(drill=drill)
    if incident is None or incident.closed_at is not None:
        raise NotOpen("没有进行中的这个事件。")
    ledger = ledger_of(store, spool_dir=spool_dir, incident=incident.name)
    if ledger.unfinished and not force:
        raise Unfinished(_unfinished(incident.name, ledger))
    with store.writing() as uow:
        again = uow.incidents.named(incident.name)
        if again is None or again.closed_at is not None:
            raise NotOpen("该事件已被关闭。")
        uow.incidents.close(again, by=by.name, now=now)
        detail: dict[str, int | str] = {"unfinished": ledger.unfinished}
        if reason := _one_line(reason):
            detail["reason"] = reason
        uow.audit.record("incident.close", by=by, at=now, subject=incident.name, detail=detail)
    return Closed(again, ledger.unfinished)


def _one_line(reason: str) -> str:
    """Return a person's words as one line that both engines can keep."""
    return " ".join("".join(c if c.isprintable() else " " for c in reason).split())[:LONGEST_REASON]


def _unfinished(name: str, ledger: Ledger) -> str:
    counts = words.ledger_sentence(ledger, "waiting", "held", "batched", "spooled")
    return f"事件 {name} 还有 {ledger.unfinished} 笔订单没有最终结果（{counts}）。确要关闭请加 --force。"
