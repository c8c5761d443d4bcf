"""Brings home what a damaged spool file still holds, the way every spooled order comes: each number once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from app.domain.actor import Actor
from app.domain.clock import Clock
from app.intake.drain import Drained, drain_file
from app.store.commit.writer_thread import Writes
from app.store.spool.file import Record, Spool
from app.store.spool.quarantine import DAMAGED, QuarantinedRecord, copy_to, give_up, quarantined_records, retry
from app.store.spool.recovery import read_damaged
from app.store.unit_of_work import Store

AT_ONCE = 500
LISTED = 200
"""Numbers that an audit row names at most; the count beside them is whole."""

AGAIN = "already_there"
"""Why a damaged record is closed whose order the store has: its shop has sent it again."""


@dataclass(slots=True)
class Recovery:
    """What one damaged file gave."""

    file: str
    brought: int = 0
    already_there: int = 0
    set_aside: list[str] = field(default_factory=list)
    """Numbers whose records were read and now wait for a person, under ``lifeboat spool list``."""
    unreadable: list[str] = field(default_factory=list)
    """Numbers that the file names and nobody can read; they are not in the store either."""
    damaged_pages: int = 0
    renamed_to: str | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing can be missing."""
        return not self.unreadable and not self.damaged_pages


def recover_file(
    path: Path, *, store: Store, writer: Writes, clock: Clock, max_bytes: int, by: Actor, accept_loss: bool
) -> Recovery:
    """Bring home what ``path`` holds; rename it, so that it warns no more, once nothing is missing or that is accepted.

    The records are put into a spool file of their own first, so a cut-off salvage is finished by the next drain, and
    may be done again.

    Raises:
        StoreRefuses: the store went away; what was read waits in the spool.
    """
    recovered = read_damaged(path)
    found = sorted(recovered.records)
    with store.reading() as uow:
        before = uow.orders.known_numbers(sorted({*found, *recovered.unreadable}))
    done = Recovery(path.name, unreadable=sorted(recovered.unreadable - before), damaged_pages=recovered.damaged_pages)
    spool = Spool(path.with_name("spool-salvaged.db"), max_bytes=2 * max_bytes)
    try:
        contradicted = _spooled(spool, recovered.records.values())
        copy_to(recovered.quarantined, spool)
        drain_file(spool, Drained(), store=writer, clock=clock)
    finally:
        spool.close()
    with store.reading() as uow:
        after = uow.orders.known_numbers(found)
    done.brought, done.already_there = len(after - before), len(before & set(found))
    done.set_aside = sorted(
        {one.number for one in quarantined_records(path.parent)} & {*found, *(r.number for r in recovered.quarantined)}
    )
    done.unreadable = sorted({*done.unreadable, *(set(found) - after - set(done.set_aside)), *contradicted})
    if done.complete or accept_loss:
        _close(done, path, store=store, by=by, now=clock.now())
    return done


def _spooled(spool: Spool, records: Iterable[Record]) -> list[str]:
    """Put records into the spool in the order of their acceptance; return those that contradict one waiting there.

    They keep the damaged file in sight: once the one that waits is in the store, a second salvage sets them aside.
    """
    todo = iter(sorted(records, key=lambda record: (record.received_at, record.id)))
    contradicted: list[str] = []
    while part := list(islice(todo, AT_ONCE)):
        orders = [record.order for record in part if record.order is not None]
        answers = spool.write(orders, [record.received_at for record in part])
        contradicted += [order.number for order, answer in zip(orders, answers, strict=True) if not answer.same_body]
    return contradicted


def _close(done: Recovery, path: Path, *, store: Store, by: Actor, now: datetime) -> None:
    done.renamed_to = path.name.replace(".damaged-", ".salvaged-")
    detail = {
        "brought": done.brought,
        "already_there": done.already_there,
        "set_aside": done.set_aside[:LISTED],
        "unreadable": done.unreadable[:LISTED],
        "unreadable_count": len(done.unreadable),
        "damaged_pages": done.damaged_pages,
        "loss_accepted": not done.complete,
    }
    with store.writing() as uow:
        uow.audit.record("spool.salvage", by=by, at=now, subject=path.name, detail=detail)
    for suffix in ("-wal", "-shm", ""):  # the file itself last: while it stands, a cut-off salvage is done again
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(done.renamed_to + suffix))


# ---- records that were set aside -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Retried:
    """What became of records that were tried again."""

    settled: list[str] = field(default_factory=list)
    remaining: list[tuple[str, str]] = field(default_factory=list)
    """(number, reason) of those that still wait for a person."""


def retry_quarantined(
    records: Sequence[QuarantinedRecord], *, store: Store, writer: Writes, clock: Clock, max_bytes: int, by: Actor
) -> Retried:
    """Offer records to the store once more; a damaged one is closed if its shop has sent the order again.

    Raises:
        StoreRefuses: the store went away; what was put back waits for it in the spool.
    """
    now, numbers = clock.now(), {one.number for one in records}
    with store.writing() as uow:
        known = uow.orders.known_numbers(sorted(numbers))
        uow.audit.record("spool.retry", by=by, at=now, detail={"numbers": sorted(numbers)[:LISTED]})
    for one in records:
        if one.reason == DAMAGED and one.number in known:
            give_up(one, by=by.name, why=AGAIN, now=now)
        else:
            retry(one)
    for path in sorted({one.file for one in records}):
        spool = Spool(path, max_bytes=2 * max_bytes)
        try:
            drain_file(spool, Drained(), store=writer, clock=clock)
        finally:
            spool.close()
    left = {one.number: one.reason for path in {r.file.parent for r in records} for one in quarantined_records(path)}
    done = Retried()
    for number in sorted(numbers):
        if number in left:
            done.remaining.append((number, left[number]))
        else:
            done.settled.append(number)
    return done


def give_up_quarantined(
    records: Sequence[QuarantinedRecord], *, store: Store, by: Actor, why: str, now: datetime
) -> int:
    """Close records that will not come home, with a reason, in the audit first; return how many there were."""
    with store.writing() as uow:
        for one in records:
            detail = {"reason": one.reason, "why": why, "file": one.file.name}
            uow.audit.record("spool.give_up", by=by, at=now, subject=one.number[:80], detail=detail)
    return sum(give_up(one, by=by.name, why=why, now=now) for one in records)
