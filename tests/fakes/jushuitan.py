"""A fake 聚水潭: signatures, ``orders`` against ``datas``, names in the log that only look like progress."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.erp import ErpFake, ErpOrder, md5_of, moment_in, text_of

NAMES = {"queued": "提交仓库发货", "waybill": "获取电子面单", "picking_printed": "打印快递单", "shipped": "发货成功"}
MISLEADING = ("取消打印快递单", "打印快递单失败", "请求打印快递单", "预发货成功")


@dataclass
class JushuitanFake(ErpFake):
    """What it knows; ``closed`` are paths that this app has not been allowed, ``token`` is the one that holds."""

    source: ClassVar[str] = "jushuitan"
    app_key: str = "lb-app-01"
    secret: str = "lb-secret-01"
    token: str = "lb-token-01"
    closed: set[str] = field(default_factory=set)
    has_next: bool | None = None
    """What it says whatever is true."""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/open/orders/single/query", self.take, methods=["POST"]),
                Route("/open/orders/out/simple/query", self.take, methods=["POST"]),
                Route("/open/order/action/query", self.take, methods=["POST"]),
                *self.feeding_routes(),
                Route("/open/{rest:path}", self.write, methods=["POST"]),
            ]
        )

    async def write(self, _: Request) -> Response:
        self.writes += 1
        return self.answer({"code": 190, "msg": "没有权限"})

    async def take(self, request: Request) -> Response:
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        path = request.url.path
        self.heard.append({"path": path, "biz": given.get("biz", "")})
        if (broken := await self.broken(request)) is not None:
            return broken
        if (refusal := self._refusal(given, path)) is not None:
            return self.answer({"code": refusal[0], "msg": refusal[1]})
        asked = json.loads(given["biz"])
        since, until = moment_in(asked["modified_begin"]), moment_in(asked["modified_end"])
        log = path.endswith("action/query")
        if until - since > timedelta(days=7) or (log and until - since >= timedelta(days=1)):
            return self.answer({"code": 140, "msg": "参数错误：时间间隔过长"})
        rows_in = self._actions if log else self._outs if "/out/" in path else self._orders
        rows, name = rows_in(since, until), "orders" if path.endswith("single/query") else "datas"
        size = min(int(asked["page_size"]), 500 if log else 100)
        number = int(asked["page_index"]) - 1
        page = self.page_of(rows, number, size)
        more = (number + 1) * size < len(rows) if self.has_next is None else self.has_next
        data = {"page_index": number + 1, "has_next": more, name: page}
        self.after_a_page()
        return self.answer({"code": 0, "msg": "", "data": data if log else {**data, "data_count": len(rows)}})

    def _refusal(self, given: dict[str, str], path: str) -> tuple[int, str] | None:
        sign = given.pop("sign", "")
        said = "".join(f"{name}{value}" for name, value in sorted(given.items()))
        if given.get("app_key") != self.app_key or sign != md5_of(f"{self.secret}{said}"):
            return 10, "签名错误"
        if given.get("access_token") != self.token:
            return 100, "token 无效"
        if abs(datetime.fromtimestamp(int(given["timestamp"]), UTC) - self.server_now()) > timedelta(minutes=15):
            return 140, "时间戳过期"
        if path in self.closed:
            return 190, "应用没有该接口的权限"
        if self.is_too_often():
            return 200, "超过每分钟调用次数"
        return None

    def _orders(self, since: datetime, until: datetime) -> list[dict[str, Any]]:
        found = [
            (modified, order.number, self._order(order, so_far, modified))
            for order, so_far, modified in self.seen()
            if since <= modified.replace(microsecond=0) <= until
        ]
        return [row for *_, row in sorted(found, key=lambda one: one[:2])]

    def _order(self, order: ErpOrder, so_far: dict[str, datetime], modified: datetime) -> dict[str, Any]:
        status = next(
            (
                status
                for mark, status in (
                    ("cancelled", "Cancelled"),
                    ("shipped", "Sent"),
                    ("queued", "Delivering"),
                    ("paid", "WaitConfirm"),
                )
                if mark in so_far
            ),
            "WaitPay",
        )
        if "reopened" in so_far and "queued" not in so_far:
            status = "Question"
        return {
            "o_id": order.number,
            "so_id": f"T{order.number}",
            "shop_name": order.shop,
            "status": status,
            "order_date": self.wall(so_far.get("placed")),
            "pay_date": self.wall(so_far.get("paid")) or "",
            "created": self.wall(so_far.get("placed")),
            "modified": text_of(modified),
            "send_date": self.wall(so_far.get("shipped")) or "0001-01-01 00:00:00",
            "l_id": order.waybill if "shipped" in so_far else "",
            "logistics_company": order.carrier,
            "pays": [{"is_order_pay": True, "pay_date": self.wall(so_far["paid"])}] if "paid" in so_far else [],
        }

    def _outs(self, since: datetime, until: datetime) -> list[dict[str, Any]]:
        found = []
        for order, so_far, modified in self.seen():
            if "queued" in so_far and since <= modified.replace(microsecond=0) <= until:
                row = {
                    "io_id": f"9{order.number}",
                    "o_id": order.number,
                    "status": "Confirmed" if "shipped" in so_far else "WaitConfirm",
                    "created": self.wall(so_far["queued"]),
                    "modified": self._order(order, so_far, modified)["modified"],
                    "io_date": self.wall(so_far.get("shipped")) or "",
                    "is_print": "picking_printed" in so_far,
                    "is_print_express": "picking_printed" in so_far,
                    "l_id": order.waybill if "shipped" in so_far else "",
                    "logistics_company": order.carrier,
                }
                found.append((modified, order.number, row))
        return [row for *_, row in sorted(found, key=lambda one: one[:2])]

    def _actions(self, since: datetime, until: datetime) -> list[dict[str, Any]]:
        found = []
        for order in self.orders.values():
            for n, (at, what) in enumerate(sorted(order.history)):
                if at + order.late > self.now() or not since <= at + self.ahead <= until:
                    continue
                name = NAMES.get(what, MISLEADING[n % len(MISLEADING)])
                row = {
                    "oa_id": f"{order.number}-{n}",
                    "o_id": order.number,
                    "name": name,
                    "created": self.wall(at),
                    "creator_name": "李四",
                }
                found.append((at, row["oa_id"], row))
        return [row for *_, row in sorted(found, key=lambda one: (one[0], str(one[1])))]
