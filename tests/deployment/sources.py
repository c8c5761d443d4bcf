"""Sources of a test's deployment: documents as a merchant would write them, and the fakes behind their addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Lifeboat
from app.bootstrap.sources import OpenSources
from app.domain.marks import Mark
from app.outbound.pace import CallPace
from app.store.tables import WatchSource
from app.watch.sources.document import Source, Sources, WrongSource, read_source
from app.watch.sources.poll import Polled
from tests.deployment import Deployment
from tests.fakes.erp import Vendors
from tests.fakes.guanyi import GuanyiFake
from tests.fakes.jushuitan import JushuitanFake
from tests.fakes.kuaidi100 import Kuaidi100Fake
from tests.fakes.wangdiantong import WangdiantongFake

SECRETS = {"WDT_SECRET": "lbsecret:lbsalt", "JST_SECRET": "lb-secret-01", "JST_TOKEN": "lb-token-01"}
SECRETS |= {"GUANYI_SECRET": "lbsecret", "GUANYI_SESSION": "lbsession", "KUAIDI100_KEY": "lbkey01"}

WANGDIANTONG = """
name = "wdt"
kind = "wangdiantong"
[access]
sid = "lbsid"
key = "lbkey"
[secrets]
secret = "WDT_SECRET"
[channels]
001 = "天猫旗舰店"
"""
JUSHUITAN = """
name = "jst"
kind = "jushuitan"
[access]
app_key = "lb-app-01"
[secrets]
app_secret = "JST_SECRET"
access_token = "JST_TOKEN"
"""
GUANYI = """
name = "gy"
kind = "guanyi"
[access]
appkey = "lbkey"
[secrets]
secret = "GUANYI_SECRET"
sessionkey = "GUANYI_SESSION"
"""
KUAIDI100 = """
name = "kd"
kind = "kuaidi100"
[access]
customer = "LBCUSTOMER01"
[secrets]
key = "KUAIDI100_KEY"
"""


async def no_wait(_seconds: float) -> None:
    """Wait for nothing: what a test measures is not how long a vendor is left alone."""


@dataclass
class SourceRig:
    """The vendors, and a deployment that reads them on a clock of the test's."""

    deployment: Deployment
    folder: Path
    wdt: WangdiantongFake = field(init=False)
    jst: JushuitanFake = field(init=False)
    gy: GuanyiFake = field(init=False)
    kd: Kuaidi100Fake = field(init=False)
    opened: OpenSources = field(init=False)

    def __post_init__(self) -> None:
        now = self.deployment.clock.now
        self.wdt, self.jst, self.gy = WangdiantongFake(now=now), JushuitanFake(now=now), GuanyiFake(now=now)
        self.kd = Kuaidi100Fake(now=now)
        self.restart()

    def restart(self) -> None:
        """Begin as a new process does: what was only in memory is gone."""
        hosts: Mapping[str, Any] = {
            "wdt.wangdian.cn": self.wdt,
            "openapi.jushuitan.com": self.jst,
            "v2.api.guanyierp.com": self.gy,
            "poll.kuaidi100.com": self.kd,
        }
        self.opened = OpenSources(
            self.boat,
            Sources(),
            transport=Vendors(hosts),
            wait=no_wait,
            paces=lambda per_minute: CallPace(per_minute, now=lambda: 0.0, sleep=no_wait),
        )

    @property
    def boat(self) -> Lifeboat:
        return self.deployment.boat

    def source(self, text: str, **changed: object) -> Source:
        """Read a document of a source, with lines put before it."""
        path = self.folder / "source.toml"
        lines = "".join(
            f"{name} = {value!r}\n" if not isinstance(value, bool) else f"{name} = {str(value).lower()}\n"
            for name, value in changed.items()
        )
        path.write_text(lines + text, encoding="utf-8")
        found = read_source(path)
        assert not isinstance(found, WrongSource), found.sentence
        return found

    async def poll(self, source: Source, *, rounds: int = 1) -> Polled:
        for _ in range(rounds):
            polled = await self.opened.poll(source)
        return polled

    async def caught_up(self, source: Source) -> Polled:
        """Read until the source has nothing more to tell."""
        polled = await self.opened.poll(source)
        while polled.catching_up:
            polled = await self.opened.poll(source)
        return polled

    def row(self, name: str) -> WatchSource:
        with self.deployment.store.reading() as uow:
            row = uow.sources.get(name)
        assert row is not None
        return row

    def marks(self, order: str) -> list[str]:
        """Return what is stored of an order, in the order of its times."""
        with self.deployment.store.reading() as uow:
            ids = uow.flows.ids_of([order])
            events = uow.flows.events_of(list(ids.values())).get(ids.get(order, 0), [])
        way = [one for one in events if one.mark is not Mark.STATUS]
        return [str(one.mark) for one in sorted(way, key=lambda one: (one.at, list(type(one.mark)).index(one.mark)))]

    def stands(self, order: str) -> list[dict[str, object]]:
        """Return what is stored of how an order stood, in the order of its times."""
        with self.deployment.store.reading() as uow:
            ids = uow.flows.ids_of([order])
            events = uow.flows.events_of(list(ids.values())).get(ids.get(order, 0), [])
        told = sorted((one for one in events if one.mark is Mark.STATUS), key=lambda one: one.at)
        return [{name: said for name, said in one.attributes.items() if name != "quality"} for one in told]


@pytest.fixture
def rig(deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceRig:
    """Every vendor, on both engines in turn."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return SourceRig(deployment, tmp_path)
