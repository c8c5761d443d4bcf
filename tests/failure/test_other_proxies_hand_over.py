"""The shipped examples of Caddy and Envoy, where a machine has them: nothing is lost, and nothing doubled unseen."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.failure.test_nginx_hands_over import PROFILES, Street
from tests.fakes.main_system import Mood, main_system
from tests.fakes.serving import closed_port
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.other_proxies import NoSuchProxy, OtherProxy, caddy, envoy, program_of
from tests.harness.processes import LOOPBACK
from tests.harness.trial import Trial, skipped

Runs = Callable[..., AbstractContextManager[OtherProxy]]

ILL: tuple[Mood, ...] = ("refuses", "hangs after storing", "500 after storing")


def other_proxy_hands_over(
    home: Path, run: Runs, *, orders: int = 6, moods: Sequence[Mood] = ILL, quickly: bool = False
) -> Trial:
    """Let the main system fall ill in some ways behind Caddy or Envoy; behind Caddy a storefront is switched too.

    ``quickly`` lets the main system take half a second, not three.
    """
    trial = Trial("P1 P2", f"{run.__name__} in front of a main system that is ill")
    profiles = home / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "shop.toml").write_bytes((PROFILES / "nested-json-fen.toml").read_bytes())
    chosen = {"handed_over": "unknown"} if run is caddy else {}
    try:
        program_of(run.__name__)
        with boat(home, command="web", trusted_proxies=LOOPBACK, profiles_dir=str(profiles), **chosen) as lifeboat:
            asyncio.run(_play(trial, lifeboat, home, run, orders, moods, quickly=quickly))
            trial.demand(not lifeboat.errors(), f"the log has errors: {lifeboat.errors()[:1]}")
    except NoSuchProxy as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(
    trial: Trial, lifeboat: Boat, home: Path, run: Runs, orders: int, moods: Sequence[Mood], *, quickly: bool
) -> None:
    async with main_system() as main:
        street = Street(trial, lifeboat, main, home)
        ports = {"main": main.port, "lifeboat": lifeboat.port}
        with run(home / "well", **ports) as proxy:
            numbers = street.numbers("well", orders)
            await street.taken(proxy, numbers)
            trial.demand(not set(numbers) & set(street.ours()), "orders of a healthy day reached Lifeboat")
            if run is caddy:
                await _switched(street, proxy)
        for n, mood in enumerate(moods):
            with run(home / f"ill-{n}", **ports, quickly=quickly) as proxy:
                await main.be(mood)
                numbers = street.numbers(mood, orders)
                slowest = await street.taken(proxy, numbers, **{"x-lifeboat-sent": "0"})
                street.judge(mood, numbers)
                street.count_held(mood, numbers, slowest=slowest)
                await main.be("well")
        with closed_port() as one, closed_port() as other, run(home / "away", main=one, lifeboat=other) as proxy:
            await street.told_to_come_again(proxy)


async def _switched(street: Street, proxy: OtherProxy) -> None:
    proxy.switches.mkdir()
    (proxy.switches / "tmall.on").touch()
    ours, theirs = street.numbers("switched", 1), street.numbers("stays", 1)
    await street.taken(proxy, ours, host="tmall-api.example.com")
    await street.taken(proxy, theirs, host="shop-api.example.com")
    here, there = street.ours(), street.main.stored
    street.trial.demand(here.get(ours[0]) is False and not there[ours[0]], "a switched order is not ours alone")
    street.trial.demand(theirs[0] not in here and there[theirs[0]] == 1, "another storefront was switched too")


@pytest.mark.parametrize("run", [caddy, envoy])
def test_no_order_is_lost_and_no_double_is_unseen(tmp_path: Path, run: Runs):
    """P1, P2: as docs/switching.md says; the time the main system may take is shorter than in the shipped file."""
    trial = other_proxy_hands_over(tmp_path, run, quickly=True)
    if trial.skipped:
        pytest.skip(f"NO {run.__name__.upper()}: {trial.skipped} (put caddy >= 2.11.7 or envoy on the PATH)")
    trial.prove()
