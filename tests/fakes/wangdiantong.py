"""A fake 旺店通 (flagship edition): signatures, the meanings of ``status_type``, times in two forms, both shapes of the log."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.erp import ErpFake, ErpOrder, md5_of, moment_in, text_of

COUNTED_FROM = datetime(2011, 12, 31, 16, tzinfo=UTC)
TRADES = "sales.TradeQuery.queryWithDetail"
STOCKOUTS = "wms.stockout.Sales.queryWithDetail"
LOG = "sales.TradeQuery.getLog"
TYPES = {"placed": 1, "paid": 2, "queued": 45, "waybill": 155, "picking_printed": 91, "picked": 133, "packed": 101}
TYPES |= {"shipped": 105, "reopened": 30}


@dataclass
class WangdiantongFake(ErpFake):
    """What it knows; ``log_at_top`` gives the log beside ``data``, ``bits`` False never sets a bit or a print flag."""

    source: ClassVar[str] = "wangdiantong"
    sid: str = "lbsid"
    key: str = "lbkey"
    secret: str = "lbsecret"
    salt: str = "lbsalt"
    log_at_top: bool = False
    bits: bool = True
    comma: str = "，"
    presale: set[str] = field(default_factory=set)
    stray_status: dict[str, int] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/openapi", self.openapi, methods=["POST"]), *self.feeding_routes()])

    async def openapi(self, request: Request) -> Response:
        query, body = dict(request.query_params), (await request.body()).decode()
        self.heard.append({"method": query.get("method", ""), "page": query.get("page_no", ""), "body": body})
        if (broken := await self.broken(request)) is not None:
            return broken
        if (refusal := self._refusal(query, body)) is not None:
            return self.answer(refusal)
        (asked,) = json.loads(body)
        match query["method"]:
            case "sales.TradeQuery.queryWithDetail":
                found = self._list(asked, query, self._trades)
            case "wms.stockout.Sales.queryWithDetail":
                found = self._list(asked, query, self._stockouts)
            case "sales.TradeQuery.getLog":
                found = self._log(asked)
            case _:
                self.writes += 1
                found = {"status": 100, "message": "权限不足"}
        return self.answer(found)

    def _refusal(self, query: dict[str, str], body: str) -> dict[str, Any] | None:
        given = query.pop("sign", "")
        said = "".join(f"{name}{value}" for name, value in sorted({**query, "body": body}.items()))
        if (query.get("sid"), query.get("key"), query.get("salt")) != (self.sid, self.key, self.salt):
            return {"status": 1, "message": "invalid sid or appkey"}
        if given != md5_of(f"{self.secret}{said}{self.secret}"):
            return {"status": 1, "message": "invalid sign"}
        at = COUNTED_FROM + timedelta(seconds=int(query["timestamp"]))
        if abs(at - self.server_now()) > timedelta(seconds=120):
            return {"status": 7, "message": "timestamp expired"}
        if self.is_too_often():
            return {"status": 100, "message": f"超过每分钟最大调用频率限制{self.comma}请稍后重试"}
        return None

    def _list(self, asked: dict[str, Any], query: dict[str, str], rows_in: Any) -> dict[str, Any]:
        if "page_no" not in query:
            return {"status": 100, "message": "此方法仅支持分页查询"}
        since, until = moment_in(asked["start_time"]), moment_in(asked["end_time"])
        if until - since > timedelta(minutes=60):
            return {"status": 100, "message": f"您的查询时间过宽{self.comma}查询时间不能大于60分钟"}
        number, size = int(query["page_no"]), min(200, int(query["page_size"]))
        rows = rows_in(asked, since, until)
        page = self.page_of(rows, number, size)
        total = len(rows)
        self.after_a_page()
        return {"status": 0, "data": {"total_count": total, "order": page}}

    def _trades(self, _asked: dict[str, Any], since: datetime, until: datetime) -> list[dict[str, Any]]:
        found = [
            (modified, order.number, self._trade(order, so_far, modified))
            for order, so_far, modified in self.seen()
            if since <= modified.replace(microsecond=0) <= until
        ]
        return [row for *_, row in sorted(found, key=lambda one: one[:2])]

    def _trade(self, order: ErpOrder, so_far: dict[str, datetime], modified: datetime) -> dict[str, Any]:
        row = {
            "trade_id": len(order.number) + 2**53,
            "trade_no": order.number,
            "src_tids": f"T{order.number}",
            "shop_no": order.shop,
            "trade_status": self._status(order, so_far),
            "trade_time": self.milliseconds(so_far.get("placed")),
            "pay_time": self.wall(so_far.get("paid")) or "0000-00-00 00:00:00",
            "check_time": self.wall(so_far.get("queued")) or "",
            "modified": text_of(modified),
            "freeze_reason": "无",
            "logistics_no": order.waybill if "shipped" in so_far or "waybill" in so_far else "",
            "logistics_name": order.carrier,
        }
        if "shipped" in so_far:
            row["consign_time"] = self.milliseconds(so_far["shipped"])
        return row

    def _status(self, order: ErpOrder, so_far: dict[str, datetime]) -> int:
        if order.number in self.stray_status:
            return self.stray_status[order.number]
        if "cancelled" in so_far:
            return 5
        if order.number in self.presale and "queued" not in so_far:
            return 19
        for mark, status in (("shipped", 95), ("queued", 55), ("paid", 30)):
            if mark in so_far:
                return status
        return 10

    def _stockouts(self, asked: dict[str, Any], since: datetime, until: datetime) -> list[dict[str, Any]]:
        kind, found = asked["status_type"], []
        for order, so_far, modified in self.seen():
            shipped = so_far.get("shipped")
            if kind == 1:
                fits = "reopened" in so_far and "queued" not in so_far
            else:
                fits = "queued" in so_far and (shipped is not None) == (kind == 0)
            by = shipped + self.ahead if kind == 0 and shipped is not None else modified
            if fits and since <= by.replace(microsecond=0) <= until:
                found.append((by, order.number, self._stockout(order, so_far, modified)))
        return [row for *_, row in sorted(found, key=lambda one: one[:2])]

    def _stockout(self, order: ErpOrder, so_far: dict[str, datetime], modified: datetime) -> dict[str, Any]:
        packed, shipped = "packed" in so_far, so_far.get("shipped")
        printed = "picking_printed" in so_far
        bits = (1 if packed else 0) | (128 if printed else 0) | (16 if "picked" in so_far else 0)
        queued = so_far.get("queued")
        return {
            "stockout_id": 1,
            "order_no": f"CK{order.number}",
            "src_order_no": order.number,
            "status": 110 if shipped else 5 if queued is None else 75 if printed else 60,
            "consign_status": bits if self.bits else 0,
            "logistics_print_status": 2 if printed and self.bits else 0,
            "block_reason": 0,
            "stock_check_time": self.milliseconds(queued) or 0,
            "consign_time": self.wall(shipped) or "",
            "modified": text_of(modified),
            "logistics_no": order.waybill if shipped else "",
            "logistics_list": [{"logistics_name": order.carrier}] if shipped else [],
        }

    def _log(self, asked: dict[str, Any]) -> dict[str, Any]:
        order = self.orders.get(asked["trade_no"])
        if order is None or order.shop in self.hidden_shops:
            return {"status": 100, "message": "订单不存在或无店铺权限"}
        lines: list[dict[str, Any]] = [
            {"created": self.wall(at), "shortname": "张三", "type": TYPES.get(what, 61)}
            for at, what in order.history
            if at + order.late <= self.now()
        ]
        lines = [*reversed(lines), {"created": lines[0]["created"], "shortname": "张三", "type": 7}]
        lines += [lines[-1]]
        return {"status": 0, "detail_list": lines} if self.log_at_top else {"status": 0, "data": {"detail_list": lines}}
