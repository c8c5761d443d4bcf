"""管易: one order a call under our number; one that is there already is refused, and the refusal says so.

Its limits and its list of codes are not public: what its texts do not tell is unknown. A call has no time in it, so
that no clock can be wrong. Archived orders are found by another method.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.domain.foreign_values import word_of
from app.domain.main_system import (
    AbsentFromMain,
    CreatedInMain,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    FoundInMain,
    MainUnknown,
    OrderNames,
    OrderToSend,
    SameNumber,
)
from app.main_system.erp import ErpKind, ErpSetUp, NumberBy, Refused, looked, pieces_of, refused, rows_of, sought
from app.main_system.order_fields import Unwritable, WrittenOrder, amount, without_blanks, written_order
from app.main_system.port import PROBE, ProbeFinding, access_finding
from app.main_system.vendors import guanyi as api
from app.outbound.api_call import ApiAnswer

ADD = "gy.erp.trade.add"
LIVE, ARCHIVE = "gy.erp.trade.get", "gy.erp.trade.history.get"

_THERE = "平台单号已存在"


class GuanyiMainSystem:
    """One account."""

    same_number = SameNumber.REFUSES

    def __init__(self, set_up: ErpSetUp) -> None:
        self._with = set_up

    async def create(self, order: OrderToSend) -> CreateOutcome:
        """Add one order."""
        try:
            written = written_order(order, shops=self._with.shops, may_discount=self._with.may_discount)
            asked = trade_fields(written, self._with.options)
        except Unwritable as wrong:
            return wrong.refusal
        return await self._with.caller.attempted(partial(self._add, order, asked))

    async def find(self, names: OrderNames) -> FindOutcome:
        """Look for our number, then the shop's, each among the live orders and in the archive."""

        async def search(method: str, name: str, by: NumberBy) -> FindOutcome:
            return await self._with.caller.attempted(partial(self._search, method, name, by))

        return await sought(names, (LIVE, ARCHIVE), search)

    async def probe(self) -> Sequence[ProbeFinding]:
        """Look for a number that nobody has; no query of this API tells whether a shop is there."""
        access = access_finding(await self.find(PROBE))
        return (access, self._with.caller.clock_finding(), ProbeFinding("shop", "unproven", "shop_by_first_order"))

    async def _add(self, order: OrderToSend, asked: Mapping[str, Any]) -> CreateOutcome:
        said = await self._said(ADD, asked, order)
        if not isinstance(said, dict):
            return said
        if said.get("success") is not True:
            return ExistsInMain()
        number = word_of(said.get("code"))
        return MainUnknown("no_number") if number is None else CreatedInMain(number)

    async def _search(self, method: str, name: str, by: NumberBy) -> FindOutcome:
        asked = {"platform_code": name, "has_cancel_data": True, "page_no": 1, "page_size": 10}
        said = await self._said(method, asked, None)
        if not isinstance(said, dict):
            return looked(said)
        rows = rows_of(said.get("orders"))
        if rows is None or said.get("success") is not True:
            return MainUnknown("bad_answer", "orders")
        ours = [row for row in rows if word_of(row.get("platform_code")) == name]
        if not ours:
            return MainUnknown("other_order") if rows else AbsentFromMain()
        numbers = tuple(number for row in ours if (number := word_of(row.get("code"))))
        if not numbers:
            return MainUnknown("no_number")
        goods = pieces_of(ours[0].get("details"), sku="item_code", quantity="qty") if len(ours) == 1 else None
        void = all(row.get("cancle") is True for row in ours)
        return ExistsInMain(FoundInMain(main_numbers=numbers, by=by, goods=goods, is_void=void))

    async def _said(self, method: str, asked: Mapping[str, Any], order: OrderToSend | None) -> dict[str, Any] | Refused:
        """Return an answer with success, or one that says that the order is there."""
        call = api.signed_call(
            method,
            asked,
            address=self._with.address,
            access=self._with.access,
            url_encoded=self._with.options["body"] == "urlencoded",
        )
        answer = await self._with.caller.heard_well(lambda _at: call)
        if not isinstance(answer, ApiAnswer):
            return answer
        said = answer.said
        if not isinstance(said, dict) or not isinstance(said.get("success"), bool):
            return MainUnknown("bad_answer", "success")
        refusal = api.refusal_of(said)
        if said["success"] or _THERE in refusal.words:
            return said
        return refused(refusal, order, of_order=True)


def trade_fields(order: WrittenOrder, options: Mapping[str, str]) -> dict[str, Any]:
    """Return an order in 管易's form."""
    to = order.recipient
    region = {"receiver_province": to.province, "receiver_city": to.city, "receiver_district": to.district}
    paid_at = None if order.paid_at is None else int(order.paid_at.timestamp()) * 1000
    return without_blanks(
        {
            "shop_code": order.shop,
            "warehouse_code": options["warehouse_code"],
            "vip_code": options["vip_code"],
            "express_code": options["express_code"],
            "deal_datetime": order.placed,
            "order_type_code": "Sales",
            "platform_code": order.number,
            "receiver_name": order.name,
            "receiver_mobile": order.phone,
            **region,
            "receiver_address": to.address or "" if all(region.values()) else order.whole_address,
            "details": [
                {
                    "item_code": line.item.sku,
                    "qty": line.item.quantity,
                    "price": amount(line.price),
                    "refund": 0,
                    "oid": line.id,
                }
                for line in order.lines
            ],
            "payments": [
                without_blanks(
                    {"pay_type_code": options["pay_type_code"], "payment": amount(order.total), "paytime": paid_at}
                )
            ],
            "post_fee": amount(order.freight),
            "discount_fee": amount(order.discount),
            "buyer_memo": order.note,
        }
    )


KIND = ErpKind(
    name="guanyi",
    address=api.ADDRESS,
    hosts=api.HOSTS,
    plain=("appkey",),
    secrets=("sessionkey", "secret"),
    key="appkey",
    required=("warehouse_code", "vip_code", "express_code", "pay_type_code"),
    choices={"body": ("json", "urlencoded"), "discounts": ("refuse", "send")},
    per_minute=20,
    open=GuanyiMainSystem,
)
