"""The shipped example of nginx with Lua: an error inside a 200 is handed over, a refusal is not; nothing doubles unseen."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.failure.test_nginx_hands_over import PROFILES, Street
from tests.fakes.main_system import Mood, main_system
from tests.fakes.serving import closed_port
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.nginx import LUA_EXAMPLE, NoNginx, lua_modules, nginx
from tests.harness.processes import LOOPBACK
from tests.harness.trial import Trial, skipped

QUICKLY = {"proxy_read_timeout 3s;": "proxy_read_timeout 500ms;"}
"""What the main system may take, so that a test need not wait for it as long as a storefront does."""

HELD: dict[Mood, bool] = {
    "refuses": False,
    "200 with an error inside": True,
    "hangs after storing": True,
    "500 after storing": True,
}
"""What a main system may do, and whether orders of it are to be held."""


def lua_hands_over(home: Path, *, orders: int = 6, moods: Sequence[Mood] = tuple(HELD), quickly: bool = False) -> Trial:
    """Let the main system fall ill in some ways, and refuse an order for a reason of business.

    ``quickly`` lets the main system take half a second, not three.
    """
    trial = Trial("P1 P2", "nginx with Lua in front of a main system that answers errors inside a 200")
    profiles = home / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "shop.toml").write_bytes((PROFILES / "nested-json-fen.toml").read_bytes())
    try:
        modules = lua_modules()
        with boat(home, command="web", trusted_proxies=LOOPBACK, profiles_dir=str(profiles)) as lifeboat:
            asyncio.run(_play(trial, lifeboat, home, orders, moods, modules, quickly=quickly))
            trial.demand(not lifeboat.errors(), f"the log has errors: {lifeboat.errors()[:1]}")
    except NoNginx as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(
    trial: Trial,
    lifeboat: Boat,
    home: Path,
    orders: int,
    moods: Sequence[Mood],
    modules: Sequence[Path],
    *,
    quickly: bool,
) -> None:
    async with main_system() as main:
        street = Street(trial, lifeboat, main, home)
        ours = {"main": main.port, "lifeboat": lifeboat.port, "example": LUA_EXAMPLE, "modules": modules}
        with nginx(home / "well", **ours) as proxy:
            numbers = street.numbers("well", orders)
            await street.taken(proxy, numbers)
            trial.demand(not set(numbers) & set(street.ours()), "orders of a healthy day reached Lifeboat")
            await main.be("200 out of stock")
            answer = await street.order(proxy, "STOCK")
            trial.demand((answer.status_code, answer.json()["code"]) == (200, 4001), "a refusal is not passed through")
            trial.demand("x-attempt" not in answer.headers, "what nginx tells itself is told to storefronts")
            trial.demand("STOCK" not in street.ours(), "an order that the main system refused was handed over")
        for n, mood in enumerate(moods):
            with nginx(home / f"ill-{n}", **ours, besides=QUICKLY if quickly else {}) as proxy:
                await main.be(mood)
                numbers = street.numbers(mood, orders)
                slowest = await street.taken(proxy, numbers, **{"x-lifeboat-sent": "1"})
                street.judge(mood, numbers)
                held = street.count_held(mood, numbers, slowest=slowest)
                trial.demand(bool(held) == HELD[mood], f"{mood}: {held} of {orders} are held")
                trial.demand(held < orders, f"{mood}: the breaker never opens")
                await main.be("well")
        with nginx(home / "switched", **ours) as proxy:
            proxy.switches.mkdir()
            (proxy.switches / "tmall.on").touch()
            await street.taken(proxy, numbers := street.numbers("switched", 1), host="tmall-api.example.com")
            here = street.ours().get(numbers[0]) is False and not main.stored[numbers[0]]
            trial.demand(here, "a switched order is not ours alone")
        with closed_port() as one, closed_port() as other:
            away = {**ours, "main": one, "lifeboat": other}
            with nginx(home / "away", **away) as proxy:
                await street.told_to_come_again(proxy)


def test_nginx_with_lua_hands_over_what_the_main_system_has_not_taken(tmp_path: Path):
    """P1, P2: as docs/switching.md says; the time the main system may take is shorter than in the shipped file."""
    trial = lua_hands_over(tmp_path, quickly=True)
    if trial.skipped:
        pytest.skip(f"NO NGINX WITH LUA: {trial.skipped} (apt-get install nginx-light libnginx-mod-http-lua)")
    trial.prove()
