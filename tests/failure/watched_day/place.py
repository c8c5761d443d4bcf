"""Where the story is played: the vendors and providers as fakes on one clock, a worker that dies, and the people."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app import settings as knobs
from app.access import accounts
from app.bootstrap import Lifeboat, open_lifeboat
from app.bootstrap.source_files import PUSHES, word_of_path
from app.domain.actor import Actor, Way
from app.domain.contact import ContactWay
from app.store.contacts import sealed_contact
from app.watch import roster
from app.watch.flow_map.change import WantedPlan, plan_stage
from app.watch.roster import WantedTurn
from app.web.application import WebApp
from tests.failure.watched_day.truth import CARRIER, MINI, TMALL, ZONE
from tests.failure.watched_day.vendors import EMERGENCY, EVERYDAY, TEMPLATE, Fakes
from tests.fakes.clock import ClockAt
from tests.fakes.erp import ErpFake
from tests.fakes.kuaidi100 import Kuaidi100Fake
from tests.fakes.serving import serve
from tests.fakes.smtp import MailFake, serve_mail
from tests.harness.away import postgres
from tests.harness.mortal import VENDORS, Mortal

IT = Actor("it", Way.CLI)
SALT = "lbsalt01"
FIRST, SECOND, FALLBACK, LEAD = "mei", "lan", "boss", "chief"
KEEPERS = {1: "qian", 3: "zhou"}
"""Whose the stages are that go wrong."""

DOCUMENTS = {
    "wdt": f"""
name = "wdt"
kind = "wangdiantong"
first_hours = 6
[access]
sid = "lbsid"
key = "lbkey"
[secrets]
secret = "WDT_SECRET"
[channels]
001 = "{TMALL}"
002 = "{MINI}"
""",
    "jst": """
name = "jst"
kind = "jushuitan"
first_hours = 6
shipped_is_packed = true
[access]
app_key = "lb-app-01"
[secrets]
app_secret = "JST_SECRET"
access_token = "JST_TOKEN"
""",
    "kd": """
name = "kd"
kind = "kuaidi100"
[access]
customer = "LBCUSTOMER01"
[secrets]
key = "KUAIDI100_KEY"
salt = "KUAIDI100_SALT"
""",
}
SECRETS = {
    "WDT_SECRET": "lbsecret:lbsalt",
    "JST_SECRET": "lb-secret-01",
    "JST_TOKEN": "lb-token-01",
    "KUAIDI100_KEY": "lbkey01",
    "KUAIDI100_SALT": SALT,
}


@dataclass
class Place:
    """All of it."""

    fakes: Fakes
    house: Lifeboat
    web: WebApp
    worker: Mortal
    phones: Mapping[str, str]
    """Of each person."""
    push_path: str = f"{PUSHES}/{CARRIER}/{word_of_path(SALT)}"

    async def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a request as a phone, or a carrier, would."""
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.web),
            base_url="https://boat.example.com",
        ) as client:
            return await client.request(method, path, data=form)


@contextmanager
def place(home: Path, *, engine: str, start: datetime, busy: bool) -> Iterator[Place]:
    """Open everything on an empty database; the carrier of a ``busy`` shop is asked every ten seconds.

    Raises:
        NoPostgres: this machine has none.
    """
    fakes = Fakes(ClockAt(start))
    with ExitStack() as stack:
        hosts: dict[str, ErpFake | Kuaidi100Fake] = {
            "wdt.wangdian.cn": fakes.wdt,
            "openapi.jushuitan.com": fakes.jst,
            "poll.kuaidi100.com": fakes.kd,
        }
        vendors = {host: urlsplit(stack.enter_context(serve(fake.app()))).port for host, fake in hosts.items()}
        settings = _settings(home, stack, fakes, busy=busy)
        if engine == "postgresql":
            settings["LIFEBOAT_DATABASE_URL"] = stack.enter_context(postgres()).sqlalchemy_url
        environment = {**settings, **SECRETS, VENDORS: json.dumps(vendors)}
        of_carrier = stack.enter_context(pytest.MonkeyPatch.context())
        of_carrier.setenv("KUAIDI100_SALT", SALT)  # the web that is pushed to is in this process
        chosen: dict[str, Any] = {name.removeprefix("LIFEBOAT_").lower(): value for name, value in settings.items()}
        house = stack.enter_context(closing(open_lifeboat(knobs.load(_env_file=None, **chosen), clock=fakes.clock)))
        house.prepare_store()
        phones = _people(house)
        worker = stack.enter_context(Mortal(home, environment))
        yield Place(fakes, house, WebApp(house), worker, phones)


def _settings(home: Path, stack: ExitStack, fakes: Fakes, *, busy: bool) -> dict[str, str]:
    sources = home / "sources"
    sources.mkdir(parents=True)
    often = "every_seconds = 10\n" if busy else ""  # each time it subscribes to thirty parcels at most
    documents = {**DOCUMENTS, CARRIER: often + DOCUMENTS[CARRIER]}
    for name, text in documents.items():
        (sources / f"{name}.toml").write_text(text, encoding="utf-8")
    wecom = stack.enter_context(serve(fakes.wecom.app()))
    return {
        "LIFEBOAT_DATA_DIR": str(home / "data"),
        "LIFEBOAT_EXPORT_DIR": str(home / "exports"),
        "LIFEBOAT_SECRET_KEY": "s" * 32,
        "LIFEBOAT_SEAL_KEY": "t" * 32,
        "LIFEBOAT_PUBLIC_URL": "https://boat.example.com",
        "LIFEBOAT_WATCH_SOURCES_DIR": str(sources),
        "LIFEBOAT_WECOM_ROBOTS": f"{wecom}/cgi-bin/webhook/send?key={EVERYDAY}",
        "LIFEBOAT_EMERGENCY_ROBOTS": f"{wecom}/cgi-bin/webhook/send?key={EMERGENCY}",
        "LIFEBOAT_SMS_PROVIDER": "aliyun",
        "LIFEBOAT_SMS_ENDPOINT": stack.enter_context(serve(fakes.aliyun.app())),
        "LIFEBOAT_SMS_ACCESS_KEY_ID": "testid",
        "LIFEBOAT_SMS_ACCESS_KEY_SECRET": "testsecret",
        "LIFEBOAT_SMS_SIGN_NAME": "测试商城",
        "LIFEBOAT_SMS_NOTICE_TEMPLATE": TEMPLATE,
        "LIFEBOAT_SMS_ALERT_TEMPLATE": TEMPLATE,
        "LIFEBOAT_SMS_COUPON": "off",
        "LIFEBOAT_SMTP_URL": f"smtp://127.0.0.1:{stack.enter_context(_mail_served(fakes.mail))}",
    }


@contextmanager
def _mail_served(fake: MailFake) -> Iterator[int]:
    """Serve the mail server on a loop in a thread of its own."""
    began, ports, ends = threading.Event(), list[int](), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def serving() -> None:
        end = asyncio.Event()
        async with serve_mail(fake) as port:
            ports.append(port)
            ends.append((asyncio.get_running_loop(), end))
            began.set()
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serving()), name="mail")
    thread.start()
    began.wait()
    try:
        yield ports[0]
    finally:
        loop, end = ends[0]
        loop.call_soon_threadsafe(end.set)
        thread.join()


def _people(house: Lifeboat) -> dict[str, str]:
    """Let people in, verified; two are on duty, two have a stage of their own, and one is asked when nobody answers."""
    now, phones = house.clock.now(), {}
    names = (FIRST, SECOND, FALLBACK, LEAD, *KEEPERS.values())
    with house.store.writing() as uow:
        for place_, name in enumerate(names):
            accounts.add_user(
                uow, name, role="admin" if name == LEAD else "ops", by=IT, now=now, password="boat-in-the-storm-7"
            )
            user = uow.access.user_named(name)
            assert user is not None
            phones[name] = f"1390000000{place_}"
            for way, address in ((ContactWay.PHONE, phones[name]), (ContactWay.EMAIL, f"{name}@shop.example")):
                setattr(user, str(way), sealed_contact(house.keyring, user.id or 0, way, address))
                setattr(user, f"{way}_verified_at", now)
        roster.set_fallback(uow, FALLBACK, by=IT, now=now)
        for place_, name in ((1, FIRST), (2, SECOND)):
            began = now - timedelta(hours=1)
            turn = WantedTurn(name=name, starts_at=began, ends_at=began + timedelta(days=1), place=place_)
            roster.add_shift(uow, turn, days=20, zone=ZONE, by=IT, now=now)
        for stage, keeper in KEEPERS.items():
            plan = WantedPlan(limit={1: "5", 3: "60"}[stage], owner="仓储部", exceptions="先看打印机", keeper=keeper)
            plan_stage(uow, stage, plan, seen=0, by=IT, now=now)
    return phones
