"""Makes batches: looks what is due, finishes what a dead maker left, cuts, writes and publishes.

Any number of makers may run at once. The database lets one of them start a batch of an incident, and a lease in the
batch's row tells whose it is; a maker that finds it run out goes on from the state the batch is in.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from app import words
from app.batch.claim import Claim
from app.batch.judge import Judge
from app.batch.lease import LEASE, BatchLease, HeldBatch, Monotonic, TakenOver
from app.batch.look_alikes import LookAlikes
from app.batch.made import Emptied, MakeOutcome, NotBegun, Nothing, Postponed, Published, Underway
from app.batch.one_order import EveryOrderBreaks, window_from
from app.batch.policy import BatchPolicy
from app.batch.publish import publish_batch
from app.domain.actor import Actor
from app.domain.batch_failure import FAILING_FROM, BatchFailure, code_of, kind_of
from app.domain.batch_window import is_due
from app.domain.names import batch_name
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import BatchState
from app.files.export_folder import Exports
from app.files.layouts.layout import Layout
from app.files.layouts.registry import Layouts, UnknownLayout, WrongLayout
from app.files.manifest import Inconsistent
from app.store.database.faults import is_the_stores_fault
from app.store.follow_changes import follow_noted
from app.store.look_alike_index import LookAlikeIndex
from app.store.sealing import Keyring
from app.store.tables import Batch
from app.store.unit_of_work import Store, UnitOfWork

log = structlog.get_logger()


__all__ = ["BatchMaker", "Emptied", "MakeOutcome", "NotBegun", "Nothing", "Postponed", "Published", "Underway"]


class BatchMaker:
    """Cuts batches; safe to run in several processes."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        exports: Exports,
        layouts: Layouts,
        *,
        policy: BatchPolicy,
        monotonic: Monotonic = time.monotonic,
        read_layouts: Callable[[], Layouts] | None = None,
    ) -> None:
        """Take what there is; ``read_layouts`` reads the layouts again while the chosen one is wrong.

        Raises:
            UnknownLayout: a misspelt setting is told at the start and not at the first batch. A file that is wrong
                stops batches alone, as the worker that makes them also sends messages and alerts.
        """
        with suppress(WrongLayout):
            layouts.named(policy.layout)
        for wrong in layouts.wrong:
            log.warning("layout.wrong", file=wrong.file, reason=wrong.sentence)
        self._store = store
        self._keys = keyring
        self._exports = exports
        self._layouts = layouts
        self._read_layouts = read_layouts
        self._policy = policy
        self._monotonic = monotonic

    def run_once(self, now: datetime, *, by: Actor | None = None, incident_id: int | None = None) -> list[MakeOutcome]:
        """Finish what dead makers left, then cut what is due; return what became of each, an empty list if nothing was.

        A person named in ``by`` wants what waits now, whether or not it is due, and stands in the audit for each batch
        begun so; ``incident_id`` looks at one incident alone.
        """
        full, forced = self._no_room(), by is not None
        wrong = full or self._wrong_layout()
        outcomes = [] if full else [self._finish(lease, forced=forced) for lease in self._orphans(now)]
        with self._store.reading() as uow:
            waiting = [i for i in uow.orders.incidents_waiting() if incident_id in (None, i)]
            incidents = [i for i in waiting if self._due(uow, i, now, forced=forced)]
        if incidents and wrong is not None:
            log.warning("batch.not_begun", reason=wrong.reason)
            return [*outcomes, wrong]
        for incident in incidents:
            outcomes.extend(self._cut(incident, now, by=by))
        return [*outcomes, *self._still_in_the_making(outcomes, incident_id)] if forced else outcomes

    def _cut(self, incident: int, now: datetime, *, by: Actor | None) -> list[MakeOutcome]:
        """Make a batch of one incident; whatever goes wrong with it stays its own."""
        try:
            started = self._start(incident, now, by=by)
        except Exception as error:
            if is_the_stores_fault(error):
                raise
            log.exception("batch.not_begun", incident_id=incident)
            return [NotBegun(f"程序出错（{type(error).__name__}），请联系 IT 查看日志")]
        match started:
            case BatchLease() as lease:
                return [self._finish(lease, forced=by is not None)]
            case Underway() as underway:
                return [underway]
            case Nothing():
                return []

    def _still_in_the_making(self, told: Sequence[MakeOutcome], incident_id: int | None) -> list[MakeOutcome]:
        """Return what a person must hear of besides: batches that hold orders and are not out, whoever is at them."""
        known = {outcome.name for outcome in told if not isinstance(outcome, NotBegun)}
        with self._store.reading() as uow:
            batches = [b for b in uow.batches.all_unfinished() if incident_id in (None, b.incident_id)]
        return [
            Postponed(batch.name or "", batch.failure, batch.failure, words.BATCH_FAILURES[kind_of(batch.failure)])
            if batch.failures >= FAILING_FROM
            else Underway(batch.name or "")
            for batch in batches
            if batch.name not in known
        ]

    def repair(self, batch: str, *, by: Actor, now: datetime) -> MakeOutcome | Nothing:
        """Put the failed orders of a published batch, and nothing else, into a new one.

        Raises:
            NotFound: there is no such batch.
            NotInThisState: it is not published yet.
        """
        started = self._start_repair(batch, by=by, now=now)
        return self._finish(started) if isinstance(started, BatchLease) else started

    def _no_room(self) -> NotBegun | None:
        """Return why no file can be written now: what room there is belongs to the orders that still come."""
        sentence = self._exports.reserve.touched()
        return None if sentence is None else NotBegun(f"{sentence}，请清理或扩容")

    def _wrong_layout(self) -> NotBegun | None:
        """Return why no batch can have the chosen layout; a batch begun with it would wait for it for ever."""
        try:
            self._layout_named(self._policy.layout)
        except UnknownLayout as error:
            return NotBegun(str(error))
        return None

    def _layout_named(self, name: str) -> Layout:
        try:
            return self._layouts.named(name)
        except UnknownLayout:
            if self._read_layouts is None:
                raise
            self._layouts = self._read_layouts()  # its file may have been mended since
            return self._layouts.named(name)

    def _orphans(self, now: datetime) -> Iterator[BatchLease]:
        """Yield each batch whose maker died; one that is postponed again waits for the next tick."""
        while True:
            with self._store.writing() as uow:
                batch = uow.batches.take_over(now=now, until=now + LEASE, longest=now + 2 * LEASE)
            if batch is None:
                return
            yield self._lease(batch, now)

    def _lease(self, batch: Batch, now: datetime) -> BatchLease:
        return BatchLease(self._store, HeldBatch.of(batch), now=now, monotonic=self._monotonic)

    def _due(self, uow: UnitOfWork, incident: int, now: datetime, *, forced: bool) -> bool:
        since = uow.orders.waiting_since(incident)
        return since is not None and (forced or self._past_boundary(since, now))

    def _past_boundary(self, since: datetime, now: datetime) -> bool:
        return is_due(now, oldest_waiting_at=since, every=self._policy.every, zone=self._policy.zone)

    def _start(self, incident: int, now: datetime, *, by: Actor | None) -> BatchLease | Underway | Nothing:
        with self._store.writing() as uow:
            uow.batches.lock_making(incident)
            if other := uow.batches.unfinished(incident, kind="regular"):
                return Underway(other.name or "")
            if not self._due(uow, incident, now, forced=by is not None):  # another maker was faster
                return Nothing()
            batch = self._begin(uow, incident, now)
            if by is not None:
                uow.audit.record("batch.make", by=by, at=now, subject=batch.name or "")
        return self._lease(batch, now)

    def _start_repair(self, name: str, *, by: Actor, now: datetime) -> BatchLease | Nothing | NotBegun:
        wrong = self._no_room() or self._wrong_layout()
        with self._store.writing() as uow:
            broken = uow.batches.named(name)
            if broken is None or broken.id is None:
                raise NotFound(f"没有批次 {name}。")
            if broken.state != BatchState.PUBLISHED:
                raise NotInThisState(f"批次 {name} 尚未发布。")
            uow.batches.lock_making(broken.incident_id)
            if (failed := uow.results.failed_in(broken.id)) and wrong is not None:
                return wrong
            follow_noted(uow, self._keys, failed, now=now)
            failed = uow.results.failed_in(broken.id)  # without those that their storefronts have cancelled
            if not failed:
                return Nothing()
            batch = self._begin(uow, broken.incident_id, now, repairs=broken)
            uow.changes.carry(failed, from_batch=broken.id, to_batch=batch.id or 0)
            moved = uow.orders.move_to_batch(failed, from_batch=broken.id, to_batch=batch.id or 0, now=now)
            if moved != len(failed):
                raise RuntimeError(f"{batch.name}: took {len(failed)} orders of {name}, moved {moved}")
            batch.orders, batch.total_fen, first = uow.orders.sum_of_batch(batch.id or 0)
            batch.window_from = window_from(first, now)
            uow.audit.record("batch.repair", by=by, at=now, subject=name, detail={"batch": batch.name, "orders": moved})
        return self._lease(batch, now)

    def _begin(self, uow: UnitOfWork, incident: int, now: datetime, *, repairs: Batch | None = None) -> Batch:
        batch = uow.batches.start(
            Batch(
                incident_id=incident,
                drill=uow.incidents.get(incident).drill,
                kind="repair" if repairs else "regular",
                repairs_id=repairs.id if repairs else None,
                columns=self._policy.layout,
                state=BatchState.WRITING if repairs else BatchState.CLAIMING,
                window_from=now,
                window_to=now,
                claimed_at=now,
                lease_until=now + LEASE,
            )
        )
        batch.name = batch_name(now, batch.id or 0, repair=repairs is not None, zone=self._policy.zone)
        uow.flush()
        return batch

    def _finish(self, lease: BatchLease, *, forced: bool = False) -> MakeOutcome:
        """Bring a batch to its end from whatever state it is in."""
        try:
            return self._bring_home(lease, forced=forced)
        except TakenOver:
            return Underway(lease.batch.name)
        except UnknownLayout as error:
            return self._postpone(lease, BatchFailure.LAYOUT, error, advice=str(error))
        except OSError as error:
            return self._postpone(lease, BatchFailure.DISK, error)
        except Inconsistent as error:
            return self._postpone(lease, BatchFailure.CHECKS, error)
        except EveryOrderBreaks as error:
            return self._postpone(lease, BatchFailure.ORDERS, error)
        except Exception as error:
            if is_the_stores_fault(error):
                raise
            log.exception("batch.broke", batch=lease.batch.name)
            return self._postpone(lease, BatchFailure.PROGRAM, error)

    def _bring_home(self, lease: BatchLease, *, forced: bool) -> MakeOutcome:
        layout = self._layout_named(lease.batch.layout)
        if lease.batch.state is BatchState.CLAIMING:
            self._claim(lease, layout, forced=forced)
        manifest = None
        if lease.batch.state is BatchState.WRITING:
            manifest = publish_batch(self._store, self._keys, self._exports, lease, layout=layout, policy=self._policy)
        if manifest is None:
            return Emptied(lease.batch.name, lease.batch.held)
        return Published(lease.batch.name, manifest)

    def _postpone(
        self, lease: BatchLease, kind: BatchFailure, error: Exception, *, advice: str | None = None
    ) -> Postponed:
        outcome = Postponed(
            lease.batch.name,
            code=code_of(kind, error),
            reason=repr(error) if advice is None else advice,
            advice=advice or words.BATCH_FAILURES[kind],
        )
        lease.let_go(outcome.code)
        log.warning("batch.postponed", batch=outcome.name, code=outcome.code, reason=outcome.reason)
        return outcome

    def _claim(self, lease: BatchLease, layout: Layout, *, forced: bool) -> None:
        with self._store.reading() as uow:
            incident = uow.incidents.get(lease.batch.incident_id).name
        with LookAlikeIndex(self._exports.folder(incident), f".{lease.batch.name}.") as seen:  # a draft by its name
            Claim(
                self._store,
                lease,
                Judge(self._keys, layout, self._policy),
                policy=self._policy,
                look_alikes=LookAlikes(self._policy.look_alike_window, seen),
                due=lambda since: forced or self._past_boundary(since, lease.now),
            ).run()
