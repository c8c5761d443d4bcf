"""The shipped HAProxy example in front of a main system that is ill or switched: nothing is lost, or doubled unseen."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.failure.test_nginx_hands_over import PROFILES, Street, is_taken
from tests.fakes.main_system import Mood, main_system
from tests.fakes.serving import closed_port
from tests.harness.haproxy import Haproxy, NoHaproxy, haproxy
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.processes import LOOPBACK
from tests.harness.trial import Trial, skipped

QUICKLY = {"timeout server 3s ": "timeout server 500ms "}
"""What the main system may take, so that a test need not wait for it as long as a storefront does."""

FEW = {"sc_http_req_rate(1) gt 100": "sc_http_req_rate(1) gt 1"}
"""A limit that a test reaches: one order a second."""

ILL: tuple[Mood, ...] = ("refuses", "hangs after storing", "500 after storing")
STOREFRONT = "tmall-api.example.com"


def haproxy_hands_over(home: Path, *, orders: int = 6, moods: Sequence[Mood] = ILL, quickly: bool = False) -> Trial:
    """Let the main system fall ill in some ways, answer an error inside a 200, and a storefront be switched.

    ``quickly`` lets the main system take half a second, not three.
    """
    trial = Trial("P1 P2", "HAProxy in front of a main system that is ill, and a storefront that is switched")
    profiles = home / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "shop.toml").write_bytes((PROFILES / "nested-json-fen.toml").read_bytes())
    try:
        with boat(home, command="web", trusted_proxies=LOOPBACK, profiles_dir=str(profiles)) as lifeboat:
            asyncio.run(_play(trial, lifeboat, home, orders, moods, quickly=quickly))
            trial.demand(not lifeboat.errors(), f"the log has errors: {lifeboat.errors()[:1]}")
    except NoHaproxy as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(trial: Trial, lifeboat: Boat, home: Path, orders: int, moods: Sequence[Mood], *, quickly: bool) -> None:
    async with main_system() as main:
        street = Street(trial, lifeboat, main, home)
        ports = {"main": main.port, "lifeboat": lifeboat.port}
        with haproxy(home / "well", **ports) as proxy:
            numbers = street.numbers("well", orders)
            await street.taken(proxy, numbers)
            trial.demand(not set(numbers) & set(street.ours()), "orders of a healthy day reached Lifeboat")
        for n, mood in enumerate(moods):
            with haproxy(home / f"ill-{n}", **ports, besides=QUICKLY if quickly else {}) as proxy:
                await main.be(mood)
                numbers = street.numbers(mood, orders)
                slowest = await street.taken(proxy, numbers, **{"x-lifeboat-sent": "0"})  # said by whom nobody believes
                street.judge(mood, numbers)
                street.count_held(mood, numbers, slowest=slowest)
                await main.be("well")
        with haproxy(home / "inside", **ports) as proxy:
            await _error_inside(street, proxy)
        with haproxy(home / "switched", **ports, switched="tmall 1\n") as proxy:
            await _switched(street, proxy)
        with haproxy(home / "few", **ports, switched="tmall 1\n", besides=FEW) as proxy:
            await _limited(street, proxy)
        with closed_port() as one, closed_port() as other, haproxy(home / "away", main=one, lifeboat=other) as proxy:
            await street.told_to_come_again(proxy)


async def _error_inside(street: Street, proxy: Haproxy) -> None:
    """No customer sees it: the storefront is told to come again, and its retry is taken; a refusal is left as it is."""
    await street.main.be("200 out of stock")
    answer = await street.order(proxy, "STOCK", patience=5)
    street.trial.demand((answer.status_code, answer.json()["code"]) == (200, 4001), "a refusal is not passed through")
    await street.main.be("200 with an error inside")
    for number in street.numbers("inside", 4):
        answers = [await street.order(proxy, number)]
        while not is_taken(answers[-1]) and len(answers) < 5:
            answers.append(await street.order(proxy, number))
        told = {answer.status_code for answer in answers[:-1]}
        street.trial.demand(told <= {503}, f"{number}: the storefront is told {told}")
        street.trial.demand(is_taken(answers[-1]), f"{number} is taken by nobody")
    await street.main.be("well")


async def _switched(street: Street, proxy: Haproxy) -> None:
    ours, theirs = street.numbers("switched", 1), street.numbers("stays", 1)
    await street.taken(proxy, ours, host=STOREFRONT)
    await street.taken(proxy, theirs)
    here, there = street.ours(), street.main.stored
    street.trial.demand(here.get(ours[0]) is False and not there[ours[0]], "a switched order is not ours alone")
    street.trial.demand(theirs[0] not in here and there[theirs[0]] == 1, "another storefront was switched too")


async def _limited(street: Street, proxy: Haproxy) -> None:
    """Whoever orders too fast is told to wait, switched or not."""
    for host in (STOREFRONT, "shop-api.example.com"):
        answers = [await street.order(proxy, number, host=host) for number in street.numbers(f"fast {host[:2]}", 3)]
        told = [answer.status_code for answer in answers if not is_taken(answer)]
        street.trial.demand(bool(told) and set(told) == {429}, f"an order of {host} passes the limit: {told}")


def test_haproxy_hands_orders_over_and_no_double_is_unseen(tmp_path: Path):
    """P1, P2: as docs/switching.md says; the time the main system may take is shorter than in the shipped file."""
    trial = haproxy_hands_over(tmp_path, quickly=True)
    if trial.skipped:
        pytest.skip(f"NO HAPROXY: {trial.skipped} (apt-get install haproxy)")
    trial.prove()
