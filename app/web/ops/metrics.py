"""The figures of ``/metrics`` that are read from the store when somebody asks."""

import time

import structlog
from prometheus_client import Gauge

from app.bootstrap import Lifeboat
from app.domain.main_health import MainState
from app.store.main_standing import main_standing
from app.web.process_state import ProcessState
from app.web.threads import Question

log = structlog.get_logger()

REMEMBER = 5.0
"""Seconds the store's figures are reused, so that scraping cannot become load."""

ASK_WITHIN = 2.0


class StoreMetrics:
    """Gauges filled from rows."""

    def __init__(self, boat: Lifeboat, process: ProcessState) -> None:
        self._boat, self._process = boat, process
        r = boat.metrics.registry
        self._messages = Gauge(
            "lifeboat_messages", "Messages that wait, and dead letters", ["channel", "state"], registry=r
        )
        self._uncomposed = Gauge("lifeboat_orders_uncomposed", "Orders without messages yet", registry=r)
        self._unsettled = Gauge(
            "lifeboat_orders_unsettled", "Orders that the main system may have, until somebody has looked", registry=r
        )
        self._oldest = Gauge("lifeboat_oldest_unbatched_seconds", "Age of the oldest order without a batch", registry=r)
        self._batch_age = Gauge("lifeboat_last_batch_age_seconds", "Time since the newest batch came out", registry=r)
        self._spooled = Gauge("lifeboat_spool_orders", "Orders in this machine's spool", registry=r)
        self._aside = Gauge("lifeboat_spool_set_aside", "Spool records set aside for a person", registry=r)
        self._troubles = Gauge("lifeboat_trouble", "What the watch finds wrong, by stable code", ["code"], registry=r)
        self._main = Gauge("lifeboat_main_system", "How the main system stands: 1 for its state", ["state"], registry=r)
        self._switched = Gauge("lifeboat_switched", "Storefronts that are switched to us by a person", registry=r)
        self._asked_at = -REMEMBER
        self._reading: Question[None] = Question("figures", self._try, unanswered=None)

    async def refresh(self) -> None:
        """Read the store, unless that was done a moment ago or it does not answer."""
        self._spooled.set(self._process.spool_depth)
        self._aside.set(self._process.spool_quarantined)
        self._troubles.clear()
        for trouble in self._process.troubles:
            self._troubles.labels(trouble.code).set(1)
        if time.monotonic() - self._asked_at < REMEMBER or self._process.commit.away_because is not None:
            return
        self._asked_at = time.monotonic()
        await self._reading.answer(within=ASK_WITHIN)

    def _try(self) -> None:
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - the store is away: the door's own figures still count
            log.warning("figures_not_refreshed", reason=type(error).__name__)

    def _read(self) -> None:
        now, s = self._boat.clock.now(), self._boat.settings
        with self._boat.store.reading() as uow:
            self._messages.clear()  # a state nobody is in any more must not keep its last figure
            for (channel, state), count in uow.messages.count_unfinished().items():
                self._messages.labels(channel, state).set(count)
            self._uncomposed.set(uow.orders.uncomposed_count())
            self._unsettled.set(uow.passed_on.unsettled())
            main = main_standing(uow, asked=bool(s.main_asked), zone=s.zone, now=now)
            self._main.clear()
            if main is not None:
                for state in MainState:
                    self._main.labels(state.value).set(state is main.state)
            self._switched.set(len(uow.switched.now(now)))
            oldest, last = uow.orders.longest_waiting_since(), uow.batches.last_published_at()
        self._oldest.set((now - oldest).total_seconds() if oldest else 0)
        self._batch_age.set((now - last).total_seconds() if last else 0)
