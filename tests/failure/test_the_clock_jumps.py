"""P8, P11: the clock is set, the worker is away, and still: nothing lost, doubled or batched again; nobody waits long."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.deployment.facts import TEN
from tests.harness.away import NoPostgres, postgres
from tests.harness.checker import check_messages, check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.evidence import Asks, PostgresServer, SqliteFile, message_counts, stored_batches
from tests.harness.instants import Instants, at_any_instant
from tests.harness.lifeboat_process import Boat
from tests.harness.providers import COUPON, NOTICE, Providers, providers
from tests.harness.shop import Errand, Shop, errands
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import PATIENCE, until
from tests.harness.wall_clock import NoFaketime, WallClock
from tests.harness.warm import warm
from tests.harness.yard import wrong_answers

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = (HOUR, -HOUR, -HOUR, HOUR, DAY, -DAY, -DAY, DAY)
BEGINS = TEN + timedelta(seconds=10)
"""Ten in the morning in Shanghai and ten seconds: no boundary is near, and a coupon may go out."""

SAID_WITHIN = 240.0
"""Seconds for the group to hear of everything: a window waited out after each step back, then 18 a minute."""

EVERY = timedelta(minutes=30)


@dataclass
class House:
    """Web and worker as processes of their own under one wall clock, with providers who have the right time."""

    clock: WallClock
    web: Boat
    worker: Boat
    source: Asks
    fakes: Providers
    shop: Shop
    seen: Instants
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def bring(self, todo: Sequence[Errand]) -> None:
        """Let the storefront send all of these at once, and wait for the answers."""
        self.runner.run(self._pursue(todo))
        self.web.wait_drained()  # a busy machine may have had some spooled

    async def _pursue(self, todo: Sequence[Errand]) -> None:
        await asyncio.gather(*(self.shop.pursue(errand) for errand in todo))

    def start_worker(self) -> None:
        """Start the worker and wait until it works."""
        had = self.worker.log().count('"worker_started"')
        self.worker.start()
        until(lambda: self.worker.log().count('"worker_started"') > had, why="no worker")

    def waiting(self) -> int:
        """Count the orders that wait for a batch."""
        sql = "SELECT COUNT(*) FROM orders WHERE batch_id IS NULL AND state = 'accepted'"
        return int(self.source.rows(sql)[0][0])

    def published(self) -> int:
        """Count the published batches."""
        return sum(batch.state == "published" for batch in stored_batches(self.source))

    def unfinished(self) -> int:
        """Count the batches in the making."""
        return sum(batch.state in {"claiming", "writing"} for batch in stored_batches(self.source))

    def all_out(self) -> None:
        """Wait until no order waits for a batch and none is in the making."""
        self.web.wait_drained()
        until(lambda: not self.waiting() and not self.unfinished(), why="orders still wait")


@contextmanager
def house(home: Path, *, engine: str = "sqlite", **settings: str) -> Iterator[House]:
    """Run a web and a worker under a clock that says ten past ten, and watch them.

    Raises:
        NoFaketime: the clock cannot be set.
        NoPostgres: there is none.
    """
    clock = WallClock(home / "clock", BEGINS - datetime.now(UTC))
    with ExitStack() as stack:
        if engine == "postgresql":
            server = stack.enter_context(postgres())
            settings |= {"database_url": server.sqlalchemy_url}
        fakes = stack.enter_context(providers())
        named = {f"LIFEBOAT_{name.upper()}": value for name, value in settings.items()}
        everything = {
            "LIFEBOAT_WECOM_ROBOTS": fakes.settings()["LIFEBOAT_WECOM_ROBOTS"],
            **named,
            **clock.environment(),
        }
        web = Boat(home / "boat", everything, command="web")
        stack.callback(web.stop)
        web.start()
        if engine == "postgresql":
            key = web.cli_json("clients", "add", "shop")["key"]
            (web.data_dir / "secrets" / "storefront_key").write_text(key, encoding="ascii")
        source = PostgresServer(server.uri) if engine == "postgresql" else SqliteFile(web.database)
        worker = Boat(home / "boat", everything, command="worker")
        stack.callback(worker.stop)
        shop = Shop([web.orders_url], web.storefront_key, ClientLedger(home / "ledger.jsonl"))
        seen = stack.enter_context(at_any_instant(source, web.exports))
        made = House(clock, web, worker, source, fakes, shop, seen)
        stack.callback(made.runner.close)
        yield made
        made.runner.run(shop.__aexit__())


def judge(trial: Trial, place: House) -> None:
    """Compare everything once more at the end."""
    found = check_orders(place.shop.ledger.path, place.source, data_dir=place.web.data_dir, exports=place.web.exports)
    trial.trials = found.attempted
    trial.take(found)
    trial.violations += wrong_answers(trial, place.shop, place.web.data_dir) + place.seen.compare()
    trial.demand(place.shop.noted.unsettled == 0, f"{place.shop.noted.unsettled} orders never got an answer")
    trial.demand(not found.waiting, f"{len(found.waiting)} orders are in no batch file")
    trial.notes.append(f"{found.stored} orders in {found.files} batches, {len(found.held)} held")
    trial.notes.append(f"the equation was asked {place.seen.looks} times; {len(place.seen.first_seen)} files unchanged")


# ---- the clock is set ------------------------------------------------------------------------------------------------


def clock_steps(
    home: Path, *, engine: str = "sqlite", steps: Sequence[timedelta] = STEPS, orders: int = 60, rate: float = 20.0
) -> Trial:
    """Set the clock under load; after each step a batch comes out by itself, and in the end everybody has been told."""
    trial = Trial("P11", f"clock set by {', '.join(wording(step) for step in steps)} under load ({engine})")
    try:
        with house(home, engine=engine, batch_every_minutes="1") as place:
            place.start_worker()
            worst = max(place.runner.run(_step(place, n, step, orders, rate)) for n, step in enumerate(steps))
            place.clock.step(timedelta(minutes=1))  # what came last need not wait for a boundary
            place.all_out()
            _everybody_told(trial, place)
            judge(trial, place)
            trial.notes.append(f"at most {worst:.0f} s from a step to the next batch")
            trial.worst_answer = place.shop.ledger.slowest_answer
    except (NoFaketime, NoPostgres) as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def clock_steps_at_the_door(home: Path, *, steps: Sequence[timedelta] = (DAY, -DAY), orders: int = 20) -> Trial:
    """Set the clock while orders come in, without a worker; the batches are made by hand."""
    trial = Trial("P11", "clock set under load, batches by hand")
    try:
        with house(home) as place, warm(place.web) as commands:
            for n, step in enumerate(steps):
                place.runner.run(_trade_across(place, n, step, orders=orders, rate=40))
                place.web.wait_drained()
                maker = commands.command("export", "--json")
                trial.demand(maker.wait() == 0, f"export after {wording(step)}: {maker.text()[-500:]}")
                trial.demand(not place.waiting(), f"orders wait after {wording(step)} and a batch")
            judge(trial, place)
    except NoFaketime as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _trade_across(place: House, n: int, step: timedelta, *, orders: int, rate: float) -> float:
    """Let orders come before, at and after a step; return when that was, by the monotonic clock."""
    trading = asyncio.create_task(place.shop.trade(errands(orders, seed=110 + n, prefix="J"), rate=rate))
    await asyncio.sleep(orders / rate / 2)
    place.clock.step(step)
    stepped = asyncio.get_running_loop().time()
    await trading
    return stepped


def wording(step: timedelta) -> str:
    """Return a step in short words, such as ``-1 d``."""
    unit, name = (DAY, "d") if abs(step) >= DAY else (HOUR, "h")
    return f"{step / unit:+.0f} {name}"


async def _step(place: House, n: int, step: timedelta, orders: int, rate: float) -> float:
    """Set the clock while orders come; return the seconds until a batch came out after it."""
    had = place.published()
    stepped = await _trade_across(place, n, step, orders=orders, rate=rate)
    place.clock.step(timedelta(minutes=1))  # the boundary that whoever came after the step would wait for
    why = f"no batch after {wording(step)}"
    await asyncio.to_thread(until, lambda: place.published() > had, why=why)
    return asyncio.get_running_loop().time() - stepped


def _everybody_told(trial: Trial, place: House) -> None:
    def all_said() -> bool:
        return not any(message_counts(place.source).get(("wecom", state)) for state in ("pending", "sending"))

    until(
        all_said, within=SAID_WITHIN + PATIENCE, every=0.5, why=f"messages still wait: {message_counts(place.source)}"
    )
    told = check_messages(place.source, place.fakes.group_messages(), [], notice=NOTICE, coupon=COUPON)
    trial.violations += told.violations(all_sent=True)
    trial.demand(not message_counts(place.source).get(("wecom", "dead")), "a message was given up")
    trial.notes.append(f"group: {told.group_messages} messages, worst minute {told.worst_minute}")


# ---- the worker is away ----------------------------------------------------------------------------------------------


def worker_away(home: Path, *, engine: str = "sqlite", away: timedelta = timedelta(minutes=40)) -> Trial:
    """Kill the worker, let 40 minutes pass while orders come; the next one makes one batch of all, and says so."""
    trial = Trial("P8", f"worker away for {away // timedelta(minutes=1)} minutes ({engine})")
    try:
        with house(home, engine=engine) as place:
            place.start_worker()
            place.bring(_plain(10, seed=40))
            place.worker.kill()
            for part in range(3):
                place.clock.step(away / 3)
                place.bring(_plain(10, seed=41 + part))
            until(lambda: _warned(place, "batch_overdue"), why="no word of an overdue batch")
            trial.demand(_warned(place, "worker_silent"), "/readyz does not say that no worker is there")
            trial.demand(not stored_batches(place.source), "a batch came out without a worker")
            place.start_worker()
            place.all_out()
            batches = [(batch.state, batch.orders) for batch in stored_batches(place.source)]
            trial.demand(batches == [("published", 40)], f"made up for the absence: {batches}")
            until(lambda: _heard_of_it(place), why="the group never heard of the overdue batch")
            place.web.cli("export")
            trial.demand(len(stored_batches(place.source)) == 1, "asked a second time, it made another batch")
            until(lambda: not _warned(place, "batch_overdue"), why="the warning stays")
            judge(trial, place)
    except (NoFaketime, NoPostgres) as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def _plain(count: int, *, seed: int) -> list[Errand]:
    return [errand for errand in errands(4 * count, seed=seed, prefix="W") if errand.kind == "plain"][:count]


def _warned(place: House, code: str) -> bool:
    return code in (place.web.readiness() or {"degraded": []})["degraded"]


def _heard_of_it(place: House) -> bool:
    return any("批次逾期" in str(message.get("content", "")) for message in place.fakes.group_messages())


# ---- an ordinary two hours -------------------------------------------------------------------------------------------


def half_hours(home: Path, *, engine: str = "sqlite", windows: int = 4, parts: int = 6) -> Trial:
    """Let orders come all the time through some half hours; each is in the file of its own half hour."""
    trial = Trial("P8", f"{windows} half hours ({engine})")
    try:
        with house(home, engine=engine) as place:
            place.start_worker()
            for part in range(windows * parts):
                place.bring(_plain(4, seed=80 + part))
                place.clock.step(EVERY / parts)
                if part % parts == parts - 1:  # a boundary has passed: real seconds, until the worker has looked
                    place.all_out()
            waits = _waits(place.source)
            sizes = [batch.orders for batch in stored_batches(place.source)]
            trial.demand(sizes == [4 * parts] * windows, f"in {windows} half hours batches of {sizes} orders")
            trial.notes.append(f"the longest wait was {waits[-1]}, the shortest {waits[0]}")
            judge(trial, place)
    except (NoFaketime, NoPostgres) as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def _waits(source: Asks) -> list[timedelta]:
    """Return how long each order waited for its batch to be published, shortest first."""
    sql = "SELECT received_at, published_at FROM orders JOIN batch ON batch.id = orders.batch_id"
    return sorted(_moment(published) - _moment(received) for received, published in source.rows(sql))


def _moment(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


# ---- short forms -----------------------------------------------------------------------------------------------------


def test_a_clock_that_is_set_forward_and_back_loses_and_repeats_nothing(tmp_path: Path):
    """The worker's part is in tests/engines/worker/test_worker.py, where nobody has to wait for it."""
    _prove(clock_steps_at_the_door(tmp_path))


def _prove(trial: Trial) -> None:
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()
