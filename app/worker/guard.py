"""Watches the calendar from outside: a loop of its own, on the monotonic clock, that looks once a minute.

An exception out of the scheduler's own loop leaves it without a timer, alive and silent for ever, and a clock that was
set back leaves it asleep. Neither shows in the scheduler; both show here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.domain.clock import Clock
from app.store.repositories.jobs import WORKER
from app.store.unit_of_work import Store
from app.worker.alone import Alone
from app.worker.calendar import Calendar

log = structlog.get_logger()

LOOK_EVERY = 60.0
"""Seconds between two looks: the scheduler proves once a minute that it is alive."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When the guard does something. Silence is counted in looks: a machine that slept for an hour has missed one."""

    clock_step: timedelta = timedelta(seconds=30)  # above what a busy minute, or a clock being slewed, can look like
    wake_after: int = 3  # looks without a sign of life; one or two happen when a firing falls beside a look
    give_up_after: int = 5  # two attempts at waking it have not helped; batches are still made by the ten-second look
    write_within: float = 30.0  # seconds for the heartbeat's row, below the minute until the next


class Guard:
    """Compares the clocks, listens to the scheduler, and writes down that this worker is alive."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        calendar: Calendar,
        *,
        holder: str,
        give_up: Callable[[], None],
        patience: Patience = Patience(),
    ) -> None:
        self._store = store
        self._clock = clock
        self._calendar = calendar
        self._holder = holder
        self._give_up = give_up
        self._patience = patience
        self._rows = Alone()
        self._looked_at: tuple[datetime, float]
        self._heard = 0
        self._silent = 0

    def start(self) -> None:
        """Start the calendar, whose first times are reckoned by the clocks as they are now."""
        self._looked_at = self._clocks()
        self._calendar.start()

    async def look(self) -> int:
        """Look once."""
        stepped = self._clock_stepped()
        if stepped or self._too_silent():
            self._set_right()
        await self._beat()
        return 0

    def _clock_stepped(self) -> bool:
        """Tell whether the wall clock has gone another way than the monotonic one since the last look."""
        before, self._looked_at = self._looked_at, self._clocks()
        ahead = (self._looked_at[0] - before[0]) - timedelta(seconds=self._looked_at[1] - before[1])
        if abs(ahead) <= self._patience.clock_step:
            return False
        log.warning("clock_step", seconds=round(ahead.total_seconds()))
        return True

    def _clocks(self) -> tuple[datetime, float]:
        return self._clock.now(), asyncio.get_running_loop().time()

    def _too_silent(self) -> bool:
        """Tell whether the scheduler needs waking; one that does not wake up is given up."""
        heard, self._heard = self._heard, self._calendar.proofs
        self._silent = 0 if self._heard > heard else self._silent + 1
        if self._silent > self._patience.give_up_after:
            log.error("calendar_given_up", looks=self._silent)
            self._give_up()
        elif self._silent > self._patience.wake_after:
            log.warning("calendar_silent", looks=self._silent)
        return self._silent > self._patience.wake_after

    def _set_right(self) -> None:
        try:
            self._calendar.set_right()
        except Exception:
            log.exception("calendar_not_set_right")

    async def _beat(self) -> None:
        """Write the heartbeat; a database that is away must not make the looks come faster."""
        try:
            async with asyncio.timeout(self._patience.write_within):
                await self._rows.run(self._write)
        except Exception as error:  # noqa: BLE001 - refused, locked, hung: all the same
            log.error("heartbeat_not_written", reason=type(error).__name__)  # noqa: TRY400 - the reason says it all

    def _write(self) -> None:
        with self._store.writing() as uow:
            uow.jobs.beat(WORKER, now=self._clock.now(), holder=self._holder)
