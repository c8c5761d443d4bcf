"""Where the cells of a file come from, and what an importing program may require; shared by all column tables."""

from app import words
from app.files.layouts.layout import ExportRow, Requirement, Value


def number(line: ExportRow) -> Value:
    """Return our order number: never empty, and unique over all storefronts."""
    return line.parcel.number


def outside_number(line: ExportRow) -> Value:
    """Return the storefront's own order number."""
    return line.parcel.order.client_order_id


def client(line: ExportRow) -> Value:
    """Return the name of the storefront."""
    return line.parcel.client


def placed_at(line: ExportRow) -> Value:
    """Return when the order was placed."""
    return line.parcel.placed_at


def name(line: ExportRow) -> Value:
    """Return the recipient's name."""
    return line.parcel.recipient.name


def phone(line: ExportRow) -> Value:
    """Return the phone, an extension included."""
    return line.parcel.order.phone


def province(line: ExportRow) -> Value:
    """Return the recipient's province."""
    return line.parcel.recipient.province


def city(line: ExportRow) -> Value:
    """Return the recipient's city."""
    return line.parcel.recipient.city


def district(line: ExportRow) -> Value:
    """Return the recipient's district."""
    return line.parcel.recipient.district


def address(line: ExportRow) -> Value:
    """Return the address within the district."""
    return line.parcel.recipient.address


def whole_address(line: ExportRow) -> Value:
    """Return the address with everything before it, for programs that read one cell."""
    to = line.parcel.recipient
    before = "".join(part for part in (to.province, to.city, to.district) if part)
    if not to.address or to.address.startswith(before):
        return to.address
    return f"{before} {to.address}"


def sku(line: ExportRow) -> Value:
    """Return the item's code."""
    return line.item.sku


def title(line: ExportRow) -> Value:
    """Return the item's name."""
    return line.item.name


def quantity(line: ExportRow) -> Value:
    """Return how many pieces."""
    return line.item.quantity


def price(line: ExportRow) -> Value:
    """Return the unit price in fen."""
    return line.item.unit_price


def amount(line: ExportRow) -> Value:
    """Return the row's amount in fen."""
    return line.amount


def total(line: ExportRow) -> Value:
    """Return the order's total in fen."""
    return line.parcel.total


def freight(line: ExportRow) -> Value:
    """Return the freight in fen."""
    return line.parcel.order.freight


def discount(line: ExportRow) -> Value:
    """Return the discount in fen."""
    return line.parcel.order.discount


def payment_status(line: ExportRow) -> Value:
    """Return whether it is paid, in Chinese."""
    return words.PAYMENTS.get(line.parcel.payment.status or "", "")


def paid_at(line: ExportRow) -> Value:
    """Return when it was paid."""
    return line.parcel.payment.paid_at


def transaction(line: ExportRow) -> Value:
    """Return the payment provider's number."""
    return line.parcel.payment.transaction_id


def buyer(line: ExportRow) -> Value:
    """Return the buyer's account name."""
    return line.parcel.order.buyer


def note(line: ExportRow) -> Value:
    """Return the buyer's message."""
    return line.parcel.order.note


def remark_with_buyer(line: ExportRow) -> Value:
    """Return our own remark, after the buyer's account name where the file has no column for it."""
    return _joined("买家", line.parcel.order.buyer, line)


def remark_with_outside_number(line: ExportRow) -> Value:
    """Return our own remark, after the storefront's number where the file has no column for it."""
    return _joined("外部单号", line.parcel.order.client_order_id, line)


def _joined(label: str, value: str | None, line: ExportRow) -> str:
    return "；".join(part for part in (f"{label}：{value}" if value else "", line.parcel.remark) if part)


def empty(_line: ExportRow) -> Value:
    """Return nothing: the program has a column that we know nothing for."""
    return None


NEEDS_NUMBER = Requirement("线上单号", number)
NEEDS_NAME = Requirement("收件人", name)
NEEDS_PHONE = Requirement("手机号", phone)
NEEDS_ADDRESS = Requirement("详细地址", address)
NEEDS_SKU = Requirement("商品编码", sku)
NEEDS_QUANTITY = Requirement("数量（须大于 0）", lambda line: line.item.quantity > 0)
NEEDS_PRICE = Requirement("单价", lambda line: line.item.unit_price is not None)
NEEDS_TOTAL = Requirement("订单金额", lambda line: line.parcel.total is not None)
NEEDS_PAID_AT = Requirement(
    "付款时间", lambda line: line.parcel.payment.status != "paid" or line.parcel.payment.paid_at
)
"""Where the time of a paid order is blank, the program imports it as unpaid and never ships it."""
