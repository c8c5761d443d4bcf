"""A storefront in trouble: steady orders, impatient retries, look-alikes, mistakes; the same ones for the same seed."""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import httpx

from tests.harness.client_ledger import ClientLedger
from tests.harness.processes import NO_CERTIFICATES

Kind = Literal["plain", "twice", "look_alike", "conflict", "invalid"]

SHARES: dict[Kind, float] = {"twice": 0.08, "look_alike": 0.04, "conflict": 0.03, "invalid": 0.05}
HIGH_SHARE = 0.15
MOST_PARTS = 300
BUSY = frozenset({429, 503})
_SKUS = ("A-1001", "A-1002", "B-2001", "C-3300")


@dataclass(frozen=True)
class Errand:
    """One thing the shop will do."""

    key: str
    kind: Kind
    body: bytes
    high: bool
    phone: str
    total: str
    double: "Errand | None" = None


@dataclass
class Manners:
    """How a shop behaves: its time-out, its patience with an order in all, how long it rests, how much it does at once."""

    time_out: float = 5.0
    give_up_after: float = 240.0
    rest: float = 0.3
    longest_rest: float = 3.0
    at_once: int = 100


@dataclass
class Noted:
    """What the shop saw that must not be."""

    wrong: list[str] = field(default_factory=list)
    invalid_sent: int = 0
    conflicts_sent: int = 0
    conflicts_taken: int = 0
    look_alikes: int = 0
    retries: int = 0
    errands: int = 0
    high: int = 0
    unsettled: int = 0


def errands(count: int, *, seed: int, prefix: str = "S") -> list[Errand]:
    """Return what a shop does for ``count`` orders (look-alikes and invalid bodies come on top)."""
    chance = random.Random(seed)
    return [_errand(n, chance, f"{prefix}{seed}-{n:06d}") for n in range(count)]


def consistent(todo: list[Errand]) -> list[Errand]:
    """Leave out those that contradict an earlier one: a door without its store cannot know, and keeps both for a person."""
    return [errand for errand in todo if errand.kind != "conflict"]


def _errand(n: int, chance: random.Random, key: str) -> Errand:
    kind: Kind = chance.choices(["plain", *SHARES], [1 - sum(SHARES.values()), *SHARES.values()])[0]  # type: ignore[assignment]
    high = chance.random() < HIGH_SHARE
    fen = chance.randrange(50_001, 300_000) if high else chance.choice([50_000, chance.randrange(100, 50_000)])
    total = f"{fen // 100}.{fen % 100:02d}"
    phone = f"1{chance.choice('3456789')}{n:09d}"
    order: dict[str, Any] = {
        "client_order_id": key,
        "phone": phone,
        "items": [{"sku": chance.choice(_SKUS), "name": "跑步鞋 42", "quantity": 1, "unit_price": total}],
        "total": total,
        "recipient": {
            "name": "张三",
            "province": "浙江省",
            "city": "杭州市",
            "district": "西湖区",
            "address": f"文三路 {n} 号",
        },
        "payment": {"status": "paid", "paid_at": "2026-11-22T10:00:00+08:00"},
    }
    errand = Errand(key, kind, json.dumps(order, ensure_ascii=False).encode(), high, phone, total)
    match kind:
        case "look_alike":
            double = {**order, "client_order_id": f"{key}-again"}
            return replace(errand, double=replace(errand, key=f"{key}-again", kind="plain", body=_json(double)))
        case "conflict":
            other = {**order, "note": "换一件"}
            return replace(errand, double=replace(errand, body=_json(other)))
        case "invalid":
            return replace(errand, key=f"{key}-bad", body=_spoilt(order, chance))
        case _:
            return errand


def _spoilt(order: dict[str, Any], chance: random.Random) -> bytes:
    spoilt: list[Callable[[], bytes]] = [
        lambda: _json(order)[:-7],
        lambda: _json({**order, "phone": "138****1234"}),
        lambda: _json({**order, "items": []}),
        lambda: _json({**order, "total": "-1.00"}),
        lambda: _json({**order, "total": "12.345"}),
        lambda: _json({**order, "telephone": "13800138000"}),
        lambda: _json({**order, "items": [{"sku": "A-1001", "quantity": 0}]}),
        lambda: b"\xff\xfe" + _json(order),
    ]
    return chance.choice(spoilt)()


def _json(order: dict[str, Any]) -> bytes:
    return json.dumps(order, ensure_ascii=False).encode()


class Shop:
    """Sends errands and keeps its ledger; every order is pursued until its outcome is known."""

    def __init__(
        self, urls: list[str], key: str, ledger: ClientLedger, *, seed: int = 0, manners: Manners | None = None
    ) -> None:
        self.ledger = ledger
        self.noted = Noted()
        self._urls = urls
        self._chance = random.Random(seed + 1)
        self._manners = manners or Manners()
        self._room = asyncio.Semaphore(self._manners.at_once)
        limits = httpx.Limits(max_connections=self._manners.at_once, keepalive_expiry=10)
        self._http = httpx.AsyncClient(
            headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
            timeout=self._manners.time_out,
            limits=limits,
            trust_env=False,
            verify=NO_CERTIFICATES,
        )

    async def trade(self, todo: list[Errand], *, rate: float) -> None:
        """Begin ``rate`` errands a second, whatever becomes of the earlier ones; return once all are settled."""
        began = time.monotonic()
        running = []
        for n, errand in enumerate(todo):
            await asyncio.sleep(max(began + n / rate - time.monotonic(), 0))
            running.append(asyncio.create_task(self.run(errand)))
        await asyncio.gather(*running)

    async def trade_on(
        self, part: Callable[[int], list[Errand]], *, rate: float, enough: Callable[[], object]
    ) -> list[Errand]:
        """Trade part after part until ``enough`` has been seen; return all of it.

        A trial that must meet something goes on until it has met it. It ends all the same, and then says what is missing.
        """
        done: list[Errand] = []
        for n in range(MOST_PARTS):
            todo = part(n)
            await self.trade(todo, rate=rate)
            done += todo
            if enough():
                break
        return done

    async def run(self, errand: Errand) -> None:
        """Do one errand to its end."""
        self.noted.errands += 1
        self.noted.high += errand.high and errand.kind != "invalid"
        match errand.kind:
            case "invalid":
                await self._send_invalid(errand)
            case "twice":
                numbers = await asyncio.gather(self.pursue(errand), self.pursue(errand))
                self._same(errand.key, *numbers)
            case "look_alike":
                await self._send_look_alike(errand)
            case "conflict":
                await self._send_conflict(errand)
            case _:
                await self.pursue(errand)

    async def pursue(self, errand: Errand, *, once: bool = False) -> str | None:
        """Send an order, again under the same key while the outcome is unknown or the door is busy; return its number."""
        give_up_at = time.monotonic() + self._manners.give_up_after
        about = {"phone": errand.phone, "total": errand.total, "high": errand.high}
        for tried in itertools.count():
            await self.ledger.attempt(errand.key, errand.body, **about)
            answer = await self._post(errand)
            if answer is not None and answer.status_code in {200, 201}:
                return self._taken(errand, answer)
            if answer is not None and answer.status_code not in BUSY:
                self.noted.wrong.append(f"{errand.key}: {answer.status_code} {answer.text[:200]}")
                return None
            if once or time.monotonic() > give_up_at:
                self.noted.unsettled += 1
                return None
            self.noted.retries += 1
            await self._rest(tried)
        return None

    async def _rest(self, tried: int) -> None:
        """Back off, each time longer, so that a shop's patience does not become load."""
        rest = min(self._manners.rest * 2**tried, self._manners.longest_rest)
        await asyncio.sleep(rest * (0.5 + self._chance.random()))

    def _taken(self, errand: Errand, answer: httpx.Response) -> str:
        receipt = answer.json()
        number = str(receipt["order_number"])
        replayed = answer.headers.get("idempotent-replayed") == "true"
        self.ledger.ok(errand.key, errand.body, number, status=answer.status_code, took=answer.elapsed.total_seconds())
        if replayed != (answer.status_code == httpx.codes.OK):
            self.noted.wrong.append(f"{errand.key}: status {answer.status_code} and Idempotent-Replayed disagree")
        if receipt["priority"] != ("high" if errand.high else "normal"):
            self.noted.wrong.append(f"{errand.key}: {errand.total} yuan came back as {receipt['priority']}")
        return number

    async def _send_look_alike(self, errand: Errand) -> None:
        assert errand.double is not None
        self.noted.look_alikes += 1
        first = await self.pursue(errand)
        second = await self.pursue(errand.double)
        if first is not None and first == second:
            self.noted.wrong.append(f"{errand.key}: a look-alike got the same number {first}")

    async def _send_conflict(self, errand: Errand) -> None:
        assert errand.double is not None
        if await self.pursue(errand) is None:
            return
        self.noted.conflicts_sent += 1
        answer = await self._insist(errand.double)
        if answer is not None and answer.status_code in {200, 201}:
            self.noted.conflicts_taken += 1
            self.noted.wrong.append(f"{errand.key}: another body under the same key was answered {answer.status_code}")

    async def _send_invalid(self, errand: Errand) -> None:
        self.noted.invalid_sent += 1
        answer = await self._insist(errand)
        if answer is not None and not 400 <= answer.status_code < 500:
            self.noted.wrong.append(f"{errand.key}: an invalid body was answered {answer.status_code}")

    async def _insist(self, errand: Errand) -> httpx.Response | None:
        """Send what must be refused until there is an answer."""
        give_up_at = time.monotonic() + self._manners.give_up_after
        for tried in itertools.count():
            answer = await self._post(errand)
            if answer is not None and answer.status_code not in BUSY:
                return answer
            if time.monotonic() > give_up_at:
                break
            await self._rest(tried)
        return None

    async def _post(self, errand: Errand) -> httpx.Response | None:
        async with self._room:
            began = time.monotonic()
            try:
                answer = await self._http.post(self._chance.choice(self._urls), content=errand.body)
            except (httpx.HTTPError, OSError) as error:
                self.ledger.unknown(errand.key, type(error).__name__)
                return None
        if answer.status_code >= 400:
            self.ledger.refused(errand.key, status=answer.status_code, took=time.monotonic() - began)
        return answer

    def _same(self, key: str, *numbers: str | None) -> None:
        told = {number for number in numbers if number is not None}
        if len(told) > 1:
            self.noted.wrong.append(f"{key}: two numbers for one key: {sorted(told)}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()
        self.ledger.close()
