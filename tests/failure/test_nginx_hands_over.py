"""The shipped nginx example in front of a main system that is ill: no order is lost, none is doubled without being held."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from tests.fakes.main_system import MainSystem, Mood, main_system
from tests.harness.evidence import SqliteFile
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.nginx import Nginx, NoNginx, nginx
from tests.harness.processes import LOOPBACK, NO_CERTIFICATES, REPOSITORY
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import PATIENCE, until

PROFILES = REPOSITORY / "examples" / "profiles"
ADDRESS = "/api/order/create"
ILL: tuple[Mood, ...] = (
    "refuses",
    "hangs",
    "hangs after storing",
    "cuts after storing",
    "500",
    "500 after storing",
    "503",
)
SENT: frozenset[Mood] = frozenset(ILL) - {"refuses"}
AT_ONCE = 4
"""Orders in flight: more than the three failures after which nginx lets the main system rest."""

IMPATIENT = 1.0
"""Seconds after which a storefront gives up: less than the three that nginx waits for the main system."""


class Proxy(Protocol):
    """Whatever storefronts send their orders to."""

    @property
    def url(self) -> str:
        """Where that is."""


class Street:
    """A storefront, nginx, a main system and Lifeboat; each scenario has an nginx whose breaker has seen nothing yet."""

    def __init__(self, trial: Trial, lifeboat: Boat, main: MainSystem, home: Path) -> None:
        self.trial, self.lifeboat, self.main = trial, lifeboat, main
        self._home = home
        self._payload = json.loads((PROFILES / "nested-json-fen.sample.json").read_text(encoding="utf-8"))
        self._phones: dict[str, str] = {}

    @asynccontextmanager
    async def proxy(self, name: str) -> AsyncIterator[Nginx]:
        with nginx(
            self._home / f"nginx-{name.replace(' ', '-')}", main=self.main.port, lifeboat=self.lifeboat.port
        ) as proxy:
            yield proxy

    def numbers(self, prefix: str, count: int) -> list[str]:
        return [f"{prefix.replace(' ', '-').upper()}-{n}" for n in range(count)]

    async def order(self, proxy: Proxy, number: str, *, patience: float = PATIENCE, **headers: str) -> httpx.Response:
        phone = self._phones.setdefault(number, f"138{len(self._phones):08d}")
        data = {**self._payload["data"], "tradeNo": number, "buyer": {"nick": "x", "mobile": phone}}
        named = {"x-app-key": self.lifeboat.storefront_key, **headers}
        async with httpx.AsyncClient(timeout=patience, trust_env=False, verify=NO_CERTIFICATES) as http:
            return await http.post(proxy.url + ADDRESS, json={**self._payload, "data": data}, headers=named)

    async def taken(self, proxy: Proxy, numbers: Iterable[str], **headers: str) -> float:
        """Send orders, a few at once, each of which must be answered as taken; return the seconds of the slowest."""
        room, slowest = asyncio.Semaphore(AT_ONCE), 0.0

        async def one(number: str) -> None:
            nonlocal slowest
            async with room:
                answer = await self.order(proxy, number, **headers)
            slowest = max(slowest, answer.elapsed.total_seconds())
            self.trial.trials += 1
            self.trial.demand(is_taken(answer), f"{number} is answered {answer.status_code} {answer.text[:80]}")

        await asyncio.gather(*(one(number) for number in numbers))
        return slowest

    def count_held(self, name: str, numbers: Sequence[str], *, slowest: float) -> int:
        """Return how many of these orders are held, and note it beside how many are in both systems."""
        ours = self.ours()
        held = sum(ours.get(number, False) for number in numbers)
        both = sum(bool(self.main.stored[number]) and number in ours for number in numbers)
        self.trial.notes.append(f"{name}: {held} of {len(numbers)} held, {both} in both, {slowest:.1f} s at most")
        return held

    async def told_to_come_again(self, proxy: Proxy) -> None:
        """Send an order where nobody is: the storefront hears so in the main system's form, and when to try again."""
        (number,) = self.numbers("nobody", 1)
        answer = await self.order(proxy, number)
        said: Any = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
        told = answer.status_code, bool(answer.headers.get("retry-after")), said.get("code")
        self.trial.demand(told == (503, True, 5003), f"with nobody there the storefront is told {told}")

    def ours(self) -> dict[str, bool]:
        """Return the trade numbers that Lifeboat has, and whether each is held because main may have it."""
        self.lifeboat.wait_drained()
        rows = SqliteFile(self.lifeboat.database).rows("SELECT client_order_id, held_kind FROM orders")
        return {number: kind == "main_may_have" for number, kind in rows}

    def judge(self, name: str, numbers: Iterable[str], *, once_in_main: bool = True) -> None:
        """Demand that each order is somewhere, and held where it may be in both places."""
        ours = self.ours()
        for number in numbers:
            there = self.main.stored[number]
            self.trial.lost += (lost := not there and number not in ours)
            self.trial.demand(not lost, f"{name}: {number} is nowhere")
            doubled = there and number in ours and not ours[number]
            self.trial.doubled += bool(doubled)
            self.trial.demand(not doubled, f"{name}: {number} is in both, and nobody says so")
            self.trial.demand(there <= 1 or not once_in_main, f"{name}: {number} is {there} times inside main")


def is_taken(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.json().get("code") == 0


def nginx_hands_over(home: Path, *, orders: int = 6, moods: Sequence[Mood] = ILL, storefronts: bool = True) -> Trial:
    """Let the main system fall ill in some of the ways a proxy can see, with ``orders`` orders for each.

    With ``storefronts`` there is one that forges what only a proxy may say, one that gives up, and one that finds nobody.
    """
    trial = Trial("P1 P2", "nginx in front of a main system that refuses, hangs, cuts or answers 5xx")
    profiles = home / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "shop.toml").write_bytes((PROFILES / "nested-json-fen.toml").read_bytes())
    try:
        with boat(home, command="web", trusted_proxies=LOOPBACK, profiles_dir=str(profiles)) as lifeboat:
            asyncio.run(_play(trial, lifeboat, home, orders, moods, storefronts=storefronts))
            trial.demand(not lifeboat.errors(), f"the log has errors: {lifeboat.errors()[:1]}")
    except NoNginx as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(
    trial: Trial, lifeboat: Boat, home: Path, orders: int, moods: Sequence[Mood], *, storefronts: bool
) -> None:
    async with main_system() as main:
        street = Street(trial, lifeboat, main, home)
        await _well(street, orders)
        for mood in moods:
            await _ill(street, mood, orders)
        if storefronts:
            await _forged(street)
            await _impatient(street)
            await _both_away(street)


async def _well(street: Street, orders: int) -> None:
    numbers = street.numbers("well", orders)
    async with street.proxy("well") as proxy:
        await street.taken(proxy, numbers)
    street.trial.demand(not set(numbers) & set(street.ours()), "orders of a healthy day reached Lifeboat")
    street.judge("well", numbers)


async def _ill(street: Street, mood: Mood, orders: int) -> None:
    numbers = street.numbers(mood, orders)
    await street.main.be(mood)
    async with street.proxy(mood) as proxy:
        slowest = await street.taken(proxy, numbers)
    street.judge(mood, numbers)
    held = street.count_held(mood, numbers, slowest=slowest)
    street.trial.demand(bool(held) == (mood in SENT), f"{mood}: {held} of {orders} are held")
    rested = held < orders or not mood.startswith("hangs")
    street.trial.demand(rested, f"{mood}: nginx asks the main system for every order, and each waits")
    await street.main.be("well")


async def _forged(street: Street) -> None:
    """What comes from outside under our names is wiped out, or anybody could have orders held."""
    numbers = street.numbers("forged", 2)
    await street.main.be("refuses")
    async with street.proxy("forged") as proxy:
        await street.taken(proxy, numbers, **{"x-lifeboat-sent": "1", "x-lifeboat-reason": "forged"})
    ours = street.ours()
    street.trial.demand(not any(ours[number] for number in numbers), "a stranger had orders held")
    await street.main.be("well")


async def _impatient(street: Street) -> None:
    """A storefront that gives up and tries again: its order is not lost, and held although the retry comes first."""
    numbers = street.numbers("impatient", AT_ONCE)
    await street.main.be("hangs after storing")
    async with street.proxy("impatient") as proxy:
        given_up = [_given_up(street, proxy, number) for number in numbers]
        street.trial.demand(all(await asyncio.gather(*given_up)), "the storefront was answered before it gave up")
        await asyncio.to_thread(
            until, lambda: proxy.log().count("\n") >= len(numbers), why="nginx notes no end of them"
        )
        nowhere = set(numbers) - set(street.ours())
        street.trial.demand(not nowhere, f"whose storefront has given up is in nobody's hands: {sorted(nowhere)}")
        await street.taken(proxy, numbers)
    street.judge("impatient", numbers, once_in_main=False)  # main has no idempotency: the storefront itself sent twice
    await street.main.be("well")


async def _given_up(street: Street, proxy: Nginx, number: str) -> bool:
    try:
        await street.order(proxy, number, patience=IMPATIENT)
    except httpx.ReadTimeout:
        return True
    return False


async def _both_away(street: Street) -> None:
    """With nobody there the storefront is told to come again, in the main system's form; then its retry is taken."""
    (number,) = street.numbers("away", 1)
    await street.main.be("refuses")
    async with street.proxy("away") as proxy:
        street.lifeboat.stop()
        answer = await street.order(proxy, number)
        said: Any = answer.json() if answer.status_code == 503 else answer.text
        told = answer.status_code, answer.headers.get("retry-after"), said["code"] if isinstance(said, dict) else said
        street.trial.demand(told == (503, "2", 5003), f"with nobody there the storefront is told {told}")
        street.lifeboat.start()
        street.lifeboat.wait_ready()
        await street.taken(proxy, [number])
    street.judge("away", [number])


def test_nginx_hands_orders_over_and_says_which_the_main_system_may_have(tmp_path: Path):
    """P1, P2: as docs/switching.md says, with the file that is shipped."""
    moods: tuple[Mood, ...] = ("refuses", "hangs after storing", "500 after storing")
    _prove(nginx_hands_over(tmp_path, moods=moods, storefronts=False))


def test_no_storefront_can_have_orders_held_lose_them_or_be_left_without_an_answer(tmp_path: Path):
    """P1, P12: forged words, impatience, and nobody there."""
    _prove(nginx_hands_over(tmp_path, orders=1, moods=()))


def _prove(trial: Trial) -> None:
    if trial.skipped:
        pytest.skip(f"NO NGINX: {trial.skipped} (apt-get install nginx-light)")
    trial.prove()
