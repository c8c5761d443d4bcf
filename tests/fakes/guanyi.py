"""A fake 管易: what is cancelled or void is hidden unless asked for; ``cancle``; one delivery of two orders."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.erp import ErpFake, ErpOrder, md5_of, moment_in, text_of


@dataclass
class GuanyiFake(ErpFake):
    """What it knows; ``together`` are orders that leave in one parcel with another, by that one's number."""

    source: ClassVar[str] = "guanyi"
    appkey: str = "lbkey"
    sessionkey: str = "lbsession"
    secret: str = "lbsecret"
    together: dict[str, str] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/rest/erp_open", self.take, methods=["POST"]), *self.feeding_routes()])

    async def take(self, request: Request) -> Response:
        body = (await request.body()).decode()
        if (broken := await self.broken(request)) is not None:
            return broken
        asked = json.loads(body)
        self.heard.append({"method": asked.get("method", ""), "body": body})
        sign = asked.pop("sign", "")
        text = json.dumps(asked, ensure_ascii=False, separators=(",", ":"))
        if sign != md5_of(f"{self.secret}{text}{self.secret}").upper():
            return self.answer({"success": False, "errorCode": "sign", "errorDesc": "签名错误"})
        if asked["appkey"] != self.appkey or asked["sessionkey"] != self.sessionkey:
            return self.answer({"success": False, "errorCode": "appkey", "errorDesc": "appkey 不存在"})
        match asked["method"]:
            case "gy.erp.trade.get":
                by_created = asked.get("date_type", 0) != 3
                rows = self._trades(asked, by_created=by_created)
                name = "orders"
            case "gy.erp.trade.deliverys.get":
                rows, name = self._deliveries(asked), "deliverys"
            case _:
                self.writes += 1
                return self.answer({"success": False, "errorDesc": "权限"})
        page = self.page_of(rows, int(asked["page_no"]) - 1, min(100, int(asked["page_size"])))
        total = len(rows)
        self.after_a_page()
        return self.answer({"success": True, name: page, "total": total})

    def _trades(self, asked: dict[str, Any], *, by_created: bool) -> list[dict[str, Any]]:
        since, until = moment_in(asked["start_date"]), moment_in(asked["end_date"])
        found = []
        for order, so_far, modified in self.seen():
            void = "cancelled" in so_far
            by = (so_far.get("placed") or modified) if by_created else modified
            if since <= by.replace(microsecond=0) <= until and (not void or asked.get("has_cancel_data")):
                row = {
                    "code": order.number,
                    "platform_code": f"T{order.number}",
                    "shop_code": order.shop,
                    "createtime": self.wall(so_far.get("placed")),
                    "dealtime": self.wall(so_far.get("placed")),
                    "modifytime": text_of(modified),
                    "paytime": self.wall(so_far.get("paid")),
                    "payments": [],
                    "approve": "queued" in so_far,
                    "approveDate": self.wall(so_far.get("queued")),
                    "cancle": void,
                }
                found.append((modified, order.number, row))
        return [row for *_, row in sorted(found, key=lambda one: one[:2])]

    def _deliveries(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        since, until = moment_in(asked["start_modify_date"]), moment_in(asked["end_modify_date"])
        found = []
        for order, so_far, modified in self.seen():
            void = "reopened" in so_far and "queued" not in so_far
            fits = ("queued" in so_far or void) and order.number not in self.together.values()
            if fits and void == bool(asked.get("del")) and since <= modified.replace(microsecond=0) <= until:
                found.append((modified, order.number, self._delivery(order, so_far, modified, void=void)))
        return [row for *_, row in sorted(found, key=lambda one: one[:2])]

    def _delivery(
        self, order: ErpOrder, so_far: dict[str, datetime], modified: datetime, *, void: bool
    ) -> dict[str, Any]:
        shipped, printed = so_far.get("shipped"), so_far.get("picking_printed")
        numbers = [order.number, *([self.together[order.number]] if order.number in self.together else [])]
        return {
            "code": f"SDO{order.number}",
            "create_date": self.wall(so_far.get("queued")),
            "modify_date": text_of(modified),
            "express_no": order.waybill if shipped else "",
            "express_code": "YTO",
            "cancel": void,
            "details": [{"trade_code": number} for number in numbers],
            "delivery_statusInfo": {
                "print_delivery": printed is not None,
                "delivery_print_date": self.wall(printed),
                "scan": False,
                "weight": False,
                "pick_finish": False,
                "delivery": 2 if shipped else 0,
                "delivery_date": self.wall(shipped),
            },
        }
