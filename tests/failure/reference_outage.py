"""The reference outage: 2,148 orders at 20 a second while web and worker are killed every few seconds."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.harness.checker import check_messages, check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.evidence import SqliteFile, message_counts, open_messages
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.providers import COUPON, NOTICE, Providers, providers, where_it_is_noon
from tests.harness.shop import Manners, Shop, errands
from tests.harness.trial import Trial
from tests.harness.waiting import PATIENCE, NotInTime, until
from tests.harness.yard import wrong_answers

BATCH_LEASE = 150.0
"""Seconds until another maker may finish a batch whose maker was killed (its lease), and a tick."""

EARLY = 0.2
PART = 20
"""Orders more at a time, on a machine so busy that the planned ones were over before both had been killed."""

PATIENT = 900.0
"""Seconds for which the shop pursues an order: while web is killed every few seconds, and its starts are slow."""

OUTBOX_WITHIN = 420.0
"""Seconds for the group to hear of everything: 18 messages a minute, and a lease for each killed sender."""


@dataclass(frozen=True)
class Plan:
    """How bad it gets."""

    orders: int = 2148
    rate: float = 20.0
    kill_every: float = 4.0
    cut_every: float = 9.0
    seed: int = 20261122
    to_the_end: bool = True
    """Whether to wait until everything is published and announced; else what is owed may still be owed."""


@dataclass
class Havoc:
    """What was done to it, and what it said meanwhile."""

    web_kills: int = 0
    worker_kills: int = 0
    cuts: int = 0
    ledgers: int = 0
    unbalanced: int = 0

    def both_killed(self) -> bool:
        """Tell whether web and worker have been killed at least once."""
        return self.web_kills > 0 and self.worker_kills > 0


def reference_outage(home: Path, plan: Plan) -> Trial:
    """Play the outage and return what was found."""
    trial = Trial("P1 P2 P3 P4 P7 P9", f"reference outage, {plan.orders} orders at {plan.rate:g}/s")
    with providers() as fakes:
        settings = {name.removeprefix("LIFEBOAT_").lower(): value for name, value in fakes.settings().items()}
        with boat(home, batch_every_minutes="1", timezone=where_it_is_noon(), **settings) as lifeboat:
            lifeboat.cli("coupons", "generate", str(plan.orders + 100), "--worth", "20 元")
            ledger = ClientLedger(home / "ledger.jsonl")
            patient = Manners(give_up_after=PATIENT)
            shop = Shop([lifeboat.orders_url], lifeboat.storefront_key, ledger, manners=patient, seed=plan.seed)
            havoc = asyncio.run(_play(lifeboat, shop, plan))
            _judge(trial, lifeboat, fakes, shop, havoc, plan)
    return trial


async def _play(lifeboat: Boat, shop: Shop, plan: Plan) -> Havoc:
    havoc = Havoc()
    async with shop, _ops(lifeboat) as ops:
        troubles = [
            asyncio.create_task(_kill(lifeboat, shop, havoc, plan)),
            asyncio.create_task(_cut(ops, havoc, plan)),
            asyncio.create_task(_watch(ops, havoc)),
        ]
        try:
            await shop.trade(errands(plan.orders, seed=plan.seed), rate=plan.rate)
            if not havoc.both_killed():
                await shop.trade_on(
                    lambda n: errands(PART, seed=plan.seed + n + 1), rate=plan.rate, enough=havoc.both_killed
                )
        finally:
            for trouble in troubles:
                trouble.cancel()
            ended = await asyncio.gather(*troubles, return_exceptions=True)
    strange = [outcome for outcome in ended if not isinstance(outcome, asyncio.CancelledError)]
    assert not strange, f"the trouble makers got into trouble: {strange}"
    return havoc


def _ops(lifeboat: Boat) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=lifeboat.url, headers=lifeboat.ops_headers, timeout=PATIENCE, trust_env=False)


async def _kill(lifeboat: Boat, shop: Shop, havoc: Havoc, plan: Plan) -> None:
    """Kill web and worker by turns; one kill in five comes while the victim is still starting, never two in a row.

    A door that has served for a moment only is let live, and so is every door once the last order has been sent for the
    first time: on a busy machine the shop would lose its patience with one that is killed whenever it gets to its feet,
    and that proves nothing.
    """
    chance = random.Random(plan.seed)
    was_early = False
    async with httpx.AsyncClient(base_url=lifeboat.url, timeout=5.0, trust_env=False) as probe:
        while True:
            await asyncio.sleep(plan.kill_every * (0.5 + chance.random()))
            if shop.noted.errands >= plan.orders and havoc.both_killed():
                continue
            early = chance.random() < EARLY and not was_early
            if early or await _goes_on_serving(probe, seconds=plan.kill_every / 2):
                havoc.web_kills += lifeboat.signal("web")
                was_early = early
            await asyncio.sleep(plan.kill_every * (0.5 + chance.random()))
            havoc.worker_kills += lifeboat.signal("worker")


async def _goes_on_serving(probe: httpx.AsyncClient, *, seconds: float) -> bool:
    """Tell whether web answers, and again after some seconds."""
    if not await _serves(probe):
        return False
    await asyncio.sleep(seconds)
    return await _serves(probe)


async def _serves(probe: httpx.AsyncClient) -> bool:
    """Tell whether web answers."""
    try:
        return (await probe.get("/livez")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


async def _cut(ops: httpx.AsyncClient, havoc: Havoc, plan: Plan) -> None:
    while True:
        await asyncio.sleep(plan.cut_every)
        with suppress(httpx.HTTPError):
            havoc.cuts += (await ops.post("/v1/batches")).status_code == httpx.codes.CREATED


async def _watch(ops: httpx.AsyncClient, havoc: Havoc) -> None:
    """Ask for the ledger again and again: the equation holds at any instant, not at the end alone."""
    while True:
        await asyncio.sleep(1.0)
        with suppress(httpx.HTTPError):
            answer = await ops.get("/v1/ledger")
            if answer.status_code == httpx.codes.OK:
                havoc.ledgers += 1
                havoc.unbalanced += not answer.json()["balanced"]


def _judge(trial: Trial, lifeboat: Boat, fakes: Providers, shop: Shop, havoc: Havoc, plan: Plan) -> None:
    lifeboat.wait_ready()
    store = SqliteFile(lifeboat.database)
    lifeboat.wait_drained()
    if plan.to_the_end:
        _bring_everything_out(lifeboat, store)
    lifeboat.stop()  # what was said and what is stored are compared at rest
    noted = shop.noted
    found = check_orders(home_ledger(lifeboat), store, data_dir=lifeboat.data_dir, exports=lifeboat.exports)
    told = check_messages(store, fakes.group_messages(), fakes.texts(), notice=NOTICE, coupon=COUPON)
    trial.trials = found.attempted
    trial.take(found)
    trial.violations += wrong_answers(trial, shop, lifeboat.data_dir) + told.violations(all_sent=plan.to_the_end)
    trial.worst_refusal, trial.worst_answer = shop.ledger.slowest_refusal, shop.ledger.slowest_answer
    trial.demand(noted.unsettled == 0, f"{noted.unsettled} orders never got an answer")
    trial.demand(havoc.both_killed(), "nobody was killed")
    trial.demand(havoc.unbalanced == 0, f"{havoc.unbalanced} of {havoc.ledgers} ledgers did not balance")
    trial.demand(not plan.to_the_end or not found.waiting, f"{len(found.waiting)} orders are in no batch file")
    trial.demand(not found.spooled, f"{len(found.spooled)} orders are still in the spool")
    fewest = noted.look_alikes if plan.to_the_end else 0  # one that still waits for a batch is not held yet
    held = len(found.held)
    trial.demand(fewest <= held <= noted.look_alikes, f"{held} held, {noted.look_alikes} look-alikes sent")
    ledger = lifeboat.cli_json("ledger")  # it ends with an error if it does not balance
    trial.demand(ledger["accepted"] == found.stored, f"the ledger says {ledger['accepted']}, stored are {found.stored}")
    refused = f"{noted.invalid_sent} invalid bodies and {noted.conflicts_sent} conflicts refused"
    trial.notes += [
        f"{havoc.web_kills} kills of web, {havoc.worker_kills} of worker, {noted.retries} retries",
        f"{noted.high} high priority, {noted.look_alikes} look-alikes held, {refused}",
        f"{found.files} batch files; {havoc.ledgers} ledgers asked, {havoc.unbalanced} did not balance",
        f"group: {told.group_messages} messages, worst minute {told.worst_minute}, {told.seen_twice} orders named twice",
        f"texts: {told.notices} notices, {told.coupons} coupons; {_unsettled(store)} being settled with the provider",
    ]


def _unsettled(store: SqliteFile) -> int:
    return message_counts(store).get(("sms", "settling"), 0)


def home_ledger(lifeboat: Boat) -> Path:
    """Return where the shop of a scenario keeps its record."""
    return lifeboat.home / "ledger.jsonl"


def _bring_everything_out(lifeboat: Boat, store: SqliteFile) -> None:
    """Cut until nothing waits, and let every message leave."""
    with lifeboat.ops() as ops:

        def nothing_waits() -> bool:
            answer = ops.post("/v1/batches")
            return answer.status_code == httpx.codes.OK and answer.json()["batch"] is None

        until(nothing_waits, within=BATCH_LEASE + PATIENCE, every=1.0, why="orders still wait for a batch")

    def all_said() -> bool:
        """Texts whose sender was killed are settled with the provider first; that takes a quarter of an hour."""
        counts = message_counts(store)
        return not open_messages(store) and not any(counts.get(("sms", state)) for state in ("pending", "sending"))

    try:
        until(all_said, within=OUTBOX_WITHIN + PATIENCE, every=2.0)
    except NotInTime:
        raise NotInTime(f"messages still wait: {message_counts(store)}") from None
