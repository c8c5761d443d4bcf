"""Small makers of what tests are about: orders, parts of a store, channels that do as they are told."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from starlette.types import ASGIApp

from app.channels.base import GroupNotice, Mail, Sms
from app.channels.kinds import WECOM, ChannelKind
from app.domain.actor import Actor, Way
from app.domain.caller import Caller
from app.domain.outcome import Delivered, Outcome, Rejected
from app.intake.accept import Intake
from app.intake.schemas import check_order
from app.notify.compose import Composer
from app.notify.policy import Destination, MessagePolicy
from app.store.commit.group_commit import GroupCommit
from app.store.commit.order_writer import NewOrder, OrderWriter, Stored
from app.store.database.engine import Engines
from app.store.sealing import Keyring
from app.store.tables import Alert, Client, ClientKey, Message
from app.store.unit_of_work import Store
from tests.fakes.clock import ClockAt

ZONE = ZoneInfo("Asia/Shanghai")
TEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai: the time at which every test begins."""

KEYS = Keyring.from_secrets("s" * 32, "t" * 32)
SHOP = Caller(client_id="c1", name="旗舰店", scope="intake", drill=False)
IT = Actor("it", Way.HTTP, "10.0.0.1")
OPS = Actor("ops", Way.CONSOLE, "10.0.0.1")
"""People who act, where a test does not care who."""

REHEARSAL = Caller(client_id="c9", name="演练店", scope="intake", drill=True)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


# ---- orders ------------------------------------------------------------------------------------------------------------


def order_body(key: str | None = "SHOP-1", **fields: Any) -> dict[str, Any]:
    """Return a canonical order as a storefront would send it."""
    body: dict[str, Any] = {
        "phone": "13800138000",
        "items": [{"sku": "A-1001", "name": "跑步鞋 42", "quantity": 1, "unit_price": "599.00"}],
        "total": "599.00",
        "recipient": {"name": "张三", "province": "浙江省", "city": "杭州市", "address": "文三路 1 号"},
    }
    if key is not None:
        body["client_order_id"] = key
    return {**body, **fields}


def new_order(key: str = "SHOP-1", *, caller: Caller = SHOP, **fields: Any) -> NewOrder:
    """Return an order as the door hands it to the store."""
    intake = Intake(KEYS, cast("GroupCommit", None), prefix="LB", high_above_fen=50_000)
    return intake.prepare(check_order(order_body(key, **fields)), caller, idempotency_key=key)


def new_orders(count: int, *, prefix: str = "K", **fields: Any) -> list[NewOrder]:
    """Return orders of different customers."""
    return [new_order(f"{prefix}{n}", **{"phone": f"138{n:08d}", **fields}) for n in range(count)]


# ---- the store ---------------------------------------------------------------------------------------------------------


@dataclass
class Deck:
    """One store, empty at first but for the client ``c1``, and what tests do with it."""

    engines: Engines
    clock: ClockAt
    store: Store = field(init=False)
    writer: OrderWriter = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.engines)
        self.writer = OrderWriter(self.engines, zone=ZONE, shard=0)
        with self.store.writing() as uow:
            client = Client(id=SHOP.client_id, name=SHOP.name, scope="intake", created_at=TEN)
            uow.access.add_client(client, ClientKey(id="k1", client_id="c1", secret_sha256=b"x" * 32, created_at=TEN))

    def take(self, *orders: NewOrder) -> list[Stored]:
        """Accept orders at the clock's time, in one commit."""
        return self.writer.write(orders, [self.clock.now()] * len(orders))

    def composed(self, *orders: NewOrder, policy: MessagePolicy | None = None) -> list[Message]:
        """Accept and compose orders; return all messages there are."""
        if orders:
            self.take(*orders)
        composer = self.composer(policy)
        while composer.run_once():
            pass
        return self.messages()

    def composer(self, policy: MessagePolicy | None = None) -> Composer:
        return Composer(self.store, KEYS, policy or a_policy(), self.clock)

    def messages(self, *, kind: str | None = None, state: str | None = None) -> list[Message]:
        """Return messages in the order they were written."""
        found: list[Message] = self.all(select(Message).order_by(Message.id))  # type: ignore[arg-type]
        return [m for m in found if kind in (None, m.kind) and state in (None, m.state)]

    def alerts(self) -> list[Alert]:
        """Return alerts in the order in which they began."""
        return self.all(select(Alert).order_by(Alert.id))  # type: ignore[arg-type]

    def all(self, query: Any) -> list[Any]:
        with self.store.reading() as uow:
            return list(uow._session.scalars(query))  # noqa: SLF001 - tests ask what no stage asks

    def alter(self, message_id: int | None, **values: Any) -> None:
        """Give a message's row other values, as if whatever leads there had happened."""
        with self.engines.writer.begin() as connection:
            connection.execute(update(Message).where(Message.id == message_id).values(**values))  # type: ignore[arg-type]

    def count(self, table: Any) -> int:
        return int(self.all(select(func.count()).select_from(table))[0])

    def add_coupons(self, *codes: str, worth: str = "20 元") -> int:
        with self.store.writing() as uow:
            return uow.coupons.add([(code, worth) for code in codes], now=self.clock.now())


ROBOT = Destination("wecom", "robot-1", ("13900139000",))


def a_policy(*, robots: tuple[str, ...] = (), **fields: Any) -> MessagePolicy:
    """Return a policy; ``robots`` are the names of WeCom robots that mention nobody."""
    chosen: dict[str, Any] = {
        "zone": ZONE,
        "groups": tuple(Destination("wecom", robot) for robot in robots) or (ROBOT,),
        "coupon": "separate",
        "coupon_template": True,
        "sms_sent": True,
        "mail_sent": True,
        "sms_per_day": 10_000,
        "sms_per_client_per_day": 10_000,
        "shop": "本店",
        "public_url": "https://lifeboat.example",
        "alert_emails": (),
    }
    return MessagePolicy(**{**chosen, **fields})


# ---- channels ----------------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """Outcomes in order of use; when they run out, everything is delivered."""

    outcomes: deque[Outcome | Exception] = field(default_factory=deque)

    def then(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes.extend(outcomes)

    def next(self) -> Outcome:
        outcome = self.outcomes.popleft() if self.outcomes else Delivered("ref")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass
class FakeRobot(Told):
    """A group that keeps what it was sent and when, and refuses what is too long; ``takes`` is how long one send lasts."""

    clock: ClockAt = field(default_factory=lambda: ClockAt(TEN))
    takes: timedelta = timedelta()
    kind: ChannelKind = WECOM
    seen: list[tuple[datetime, GroupNotice, Outcome]] = field(default_factory=list)

    async def send(self, message: GroupNotice) -> Outcome:
        await asyncio.sleep(0)
        self.clock.at += self.takes
        limit = self.kind.text_bytes if message.mentions else self.kind.rich_bytes
        fits = len(message.content.encode()) <= limit
        outcome = self.next() if fits else Rejected(f"{self.kind.name}:too_long")
        self.seen.append((self.clock.now(), message, outcome))
        return outcome

    async def aclose(self) -> None: ...

    @property
    def texts(self) -> list[str]:
        """What the group has read."""
        return [notice.content for _, notice, outcome in self.seen if isinstance(outcome, Delivered)]


@dataclass
class FakeSms(Told):
    """A provider of text messages; ``answers`` are what it says when it is asked about an unknown outcome."""

    sent: list[Sms] = field(default_factory=list)
    asked: list[tuple[Sms, datetime]] = field(default_factory=list)
    answers: deque[Outcome] = field(default_factory=deque)

    async def send(self, message: Sms) -> Outcome:
        self.sent.append(message)
        return self.next()

    async def settle(self, message: Sms, sent_at: datetime) -> Outcome:
        self.asked.append((message, sent_at))
        return self.answers.popleft()

    async def aclose(self) -> None: ...


@dataclass
class FakeMail(Told):
    """A mail server."""

    sent: list[Mail] = field(default_factory=list)

    async def send(self, message: Mail) -> Outcome:
        self.sent.append(message)
        return self.next()

    async def aclose(self) -> None: ...


def most_within(moments: Sequence[datetime], window: timedelta) -> int:
    """Return how many of ``moments`` at most fall into one window."""
    ordered, oldest, most = sorted(moments), 0, 0
    for newest, moment in enumerate(ordered):
        while moment - ordered[oldest] >= window:
            oldest += 1
        most = max(most, newest - oldest + 1)
    return most


# ---- the web process ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """Start and stop an ASGI application as a server would, over its own lifespan protocol."""
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.create_task(app(scope, to_app.get, from_app.put))  # type: ignore[arg-type]

    async def step(name: str) -> None:
        to_app.put_nowait({"type": f"lifespan.{name}"})
        answer = asyncio.create_task(from_app.get())
        await asyncio.wait({answer, task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            with suppress(asyncio.CancelledError):
                await answer
            task.result()
        assert answer.result()["type"] == f"lifespan.{name}.complete", answer.result()

    await step("startup")
    try:
        yield
    finally:
        await step("shutdown")
        await task


async def send_raw(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    headers: Iterable[tuple[bytes, bytes]] = (),
    pieces: Sequence[bytes | None] = (b"",),
) -> tuple[int, dict[bytes, bytes], bytes] | None:
    """Send one request piece by piece; a piece of None hangs up. None if the application did not answer."""
    waiting = deque(pieces)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not waiting or waiting[0] is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.popleft(), "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
    }
    extra = {
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    await app({**scope, **extra}, receive, send)  # type: ignore[arg-type]
    if not sent:
        return None
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body
