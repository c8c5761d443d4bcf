"""A maker's hold on a batch: every change it makes is guarded by the lease it knows, and renews it.

Who was thought dead and wakes up finds another lease in the row and stops; two makers never both change a batch.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from app.store.database.sqlite import STAND_BACK, rest
from app.store.tables import Batch
from app.store.unit_of_work import Store, UnitOfWork

LEASE = timedelta(minutes=2)
"""Far longer than the slowest step between two renewals (flushing a large file), short against half an hour."""

_RENEW_AFTER = LEASE / 8

Monotonic = Callable[[], float]
Changes = dict[str, Any]
"""Columns of the batch and their new values."""


class TakenOver(Exception):
    """Another maker has taken the batch over; whatever this one did since its last renewal was not kept."""


class BatchLease:
    """Holds one batch from its start, or from its take-over, to its end."""

    def __init__(self, store: Store, batch: Batch, *, now: datetime, monotonic: Monotonic = time.monotonic) -> None:
        self.batch = batch
        self._store = store
        self._now = now
        self._monotonic = monotonic
        self._began = self._renewed = monotonic()

    @property
    def batch_id(self) -> int:
        """The batch's row id."""
        if self.batch.id is None:
            raise TakenOver("a batch without a row cannot be held")
        return self.batch.id

    @property
    def name(self) -> str:
        """The batch's number."""
        return self.batch.name or ""

    @property
    def now(self) -> datetime:
        """The tick's time and what has passed since, by a clock that nobody sets."""
        return self._now + timedelta(seconds=self._monotonic() - self._began)

    @contextmanager
    def writing(self) -> Iterator[tuple[UnitOfWork, Changes]]:
        """Begin a transaction that first proves the batch is still ours; at its end the batch gets the ``Changes``.

        Raises:
            TakenOver: it is not ours any more.
        """
        until = self.now + LEASE
        changes: Changes = {}
        with self._store.writing() as uow:
            self._advance(uow, self.batch.lease_until, until)
            yield uow, changes
            if changes:
                self._advance(uow, until, until, changes)
        rest(STAND_BACK)  # otherwise this process, which is awake, is at the lock again before the door has woken
        self._renewed = self._monotonic()
        for column, value in {**changes, "lease_until": until}.items():
            setattr(self.batch, column, value)

    def renew(self) -> None:
        """Renew the lease if a good part of it is used up."""
        if self._monotonic() - self._renewed > _RENEW_AFTER.total_seconds():
            with self.writing():
                pass

    def let_go(self) -> None:
        """Let the lease run out now, so that the next tick may try again."""
        with self._store.writing() as uow:
            uow.batches.advance(
                self.batch_id, from_state=self.batch.state, lease_until=self._now, held_lease=self.batch.lease_until
            )

    def _advance(self, uow: UnitOfWork, known: datetime, until: datetime, changes: Changes | None = None) -> None:
        state = self.batch.state
        if not uow.batches.advance(
            self.batch_id, from_state=state, held_lease=known, lease_until=until, **(changes or {})
        ):
            raise TakenOver(self.name)
