"""The shipped nginx example and ``lifeboat switch``: one storefront stands in, the other stays; the main system is well."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app import settings as knobs
from app.bootstrap import Lifeboat, open_lifeboat
from app.reconcile.switches import switch_off, switch_on
from app.worker.failover import Failover
from tests.deployment.facts import OPS
from tests.failure.test_nginx_hands_over import PROFILES, Street, is_taken
from tests.fakes.main_system import main_system
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.nginx import Nginx, NoNginx, nginx
from tests.harness.processes import LOOPBACK
from tests.harness.trial import Trial, skipped

TMALL, JD, OTHER = "tmall-api.example.com", "jd-api.example.com", "shop-api.example.com"
FEW = {"rate=100r/s": "rate=1r/s", "burst=200": "burst=1"}
"""A limit that a test reaches: one order a second and one more."""


class Switchboard:
    """What a person switches, and the worker of the proxy's machine that keeps its files."""

    def __init__(self, street: Street, ours: Lifeboat, proxy: Nginx) -> None:
        self.street, self.ours, self.proxy = street, ours, proxy
        self._worker = Failover(ours)

    async def turn(self, channel: str, to: str) -> None:
        with self.ours.store.writing() as uow:
            now = self.ours.clock.now()
            if to == "on":
                switch_on(uow, channel, reason="x", until=None, by=OPS, now=now)
            else:
                switch_off(uow, channel, reason="x", by=OPS, now=now)
        await self._worker.keep_switches()

    async def goes(self, host: str, to: str, prefix: str) -> None:
        """Send two orders of a storefront, each of which must be taken ``to`` one side alone, and be held nowhere."""
        trial, numbers = self.street.trial, self.street.numbers(f"{prefix} {host[:2]}", 2)
        await self.street.taken(self.proxy, numbers, host=host)
        ours = self.street.ours()
        for number in numbers:
            there = [
                name for name, it_is in (("main", self.street.main.stored[number]), ("us", number in ours)) if it_is
            ]
            trial.demand(there == [to], f"{prefix}: an order of {host} is with {there}")
            trial.demand(not ours.get(number), f"{prefix}: an order that was sent nowhere else is held")


def nginx_switches(home: Path) -> Trial:
    """Switch one storefront, all of them, and back, with orders of two storefronts in between."""
    trial = Trial("P1 P2", "nginx: one storefront is switched to Lifeboat while the main system is well")
    profiles = home / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "shop.toml").write_bytes((PROFILES / "nested-json-fen.toml").read_bytes())
    try:
        with boat(home, command="web", trusted_proxies=LOOPBACK, profiles_dir=str(profiles)) as lifeboat:
            asyncio.run(_play(trial, lifeboat, home))
            trial.demand(not lifeboat.errors(), f"the log has errors: {lifeboat.errors()[:1]}")
    except NoNginx as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


@contextmanager
def worker_beside(lifeboat: Boat, switches: Path) -> Iterator[Lifeboat]:
    """Open what a worker on the proxy's machine would have."""
    chosen = {"data_dir": lifeboat.data_dir, "export_dir": lifeboat.exports, "switch_dir": switches}
    with closing(open_lifeboat(knobs.load(_env_file=None, **chosen))) as opened:
        yield opened


async def _play(trial: Trial, lifeboat: Boat, home: Path) -> None:
    async with main_system() as main:
        street = Street(trial, lifeboat, main, home)
        ports = {"main": main.port, "lifeboat": lifeboat.port}
        with nginx(home / "nginx", **ports) as proxy, worker_beside(lifeboat, proxy.switches) as ours:
            await _switched(Switchboard(street, ours, proxy))
        with nginx(home / "nginx-few", **ports, besides=FEW) as proxy:
            await _limited(street, proxy)


async def _switched(board: Switchboard) -> None:
    await board.goes(TMALL, "main", "before")
    await board.turn("tmall", "on")
    await board.goes(TMALL, "us", "one")
    await board.goes(JD, "main", "one")
    await board.turn("all", "on")
    await board.goes(OTHER, "us", "all")
    await board.turn("all", "off")
    await board.turn("tmall", "off")
    await board.goes(TMALL, "main", "after")


async def _limited(street: Street, proxy: Nginx) -> None:
    """An address that orders too fast is told to wait also where its storefront is switched: no way round the limit."""
    proxy.switches.mkdir()
    (proxy.switches / "tmall.on").touch()
    answers = [await street.order(proxy, number, host=TMALL) for number in street.numbers("fast", 4)]
    told: Sequence[int] = [answer.status_code for answer in answers if not is_taken(answer)]
    street.trial.demand(bool(told) and set(told) == {429}, f"a switched storefront passes the limit: {told}")
    street.trial.demand(is_taken(answers[0]), "the first order of a switched storefront is limited")


def test_one_storefront_stands_in_while_the_other_stays_on_the_main_system(tmp_path: Path):
    """P1, P2: by a file that the worker keeps; the main system is never asked, so nothing is held."""
    trial = nginx_switches(tmp_path)
    if trial.skipped:
        pytest.skip(f"NO NGINX: {trial.skipped} (apt-get install nginx-light)")
    trial.prove()
