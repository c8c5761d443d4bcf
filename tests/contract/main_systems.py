"""Every adapter beside its fake, on a clock that waiting turns; and a way home that obeys what is decided."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from app.domain.main_system import AbsentFromMain, OrderNames, OrderToSend
from app.domain.order import Item, Order, Payment, Recipient
from app.domain.way_home import (
    AfterCreate,
    AfterFind,
    AskFirst,
    SendNow,
    StopEverybody,
    WaitThenGoOn,
    after_create,
    after_find,
)
from app.intake.profile.profile import read_profile
from app.main_system.caller import MainCaller
from app.main_system.document import KINDS
from app.main_system.erp import ErpSetUp
from app.main_system.http_replay import HttpMainSystem
from app.main_system.port import MainSystem
from app.main_system.tokens import AccessToken, Getting, TokenKeeper
from app.outbound.api import ask
from app.outbound.client import outbound_client
from app.outbound.pace import CallPace
from tests.fakes.clock import ClockAt
from tests.fakes.main_guanyi import MainGuanyiFake
from tests.fakes.main_http import MainHttpFake
from tests.fakes.main_jushuitan import MainJushuitanFake
from tests.fakes.main_wangdiantong import MainWangdiantongFake
from tests.fakes.main_wire import MainFake, MainWire
from tests.house.repository import ROOT

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
NUMBER, SHOPS_NUMBER = "LB0123456789ABX", "SHOP-20261122-0001"
PROFILE = ROOT / "examples/profiles/nested-json-fen.toml"

ORDER = Order(
    phone="13800138000",
    items=(
        Item(sku="A-1001", quantity=1, name="跑步鞋 42", unit_price=59900),
        Item(sku="B-2002", quantity=2, unit_price=1050),
    ),
    total=62800,
    freight=800,
    recipient=Recipient(name="张三", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"),
    payment=Payment(status="paid", paid_at=NOW, transaction_id="42000021232026112200"),
    buyer="跑步的猫",
    note="尽快发货",
    placed_at=NOW,
)

PAYLOAD = {
    "tradeNo": SHOPS_NUMBER,
    "payAmount": 62800,
    "freight": 800,
    "buyer": {"mobile": "13800138000"},
    "details": [
        {"skuCode": "A-1001", "num": 1, "price": 59900},
        {"skuCode": "B-2002", "num": 2, "price": 1050},
    ],
}


def sent(order: Order = ORDER, *, number: str = NUMBER, shop: str | None = SHOPS_NUMBER) -> OrderToSend:
    return OrderToSend(
        names=OrderNames(number, shop, channel="天猫"),
        order=order,
        received_at=NOW,
        payload=json.dumps({"data": {**PAYLOAD, "tradeNo": shop}}).encode(),
    )


class KeptInMind:
    """A keeper of a token that lives as long as a test."""

    def __init__(self, token: AccessToken) -> None:
        self.token = token

    async def current(self) -> AccessToken:
        return self.token

    async def renew(self, stale: AccessToken, get: Getting) -> bool:
        if stale != self.token:
            return True
        if (found := await get(stale)) is not None:
            self.token = found
        return found is not None


@dataclass
class Rig:
    """One adapter, its fake and the wire between them."""

    name: str
    number: str
    """Under which the fake counts."""
    fake: Any
    wire: MainWire
    main: MainSystem
    clock: ClockAt
    waits: list[timedelta] = field(default_factory=list)

    async def home(self, order: OrderToSend, *, may_be_there: bool = False, most: int = 30) -> AfterCreate | AfterFind:
        """Bring an order home by what is decided and nothing else: ask first, send, ask where nobody knows."""
        asked = absent = 0
        for _ in range(most):
            found = await self.main.find(order.names)
            asked, absent = asked + 1, absent + isinstance(found, AbsentFromMain)
            step: AfterCreate | AfterFind = after_find(
                found,
                order.order,
                asked=asked,
                absent=absent,
                may_be_there=may_be_there,
                same_number=self.main.same_number,
            )
            if isinstance(step, SendNow):
                step = after_create(await self.main.create(order), order.order)
                if isinstance(step, AskFirst):
                    may_be_there, asked, absent = True, 0, 0
            if not isinstance(step, AskFirst | WaitThenGoOn):
                return step
            self.waits.append(step.wait)
            self.clock.at += step.wait
        return StopEverybody("never_ended")


def _rig(name: str, number: str, fake: MainFake, opened: Callable[[MainCaller], MainSystem], per_minute: float) -> Rig:
    clock = ClockAt(NOW)
    fake.now = clock.now
    wire = MainWire(fake)

    async def wait(seconds: float) -> None:
        clock.at += timedelta(seconds=seconds)

    def seconds() -> float:
        return (clock.at - NOW).total_seconds()

    client: httpx.AsyncClient = outbound_client(transport=wire)
    pace = CallPace(per_minute, now=seconds, sleep=wait)
    caller = MainCaller(partial(ask, client, time_limit=timedelta(seconds=30)), pace=pace, clock=clock)
    return Rig(name, number, fake, wire, opened(caller), clock)


OPTIONS: dict[str, dict[str, str]] = {
    "jushuitan": {},
    "wangdiantong": {"pay_method": "1"},
    "guanyi": {"warehouse_code": "W1", "vip_code": "LIFEBOAT", "express_code": "YTO", "pay_type_code": "alipay"},
}
ACCESS = {
    "jushuitan": {"app_key": "lb-app-01", "app_secret": "lb-secret-01", "access_token": "lb-token-01"},
    "wangdiantong": {"sid": "lbsid", "key": "lbkey", "secret": "lbsecret:lbsalt"},
    "guanyi": {"appkey": "lbkey", "sessionkey": "lbsession", "secret": "lbsecret"},
}
SHOP = {"jushuitan": "101", "wangdiantong": "LB_SHOP", "guanyi": "SHOP1"}
FAKES: dict[str, Callable[[], MainFake]] = {
    "jushuitan": MainJushuitanFake,
    "wangdiantong": MainWangdiantongFake,
    "guanyi": MainGuanyiFake,
}


def erp(name: str, *, tokens: TokenKeeper | None = None, **options: str) -> Rig:
    """Return an ERP's adapter and its fake."""
    kind = KINDS[name]
    chosen = {one: values[0] for one, values in kind.choices.items()} | OPTIONS[name] | options

    def opened(caller: MainCaller) -> MainSystem:
        return kind.open(
            ErpSetUp(
                address=kind.address,
                access=ACCESS[name],
                shops={"*": SHOP[name]},
                options=chosen,
                caller=caller,
                tokens=tokens or KeptInMind(AccessToken(ACCESS[name].get("access_token", ""))),
            )
        )

    return _rig(name, NUMBER, FAKES[name](), opened, kind.per_minute)


SECRETS = {"app": "lifeboat", "secret": "lb-app-secret"}


def by_profile(
    tmp_path: Path, *changes: tuple[str, str], doubles: bool = False, secrets: Mapping[str, str] = SECRETS
) -> Rig:
    """Return the adapter of the example profile, with texts replaced in it."""
    text = PROFILE.read_text(encoding="utf-8")
    for old, new in (*changes, *([('"refuses" ', '"doubles" ')] if doubles else [])):
        assert old in text, old
        text = text.replace(old, new)
    file = tmp_path / "profile.toml"
    file.write_text(text, encoding="utf-8")
    described = read_profile(file).main
    assert described is not None
    fake = MainHttpFake(doubles=doubles)
    return _rig("http", SHOPS_NUMBER, fake, lambda caller: HttpMainSystem(described, caller, secrets=secrets), 60)
