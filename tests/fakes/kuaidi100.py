"""A fake 快递100: ordered and waiting before a parcel is collected, a phone's tail, a number that locks at call 49."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.erp import BEIJING, md5_of
from tests.fakes.faults import Fake, break_down

NEEDS_TAIL = {"shunfeng", "zhongtong"}


@dataclass
class Kuaidi100Fake(Fake):
    """What it knows; ``collected`` is when each waybill was scanned, ``vague`` those that were never said to be."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    customer: str = "LBCUSTOMER01"
    key: str = "lbkey01"
    collected: dict[str, datetime] = field(default_factory=dict)
    vague: set[str] = field(default_factory=set)
    tails: dict[str, str] = field(default_factory=dict)
    asked: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    quota: int | None = None
    subscribed: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    calls: int = 0
    """Every one that came, also those that ran into a fault."""
    locked: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/poll/query.do", self.query, methods=["POST"]),
                Route("/poll", self.subscribe, methods=["POST"]),
                *self.control_routes(),
                Route("/_orders", self._feed, methods=["POST"]),
                Route("/_now", self._turn, methods=["POST"]),
            ]
        )

    def feed(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take the scans of a simulated day."""
        for one in events:
            if one["mark"] == "collected":
                self.collected[f"YT{one['order']}"] = datetime.fromisoformat(one["at"])

    async def query(self, request: Request) -> Response:
        self.calls += 1
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        before, _ = self.faults.take()
        if before and (broken := await break_down(request, before)) is not None:
            return broken
        param = given.get("param", "")
        sign = md5_of(f"{param}{self.key}{self.customer}").upper()
        if given.get("customer") != self.customer or given.get("sign") != sign:
            return _refused("503", "验证签名失败")
        asked = json.loads(param)
        number, now = asked["num"], self.now()
        self.heard.append(asked)
        if self.quota is not None and len(self.heard) > self.quota:
            return _refused("601", "KEY已过期")
        if asked["com"] in NEEDS_TAIL and asked["phone"] != self.tails.get(number, "\x00"):
            return _refused("408", "手机号码验证不通过")
        day = [at for at in self.asked[number] if at > now - timedelta(hours=24)]
        self.asked[number] = [*day, now]
        if len(day) >= 48:
            self.locked.add(number)
        if number in self.locked:
            return _refused("400", "单号被锁定")
        return self._track(number, now)

    async def subscribe(self, request: Request) -> Response:
        self.calls += 1
        async with request.form() as form:
            asked = json.loads(str(form["param"]))
        if asked["key"] != self.key:
            return _refused("503", "key 错误")
        if asked["number"] in self.unknown:
            return _refused("700", "订阅方的订阅数据存在错误（不支持的快递公司）")
        known = asked["number"] in self.subscribed
        self.subscribed[asked["number"]] = asked["parameters"]
        return (
            _refused("501", "重复订阅")
            if known
            else JSONResponse({"result": True, "returnCode": "200", "message": "成功"})
        )

    def push_of(self, number: str, *, salt: str | None = None, status: str = "polling") -> dict[str, str]:
        """Return the form that is pushed of a parcel now."""
        data = self._nodes(number, self.now())
        result = {"lastResult": {"state": "1", "com": "yuantong", "nu": number, "data": data}}
        param = json.dumps({"status": status, "message": "", **result}, ensure_ascii=False)
        used = self.subscribed[number]["salt"] if salt is None else salt
        return {"param": param, "sign": md5_of(f"{param}{used}").upper()}

    def _track(self, number: str, now: datetime) -> Response:
        data = self._nodes(number, now)
        if not data:
            return _refused("500", "查询无结果，请隔段时间再查")
        return JSONResponse({"message": "ok", "nu": number, "status": "200", "state": "1", "data": data})

    def _nodes(self, number: str, now: datetime) -> list[dict[str, str]]:
        """Return a parcel's track, the newest node first."""
        scanned = self.collected.get(number)
        if scanned is None:
            return []
        nodes = [
            (scanned - timedelta(hours=1), "101", "已下单"),
            (scanned - timedelta(minutes=30), "102", "待揽收"),
            *([] if number in self.vague else [(scanned, "103", "【上海】已揽收")]),
            (scanned + timedelta(hours=2), "1001", "运输中"),
        ]
        data = [
            {
                "ftime": f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
                "context": text,
                "statusCode": code,
                "status": text,
            }
            for at, code, text in nodes
            if at <= now
        ]
        return data[::-1]

    async def _feed(self, request: Request) -> Response:
        self.feed(await request.json())
        return JSONResponse({"parcels": len(self.collected)})

    async def _turn(self, request: Request) -> Response:
        at = datetime.fromisoformat((await request.json())["now"])
        self.now = lambda: at
        return JSONResponse({"now": at.isoformat()})


def _refused(code: str, message: str) -> Response:
    return JSONResponse({"result": False, "returnCode": code, "message": message})
