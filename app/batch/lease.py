"""A maker's hold on a batch: every change it makes is guarded by the lease it knows, and renews it.

A maker that was thought dead and goes on finds another lease in the row, and stops; two makers never both change a
batch.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.states import BatchState
from app.store.database.sqlite import STAND_BACK, rest
from app.store.tables import Batch
from app.store.unit_of_work import Store, UnitOfWork

LEASE = timedelta(minutes=2)
"""Far longer than the slowest step between two renewals (flushing a large file), short against half an hour."""

_RENEW_AFTER = LEASE / 8

Monotonic = Callable[[], float]


class TakenOver(Exception):
    """Another maker has taken the batch over; whatever this one did since its last renewal was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBatch:
    """A batch as its row was at our last change; nobody else changes it while we hold the lease."""

    id: int
    name: str
    incident_id: int
    kind: str
    repairs_id: int | None
    layout: str
    state: BatchState
    lease_until: datetime
    window_from: datetime
    window_to: datetime
    orders: int
    total_fen: int
    held: int
    look_alikes: int
    unfit: int
    failures: int

    @classmethod
    def of(cls, row: Batch) -> "HeldBatch":
        """Copy what a maker needs of a row."""
        if row.id is None:
            raise TakenOver("a batch without a row cannot be held")
        return cls(
            id=row.id,
            name=row.name or "",
            incident_id=row.incident_id,
            kind=row.kind,
            repairs_id=row.repairs_id,
            layout=row.columns,
            state=BatchState(row.state),
            lease_until=row.lease_until,
            window_from=row.window_from,
            window_to=row.window_to,
            orders=row.orders,
            total_fen=row.total_fen,
            held=row.held,
            look_alikes=row.look_alikes,
            unfit=row.unfit,
            failures=row.failures,
        )


class BatchChange:
    """A transaction in which the batch is proven to be ours."""

    def __init__(self, uow: UnitOfWork, batch: HeldBatch) -> None:
        self.uow = uow
        self.batch = batch

    def set(self, **columns: Any) -> None:  # noqa: ANN401 - columns
        """Change the batch.

        Raises:
            TakenOver: it is not ours any more.
        """
        known = self.batch
        if "state" in columns:  # it goes on: what kept it before is over
            columns |= {"failures": 0, "failure": ""}
        row = self.uow.batches.advance(known.id, from_state=known.state, held_lease=known.lease_until, **columns)
        if row is None:
            raise TakenOver(known.name)
        self.batch = HeldBatch.of(row)


class BatchLease:
    """Holds one batch from its start, or from its take-over, to its end."""

    def __init__(self, store: Store, batch: HeldBatch, *, now: datetime, monotonic: Monotonic = time.monotonic) -> None:
        self.batch = batch
        self._store = store
        self._now = now
        self._monotonic = monotonic
        self._began = self._renewed = monotonic()

    @property
    def now(self) -> datetime:
        """The tick's time and what has passed since, by a clock that nobody sets."""
        return self._now + timedelta(seconds=self._monotonic() - self._began)

    @contextmanager
    def writing(self) -> Iterator[BatchChange]:
        """Begin a transaction that first proves the batch is still ours; what it has set is the batch from then on.

        Raises:
            TakenOver: it is not ours any more.
        """
        with self._store.writing() as uow:
            change = BatchChange(uow, self.batch)
            change.set(lease_until=self.now + LEASE)
            yield change
        rest(STAND_BACK)  # otherwise this process, which is awake, is at the lock again before the door has woken
        self._renewed = self._monotonic()
        self.batch = change.batch

    def prove(self) -> None:
        """Make sure that the batch is still ours.

        Raises:
            TakenOver: it is not.
        """
        with self.writing():
            pass

    def renew(self) -> None:
        """Renew the lease if a good part of it is used up."""
        if self._monotonic() - self._renewed > _RENEW_AFTER.total_seconds():
            self.prove()

    def let_go(self, failure: str) -> None:
        """Write down why it could not be finished, and let the lease run out now: the next tick may try again."""
        batch = self.batch
        with self._store.writing() as uow:
            uow.batches.advance(
                batch.id,
                from_state=batch.state,
                held_lease=batch.lease_until,
                lease_until=self._now,
                failures=batch.failures + 1,
                failure=failure[:200],
            )
