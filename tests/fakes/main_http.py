"""A fake main system with an order API of its own: errors inside 200, a token that runs out, and no idempotency at all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.main_wire import Deed, MainFake


@dataclass
class MainHttpFake(MainFake):
    """What it knows; ``doubles`` where a number that is there is taken again as another order."""

    app_id: str = "lifeboat"
    app_secret: str = "lb-app-secret"
    token: str = ""
    tokens: int = 0
    doubles: bool = False
    unlike: Callable[[dict[str, Any]], dict[str, Any]] = field(default=lambda said: said)
    """Does something to an answer."""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/order/create", self.create, methods=["POST"]),
                Route("/api/order/query", self.query, methods=["GET"]),
                Route("/api/token", self.give_token, methods=["POST"]),
            ]
        )

    def deed_of(self, request: httpx.Request) -> Deed:
        deeds: dict[str, Deed] = {"create": "create", "query": "find", "token": "token"}
        return deeds[request.url.path.rpartition("/")[2]]

    async def give_token(self, request: Request) -> Response:
        asked = await request.json()
        if (asked["app"], asked["secret"]) != (self.app_id, self.app_secret):
            return self.answer({"code": 401, "msg": "app 或 secret 不对"}, 401)
        self.tokens += 1
        self.token = f"token-{self.tokens}"
        return self.answer({"code": 0, "data": {"access_token": self.token}})

    async def create(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        data = (await request.json())["data"]
        number = data["tradeNo"]
        if number in self.refuses:
            return self._said({"code": 4001, "msg": self.refuses[number], "field": "details[0].skuCode"})
        if number in self.taken and not self.doubles:
            return self._said({"code": 1062, "msg": "订单号重复"})
        if number in self.taken:
            self.created[number] += 1
        taken, _ = self.take(number, data)
        return self._said({"code": 0, "msg": "ok", "data": {"orderId": int(taken.their_number), "tradeNo": number}})

    async def query(self, request: Request) -> Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        taken = self.shown(request.query_params["tradeNo"])
        rows = []
        if taken is not None:
            lines = [{"skuCode": one["skuCode"], "num": one["num"]} for one in taken.content["details"]]
            row = {"orderId": taken.their_number, "tradeNo": taken.number, "payAmount": taken.content["payAmount"]}
            rows = [{**row, "details": lines, "status": "CANCELLED" if taken.void else "OPEN"}]
        return self._said({"code": 0, "data": {"orders": rows}})

    def _said(self, document: dict[str, Any]) -> Response:
        return self.answer(self.unlike(document))

    def _refusal(self, request: Request) -> Response | None:
        if not self.token or request.headers.get("Authorization") != f"Bearer {self.token}":
            return self._said({"code": 4010, "msg": "token expired"})
        if self.is_one_too_many():
            return self._said({"code": 4290, "msg": "too many requests"})
        return None
