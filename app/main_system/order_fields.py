"""What every ERP wants of an order before it is written in its form: whole sums, a paid payment, texts that fit.

Whatever is missing is said before anything is sent; nothing is cut short, rounded or made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.address import one_line_address
from app.domain.foreign_values import BEIJING, wall_text
from app.domain.main_system import OrderRefused, OrderToSend
from app.domain.money import yuan
from app.domain.order import Item, Recipient


class Unwritable(Exception):
    """This order cannot be written in the main system's form; carries the refusal."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(field)
        self.refusal = OrderRefused(words, field, ours=True)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line of an order, in fen; ``share`` is its part of the order's discount."""

    id: str
    item: Item
    price: int
    amount: int
    share: int


@dataclass(frozen=True, slots=True)
class WrittenOrder:
    """An order with all that an ERP needs; amounts in fen, times on Beijing's wall clock."""

    number: str
    shop: str
    lines: tuple[PricedLine, ...]
    total: int
    freight: int
    discount: int
    phone: str
    name: str
    recipient: Recipient
    buyer: str
    note: str
    placed: str
    paid_at: datetime | None
    paid_id: str

    @property
    def pieces(self) -> int:
        """How many pieces it has."""
        return sum(line.item.quantity for line in self.lines)

    @property
    def whole_address(self) -> str:
        """The address with its region in it."""
        to = self.recipient
        return one_line_address(to.province, to.city, to.district, to.address)


def written_order(sent: OrderToSend, *, shops: dict[str, str], may_discount: bool) -> WrittenOrder:
    """Return an order as an ERP needs it; ``shops`` are the shops there by our channels, ``*`` for all others.

    Raises:
        Unwritable: something is missing, or the sums do not agree.
    """
    order = sent.order
    shop = shops.get(sent.names.channel) or shops.get("*")
    if not shop:
        raise Unwritable("这个渠道没有对应的店铺，请在主系统配置的 [shops] 中写明")
    payment = order.payment
    if payment is None or payment.status != "paid":
        raise Unwritable("不是已付款的订单，接口只送已付款的；请补全付款状态，或用文件导入", "payment.status")
    to = order.recipient
    if to is None or not (to.name or "").strip():
        raise Unwritable("缺少收件人", "recipient.name")
    if not (to.address or "").strip():
        raise Unwritable("缺少详细地址", "recipient.address")
    freight, discount = order.freight or 0, order.discount or 0
    if discount and not may_discount:
        raise Unwritable("有整单优惠，而主系统配置没有写优惠如何送（discounts）；请写明，或用文件导入", "discount")
    lines = _lines(sent, discount)
    total = sum(line.amount for line in lines) + freight - discount
    if order.total is not None and order.total != total:
        raise Unwritable(f"订单金额 {yuan(order.total)} 元与商品、运费、优惠合计 {yuan(total)} 元不符", "total")
    if total < 0:
        raise Unwritable("优惠大于商品与运费之和", "discount")
    placed = min(order.placed_at or sent.received_at, sent.received_at)
    return WrittenOrder(
        number=sent.names.ours,
        shop=shop,
        lines=lines,
        total=total,
        freight=freight,
        discount=discount,
        phone=order.phone,
        name=(to.name or "").strip(),
        recipient=to,
        buyer=(order.buyer or "").strip() or sent.names.ours,
        note=order.note or "",
        placed=wall_text(placed, BEIJING),
        paid_at=payment.paid_at,
        paid_id=payment.transaction_id or "",
    )


def fitting(text: str, limit: int, field: str) -> str:
    """Return a text that fits.

    Raises:
        Unwritable: it is longer; what is cut off may be the house number.
    """
    if len(text) > limit:
        raise Unwritable(f"超过主系统允许的 {limit} 个字符", field)
    return text


def amount(fen: int) -> int | float:
    """Return yuan as JSON writes them: the digits are those of the exact decimal."""
    return fen // 100 if fen % 100 == 0 else float(yuan(fen))


def without_blanks(fields: Mapping[str, object]) -> dict[str, object]:
    """Return fields without those that say nothing: clients differ in how they sign an empty one."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _lines(sent: OrderToSend, discount: int) -> tuple[PricedLine, ...]:
    made = []
    for n, item in enumerate(sent.order.items):
        if item.unit_price is None:
            raise Unwritable("缺少单价", f"items.{n}.unit_price")
        made.append((f"{sent.names.ours}-{n + 1}", item, item.unit_price, item.unit_price * item.quantity))
    shares = _shares([amount for *_, amount in made], discount)
    return tuple(PricedLine(*one, share) for one, share in zip(made, shares, strict=True))


def _shares(amounts: list[int], discount: int) -> list[int]:
    """Return a discount parted by amounts, to the fen: the same order always gives the same parts."""
    whole, parted, shares = sum(amounts), 0, []
    given = 0
    for one in amounts:
        parted += one
        upto = discount * parted // whole if whole else 0
        shares.append(upto - given)
        given = upto
    if shares:
        shares[-1] += discount - given
    return shares
