"""Brings orders from the spool into the store once it is back; may be cut off anywhere and done again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from app.domain.clock import Clock
from app.store.commit.order_writer import NewOrder, Stored
from app.store.commit.writer_thread import Writes
from app.store.database.faults import is_the_stores_fault
from app.store.spool.file import Record, Spool, SpoolDamaged, spool_files

log = structlog.get_logger()

PAGE = 200
"""Records in one transaction: small, so that the door's own commits slip in between."""


class StoreRefuses(Exception):
    """The store took nothing: it is away again, and the records stay where they are."""


@dataclass(slots=True)
class Drained:
    """What one pass did."""

    brought: int = 0
    waiting: int = 0
    quarantined: int = 0
    damaged: list[str] = field(default_factory=list)


def drain_once(folder: Path, *, store: Writes, clock: Clock, max_bytes: int) -> Drained:
    """Drain every spool file of this machine, also those of processes that died.

    Raises:
        StoreRefuses: the store went away meanwhile.
    """
    done = Drained()
    for path in spool_files(folder):
        spool = Spool(path, max_bytes=2 * max_bytes)  # room to set a record aside also where orders have filled it
        try:
            drain_file(spool, done, store=store, clock=clock)
        except SpoolDamaged as error:
            log.error("spool_damaged", file=Path(str(error)).name)  # noqa: TRY400 - the file's name says it all
            done.damaged.append(Path(str(error)).name)
        except StoreRefuses:
            raise
        except Exception as error:  # of this file: the orders in the others must not wait for it
            log.error("spool_file_not_drained", file=path.name, reason=type(error).__name__, exc_info=True)  # noqa: G201
        finally:
            spool.close()
    return done


def drain_file(spool: Spool, done: Drained, *, store: Writes, clock: Clock) -> None:
    """Drain one spool file; what came of it is added to ``done``.

    Raises:
        StoreRefuses: the store went away meanwhile.
        SpoolDamaged: the file was damaged; it has been set aside.
    """
    spool.open()
    _drain_records(spool, done, store=store, clock=clock)
    done.waiting += spool.depth()
    done.quarantined += len(spool.quarantined())


def _drain_records(spool: Spool, done: Drained, *, store: Writes, clock: Clock) -> None:
    while records := spool.oldest(PAGE):
        whole = [record for record in records if record.order is not None]
        for record in records:
            if record.order is None:
                log.error("spool_record_damaged", number=record.number)
                spool.quarantine(record, reason="damaged", now=clock.now())
        if not whole:
            continue
        try:
            taken = _write(store, whole)
        except Exception as error:
            if is_the_stores_fault(error):
                raise StoreRefuses(type(error).__name__) from error
            done.brought += _one_by_one(spool, whole, store=store, clock=clock, first_error=error)
            continue
        done.brought += sum(1 for stored in taken if not stored.replayed)
        spool.forget(_settled(spool, whole, taken, clock=clock))


def _settled(spool: Spool, records: Sequence[Record], taken: Sequence[Stored], *, clock: Clock) -> list[Record]:
    """Return the records that may go; an order that contradicts the stored one of its number is kept for a person."""
    settled = []
    for record, stored in zip(records, taken, strict=True):
        if stored.same_body:
            settled.append(record)
        else:
            log.error("spool_record_conflicts", number=record.number)
            spool.quarantine(record, reason="idempotency_conflict", now=clock.now())
    return settled


def _one_by_one(spool: Spool, records: Sequence[Record], *, store: Writes, clock: Clock, first_error: Exception) -> int:
    """Find the record that the store will not take, so that it blocks no other."""
    try:
        store.write([], [])
    except Exception as error:
        raise StoreRefuses(type(first_error).__name__) from error
    brought = 0
    for record in records:
        try:
            (stored,) = _write(store, [record])
        except Exception as error:
            if is_the_stores_fault(error):  # gone meanwhile: a good record must not wait for a person because of that
                raise StoreRefuses(type(error).__name__) from error
            log.exception("spool_record_refused", number=record.number)
            spool.quarantine(record, reason=f"refused: {type(error).__name__}", now=clock.now())
            continue
        brought += not stored.replayed
        spool.forget(_settled(spool, [record], [stored], clock=clock))
    return brought


def _write(store: Writes, records: Sequence[Record]) -> list[Stored]:
    orders: list[NewOrder] = [record.order for record in records if record.order is not None]
    return store.write(orders, [record.received_at for record in records])
