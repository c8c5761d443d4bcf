"""Runs a worker: the loops and the calendar of the timetable, until told to stop."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog
from pydantic import SecretStr

from app.batch.maker import MakeOutcome, NotBegun, Postponed
from app.bootstrap import ForeignSecrets, Lifeboat, batch_maker, open_channels, open_robots, policy_of
from app.bootstrap.sources import OpenSources
from app.channels.probe import ping, probe_all
from app.notify.compose import Composer
from app.notify.dispatch.draw import CouponRules
from app.notify.dispatch.email import MailDispatcher
from app.notify.dispatch.group import GroupDispatcher
from app.notify.dispatch.sms import SmsDispatcher
from app.notify.dispatch.sweep import sweep_once
from app.notify.duty import tell_duty
from app.notify.tell_on import tell_on
from app.reconcile.goods import count_ended_goods
from app.store.audit_chain import MOST_IN_BLOCK, chain_once
from app.watch.systemic.dependencies import note_probes
from app.worker.alone import Alone
from app.worker.calendar import Calendar, NotDone
from app.worker.dead_man import DeadMan
from app.worker.failover import Failover
from app.worker.guard import LOOK_EVERY, Guard
from app.worker.leader import RENEW_EVERY, Leadership
from app.worker.loops import keep_doing, pause
from app.worker.patrol import Patrol
from app.worker.sources import source_loops
from app.worker.tidy import Tidy
from app.worker.timetable import Steps, calendar, timetable
from app.worker.way_home import WayHome

log = structlog.get_logger()

PREPARE_AGAIN_AFTER = 2.0

LONGEST_COURTESY = 0.5
"""Seconds the composer stands back at most; a lock held longer than that was held by a busy machine."""

MOST_BLOCKS = 20
"""Blocks of the audit's chain in one run: ten thousand deeds in a few seconds, and again five minutes later."""

PATROL_TOLD_EVERY = timedelta(minutes=5)
"""How often a switch hears of the patrol; set its period to five minutes and its grace to ten."""


class CalendarSilent(Exception):
    """The scheduler fell silent and did not wake up; a new process begins with a new one."""


async def work(boat: Lifeboat, stop: asyncio.Event, *, on_silence: Callable[[], None] | None = None) -> None:
    """Work until ``stop``; what is in hand is finished first.

    Raises:
        CalendarSilent: the worker stopped by itself; ``on_silence`` was called when that began.
    """
    await _prepare(boat, stop)
    leadership = Leadership(boat.store, boat.clock, holder=boat.holder)
    worker = Worker(boat)
    steps, zone, silent = worker.steps(), boat.settings.zone, asyncio.Event()
    appointments = calendar(batch_every=boat.settings.batch_every, zone=zone)
    schedule = Calendar(
        boat.store, boat.clock, appointments=appointments, steps=steps, leads=lambda: leadership.is_mine, zone=zone
    )

    def give_up() -> None:
        for tell in (silent.set, stop.set, on_silence):
            if tell is not None:
                tell()

    guard = Guard(boat.store, boat.clock, schedule, holder=boat.holder, give_up=give_up)
    jobs = [
        keep_doing(job.name, leadership.only(job.step) if job.leader_only else job.step, rest=job.rest, stop=stop)
        for job in timetable(steps)
    ]
    opened = OpenSources(boat)
    guard.start()
    log.info("worker_started")
    try:
        await asyncio.gather(
            keep_doing("leader", leadership.renew, rest=RENEW_EVERY, stop=stop),
            keep_doing("guard", guard.look, rest=LOOK_EVERY, stop=stop),
            *jobs,
            *source_loops(opened, leadership, stop),
        )
    finally:
        await schedule.aclose()
        await worker.aclose()
        await opened.aclose()
        if leadership.is_mine:
            await asyncio.to_thread(leadership.give_up)
    log.info("worker_stopped")
    if silent.is_set():
        raise CalendarSilent


async def _prepare(boat: Lifeboat, stop: asyncio.Event) -> None:
    """Wait for the database: orders are safe without a worker, so there is no hurry and no giving up."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(boat.prepare_store)
        except ForeignSecrets:
            raise
        except Exception as error:  # noqa: BLE001 - refused, locked, hung: all the same
            log.error("store_not_prepared", reason=type(error).__name__)  # noqa: TRY400 - the reason says it all
            await pause(PREPARE_AGAIN_AFTER, stop)
        else:
            return


class Worker:
    """The steps of one worker, wired."""

    def __init__(self, boat: Lifeboat) -> None:
        self._boat = boat
        policy = policy_of(boat.live)
        self._set = self._set_robots = boat.live
        self._ways = ways = open_channels(self._set, boat.clock)
        self._robots = ways.robots
        store, clock, keyring = boat.store, boat.clock, boat.keyring
        self._composer = Composer(store, keyring, policy, clock)
        self._layout, self._maker = boat.live.batch_columns, batch_maker(boat)
        self._patrol, self._failover = Patrol(boat), Failover(boat)
        self._batches, self._chain, self._tidy = Alone(), Alone(), Tidy(boat, self._stand_back)
        self._groups = GroupDispatcher(store, clock, ways.robots, keyring=boat.keyring)
        self._sms = SmsDispatcher(
            store,
            keyring,
            clock,
            ways.sms,
            dry_run=ways.dry_sms,
            per_day=policy.sms_per_day,
            per_client=policy.sms_per_client_per_day,
            coupons=CouponRules(
                per_client_per_hour=policy.coupons_per_client_per_hour,
                zone=policy.zone,
                own_template=policy.coupon == "separate" or policy.coupon_template,
            ),
        )
        self._mail = MailDispatcher(store, clock, ways.mail, to=policy.alert_emails, keyring=keyring)
        self._way_home = WayHome(boat)
        self._patrolled = self._dead_man("patrol", boat.settings.ping_url, every=PATROL_TOLD_EVERY)
        self._batched = self._dead_man("batch", boat.settings.ping_batch_url, every=boat.settings.batch_every)

    def steps(self) -> Steps:
        """Return what this worker can do."""
        return Steps(
            compose=self._compose,
            goods=lambda: asyncio.to_thread(count_ended_goods, self._boat.store),
            groups=self._send_to_groups,
            sms=self._sms.run_once,
            settle=self._sms.settle_once,
            mail=self._send_mail,
            batch=self._look_for_batches,
            batch_on_time=self._batch_on_time,
            sweep=lambda: asyncio.to_thread(self._sweep),
            watch=lambda: asyncio.to_thread(self._watch),
            duty=lambda: asyncio.to_thread(self._tell, tell_duty),
            escalate=lambda: asyncio.to_thread(self._tell, tell_on),
            chain_audit=self._chain_audit,
            forget_runs=self._tidy.forget_runs,
            purge=self._tidy.purge,
            own_orders=self._tidy.tell_own_orders,
            changes=self._tidy.publish_changes,
            tell_dead_men=self._tell_dead_men,
            probe=self._probe,
            look_up=self._way_home.look_up,
            replay=self._way_home.replay,
            ask_main=self._failover.ask_main,
            switches=self._failover.keep_switches,
        )

    async def aclose(self) -> None:
        """Let go of the channels."""
        await self._ways.aclose()
        await self._way_home.aclose()
        if self._robots is not self._ways.robots:
            for robot in self._robots.values():
                await robot.aclose()

    async def _send_to_groups(self) -> int:
        """Send through the robots that are set now; no other loop uses them, so none is closed while it sends."""
        now_set = await asyncio.to_thread(lambda: self._boat.live)
        if now_set.robots != self._set_robots.robots:
            before, self._robots = self._robots, open_robots(now_set, self._boat.clock)
            self._groups = GroupDispatcher(self._boat.store, self._boat.clock, self._robots, keyring=self._boat.keyring)
            log.info("robots_changed", robots=len(self._robots))
            for robot in before.values():
                await robot.aclose()
        self._set_robots = now_set
        return await self._groups.run_once()

    async def _send_mail(self) -> int:
        """Send to the addresses that are set now."""
        to = (await asyncio.to_thread(lambda: self._boat.live)).alert_emails
        return await self._mail.run_once(to=to)

    def _compose_now(self) -> int:
        """Compose for whoever is to be told now."""
        if (now_set := self._boat.live) is not self._set:
            self._set = now_set
            self._composer = Composer(self._boat.store, self._boat.keyring, policy_of(now_set), self._boat.clock)
        return self._composer.run_once()

    async def _compose(self) -> int:
        """Compose a page, then leave SQLite's lock alone for as long as it was held at most.

        The lock is no queue. The door looks again four times a millisecond, but a command of IT's, or a page of the
        console, waits the ordinary way and looks again after a tenth of a second; a worker with a backlog that took the
        lock again at once would keep those out for seconds.
        """
        began = time.monotonic()
        composed = await asyncio.to_thread(self._compose_now)
        if composed:
            await self._stand_back(began)
        return composed

    async def _stand_back(self, began: float) -> None:
        """Leave SQLite's lock to others for as long as it was held since ``began`` at most."""
        if self._boat.engines.is_sqlite:
            await asyncio.sleep(min(time.monotonic() - began, LONGEST_COURTESY))

    async def _chain_audit(self) -> int:
        """Chain the audit, a block a transaction, until nothing is left; a flood of deeds takes several runs."""
        chained = 0
        for _ in range(MOST_BLOCKS):
            began = time.monotonic()
            deeds = await self._chain.run(lambda: chain_once(self._boat.store, now=self._boat.clock.now()))
            chained += deeds
            if deeds < MOST_IN_BLOCK:
                break
            await self._stand_back(began)
        return chained

    async def _look_for_batches(self) -> int:
        await self._batches.run(self._make_batches)
        return 0  # one look a tick, however much it found

    async def _batch_on_time(self) -> int:
        """Make what is due; the run of the calendar has failed if a batch could not be finished."""
        outcomes = await self._batches.run(self._make_batches)
        if postponed := "、".join(outcome.name for outcome in outcomes if isinstance(outcome, Postponed)):
            raise NotDone(f"{postponed} 未能写出，稍后自动重试")
        if reasons := "；".join(outcome.reason for outcome in outcomes if isinstance(outcome, NotBegun)):
            raise NotDone(f"批次未能开始，{reasons}")
        self._batched.work_is_done(on_time=True)
        return 0

    def _make_batches(self) -> list[MakeOutcome]:
        with suppress(Exception):  # what cannot be told must not keep batches from being made
            self._watch()  # a worker that was away tells that batches are late before it makes them
        if self._boat.live.batch_columns != self._layout:
            self._layout, self._maker = self._boat.live.batch_columns, batch_maker(self._boat)
        outcomes = self._maker.run_once(self._boat.clock.now())
        if not any(isinstance(one, Postponed | NotBegun) for one in outcomes):
            self._batched.work_is_done()
        return outcomes

    def _sweep(self) -> int:
        set_now = self._boat.kept.now(at_once=True).settings  # else a robot just added looks like one that is gone
        sweep_once(self._boat.store, policy_of(set_now), self._boat.clock)
        return 0

    def _tell(self, verb: Callable[..., int]) -> int:
        verb(self._boat.store, self._boat.keyring, policy_of(self._boat.live), now=self._boat.clock.now())
        return 0  # one look a tick, however much it told

    def _watch(self) -> int:
        """Go on patrol; a round in which a rule could not look is not complete, and nobody is told of it."""
        if self._patrol.go_round():
            self._patrolled.work_is_done()
        return 0

    def _dead_man(self, name: str, url: SecretStr, *, every: timedelta) -> DeadMan:
        async def tell() -> str:
            return await ping(url.get_secret_value(), hosts=self._boat.settings.watch_hosts)

        return DeadMan(name, tell, every=every, store=self._boat.store, clock=self._boat.clock)

    async def _tell_dead_men(self) -> int:
        """Tell the switches there are; none waits for the other."""
        chosen = ((self._boat.settings.ping_url, self._patrolled), (self._boat.settings.ping_batch_url, self._batched))
        there = [switch.run_once() for url, switch in chosen if url.get_secret_value()]
        await asyncio.gather(*there)
        return 0

    async def _probe(self) -> int:
        """Call each dependency once."""
        if probed := self._boat.settings.probed:
            probes = await probe_all(probed, hosts=self._boat.settings.watch_hosts)
            await asyncio.to_thread(note_probes, self._boat.store, probes, at=self._boat.clock.now())
        return 0
