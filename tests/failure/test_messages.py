"""P9: whoever is to hear of an order hears of it, though the sender is killed and the providers misbehave."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.harness.checker import NUMBER, check_messages, check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.evidence import SqliteFile, message_counts, open_messages, stored_orders, summed_up
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.providers import COUPON, NOTICE, Providers, providers, where_it_is_noon
from tests.harness.shop import Errand, Shop, errands
from tests.harness.trial import Trial
from tests.harness.turns import Turns
from tests.harness.waiting import until

MOST_TURNS = 60
A_LEASE = 61.0
NEVER_RECORDED = 601.0
"""Seconds after which the provider's silence about a text means that it was never taken."""

WHY = """
    SELECT subject, state, attempts, asked, last_reason, due_at, (SELECT GROUP_CONCAT(name || ' until ' || until) FROM pause)
    FROM message WHERE state IN ('pending', 'sending', 'settling') LIMIT 5
"""
OPEN_STATES = ("pending", "sending", "settling")


@cache
def _customers() -> list[Errand]:
    """Return orders of as many customers."""
    return [one for one in errands(5000, seed=900, prefix="N") if one.kind == "plain"]


@dataclass
class Scene:
    """A web process, the providers, and a worker that is turned by hand."""

    lifeboat: Boat
    fakes: Providers
    worker: Turns
    store: SqliteFile
    placed: int = 0

    def place(self, count: int) -> None:
        """Let a shop order, and the worker compose what is to be said of it."""
        todo = _customers()[self.placed : self.placed + count]
        self.placed += count
        asyncio.run(self._send(todo))
        self.lifeboat.wait_drained()  # a busy machine may have had some spooled
        self.worker.turn("compose")

    async def _send(self, todo: list[Errand]) -> None:
        ledger = ClientLedger(self.lifeboat.home / f"ledger-{self.placed:05d}.jsonl")
        async with Shop([self.lifeboat.orders_url], self.lifeboat.storefront_key, ledger) as shop:
            await shop.trade(todo, rate=200)
            assert not shop.noted.wrong, shop.noted.wrong

    def to_the_end(self) -> None:
        """Turn the worker until nothing is owed any more, with time passing between the turns."""
        self.fakes.misbehave()
        self.worker.turn("sweep")
        self.worker.turn("settle")  # what was taken is found in the provider's record, before time makes it old
        self.worker.let_pass(NEVER_RECORDED)
        for _ in range(MOST_TURNS):
            self.worker.turn("sweep", "compose")
            self.worker.turn("settle", "groups", "sms")
            counts = message_counts(self.store)
            if not any(count for (_, state), count in counts.items() if state in OPEN_STATES):
                return
            self.worker.let_pass(A_LEASE)
        raise AssertionError(f"messages are still owed: {counts}, {self.store.rows(WHY)}")

    @property
    def ledgers(self) -> list[Path]:
        """What the shops noted."""
        return sorted(self.lifeboat.home.glob("ledger-*.jsonl"))


@contextmanager
def _scene(home: Path) -> Iterator[Scene]:
    # Time is moved here and not waited for, so many messages may leave in what is a minute for the fake.
    with providers("--wecom-per-minute", "1000000") as fakes:
        settings = {name.removeprefix("LIFEBOAT_").lower(): value for name, value in fakes.settings().items()}
        with boat(home, command="web", timezone=where_it_is_noon(), **settings) as lifeboat:
            lifeboat.cli("coupons", "generate", "1000", "--worth", "20 元")
            with Turns(lifeboat) as worker:
                yield Scene(lifeboat, fakes, worker, SqliteFile(lifeboat.database))


def _judge(trial: Trial, scene: Scene, *, ambiguous: int) -> None:
    """Compare orders with what people were told; ``ambiguous`` sends may each have cost one repeat in the group."""
    found = check_orders(scene.ledgers, scene.store, data_dir=scene.lifeboat.data_dir, exports=scene.lifeboat.exports)
    trial.trials += found.attempted
    trial.take(found)
    group, texts = scene.fakes.group_messages(), scene.fakes.texts()
    told = check_messages(scene.store, group, texts, notice=NOTICE, coupon=COUPON)
    told.worst_minute = 0
    trial.violations += told.violations(all_sent=True)
    stored = {order.number for order in stored_orders(scene.store)}
    named = {number for message in group for number in NUMBER.findall(str(message["content"]))}
    trial.demand(named <= stored, f"the group heard of orders that do not exist: {sorted(named - stored)[:3]}")
    unheard = stored - named - summed_up(scene.store)
    trial.demand(not unheard, f"the group never heard of {sorted(unheard)[:3]}")
    trial.demand(not open_messages(scene.store), "group messages are still owed")
    repeats = sum(n - 1 for n in Counter(str(message["content"]) for message in group).values())
    trial.doubled += max(repeats - ambiguous, 0)
    trial.demand(repeats <= ambiguous, f"{repeats} group messages repeated after {ambiguous} ambiguous sends")
    for name, count in (("notices", told.notices), ("coupons", told.coupons)):
        trial.demand(count == len(stored), f"{count} {name} for {len(stored)} customers")
    states = message_counts(scene.store)
    trial.demand(not any(state == "dead" for _, state in states), f"dead letters are left: {states}")
    trial.notes.append(
        f"{len(stored)} orders, {len(group)} group messages ({repeats} repeated, {ambiguous} ambiguous), "
        f"{told.notices} notices, {told.coupons} coupons, {_asked(scene)} questions to the provider"
    )


def _asked(scene: Scene) -> int:
    return sum(call["action"] == "QuerySendDetails" for call in scene.fakes.heard()[1])


def _demand_that_it_asks_first(trial: Trial, scene: Scene) -> None:
    """Look at every text that was handed over twice: in between, the provider was asked about it."""
    since: dict[tuple[str, str], bool] = {}
    for call in scene.fakes.heard()[1]:
        if call["action"] == "QuerySendDetails":
            since |= {text: True for text in since if text[0] == call["PhoneNumber"]}
            continue
        text = (call["PhoneNumbers"], call["TemplateCode"])
        trial.demand(since.get(text, True), f"{text} was sent again and nobody had asked")
        since[text] = False


# ---- the trial -----------------------------------------------------------------------------------------------------------


def messages_get_through(home: Path, *, kills: int = 2, rounds: int = 1, orders: int = 2, long: bool = False) -> Trial:
    """Kill the sender again and again, then let each fault befall a few sends; in the end everything is said once."""
    trial = Trial("P9", f"{kills} kills between send and record, {rounds} rounds of misbehaving providers")
    with _scene(home) as scene:
        taken = _kill(scene, kills=kills, orders=orders)
        scene.to_the_end()
        _demand_that_it_asks_first(trial, scene)
        trial.demand(_asked(scene) >= kills, "the provider was hardly asked")
        ambiguous = taken + sum(_misbehave(scene, orders=orders, long=long) for _ in range(rounds))
        scene.to_the_end()
        if long:
            _dead_letters(trial, scene)
        _judge(trial, scene, ambiguous=ambiguous)
        trial.notes.append(f"{taken} of {kills} kills came after the provider had taken the message")
    return trial


def _kill(scene: Scene, *, kills: int, orders: int) -> int:
    """Kill the sender while its message is on its way; return how often the provider had taken it."""
    taken = 0
    for n in range(kills):
        scene.place(orders)
        fault = "hang" if n % 2 else "accept_then_hang"
        taken += n % 2 == 0
        _strike(scene, fault)
        scene.worker.let_pass(A_LEASE)
    return taken


def _strike(scene: Scene, fault: str) -> None:
    """Kill the worker when both providers have heard something new and answered nothing."""
    before = [len(calls) for calls in scene.fakes.heard()]
    scene.fakes.misbehave(wecom=fault, aliyun=fault)
    scene.worker.begin("sweep", "groups", "sms")

    def both_heard() -> bool:
        return all(len(calls) > had for calls, had in zip(scene.fakes.heard(), before, strict=True))

    until(both_heard, every=0.01, why="nothing was sent")
    scene.worker.kill()
    scene.fakes.misbehave()


# ---- providers that misbehave --------------------------------------------------------------------------------------------

AMBIGUOUS = ("accept_then_reset", "accept_then_html502", "accept_then_not_json")
REFUSED = (
    ("reset", "reset"),
    ("html502", "html502"),
    ("json_list", "json_list"),
    ("45009", "isv.BUSINESS_LIMIT_CONTROL|触发分钟级流控Permits:1"),
    ("-1", "isp.SYSTEM_ERROR"),
    ("45033", "Throttling.User"),
)
"""What WeCom and Aliyun say without having taken the message."""

SLOW = ("accept_then_hang", "accept_then_slow_body")
"""These cost the client's whole patience."""


def _misbehave(scene: Scene, *, orders: int, long: bool) -> int:
    """Let each fault befall some sends; return how many group messages were taken and nobody was told so."""
    ambiguous = 0
    for fault in (*AMBIGUOUS, *SLOW) if long else AMBIGUOUS[:2]:
        scene.place(orders)
        had = len(scene.fakes.group_messages())
        scene.fakes.misbehave(wecom=fault, aliyun=fault, times=1 if fault in SLOW else orders)
        scene.worker.turn("groups", "sms")
        ambiguous += len(scene.fakes.group_messages()) - had
        scene.worker.let_pass(A_LEASE)
        scene.worker.turn("settle")
    for wecom, aliyun in REFUSED if long else REFUSED[-2:]:
        scene.place(orders)
        scene.fakes.misbehave(wecom=wecom, aliyun=aliyun, times=orders)
        scene.worker.turn("groups", "sms")
        scene.worker.let_pass(A_LEASE)
    return ambiguous


def _dead_letters(trial: Trial, scene: Scene) -> None:
    """Let providers refuse a message for good; find it by command, and send it by command once it is mended."""
    scene.place(1)
    scene.fakes.misbehave(wecom="40058", aliyun="isv.MOBILE_NUMBER_ILLEGAL")
    scene.worker.turn("groups", "sms")
    scene.fakes.misbehave()
    letters = scene.lifeboat.cli_json("messages", "list")
    reasons = {(letter["kind"], letter["reason"]) for letter in letters if letter["order_id"]}
    scene.worker.turn("watch")
    due = {("order_wecom", "wecom:40058"), ("order_sms", "aliyun:isv.MOBILE_NUMBER_ILLEGAL")}
    trial.demand(due <= reasons, f"the dead letters are {letters}")
    scene.lifeboat.cli("messages", "retry", expect=1)  # neither a number nor --all: nothing is sent by mistake
    scene.lifeboat.cli("messages", "retry", str(letters[0]["id"]))
    trial.demand(len(scene.lifeboat.cli_json("messages", "list")) == len(letters) - 1, "one was to be sent again")
    scene.lifeboat.cli("messages", "retry", "--all")
    scene.to_the_end()
    heard = [str(message["content"]) for message in scene.fakes.group_messages()]
    trial.demand(any("条消息发送失败" in content for content in heard), "the group was not told of the dead letters")


# ---- the short form ------------------------------------------------------------------------------------------------------


def test_everybody_hears_of_an_order_whatever_happens_to_the_sender_and_the_providers(tmp_path: Path):
    messages_get_through(tmp_path).prove()
