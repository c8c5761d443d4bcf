"""What a deployment does again and again, measured in this process: processor time, so that a busy machine matters little."""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.bootstrap import batch_maker, open_channels, policy_of, situation_of
from app.domain.actor import SYSTEM
from app.notify.compose import Composer
from app.notify.dispatch.email import MailDispatcher
from app.notify.dispatch.group import GroupDispatcher
from app.notify.dispatch.sms import SmsDispatcher
from app.notify.dispatch.sweep import sweep_once
from app.orders.timeline import time_line
from app.store.commit.order_writer import NewOrder
from app.store.database.engine import ping
from app.store.ledger import ledger_of
from app.store.reach import STANDARD
from app.store.repositories.overview import OrderFilter
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork
from app.watch.patrol import look
from app.watch.rules import RULES
from app.web.console.dashboard_figures import DashboardFigures
from benchmarks.growth.deployment import Deployment, later
from benchmarks.growth.seed import HELD
from benchmarks.load import BODY

COMMIT = 64
"""Orders of one commit: what a busy door collects."""

RECENT = 4_000
"""Orders of about the last half hour."""

Measured = dict[str, float]
"""Milliseconds of processor time by name."""


class Everyday:
    """Measures one deployment; ``waiting`` orders wait in each round, however long the past is."""

    def __init__(self, deployment: Deployment, *, waiting: int) -> None:
        self._d = deployment
        self._boat = boat = deployment.boat
        self._waiting = waiting
        self._chance = random.Random(7)  # noqa: S311 - which orders are looked up is no secret
        self._phones = random.Random()  # noqa: S311 - other customers in each run, who are yet to hear from us
        self._policy = policy_of(boat.settings)
        self._ways = open_channels(boat.settings, boat.clock)
        self._composer = Composer(boat.store, boat.keyring, self._policy, boat.clock)
        self._maker = batch_maker(boat)
        self._figures = DashboardFigures(boat)
        self._writer = boat.writer()
        self._serial = 0
        store, clock, ways = boat.store, boat.clock, self._ways
        self._groups = GroupDispatcher(store, clock, ways.robots)
        dry = ways.dry_sms
        self._sms = SmsDispatcher(store, boat.keyring, clock, dry, dry_run=dry, per_day=10**9, per_client=10**9)
        self._mail = MailDispatcher(store, clock, None, to=())

    def settle(self) -> None:
        """Bring to rest what an earlier measurement left: everything composed and batched, nothing to be sent."""
        while self._composer.run_once():
            pass
        self._maker.run_once(self._boat.clock.now(), by=SYSTEM)
        self._deliver_all()
        with self._boat.store.reading() as uow:
            looks = uow.overview.newest_order_id() // (STANDARD.chunk * STANDARD.chunks_a_look)
        for _ in range(looks + 2):  # the home page's running count catches up, as it does in the minutes after a start
            self._home()

    def round(self) -> Measured:
        """Do everything once and return what each took."""
        later(self._d, timedelta(minutes=31))
        found: Measured = {}
        orders = [self._order() for _ in range(self._waiting)]
        found["commit, an order"] = self._measure(lambda: self._commit(orders), per=len(orders))
        found["compose, an order"] = self._measure(self._compose_all, per=self._waiting)
        later(self._d, timedelta(minutes=1))
        found["send to the groups"] = self._measure(lambda: asyncio.run(self._groups.run_once()))
        found["send 20 text messages"] = self._measure(lambda: asyncio.run(self._sms.run_once()), times=3)
        self._deliver_all()
        found["nothing to send"] = self._measure(self._look_for_messages, times=10)
        found["sweep"] = self._measure(self._sweep, times=10)
        found["look out, for /readyz"] = self._measure(self._look_out, times=10)
        found["home page"] = self._measure(self._home, times=10)
        found["/metrics"] = self._measure(self._metrics, times=10)
        found[f"tick of {self._waiting:,}"] = self._measure(self._tick)
        found["tick without work"] = self._measure(self._idle_tick, times=10)
        found["an order's page"] = self._measure(self._order_page, times=50)
        found["an order's page, from any time"] = self._measure(lambda: self._order_page(recent=False), times=50)
        found["search by phone"] = self._measure(self._by_phone, times=50)
        found["search by number"] = self._measure(self._by_number, times=50)
        found["search by shop's number"] = self._measure(self._by_shop_number, times=50)
        found["order lists"] = self._measure(self._lists, times=10)
        found["ledger"] = self._measure(self._ledger, times=5)
        return found

    def ledger_seconds(self, *, full: bool) -> tuple[float, Any]:
        """Return how long the ledger took by the wall clock, and the ledger."""
        began = time.perf_counter()
        found = ledger_of(self._boat.store, spool_dir=self._d.folder / "spool", full=full)
        return time.perf_counter() - began, found

    # ---- what is measured ------------------------------------------------------------------------------------------

    @staticmethod
    def _measure(what: Callable[[], object], *, times: int = 1, per: int = 1) -> float:
        began = time.process_time_ns()
        for _ in range(times):
            what()
        return (time.process_time_ns() - began) / 1e6 / times / per

    def _order(self) -> NewOrder:
        self._serial += 1
        key = f"G-{self._d.clock.at.timestamp():.0f}-{self._serial}"
        return self._d.prepared(BODY.format(key=key, phone=self._phones.randrange(10**8)), key=key)

    def _commit(self, orders: list[NewOrder]) -> None:
        for at in range(0, len(orders), COMMIT):
            part = orders[at : at + COMMIT]
            self._writer.write(part, [self._d.clock.now()] * len(part))

    def _compose_all(self) -> None:
        composed = 0
        while some := self._composer.run_once():
            composed += some
        assert composed == self._waiting, composed

    def _deliver_all(self) -> None:
        with self._boat.engines.writer.begin() as connection:
            connection.execute(
                text("UPDATE message SET state = 'simulated' WHERE state IN ('pending', 'sending', 'settling')")
            )

    def _look_for_messages(self) -> None:
        async def look() -> None:
            assert not await self._groups.run_once()
            assert not await self._sms.run_once()
            await self._sms.settle_once()
            assert not await self._mail.run_once()

        asyncio.run(look())
        assert not self._composer.run_once()

    def _sweep(self) -> None:
        sweep_once(self._boat.store, self._policy, self._boat.clock)

    def _look_out(self) -> None:
        look(RULES, situation_of(self._boat))
        ping(self._boat.engines)

    def _home(self) -> None:
        later(self._d, timedelta(seconds=2))  # else it remembers
        self._figures.figures()

    def _metrics(self) -> None:
        with self._boat.store.reading() as uow:
            uow.messages.count_unfinished()
            uow.orders.uncomposed_count()
            uow.orders.longest_waiting_since()
            uow.batches.last_published_at()

    def _tick(self) -> None:
        later(self._d, timedelta(minutes=31))
        outcomes = self._maker.run_once(self._boat.clock.now())
        assert len(outcomes) == 1, outcomes

    def _idle_tick(self) -> None:
        assert not self._maker.run_once(self._boat.clock.now())

    def _some_order(self, uow: UnitOfWork, *, recent: bool = True) -> OrderRow:
        """Return one of the last orders of the past, whom customers ask about, or one of all, whose pages are cold."""
        newest = self._d.past - HELD
        return uow.orders.get(self._chance.randint(newest - RECENT if recent else 1, newest))

    def _order_page(self, *, recent: bool = True) -> None:
        with self._boat.store.reading() as uow:
            row = uow.orders.numbered(self._some_order(uow, recent=recent).number)
            assert row is not None
            assert len(time_line(uow, row)) > 1
            uow.batches.of_order(row.id or 0)

    def _by_phone(self) -> None:
        with self._boat.store.reading() as uow:
            assert uow.search.of_customer(self._some_order(uow).phone_index)

    def _by_number(self) -> None:
        with self._boat.store.reading() as uow:
            number = self._some_order(uow).number
            assert uow.search.numbered([number])
            assert uow.search.beginning(number[:13])

    def _by_shop_number(self) -> None:
        with self._boat.store.reading() as uow:
            assert uow.search.of_shop_number(self._some_order(uow).client_order_id or "")

    def _lists(self) -> None:
        with self._boat.store.reading() as uow:
            mine = uow.incidents.latest()
            assert mine is not None
            assert uow.overview.orders(OrderFilter(incident_id=mine.id)).rows
            assert uow.overview.orders(OrderFilter(state="held", incident_id=mine.id)).rows
            assert uow.overview.orders(OrderFilter(priority="high", incident_id=mine.id)).rows
            newest, *_ = uow.batches.page()
            assert uow.overview.orders(OrderFilter(batch_id=newest.id)).rows
            assert uow.overview.messages(()).rows

    def _ledger(self) -> None:
        assert ledger_of(self._boat.store, spool_dir=self._d.folder / "spool").balanced
