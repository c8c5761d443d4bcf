"""旺店通 flagship edition: an order goes into a shop of the kind 自有平台 as a raw one, and is sought in archives too.

A number that is there already is updated and counted in ``chg_count``. Status 0 proves nothing: what was refused
stands in ``error_list``. A SKU that nobody knows is accepted and fails later, when the order is submitted there.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.domain.foreign_values import BEIJING, wall_text, whole_of, word_of
from app.domain.main_system import (
    AbsentFromMain,
    CreatedInMain,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    FoundInMain,
    MainUnknown,
    OrderNames,
    OrderRefused,
    OrderToSend,
    SameNumber,
)
from app.domain.money import NotMoney, fen_of_yuan
from app.main_system.erp import ErpKind, ErpSetUp, NumberBy, Refused, looked, refused, rows_of, sought
from app.main_system.order_fields import Unwritable, WrittenOrder, amount, fitting, without_blanks, written_order
from app.main_system.port import PROBE, ProbeFinding, access_finding
from app.main_system.told_words import told_words
from app.main_system.vendors import wangdiantong as api
from app.main_system.vendors.refusal import is_doubtful
from app.outbound.api_call import ApiAnswer

PUSH = "sales.RawTrade.pushSelf2"
LIVE, ARCHIVE = "sales.RawTrade.searchSelfOrder", "sales.RawTrade.searchHistorySelfOrder"

_OF_ORDER = 100
_PAGER = {"page_size": "10", "page_no": "0", "calc_total": "1"}


class WangdiantongMainSystem:
    """One account."""

    same_number = SameNumber.UPDATES

    def __init__(self, set_up: ErpSetUp) -> None:
        self._with = set_up

    async def create(self, order: OrderToSend) -> CreateOutcome:
        """Push one order."""
        try:
            written = written_order(order, shops=self._with.shops, may_discount=self._with.may_discount)
            arguments = [written.shop, [trade_fields(written, self._with.options)], line_fields(written)]
        except Unwritable as wrong:
            return wrong.refusal
        return await self._with.caller.attempted(partial(self._push, order, arguments))

    async def find(self, names: OrderNames) -> FindOutcome:
        """Look for our number, then the shop's, each among the live orders and in the archive."""
        shop = self._with.shop_of(names)

        async def search(method: str, name: str, by: NumberBy) -> FindOutcome:
            return await self._with.caller.attempted(partial(self._search, method, name, shop, by))

        return await sought(names, (LIVE, ARCHIVE), search)

    async def probe(self) -> Sequence[ProbeFinding]:
        """Look for a number that nobody has; no query of this API tells whether a shop is there."""
        access = access_finding(await self.find(PROBE))
        return (access, self._with.caller.clock_finding(), ProbeFinding("shop", "unproven", "shop_by_first_order"))

    async def _push(self, order: OrderToSend, arguments: list[Any]) -> CreateOutcome:
        data = await self._data(PUSH, arguments, {}, order)
        if not isinstance(data, dict):
            return data
        new, changed = whole_of(data.get("new_count")), whole_of(data.get("chg_count"))
        errors = rows_of(data.get("error_list") or [])
        if errors is None or new is None:
            return MainUnknown("bad_answer", "new_count")
        ours = [error for error in errors if word_of(error.get("no")) == order.names.ours]
        words = told_words(" ".join(word_of(error.get("error")) or "" for error in ours), order.order)
        match (new, changed or 0, len(errors)):
            case (0, 0, 1) if ours:
                return MainUnknown("refused", words) if is_doubtful(words) else OrderRefused(words)
            case (1, 0, 0):
                return CreatedInMain(order.names.ours)
            case (0, 1, 0):
                return ExistsInMain()
            case _:
                return MainUnknown("contradictory", words)

    async def _search(self, method: str, name: str, shop: str, by: NumberBy) -> FindOutcome:
        data = await self._data(method, [{"tid": name, "shop_no": shop}], _PAGER, None)
        if not isinstance(data, dict):
            return looked(data)
        rows = rows_of(data.get("order"))
        if rows is None:
            return MainUnknown("bad_answer", "data.order")
        ours = [row for row in rows if word_of(row.get("tid")) == name]
        if not ours:
            return MainUnknown("other_order") if rows else AbsentFromMain()
        total = None
        if len(ours) == 1 and ours[0].get("receivable") is not None:
            try:
                total = fen_of_yuan(_two_decimals(ours[0]["receivable"]))
            except NotMoney:
                return MainUnknown("bad_answer", "receivable")
        return ExistsInMain(FoundInMain(main_numbers=(name,), by=by, total_fen=total))

    async def _data(
        self, method: str, arguments: list[Any], pager: Mapping[str, str], order: OrderToSend | None
    ) -> dict[str, Any] | Refused:
        answer = await self._with.caller.heard_well(
            lambda at: api.signed_call(
                method, arguments, address=self._with.address, access=self._with.access, at=at, pager=pager
            )
        )
        if not isinstance(answer, ApiAnswer):
            return answer
        said = answer.said
        if not isinstance(said, dict) or (status := whole_of(said.get("status"))) is None:
            return MainUnknown("bad_answer", "status")
        if status != 0:
            words = word_of(said.get("message")) or word_of(said.get("data")) or ""
            return refused(api.refusal_of(status, words), order, of_order=status == _OF_ORDER)
        data = said.get("data")
        return data if isinstance(data, dict) else MainUnknown("bad_answer", "data")


def trade_fields(order: WrittenOrder, options: Mapping[str, str]) -> dict[str, Any]:
    """Return an order in the form of a raw trade.

    Raises:
        Unwritable: the region is not known, or a text is longer than it may be.
    """
    to = order.recipient
    if not (to.province and to.city and to.district):
        raise Unwritable("旺店通须分开写省、市、区", "recipient.province")
    paid_at = order.placed if order.paid_at is None else wall_text(order.paid_at, BEIJING)
    method = whole_of(options["pay_method"])
    trade = without_blanks(
        {
            "tid": order.number,
            "process_status": 10,
            "trade_status": 30,
            "pay_status": 2,
            "refund_status": 0,
            "order_count": len(order.lines),
            "goods_count": order.pieces,
            "trade_time": order.placed,
            "pay_time": paid_at,
            "pay_id": fitting(order.paid_id, 40, "payment.transaction_id"),
            "buyer_nick": fitting(order.buyer, 100, "buyer"),
            "receiver_name": fitting(order.name, 100, "recipient.name"),
            "receiver_area": fitting(f"{to.province} {to.city} {to.district}", 40, "recipient.province"),
            "receiver_address": fitting(to.address or "", 256, "recipient.address"),
            "receiver_mobile": order.phone,
            "post_amount": amount(order.freight),
            "discount": amount(order.discount),
            "receivable": amount(order.total),
            "paid": amount(order.total),
            "delivery_term": 1,
            "pay_method": options["pay_method"] if method is None else method,
            "is_auto_wms": False,
            "buyer_message": fitting(order.note, 1024, "note"),
        }
    )
    return {**trade, "warehouse_no": options.get("warehouse_no", "")}


def line_fields(order: WrittenOrder) -> list[dict[str, Any]]:
    """Return the lines of an order, each with a number that is unique in the account.

    Raises:
        Unwritable: a text is longer than it may be.
    """
    return [
        {
            "tid": order.number,
            "oid": line.id,
            "status": 30,
            "refund_status": 0,
            "goods_id": fitting(line.item.sku, 40, "items.sku"),
            "spec_id": line.item.sku,
            "goods_no": line.item.sku,
            "spec_no": line.item.sku,
            "goods_name": fitting(line.item.name or line.item.sku, 255, "items.name"),
            "num": line.item.quantity,
            "price": amount(line.price),
            "discount": 0,
            "share_discount": amount(line.share),
            "total_amount": amount(line.amount),
            "adjust_amount": 0,
            "refund_amount": 0,
        }
        for line in order.lines
    ]


def _two_decimals(value: object) -> object:
    """Return an amount without the zeros behind its fen: this vendor writes four decimals."""
    if not isinstance(value, str) or "." not in value:
        return value
    whole, _, decimals = value.partition(".")
    return f"{whole}.{decimals[:2]}" if not decimals[2:].strip("0") else value


KIND = ErpKind(
    name="wangdiantong",
    address=api.ADDRESS,
    hosts=api.HOSTS,
    plain=("sid", "key"),
    secrets=("secret",),
    key="key",
    required=("pay_method",),
    choices={"discounts": ("refuse", "send")},
    free=("warehouse_no",),
    per_minute=30,
    open=WangdiantongMainSystem,
)
