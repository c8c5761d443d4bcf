"""A fake 旺店通 (flagship edition) that takes orders: ``error_list`` under status 0, re-pushes counted, an archive."""

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.erp import md5_of
from tests.fakes.main_wire import Deed, MainFake

COUNTED_FROM = datetime(2011, 12, 31, 16, tzinfo=UTC)
PUSH = "sales.RawTrade.pushSelf2"
LIVE, ARCHIVE = "sales.RawTrade.searchSelfOrder", "sales.RawTrade.searchHistorySelfOrder"


@dataclass
class MainWangdiantongFake(MainFake):
    """What it knows; ``comma`` is which one its throttle text has."""

    sid: str = "lbsid"
    key: str = "lbkey"
    secret: str = "lbsecret"
    salt: str = "lbsalt"
    comma: str = "，"
    shops: tuple[str, ...] = ("LB_SHOP",)
    per_minute: int = 60
    skus: frozenset[str] = frozenset({"A-1001", "B-2002"})
    bad_reason: dict[str, int] = field(default_factory=dict)
    """Orders that were accepted with a SKU that nobody knows."""
    oids: dict[str, str] = field(default_factory=dict)
    moments: deque[datetime] = field(default_factory=deque)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/openapi", self.call, methods=["POST"])])

    def deed_of(self, request: httpx.Request) -> Deed:
        return "create" if request.url.params.get("method") == PUSH else "find"

    async def call(self, request: Request) -> Response:
        query, body = dict(request.query_params), (await request.body()).decode()
        if (refusal := self._refusal(query, body)) is not None:
            return self.answer({"status": refusal[0], "message": refusal[1]})
        arguments = json.loads(body)
        if query["method"] == PUSH:
            return self._push(*arguments)
        if query.get("page_no") != "0":
            return self.answer({"status": 100, "message": "此方法仅支持分页查询"})
        return self._search(arguments[0], archived=query["method"] == ARCHIVE)

    def _refusal(self, query: dict[str, str], body: str) -> tuple[int, str] | None:
        given = query.pop("sign", "")
        said = "".join(f"{name}{value}" for name, value in sorted({**query, "body": body}.items()))
        if (query.get("sid"), query.get("key"), query.get("salt")) != (self.sid, self.key, self.salt):
            return 1, "invalid sid or appkey"
        if given != md5_of(f"{self.secret}{said}{self.secret}"):
            return 1, "invalid sign"
        if abs(COUNTED_FROM + timedelta(seconds=int(query["timestamp"])) - self.server_now()) > timedelta(seconds=120):
            return 7, "timestamp expired"
        now = self.now()
        self.moments.append(now)
        while self.moments[0] <= now - timedelta(minutes=1):
            self.moments.popleft()
        if len(self.moments) > self.per_minute or self.is_one_too_many():
            return 100, f"超过每分钟最大调用频率限制{self.comma}请稍后重试"
        return None

    def _push(self, shop: str, trades: list[dict[str, Any]], lines: list[dict[str, Any]]) -> Response:
        if shop not in self.shops:
            return self.answer({"status": 100, "message": "店铺平台不是自有平台"})
        counts, errors = {True: 0, False: 0}, []
        for trade in trades:
            number = trade["tid"]
            if number in self.refuses or "*" in trade["receiver_mobile"]:
                errors.append({"no": number, "error": self.refuses.get(number, "电话号码不能包含*")})
                continue
            own = [line for line in lines if line["tid"] == number]
            if any(self.oids.setdefault(line["oid"], number) != number for line in own):
                errors.append({"no": number, "error": "订单货品数量不一致"})
                continue
            if any(line["spec_no"] not in self.skus for line in own):
                self.bad_reason[number] = 1
            _, is_new = self.take(number, {**trade, "lines": own})
            counts[is_new] += 1
        data = {"new_count": counts[True], "chg_count": counts[False], "error_list": errors}
        return self.answer({"status": 0, "data": data, "message": ""})

    def _search(self, asked: dict[str, Any], *, archived: bool) -> Response:
        taken = self.shown(asked["tid"]) if asked["shop_no"] in self.shops else None
        rows = []
        if taken is not None and taken.archived == archived:
            total = f"{taken.content['receivable']:.4f}"
            rows = [{"tid": taken.number, "receivable": total, "bad_reason": self.bad_reason.get(taken.number, 0)}]
        return self.answer({"status": 0, "data": {"total_count": len(rows), "order": rows}})
