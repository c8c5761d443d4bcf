"""Runs one web process: what is done at its start, the loops that keep its parts fresh, and what is done at its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from app.bootstrap import ForeignSecrets, Lifeboat, situation_of
from app.bootstrap.silence import tell_of_silence
from app.domain.passed_on import HEARD
from app.intake.drain import Drained, StoreRefuses, drain_once
from app.store.main_standing import main_standing
from app.store.spool.file import Spool, spool_files
from app.watch.patrol import keep_alerts, look
from app.watch.rules import RULES, WORKER_SILENT
from app.watch.rules.worker_silent import silence_of_worker
from app.web.parts import Parts
from app.web.threads import on_a_thread

log = structlog.get_logger()

DRAIN_EVERY = 1.0
"""Seconds between looks into the spool folder: a directory listing where it is empty."""

LOOK_OUT_EVERY = 10.0
"""Seconds between looks at whether a rule of the watch finds anything."""

PREPARE_WITHIN = 10.0
"""Seconds for migrations at the start; a slower database is prepared later, and the spool serves meanwhile."""


class Runtime:
    """The loops of one web process over its parts."""

    def __init__(self, parts: Parts) -> None:
        self.boat, self.state = parts.boat, parts.state
        self.commit, self.writer = parts.order_path.commit, parts.order_path.writer
        self.access, self.proxies = parts.door.access, parts.door.proxies
        self.bodies = (parts.door.bodies, parts.uploads.bodies)
        self.spool_dir = parts.boat.settings.spool_dir
        self._checkpoints = parts.order_path.checkpoints
        self._prepared = False
        self._preparing: asyncio.Task[None] | None = None
        self.drain_every = DRAIN_EVERY

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start everything; on the way out write what waits before anything is let go."""
        self.commit.start()
        await self._prepare()
        await self.access.refresh()
        if self._checkpoints is not None:
            self._checkpoints.start()
        loops = [
            asyncio.create_task(self.access.keep_fresh()),
            asyncio.create_task(self._keep_draining()),
            asyncio.create_task(self._keep_cutting_off()),
            asyncio.create_task(self._keep_looking_out()),
            asyncio.create_task(self._keep_telling_of_silence()),
        ]
        try:
            yield
        finally:
            try:
                await self.commit.close()
            finally:  # whatever a mistake of ours breaks there, the rest is ended in order
                for loop in loops:
                    loop.cancel()
                await asyncio.gather(*loops, return_exceptions=True)
                if self._checkpoints is not None:
                    await on_a_thread("checkpoints stop", self._checkpoints.stop)
                self.boat.close()

    async def _prepare(self) -> None:
        """Migrate; where the database is away, go on without it: that is what the spool is for."""
        try:
            if self._preparing is None or self._preparing.done():  # one that hangs is waited for again, not doubled
                self._preparing = asyncio.create_task(on_a_thread("prepare", self.boat.prepare_store))
            await asyncio.wait_for(asyncio.shield(self._preparing), PREPARE_WITHIN)
            self._prepared = True
        except ForeignSecrets:
            raise
        except Exception as error:  # noqa: BLE001 - refused, locked, hung: all the same to an order at the door
            log.error("store_not_prepared", reason=type(error).__name__)  # noqa: TRY400 - the reason says it all

    async def _keep_draining(self) -> None:
        while True:
            await asyncio.sleep(self.drain_every)
            if self.commit.away_because is not None:
                self.state.spool_depth = await on_a_thread("spool depth", lambda: _depth(self.spool_dir))
                continue
            if not self._prepared:
                await self._prepare()
                continue
            try:
                await self.drain()
            except StoreRefuses:
                continue
            except Exception as error:  # noqa: BLE001 - a locked or full spool is drained at the next look; this loop must not die
                log.error("spool_not_drained", reason=type(error).__name__)  # noqa: TRY400 - the reason says it all

    async def _keep_cutting_off(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for bodies in self.bodies:
                bodies.cut_off_overdue()

    async def _keep_looking_out(self) -> None:
        while True:
            await asyncio.sleep(LOOK_OUT_EVERY)
            if self.commit.away_because is None:
                await on_a_thread("look out", self._look_out)

    async def _keep_telling_of_silence(self) -> None:
        """Tell the groups where the worker cannot, on a thread with a loop of its own, so that no order waits."""
        while True:
            await asyncio.sleep(LOOK_OUT_EVERY)
            if self.commit.away_because is not None:
                continue
            try:
                await on_a_thread("tell of silence", lambda: tell_of_silence(self.boat))
            except Exception as error:  # noqa: BLE001 - tried again at the next look; this loop must not die
                log.error("silence_not_told", reason=type(error).__name__)  # noqa: TRY400 - the reason says it all

    def _look_out(self) -> None:
        """Ask every rule, for health checks and figures; tell of what concerns this machine, or a silent worker."""
        situation = situation_of(self.boat, spool=self.state.spool)
        found = look(RULES, situation)
        self.state.troubles = tuple(
            trouble for one in found if not one.rule.of_machine for trouble in one.troubles or ()
        )
        with suppress(Exception):  # as below
            self.state.worker_silence = silence_of_worker(situation)
        here = [one for one in found if one.rule.of_machine]
        # A store that does not answer is the group commit's to notice; one alert that cannot be kept stops no other.
        with suppress(Exception):
            keep_alerts(here, situation, machine=self.boat.machine)
        with suppress(Exception):
            keep_alerts([one for one in found if one.rule is WORKER_SILENT], situation)
        with suppress(Exception):
            self._look_at_main()

    def _look_at_main(self) -> None:
        """Learn how the main system stands, for health checks; note that a proxy has handed over, where one has."""
        boat, now = self.boat, self.boat.clock.now()
        with boat.store.reading() as uow:
            self.state.main = main_standing(uow, asked=bool(boat.settings.main_asked), zone=boat.settings.zone, now=now)
        if self.proxies.heard:
            self.proxies.heard = False
            with boat.store.writing() as uow:
                uow.jobs.beat(HEARD, now=now, holder=boat.holder)

    async def drain(self) -> Drained:
        """Bring what the spool holds into the store."""
        drained = await on_a_thread(
            "drain",
            lambda: drain_once(
                self.spool_dir,
                store=self.writer,
                clock=self.boat.clock,
                max_bytes=self.boat.settings.spool_max_bytes,
            ),
        )
        self.boat.metrics.drained.inc(drained.brought)
        self.state.spool_depth, self.state.spool_quarantined = drained.waiting, drained.quarantined
        if drained.brought:
            log.info("spool_drained", orders=drained.brought)
        if sentence := _sentence(drained):
            await on_a_thread("tell", lambda: _tell(self.boat, sentence))
        return drained


def _tell(boat: Lifeboat, sentence: str) -> None:
    """Tell the group what became of the spool."""
    with boat.store.writing() as uow:
        uow.alerts.tell("spool_drained", text=sentence, now=boat.clock.now(), subject=boat.machine)


def _sentence(drained: Drained) -> str:
    """Return what the group should hear of a drain, nothing where nothing happened."""
    parts = []
    if drained.brought:
        parts.append(f"数据库曾不可用，{drained.brought} 笔订单经本地暂存受理，现已写入数据库。")
    if drained.damaged:
        parts.append(f"暂存文件损坏，已另存，请用 lifeboat spool salvage 抢救：{'、'.join(drained.damaged)}。")
    return "".join(parts)


def _depth(folder: Path) -> int:
    return sum(len(Spool.peek(path)) for path in spool_files(folder))
