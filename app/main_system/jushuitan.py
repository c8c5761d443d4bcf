"""聚水潭: an order goes into a shop of the kind 商家自有商城 under our number, one a call, and is looked up by it.

Its documents contradict each other on a number that is there already, update or refusal; both are harmless. A success
is the line with our number in it and nothing else, since failures hide behind code 0.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from app.domain.foreign_values import BEIJING, wall_text, whole_of, word_of
from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
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
from app.main_system.caller import Outcome
from app.main_system.erp import ErpKind, ErpSetUp, Refused, looked, names_to_ask, pieces_of, refused, rows_of
from app.main_system.order_fields import Unwritable, WrittenOrder, amount, fitting, without_blanks, written_order
from app.main_system.port import PROBE, ProbeFinding, access_finding
from app.main_system.tokens import AccessToken, TokenUse
from app.main_system.told_words import told_words
from app.main_system.vendors import jushuitan as api
from app.main_system.vendors.refusal import is_doubtful
from app.outbound.api_call import ApiAnswer

UPLOAD, QUERY, SHOPS = "/open/jushuitan/orders/upload", "/open/orders/single/query", "/open/shops/query"
REFRESH = "/openWeb/auth/refreshToken"

_LONGEST_LIFE = 10 * 366 * 86400
"""Seconds of a token's life beyond which what was said is none."""

_OF_ORDER = frozenset({130, 140, 170})
_SHARED = frozenset({"Merged", "Split"})
"""Orders that have become others there: several have one number of ours, and none of them its content."""


class JushuitanMainSystem:
    """One account."""

    same_number = SameNumber.EITHER

    def __init__(self, set_up: ErpSetUp) -> None:
        self._with = set_up
        self._refusal_of_token = ""

    async def create(self, order: OrderToSend) -> CreateOutcome:
        """Upload one order."""
        try:
            written = written_order(order, shops=self._with.shops, may_discount=self._with.may_discount)
            asked = order_fields(written, self._with.options)
        except Unwritable as wrong:
            return wrong.refusal
        token = self._token_use()
        upload = partial(self._upload, order, asked, token)
        return self._told(await self._with.caller.attempted(upload, renew=token.renew))

    async def find(self, names: OrderNames) -> FindOutcome:
        """Look for our number and the shop's at once; orders that marketplaces brought are not shown to this query."""
        token = self._token_use()
        return self._told(await self._with.caller.attempted(partial(self._query, names, token), renew=token.renew))

    async def probe(self) -> Sequence[ProbeFinding]:
        """Look for a number that nobody has, and for the shops."""
        access = access_finding(await self.find(PROBE))
        shop = await self._shop_finding() if access.verdict == "well" else ProbeFinding("shop", "unproven")
        return (access, self._with.caller.clock_finding(), shop)

    async def _upload(self, order: OrderToSend, asked: Mapping[str, Any], token: TokenUse) -> CreateOutcome:
        biz: Any = [asked] if self._with.options["biz"] == "array" else {"orders": [asked]}
        said = await self._said(UPLOAD, biz, order, token)
        if not isinstance(said, dict):
            return said
        data = said.get("data")
        lines = rows_of(data.get("datas")) if isinstance(data, dict) else None
        ours = [line for line in lines or () if word_of(line.get("so_id")) == order.names.ours]
        if len(ours) != 1:
            return MainUnknown("missing_in_answer")
        return _judged(ours[0], order)

    async def _query(self, names: OrderNames, token: TokenUse) -> FindOutcome:
        asked = names_to_ask(names)
        biz = {
            "shop_id": int(self._with.shop_of(names)),
            "so_ids": [name for name, _ in asked],
            "page_index": 1,
            "page_size": 100,
        }
        said = await self._said(QUERY, biz, None, token)
        if not isinstance(said, dict):
            return looked(said)
        data = said.get("data")
        rows = rows_of(data.get("orders")) if isinstance(data, dict) else None
        if rows is None:
            return MainUnknown("bad_answer", "data.orders")
        if not rows:
            return AbsentFromMain()
        for name, by in asked:
            if ours := [row for row in rows if word_of(row.get("so_id")) == name]:
                return _found(ours, by=by)
        return MainUnknown("other_order")

    async def _said(
        self, path: str, biz: object, order: OrderToSend | None, token: TokenUse
    ) -> dict[str, Any] | Refused:
        access = {**self._with.access, "access_token": (await token.take()).access}
        answer = await self._with.caller.heard_well(
            lambda at: api.signed_call(path, biz, address=self._with.address, access=access, at=at)
        )
        if not isinstance(answer, ApiAnswer):
            return answer
        said = answer.said
        if not isinstance(said, dict) or (code := whole_of(said.get("code"))) is None:
            return MainUnknown("bad_answer", "code")
        if code != 0:
            refusal = api.refusal_of(code, word_of(said.get("msg")) or "")
            return refused(refusal, order, of_order=code in _OF_ORDER)
        return said

    async def _shop_finding(self) -> ProbeFinding:
        said = await self._said(SHOPS, {"page_index": 1, "page_size": 100}, None, self._token_use())
        data = said.get("data") if isinstance(said, dict) else None
        rows = rows_of(data.get("datas")) if isinstance(data, dict) else None
        if rows is None:
            return ProbeFinding("shop", "unproven", "" if isinstance(said, dict) else getattr(said, "code", ""))
        known = {word_of(row.get("shop_id")) for row in rows}
        missing = sorted({shop for shop in self._with.shops.values() if shop not in known})
        return ProbeFinding("shop", "wrong" if missing else "well", "no_shop" if missing else "", " ".join(missing))

    def _token_use(self) -> TokenUse:
        return TokenUse(self._with.tokens, self._next_token, self._with.caller.now)

    async def _next_token(self, token: AccessToken) -> AccessToken | None:
        """Ask for the next token; a service provider is refused, and the merchant has to authorise anew."""
        if not token.refresh:
            return None
        answer = await self._with.caller.heard_well(
            lambda at: api.signed_form(
                self._with.address.rstrip("/") + REFRESH,
                {
                    "app_key": self._with.access["app_key"],
                    "timestamp": str(int(at.timestamp())),
                    "charset": "utf-8",
                    "grant_type": "refresh_token",
                    "refresh_token": token.refresh,
                    "scope": "all",
                },
                secret=self._with.access["app_secret"],
            )
        )
        said = answer.said if isinstance(answer, ApiAnswer) and isinstance(answer.said, dict) else {}
        data = said.get("data")
        if whole_of(said.get("code")) != 0 or not isinstance(data, dict):
            self._refusal_of_token = told_words(word_of(said.get("msg")) or "")
            return None
        access, life = word_of(data.get("access_token")), whole_of(data.get("expires_in"))
        if access is None:
            return None
        is_known = life is not None and 0 < life <= _LONGEST_LIFE
        expires_at = self._with.caller.now() + timedelta(seconds=life or 0) if is_known else None
        return AccessToken(access, word_of(data.get("refresh_token")) or token.refresh, expires_at)

    def _told(self, outcome: Outcome) -> Outcome | AccessRefused:
        """Return an outcome, with what was said of the token's renewal where the token is what is wrong."""
        if isinstance(outcome, AccessRefused) and outcome.code == "token" and self._refusal_of_token:
            return AccessRefused("token", self._refusal_of_token)
        return outcome


def order_fields(order: WrittenOrder, options: Mapping[str, str]) -> dict[str, Any]:
    """Return an order in 聚水潭's form.

    Raises:
        Unwritable: a text is longer than it may be, or the shop has no number.
    """
    if not order.shop.isdigit():
        raise Unwritable("[shops] 中聚水潭的店铺须写店铺编号（数字）")
    to = order.recipient
    region = {"receiver_state": to.province, "receiver_city": to.city, "receiver_district": to.district}
    address = to.address or "" if all(region.values()) else order.whole_address
    pay = {
        "outer_pay_id": fitting(order.paid_id or order.number, 50, "payment.transaction_id"),
        "pay_date": order.placed if order.paid_at is None else wall_text(order.paid_at, BEIJING),
        "payment": fitting(options.get("payment", ""), 20, "payment"),
        "amount": amount(order.total),
    }
    return without_blanks(
        {
            "shop_id": int(order.shop),
            "so_id": order.number,
            "order_date": order.placed,
            "shop_status": "WAIT_SELLER_SEND_GOODS",
            "shop_buyer_id": fitting(order.buyer, 50, "buyer"),
            **{name: fitting((part or "").strip(), 50, "recipient") for name, part in region.items()},
            "receiver_address": fitting(address, 200, "recipient.address"),
            "receiver_name": fitting(order.name, 50, "recipient.name"),
            "receiver_mobile": fitting(order.phone, 50, "phone"),
            "pay_amount": amount(order.total),
            "freight": amount(order.freight),
            "buyer_message": fitting(order.note, 400, "note"),
            "pay": [without_blanks(pay)] if options["pay"] == "array" else without_blanks(pay),
            "items": [
                without_blanks(
                    {
                        "sku_id": fitting(line.item.sku, 40, "items.sku"),
                        "shop_sku_id": line.item.sku,
                        "name": fitting(line.item.name or line.item.sku, 100, "items.name"),
                        "qty": line.item.quantity,
                        "price": amount(line.price),
                        "base_price": amount(line.price),
                        "amount": amount(line.amount - line.share),
                        "outer_oi_id": line.id,
                    }
                )
                for line in order.lines
            ],
        }
    )


def _judged(line: Mapping[str, Any], order: OrderToSend) -> CreateOutcome:
    number, msg = word_of(line.get("o_id")), word_of(line.get("msg")) or ""
    words = told_words(msg, order.order)
    match line.get("issuccess"):
        case True:
            return MainUnknown("no_number", words) if number is None else CreatedInMain(number)
        case False if "已存在" in msg or "重复" in msg:
            return ExistsInMain()
        case False:
            return MainUnknown("refused", words) if is_doubtful(msg) else OrderRefused(words)
        case _:
            return MainUnknown("bad_answer", "issuccess")


def _found(rows: Sequence[Mapping[str, Any]], *, by: Literal["ours", "shop"]) -> ExistsInMain | MainUnknown:
    numbers = tuple(number for row in rows if (number := word_of(row.get("o_id"))))
    if not numbers:
        return MainUnknown("no_number")
    alone = rows[0] if len(rows) == 1 and word_of(rows[0].get("status")) not in _SHARED else {}
    total = None
    if alone.get("pay_amount") is not None:
        try:
            total = fen_of_yuan(alone["pay_amount"])
        except NotMoney:
            return MainUnknown("bad_answer", "pay_amount")
    goods = pieces_of(alone.get("items"), sku="sku_id", quantity="qty")
    void = all(word_of(row.get("status")) == "Cancelled" for row in rows)
    return ExistsInMain(FoundInMain(main_numbers=numbers, by=by, total_fen=total, goods=goods, is_void=void))


KIND = ErpKind(
    name="jushuitan",
    address=api.ADDRESS,
    hosts=api.HOSTS,
    plain=("app_key",),
    secrets=("app_secret", "access_token"),
    optional=("refresh_token",),
    key="app_key",
    choices={
        "biz": ("array", "object"),
        "pay": ("object", "array"),
        "discounts": ("refuse", "send"),
    },
    free=("payment",),
    per_minute=50,
    open=JushuitanMainSystem,
)
