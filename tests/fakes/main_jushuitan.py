"""A fake 聚水潭 that takes orders: failures behind code 0, tokens that run out, two limits, orders that no query shows."""

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

UPLOAD, QUERY, SHOPS = "/open/jushuitan/orders/upload", "/open/orders/single/query", "/open/shops/query"
REFRESH = "/openWeb/auth/refreshToken"


@dataclass
class MainJushuitanFake(MainFake):
    """What it knows; ``refresh`` is what the next token is got with, once."""

    app_key: str = "lb-app-01"
    secret: str = "lb-secret-01"
    token: str = "lb-token-01"
    refresh: str = "lb-refresh-01"
    may_refresh: bool = True
    shops: tuple[int, ...] = (101,)
    biz: str = "array"
    left_out: set[str] = field(default_factory=set)
    """Numbers that are taken and not named in the answer."""
    unseen: set[str] = field(default_factory=set)
    """Numbers that a marketplace brought: no query shows them."""
    status: dict[str, str] = field(default_factory=dict)
    refreshed: int = 0
    moments: deque[datetime] = field(default_factory=deque)

    def app(self) -> Starlette:
        paths = (UPLOAD, QUERY, SHOPS)
        return Starlette(
            routes=[
                *(Route(path, self.call, methods=["POST"]) for path in paths),
                Route(REFRESH, self.renew, methods=["POST"]),
            ]
        )

    def deed_of(self, request: httpx.Request) -> Deed:
        deeds: dict[str, Deed] = {UPLOAD: "create", QUERY: "find", REFRESH: "token"}
        return deeds.get(request.url.path, "other")

    async def call(self, request: Request) -> Response:
        given = await self._form(request)
        if (refusal := self._refusal(given)) is not None:
            return self.answer({"code": refusal[0], "msg": refusal[1], "data": None})
        asked = json.loads(given["biz"])
        if request.url.path == SHOPS:
            return self.answer({"code": 0, "data": {"datas": [{"shop_id": shop} for shop in self.shops]}})
        return self._query(asked) if request.url.path == QUERY else self._upload(asked)

    async def renew(self, request: Request) -> Response:
        given = await self._form(request)
        if not self.may_refresh:
            return self.answer({"code": 150, "msg": "服务商应用不支持刷新token，请重新授权"})
        if not self._is_signed(given) or given.get("refresh_token") != self.refresh:
            return self.answer({"code": 100, "msg": "refresh_token 无效"})
        self.refreshed += 1
        self.token, self.refresh = f"lb-token-r{self.refreshed}", f"lb-refresh-r{self.refreshed}"
        data = {"access_token": self.token, "refresh_token": self.refresh, "expires_in": 2592000, "scope": "all"}
        return self.answer({"code": 0, "msg": "", "data": data})

    async def _form(self, request: Request) -> dict[str, str]:
        async with request.form() as form:
            return {name: str(value) for name, value in form.items()}

    def _is_signed(self, given: dict[str, str]) -> bool:
        sign = given.pop("sign", "")
        said = "".join(f"{name}{value}" for name, value in sorted(given.items()))
        return given.get("app_key") == self.app_key and sign == md5_of(f"{self.secret}{said}")

    def _refusal(self, given: dict[str, str]) -> tuple[int, str] | None:
        if not self._is_signed(given):
            return 10, "签名错误"
        if given.get("access_token") != self.token:
            return 100, "token 无效或已过期"
        if abs(datetime.fromtimestamp(int(given["timestamp"]), UTC) - self.server_now()) > timedelta(minutes=10):
            return 140, "时间戳过期"
        now = self.now()
        self.moments.append(now)
        while self.moments[0] <= now - timedelta(minutes=1):
            self.moments.popleft()
        if sum(at > now - timedelta(seconds=1) for at in self.moments) > 5:
            return 199, "每秒调用超过限制"
        if len(self.moments) > 100 or self.is_one_too_many():
            return 200, "每分钟调用超过限制"
        return None

    def _upload(self, asked: Any) -> Response:
        if (self.biz == "array") != isinstance(asked, list):
            return self.answer({"code": 140, "msg": "参数错误：biz"})
        orders = asked if isinstance(asked, list) else asked["orders"]
        datas: list[dict[str, Any]] = []
        for order in orders:
            number = order["so_id"]
            if number in self.refuses or order["shop_id"] not in self.shops:
                msg = self.refuses.get(number, "店铺不存在")
                datas.append({"so_id": number, "issuccess": False, "msg": msg, "o_id": None})
                continue
            taken, _ = self.take(number, order)
            if number not in self.left_out:
                datas.append({"so_id": number, "issuccess": True, "msg": "", "o_id": int(taken.their_number)})
        return self.answer({"code": 0, "msg": "执行成功", "data": {"datas": datas}})

    def _query(self, asked: dict[str, Any]) -> Response:
        if len(asked["so_ids"]) > 20 or asked["page_index"] < 1:
            return self.answer({"code": 140, "msg": "参数错误：so_ids 最多 20 个"})
        rows = []
        for number in asked["so_ids"]:
            if number not in self.unseen and (taken := self.shown(number)) is not None:
                unpaid = "pay" not in taken.content
                status = "Cancelled" if taken.void else "WaitPay" if unpaid else "WaitConfirm"
                rows.append(
                    {
                        "o_id": int(taken.their_number),
                        "so_id": number,
                        "status": self.status.get(number, status),
                        "pay_amount": taken.content["pay_amount"],
                        "receiver_mobile": "138****8000",
                        "items": [{"sku_id": one["sku_id"], "qty": one["qty"]} for one in taken.content["items"]],
                    }
                )
        return self.answer({"code": 0, "data": {"orders": rows, "page_index": 1, "has_next": False}})
