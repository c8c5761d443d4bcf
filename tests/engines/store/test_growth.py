"""However long the past, what is asked every day costs the same: no question walks what is done and over."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from app.batch.maker import Published
from app.bootstrap import situation_of
from app.domain.states import OrderState
from app.notify.dispatch.email import MailDispatcher
from app.notify.dispatch.group import GroupDispatcher
from app.notify.dispatch.sms import SmsDispatcher
from app.notify.dispatch.sweep import sweep_once
from app.orders.timeline import time_line
from app.reconcile.goods import count_ended_goods
from app.store.database.engine import Engines
from app.store.ledger import ledger_of
from app.store.reach import Reach
from app.store.repositories.overview import OrderFilter
from app.store.tables import METADATA
from app.watch.patrol import look
from app.watch.rules import RULES
from app.web.console.dashboard_figures import DashboardFigures
from app.web.console.todo import BATCHES_LOOKED_AT
from tests.deployment import Deployment
from tests.deployment.emptied import truncate_postgresql
from tests.deployment.facts import KEYS, hours, minutes, seconds
from tests.deployment.notices import ROBOT, a_policy
from tests.deployment.orders import new_order
from tests.engines.long_past import BATCH, add_past
from tests.fakes.channels import FakeMail, FakeRobot, FakeSms


@pytest.fixture(autouse=True)
def _no_pages_of_other_tests(engines: Engines) -> None:
    """A plan goes by the size of a table, also of one that is empty again."""
    truncate_postgresql(engines)


GREAT = {"orders", "message", "attempt", "batch_order", "import_result", "main_number", "coupon", "order_goods"}
"""Tables that grow with every order."""

SMALL = {
    *("order_held", "order_uncomposed", "order_unbatched", "message_open", "message_dead", "message_settling"),
    *("coupon_free", "batch_unfinished", "batch_unannounced"),
}
"""Indexes of what is still to be done, which may be read from end to end."""


class Everyday:
    """Everything a deployment does again and again, with the same few orders waiting however long the past is."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        deployment.store.reach = Reach(one_by_one=0)  # the ledger uses its kept counts also in a short past
        self.boat, self.settings = deployment.boat, deployment.settings
        self.lookout = DashboardFigures(self.boat)
        self._serial = 0

    def steps(self) -> dict[str, Callable[[], object]]:
        """Return what is done, by name; in this order each finds something to do."""
        return {
            "compose": self._compose,
            "send to groups": self._groups,
            "send text messages": self._sms,
            "send e-mail": lambda: asyncio.run(self._mail().run_once()),
            "sweep": lambda: sweep_once(self.deployment.store, a_policy(), self.deployment.clock),
            "look out": self._look_out,
            "make a batch": self._tick,
            "home page": self._home,
            "a look for browsers": self._glance,
            "metrics": self._metrics,
            "ledger": lambda: ledger_of(self.deployment.store, spool_dir=self.settings.data_dir / "spool"),
            "an order's page": self._order_page,
            "searches": self._searches,
            "searches by an end": self._searches_by_an_end,
            "lists": self._lists,
            "goods": self._goods,
        }

    def arrive(self, count: int = 20) -> None:
        """Let new orders come in."""
        self._serial += 1
        serial = self._serial
        self.deployment.door.take(*(new_order(f"N{serial}-{n}", phone=f"138{serial:04d}{n:04d}") for n in range(count)))

    def _compose(self) -> None:
        composer = self.deployment.notices.composer(a_policy())
        assert composer.run_once() == 20
        assert composer.run_once() == 0

    def _groups(self) -> None:
        robot = FakeRobot(clock=self.deployment.clock)
        sender = GroupDispatcher(self.deployment.store, self.deployment.clock, {ROBOT: robot})
        self.deployment.clock.at += minutes(1)  # what waits longer than a moment is merged
        assert asyncio.run(sender.run_once())

    def _sms(self) -> None:
        sms = FakeSms()
        caps = {"per_day": 10_000, "per_client": 10_000}
        sender = SmsDispatcher(self.deployment.store, KEYS, self.deployment.clock, sms, dry_run=sms, **caps)
        assert asyncio.run(sender.run_once())
        asyncio.run(sender.settle_once())

    def _look_out(self) -> None:
        assert all(one.troubles is not None for one in look(RULES, situation_of(self.boat)))

    def _mail(self) -> MailDispatcher:
        return MailDispatcher(self.deployment.store, self.deployment.clock, FakeMail(), to=("a@example.com",))

    def _tick(self) -> None:
        outcomes = self.deployment.maker.run(self.deployment.clock.now() + minutes(30))
        assert any(isinstance(outcome, Published) for outcome in outcomes)

    def _home(self) -> None:
        for _ in range(3):  # the running count catches up with the past, then only looks at what is fresh
            self.deployment.clock.at += seconds(1)
            assert self.lookout.figures().accepted

    def _glance(self) -> None:
        with self.deployment.store.reading() as uow:
            assert uow.glance.take(now=self.deployment.clock.now()).marks["orders"]

    def _metrics(self) -> None:
        with self.deployment.store.reading() as uow:
            uow.messages.count_unfinished()
            uow.orders.uncomposed_count()
            uow.orders.longest_waiting_since()
            assert uow.batches.last_published_at()

    def _order_page(self) -> None:
        with self.deployment.store.reading() as uow:
            row = uow.orders.numbered("LBP0000000007")
            assert row is not None
            assert uow.batches.of_order(row.id or 0)
            assert time_line(uow, row)
            uow.results.last_words(1, [7])
            uow.batches.high_in(1)
            uow.results.counts(1)

    def _searches(self) -> None:
        with self.deployment.store.reading() as uow:
            assert uow.search.of_customer((7).to_bytes(16))
            assert uow.search.of_shop_number("T7")
            assert uow.search.beginning("LBP00000000", limit=5)
            assert uow.search.numbered(["LBP0000000007"])

    def _searches_by_an_end(self) -> None:
        with self.deployment.store.reading() as uow:
            assert len(uow.search.ending("000007")) == 1
            assert len(uow.search.ending("000007", last4="0007")) >= 1
            assert uow.search.of_last4("0007")
            assert uow.search.of_buyer("LBP0000000007", last4="0007")
            assert uow.search.of_main_number("M7")

    def _lists(self) -> None:
        with self.deployment.store.reading() as uow:
            for wanted in (OrderFilter(incident_id=2), OrderFilter(), OrderFilter(batch_id=1, state="imported")):
                assert uow.overview.orders(wanted, size=5).rows
            for state in ("held", "accepted"):
                uow.overview.orders(OrderFilter(incident_id=2, state=state), size=5)
            newest = uow.overview.newest_order_id()
            assert uow.overview.newer(OrderFilter(client_id="c1"), after_id=newest - 3, at_most=100) <= 3
            uow.orders.held()
            uow.batches.page(limit=5)
            uow.overview.messages((), size=5)
            uow.overview.messages(("pending", "sending"))
            uow.overview.messages(("dead",))

    def _goods(self) -> None:
        """Show what was ordered, with a stock list beside it, after one of the orders has come to its end."""
        with self.deployment.store.writing() as uow:
            uow.goods.list_stock({"A-1001": 1}, by="it", now=self.deployment.clock.now())
            (order,) = uow.overview.orders(OrderFilter(incident_id=2), size=1).rows
            uow.orders.move([order.id or 0], OrderState.CANCELLED)
        assert count_ended_goods(self.deployment.store)
        with self.deployment.store.reading() as uow:
            assert uow.goods.most_sold(2, limit=50)
            assert uow.goods.by_sku(2, limit=50)
            assert uow.goods.short(2, limit=50)
            assert uow.goods.short_count(2)[0]
            uow.goods.held(2, at_most=5000)
            uow.goods.unread(2, limit=20)


# ---- SQLite: its steps, counted ---------------------------------------------------------------------------------------------


@contextmanager
def _steps_counted(deployment: Deployment) -> Iterator[list[int]]:
    """Count the instructions SQLite executes on any connection, in hundreds."""
    counted = [0]

    def one_more() -> int:
        counted[0] += 1
        return 0

    def watch(connection: Any, *_: object) -> None:
        connection.set_progress_handler(one_more, 100)

    engines = (deployment.engines.writer, deployment.engines.reader)
    for engine in engines:
        event.listen(engine, "checkout", watch)
    yield counted
    for engine in engines:
        event.remove(engine, "checkout", watch)


def _costs(deployment: Deployment) -> dict[str, int]:
    """Return how much SQLite works for each everyday step, in hundreds of instructions."""
    everyday = Everyday(deployment)
    for _ in range(2):  # the first round warms: statements are prepared, the home page has counted the past
        everyday.arrive()
        costs = {}
        with _steps_counted(deployment) as counted:
            for name, step in everyday.steps().items():
                counted[0] = 0
                step()
                costs[name] = counted[0]
        deployment.clock.at += hours(1)
    return costs


@pytest.mark.parametrize("engines", ["sqlite"], indirect=True)
def test_what_is_done_every_day_costs_the_same_after_a_long_past(deployment: Deployment):
    """Growth: twenty times the past, the same work; judged by SQLite's own count of its steps and not by a clock."""
    short = BATCH * BATCHES_LOOKED_AT  # in so many files the home page looks for orders that were refused
    add_past(deployment, short)
    before = _costs(deployment)
    with deployment.engines.writer.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            if table.name != "client":
                connection.execute(table.delete())
    add_past(deployment, 20 * short)
    after = _costs(deployment)
    grown = {name: (before[name], after[name]) for name in before if after[name] > 1.2 * before[name] + 5}
    assert grown == {}


# ---- PostgreSQL: its plans -------------------------------------------------------------------------------------------------------


@contextmanager
def _plans_of(deployment: Deployment) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Collect the plan of every question and update that PostgreSQL is given."""
    plans: list[tuple[str, dict[str, Any]]] = []

    def explain(connection: Any, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE")) and "pg_" not in statement:
            cursor = connection.connection.cursor()
            one = parameters[0] if isinstance(parameters, list) else parameters
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", one)
            plans.append((statement, cursor.fetchone()[0][0]["Plan"]))

    engines = (deployment.engines.writer, deployment.engines.reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", explain)
    yield plans
    for engine in engines:
        event.remove(engine, "before_cursor_execute", explain)


def _walks(plan: dict[str, Any], *, limited: bool = False) -> Iterator[str]:
    """Yield the great tables that a plan reads from end to end; one that stops at a page in the order of an index does not."""
    kind, index = plan["Node Type"], plan.get("Index Name")
    table = plan.get("Relation Name")
    if kind == "Seq Scan" and table in GREAT and not (limited and "Filter" not in plan):
        yield f"{table}: {kind}"
    if "Index" in kind and kind.endswith("Scan") and "Index Cond" not in plan and not limited and index not in SMALL:
        yield f"{table or index}: {kind} of {index}"
    for part in plan.get("Plans", ()):
        yield from _walks(
            part, limited=kind == "Limit" or (limited and kind in ("LockRows", "Result", "Subquery Scan"))
        )


@pytest.mark.parametrize("engines", ["postgresql"], indirect=True)
def test_no_everyday_question_walks_what_is_over(deployment: Deployment):
    """Growth, on PostgreSQL: its own plans, made with the statistics of a long past."""
    add_past(deployment, BATCH * 200)
    everyday = Everyday(deployment)
    everyday.arrive()
    walked = {}
    for name, step in everyday.steps().items():
        with _plans_of(deployment) as plans:
            step()
        found = {statement: [*_walks(plan)] for statement, plan in plans}
        walked.update({(name, statement): where for statement, where in found.items() if where})
    assert walked == {}
