"""Writes the orders that wait in one transaction, and answers each only after its commit.

The event loop collects orders; one thread writes all that wait, commits, and wakes the loop once for the whole batch.
While it waits for the disk, the next batch gathers, so the load itself sets the size. If the store refuses or hangs,
the same orders go to the spool, with the same numbers, within the patience allowed.

Whoever waits is told through one function that lets nobody's trouble out, and what is no part of an order's way, logs
and figures, may fail without stopping it: one client cannot keep the others of its commit, or the queue, waiting.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.domain.clock import Clock
from app.store.commit.order_writer import NewOrder, Stored
from app.store.commit.writer_thread import CommitGroup, Result, Waiter, WriterThread, Writes
from app.telemetry.metrics import Metrics

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CommitBounds:
    """How much one commit may hold, and how long and how often a disk that hangs is waited for."""

    most_in_one_commit: int = 1024
    """Keeps one transaction under about 25 ms, so that the last in the queue is not kept waiting by the first."""

    probe_every: float = 1.0
    """Seconds between questions to a store that is away."""

    spool_patience: float = 2.0
    """Seconds after which a disk that does not take a spool record is as good as full."""

    most_abandoned: int = 4
    """Hung threads that are left behind before we stop asking and wait for one of them to return."""


STANDARD = CommitBounds()


@contextmanager
def _beside_the_way(what: str) -> Iterator[None]:
    """Keep what goes wrong here from the orders; the log has it, if the log is not what went wrong."""
    try:
        yield
    except Exception as error:
        with suppress(Exception):
            log.error("commit_aside_broke", what=what, reason=type(error).__name__, exc_info=True)  # noqa: G201


class DoorBusy(Exception):
    """More orders wait than the queue may hold."""


class NowhereToWrite(Exception):
    """Neither the store nor the spool can take an order."""


class GroupCommit:
    """The queue between the door and the disk. Belongs to one event loop."""

    def __init__(
        self,
        store: Writes,
        spool: Writes,
        *,
        clock: Clock,
        metrics: Metrics,
        limit: int,
        patience: float,
        bounds: CommitBounds = STANDARD,
        count: Callable[[Sequence[NewOrder], Sequence[Stored]], None] | None = None,
    ) -> None:
        """Take where to write; ``count`` hears of every batch that is on disk, wherever that is."""
        self._store, self._spool, self._count = store, spool, count
        self._clock, self._metrics = clock, metrics
        self._limit, self._patience, self._bounds = limit, patience, bounds
        self._orders: list[NewOrder] = []
        self._waiting: list[Waiter] = []
        self._oldest = 0.0
        self._in_flight: CommitGroup | None = None
        self._handing_over = False
        self._emptied: asyncio.Future[None] | None = None
        self._hung = 0
        self._spool_hung = 0
        self._probe: asyncio.TimerHandle | CommitGroup | None = None
        self.away_because: str | None = None
        self.away_since: datetime | None = None
        self.spool_trouble: str | None = None

    def start(self) -> None:
        """Begin to take orders on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._store_thread = WriterThread("commit", self._store, self._store_reports)
        self._spool_thread = WriterThread("spool", self._spool, self._spool_reports)
        self._metrics.store_up.set(1)

    async def close(self) -> None:
        """Write what waits, then end the threads."""
        if self._orders or self._in_flight:
            self._emptied = self._loop.create_future()
            await self._emptied
        if isinstance(self._probe, CommitGroup):
            self._probe.settle()
        elif self._probe is not None:  # a timer, of whatever class the loop makes them
            self._probe.cancel()
        self._store_thread.stop()
        self._spool_thread.stop()

    @property
    def waiting(self) -> int:
        """How many orders wait for their commit."""
        return len(self._orders) + (len(self._in_flight.orders) if self._in_flight else 0)

    def submit(self, order: NewOrder) -> "asyncio.Future[Stored]":
        """Queue an order; the future is done once it is on disk.

        Raises:
            DoorBusy: the queue is full.
        """
        future: asyncio.Future[Stored] = self._loop.create_future()
        self.queue(order, future)
        return future

    def queue(self, order: NewOrder, waiting: Waiter) -> None:
        """Queue an order; ``waiting`` is told what became of it.

        Raises:
            DoorBusy: the queue is full.
        """
        if len(self._orders) >= self._limit:
            raise DoorBusy
        if not self._orders:
            self._oldest = self._loop.time()
        self._orders.append(order)
        self._waiting.append(waiting)
        if self._in_flight is None and not self._handing_over:
            self._handing_over = True
            self._loop.call_soon(self._hand_over)  # after every request of this turn of the loop

    def _hand_over(self) -> None:
        self._handing_over = False
        if self._in_flight is not None:
            return
        if not self._orders:
            if self._emptied is not None and not self._emptied.done():
                self._emptied.set_result(None)
            return
        n = self._bounds.most_in_one_commit
        orders, waiting = self._orders[:n], self._waiting[:n]
        batch = CommitGroup(orders, [self._clock.now()] * len(orders), waiting, self._oldest)
        self._orders, self._waiting = self._orders[n:], self._waiting[n:]
        with _beside_the_way("queue_depth"):
            self._metrics.queue_depth.set(len(self._orders))
        if self.away_because is None:
            self._in_flight = batch
            # AlertPatience counts from when the first was queued, so nobody waits for two slow commits.
            batch.timer = self._loop.call_at(
                max(batch.oldest + self._patience, self._loop.time() + 0.05), self._lose_patience, batch
            )
            self._store_thread.take(batch)
        else:
            self._to_spool(batch)

    # ---- the store -------------------------------------------------------------------------------------------------

    def _store_reports(self, batch: CommitGroup, result: Result) -> None:
        if batch.abandoned:  # answered from the spool long ago; the drain finds whatever did get through
            self._hung -= 1
            if self.away_because is not None and not isinstance(result, Exception):
                self._store_is_back()
            return
        batch.settle()
        if batch.is_probe:
            self._probe = None
        if isinstance(result, Exception):
            self._store_is_away(type(result).__name__)
            if not batch.is_probe:
                self._to_spool(batch)
        elif batch.is_probe:
            self._store_is_back()
        else:
            with _beside_the_way("commit_seconds"):
                self._metrics.commit_seconds.observe(self._loop.time() - batch.oldest)
            self._answer(batch, result)

    def _lose_patience(self, batch: CommitGroup) -> None:
        batch.abandoned = True
        self._hung += 1
        self._store_thread.stop()  # once it returns, if ever
        self._store_thread = WriterThread("commit", self._store, self._store_reports)
        if batch.is_probe:
            self._probe = None
        self._store_is_away("Timeout")
        if not batch.is_probe:
            self._to_spool(CommitGroup(batch.orders, batch.moments, batch.waiting, batch.oldest))

    def _store_is_away(self, reason: str) -> None:
        since, self.away_because = self.away_because, reason
        if self._probe is None:
            self._probe = self._loop.call_later(self._bounds.probe_every, self._ask)
        with _beside_the_way("store_away"):
            self._metrics.store_up.set(0)
            if since is None:
                self.away_since = self._clock.now()
                log.error("store_away", reason=reason)

    def _store_is_back(self) -> None:
        reason, self.away_because, self.away_since = self.away_because, None, None
        with _beside_the_way("store_back"):
            self._metrics.store_up.set(1)
            log.info("store_back", reason=reason)

    def _ask(self) -> None:
        if self.away_because is None:
            self._probe = None
        elif self._hung >= self._bounds.most_abandoned:  # the first hung thread to return tells whether it is back
            self._probe = self._loop.call_later(self._bounds.probe_every, self._ask)
        else:
            self._probe = probe = CommitGroup([], [], [], self._loop.time())
            probe.timer = self._loop.call_later(self._patience, self._lose_patience, probe)
            self._store_thread.take(probe)

    # ---- the spool -------------------------------------------------------------------------------------------------

    def _to_spool(self, batch: CommitGroup) -> None:
        self._in_flight = batch
        if self._spool_hung >= self._bounds.most_abandoned:  # refuse at once until one of the hung threads returns
            self._spool_fails(batch, "Timeout")
            return
        batch.timer = self._loop.call_later(self._bounds.spool_patience, self._give_up, batch)
        self._spool_thread.take(batch)

    def _spool_reports(self, batch: CommitGroup, result: Result) -> None:
        if batch.abandoned:
            self._spool_hung -= 1
            return
        batch.settle()
        if isinstance(result, Exception):
            self._spool_fails(batch, f"{type(result).__name__}: {result}")
            return
        with _beside_the_way("spooled"):
            self._metrics.spooled.inc(sum(1 for stored in result if not stored.replayed))
        self._answer(batch, result)

    def _give_up(self, batch: CommitGroup) -> None:
        batch.abandoned = True
        self._spool_hung += 1
        self._spool_thread.stop()
        self._spool_thread = WriterThread("spool", self._spool, self._spool_reports)
        self._spool_fails(batch, "Timeout")

    def _spool_fails(self, batch: CommitGroup, reason: str) -> None:
        self.spool_trouble = reason
        with _beside_the_way("spool_refuses"):
            log.error("spool_refuses", reason=reason)
        self._tell(batch, [NowhereToWrite() for _ in batch.waiting])

    # ---- answering -------------------------------------------------------------------------------------------------

    def _answer(self, batch: CommitGroup, results: list[Stored]) -> None:
        self._tell(batch, results)
        self.spool_trouble = None
        with _beside_the_way("accepted"):
            replays = sum([stored.replayed for stored in results])
            self._metrics.accepted.inc(len(results) - replays)
            self._metrics.replays.inc(replays)
            self._metrics.commit_size.observe(len(results))
        if self._count is not None:
            with _beside_the_way("count"):
                self._count(batch.orders, results)

    def _tell(self, batch: CommitGroup, words: Iterable[Stored | NowhereToWrite]) -> None:
        """Tell each who waits its own word, passing over whoever cannot bear to hear it; then begin the next batch."""
        self._in_flight = None
        passed_over: list[str] = []
        try:
            for waiter, word in zip(batch.waiting, words, strict=True):  # as many: the thread has looked
                try:
                    if waiter.done():  # its client has gone; the order stays
                        continue
                    if isinstance(word, Stored):
                        waiter.set_result(word)
                    else:
                        waiter.set_exception(word)
                except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - one client's trouble is its own
                    passed_over.append(type(error).__name__)
        finally:
            self._hand_over()
        if passed_over:
            with _beside_the_way("answers_broke"):
                log.error("answers_broke", orders=len(passed_over), reasons=sorted(set(passed_over)))
