"""A fake 管易 that takes orders: a number that is there is refused, an unknown member too, and all of it as HTTP 200."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.main_wire import Deed, MainFake

ADD, LIVE, ARCHIVE = "gy.erp.trade.add", "gy.erp.trade.get", "gy.erp.trade.history.get"


@dataclass
class MainGuanyiFake(MainFake):
    """What it knows; ``body`` is how it wants its JSON."""

    appkey: str = "lbkey"
    session: str = "lbsession"
    secret: str = "lbsecret"
    body: str = "json"
    members: frozenset[str] = frozenset({"LIFEBOAT"})

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/rest/erp_open", self.call, methods=["POST"])])

    def deed_of(self, request: httpx.Request) -> Deed:
        return "create" if ADD in unquote(request.content.decode()) else "find"

    async def call(self, request: Request) -> Response:
        text = (await request.body()).decode()
        given = json.loads(unquote(text) if self.body == "urlencoded" else text)
        sign = given.pop("sign", "")
        signed = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        wanted = hashlib.md5(f"{self.secret}{signed}{self.secret}".encode(), usedforsecurity=False).hexdigest().upper()
        if given.get("appkey") != self.appkey or sign != wanted:
            return self._refused("appkey或签名错误")
        if given.get("sessionkey") != self.session:
            return self._refused("sessionkey已失效")
        if self.is_one_too_many():
            return self._refused("调用频率过高，请稍后再试")
        if given["method"] == ADD:
            return self._add(given)
        taken = self.shown(given["platform_code"])
        rows = []
        if taken is not None and taken.archived == (given["method"] == ARCHIVE):
            details = [{"item_code": one["item_code"], "qty": one["qty"]} for one in taken.content["details"]]
            row = {"code": f"SO{taken.their_number}", "platform_code": taken.number, "cancle": taken.void}
            rows = [{**row, "details": details}]
        return self.answer({"success": True, "orders": rows, "total": len(rows)})

    def _add(self, given: dict[str, Any]) -> Response:
        number = given["platform_code"]
        if number in self.taken:
            return self._refused(f"平台单号已存在:{number}")
        if given.get("vip_code") not in self.members:
            return self._refused(f"会员不存在，vip_code={given.get('vip_code')}")
        if number in self.refuses:
            return self._refused(self.refuses[number])
        taken, _ = self.take(number, given)
        return self.answer({"success": True, "code": f"SO{taken.their_number}"})

    def _refused(self, words: str) -> Response:
        return self.answer({"success": False, "errorCode": "", "errorDesc": words, "subErrorDesc": ""})
