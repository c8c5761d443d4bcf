"""An outage as a merchant has it: three storefronts, an hour of orders, two files, one result, and what waits for people."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from app.access.contacts import set_contact
from app.domain.contact import ContactWay
from app.domain.marks import STAGES, Mark
from app.domain.states import HeldKind
from app.handback.import_results import import_results
from app.handback.result_lines import ResultFile, ResultLine
from app.orders.attend import claim_order
from app.store.alert_steps import TroubleSighting
from app.store.repositories.leases import LEADER
from app.store.tables import Client, ClientKey
from app.store.unit_of_work import UnitOfWork
from app.watch.roster import WantedTurn, add_override, add_shift, set_fallback
from app.watch.stages.hours import close_hours
from app.watch.stages.simulate import fault_of, simulated
from app.watch.stages.take_events import ReportedEvent, take_events
from app.web.api.lifecycle import checked_event
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, NOON, OPS, SHOP, ZONE, minutes
from tests.deployment.orders import order_body, prepared
from tests.fakes.clock import ClockAt

STOREFRONTS = {"c1": "天猫旗舰店", "c2": "微信小程序", "c3": "门店自提"}
GOODS = (
    ("A-1001", "缓震跑步鞋 42 码", 59900),
    ("A-1002", "羊毛围巾 灰", 12900),
    ("B-2001", "保温杯 500ml", 5900),
    ("B-2002", "儿童雨衣 黄 120", 8800),
    ("C-3001", "降噪耳机", 129900),
)
PEOPLE = ("欧阳小红", "张伟", "李娜", "王芳", "刘洋", "陈静")
STREETS = ("文三路 90 号", "解放路 12 号 3 栋", "中山北路 188 号", "湖滨路 5 号")
HOUR = 60
"""Minutes of orders."""

RATE = 3
"""Orders a minute, on average."""

PAID = 0.9


def outage_in(folder: Path, **chosen: object) -> Deployment:
    """Return the console of somebody called ``boss`` in the middle of it; the same each time, with the settings chosen."""
    shutil.copytree(_played().name, folder, dirs_exist_ok=True)
    return Deployment(folder, clock=ClockAt(NOON), **chosen)


@cache
def _played() -> tempfile.TemporaryDirectory[str]:
    """Play the outage once for all to copy."""
    folder = tempfile.TemporaryDirectory(prefix="lifeboat-outage-")
    _play(Path(folder.name)).close()
    assert not list(Path(folder.name).rglob("lifeboat.db-wal"))  # else a copy would lack what is in it
    return folder


def _roster(uow: UnitOfWork) -> None:
    """Two take turns for a week, one stands in for an hour, and then there is a gap."""
    how: dict[str, Any] = {"by": OPS, "now": NOON}
    for name, way, address in (
        ("boss", ContactWay.PHONE, "13912345678"),
        ("xiaolin", ContactWay.EMAIL, "lin@example.com"),
    ):
        set_contact(uow, name, way, address, keyring=KEYS, **how)
    boss = uow.access.user_named("boss")
    assert boss
    boss.phone_verified_at = NOON
    set_fallback(uow, "boss", **how)
    for name, start in (("xiaolin", NOON - minutes(250)), ("boss", NOON + minutes(470))):
        wanted = WantedTurn(name=name, starts_at=start, ends_at=start + minutes(720))
        add_shift(uow, wanted, days=6, zone=ZONE, **how)
    stand_in = WantedTurn(name="boss", starts_at=NOON + minutes(110), ends_at=NOON + minutes(170))
    add_override(uow, stand_in, reason="小林开会", **how)


def _play(folder: Path) -> Deployment:
    made = Deployment(folder, clock=ClockAt(NOON - minutes(HOUR)))
    assert made.door
    with made.boat.store.writing() as uow:
        for id_, name in list(STOREFRONTS.items())[1:]:
            client = Client(id=id_, name=name, scope="intake", created_at=made.clock.now())
            key = ClientKey(id=f"k{id_}", client_id=id_, secret_sha256=id_.encode() * 16, created_at=made.clock.now())
            uow.access.add_client(client, key)
        uow.access.client_named("旗舰店").name = STOREFRONTS["c1"]  # type: ignore[union-attr]
        uow.coupons.add([(f"CALM{n:04d}", "20 元") for n in range(60)], now=made.clock.now())
    made.console.add_person("boss", "admin")
    made.console.add_person("xiaolin", "ops")
    half = NOON.replace(minute=0) - minutes(30)
    files = [half, half + minutes(30)]
    orders = []
    for second, body, client in _bodies():
        at = NOON - minutes(HOUR) + timedelta(seconds=second)
        while files and files[0] <= at:
            made.clock.at = files[0] + timedelta(seconds=2)
            made.maker.build().run_once(files.pop(0), by=IT)
        new = prepared(body, caller=replace(SHOP, client_id=client), key=str(body["client_order_id"]))
        made.door.writer.write([new], [at])
        orders.append(new.number)
    made.clock.at = NOON
    _come_home(made)
    _wait_for_people(made, orders)
    _main_system_tells(made)
    twin = {**body, "client_order_id": "TM2611900001"}  # the storefront sent its last order twice
    new = prepared(twin, caller=replace(SHOP, client_id=client), key="TM2611900001")
    made.door.take(new)
    with made.boat.store.writing() as uow:
        why = "手机号、商品、金额相同"
        uow.orders.hold([made.rows.order_id(new.number)], kind=HeldKind.LOOK_ALIKE, looks_like=orders[-1], reason=why)
        uow.leases.take(LEADER, holder="vm:1", now=NOON, until=NOON + minutes(1))
        _roster(uow)
        uow.jobs.beat("scheduler", now=NOON, holder="vm:1")
    return made


def _bodies() -> Iterator[tuple[int, dict[str, Any], str]]:
    """Yield orders: the second of the hour, what the storefront says, and which one it is."""
    chance = random.Random(7)
    for n, second in enumerate(sorted(chance.randrange(HOUR * 60) for _ in range(HOUR * RATE))):
        sku, name, fen = chance.choices(GOODS, weights=(3, 4, 5, 4, 1))[0]
        quantity = chance.choice((1, 1, 1, 2))
        body = order_body(
            f"TM2611{n:06d}",
            phone=f"138{chance.randrange(10**8):08d}",
            items=[{"sku": sku, "name": name, "quantity": quantity, "unit_price": f"{fen // 100}.00"}],
            total=f"{fen // 100 * quantity}.00",
            payment={"status": "paid" if chance.random() < PAID else "unpaid"},
            recipient={
                "name": chance.choice(PEOPLE),
                "province": "浙江省",
                "city": "杭州市",
                "district": "西湖区",
                "address": chance.choice(STREETS),
            },
        )
        yield second, body, chance.choice(list(STOREFRONTS))


def _come_home(made: Deployment) -> None:
    """Let the main system answer for the first file: most are there, some are refused."""
    with made.boat.store.reading() as uow:
        first = uow.batches.page()[-1]
    numbers = made.maker.numbers_in(first.name or "")
    refused = set(numbers[3::17])
    lines = tuple(
        ResultLine(n + 2, number, "failed", None, "商品编码 B-2002 已下架")
        if number in refused
        else ResultLine(n + 2, number, "imported", f"SO2611220{n:04d}", None)
        for n, number in enumerate(numbers)
    )
    with made.boat.store.writing() as uow:
        uow.audit.record("batch.download", by=OPS, at=NOON - minutes(25), subject=first.name or "")
    import_results(
        made.store, first.name or "", ResultFile(lines, bad=(), sha256="a" * 64), by=IT, now=NOON - minutes(4)
    )


def _main_system_tells(made: Deployment) -> None:
    """Let the main system tell of the orders of its last day, in which the warehouse stopped printing at eleven."""
    faults = [fault_of("stop:3@11:00-12:10")]
    day = NOON.astimezone(ZONE)
    told: list[ReportedEvent] = []
    for said in chain(
        simulated(seed=3, day=(day - timedelta(days=1)).date(), zone=ZONE, rate=0.3),
        simulated(seed=3, day=day.date(), zone=ZONE, rate=0.3, faults=faults),
    ):
        event = checked_event(0, said, now=NOON)
        if isinstance(event, ReportedEvent) and event.at < NOON:
            told.append(event)
    take_events(made.store, told, now=NOON)
    take_events(made.store, _standing(made), now=NOON)
    close_hours(made.store, now=NOON, zone=ZONE)
    with made.boat.store.writing() as uow:
        sighting = TroubleSighting(
            rule="stage_bottleneck",
            subject="S3",
            stage=3,
            level="notice",
            text="瓶颈：第 3 环节“仓库接单→打印拣货单”每单停留约 190 分钟，是限时 60 分钟的 3.2 倍；14 单在其中。",
        )
        uow.alerts.see(None, sighting, now=NOON - minutes(20))


STANDS = (
    {"stockout_status": "wdt:51"},
    {},
    {"logistics_print_status": "wdt:1"},
    {"freeze_reason": "收货地址待核"},
    {"stockout_status": "wdt:54"},
    {"status": "wdt:77"},
)
"""What the main system says of those orders that are over their limit, in turn."""


def _standing(made: Deployment) -> list[ReportedEvent]:
    with made.store.reading() as uow:
        stuck = uow.traits.stuck({one.number: one.limit for one in STAGES}, now=NOON, at_most=40)
    return [
        ReportedEvent(
            index=n,
            source="simulated",
            event_id=f"stands-{n}",
            order=row.order_ref,
            channel=row.channel,
            mark=Mark.STATUS,
            at=NOON - minutes(5),
            attributes={**STANDS[n % len(STANDS)], "promised_at": (NOON + minutes(150 * n - 200)).isoformat()},
        )
        for n, row in enumerate(stuck)
    ]


def _wait_for_people(made: Deployment, numbers: list[str]) -> None:
    composer = made.notices.composer()
    while composer.run_once():
        pass
    waiting = [number for number in numbers if made.rows.order(number).state == "accepted"]
    high = [number for number in waiting if made.rows.order(number).priority == "high"]
    with made.boat.store.writing() as uow:
        incomplete = [number for number in waiting if number not in high][-2]
        uow.orders.hold(
            [made.rows.order_id(incomplete)], kind=HeldKind.INCOMPLETE, looks_like=None, reason="缺少收件人地址"
        )
        if high:
            claim_order(uow, high[0], by=OPS, now=NOON - minutes(1))
        uow.alerts.fire(
            "channel_paused",
            level="orange",
            text="企业微信群机器人 2 分钟连不上，群通知暂停；订单照常受理。",
            now=NOON - minutes(2),
            subject="wecom:robot-1",
        )
    made.notices.add(
        "lost",
        state="dead",
        attempts=10,
        last_reason="wecom:connect (10 attempts)",
        order_id=made.rows.order_id(numbers[0]),
    )
