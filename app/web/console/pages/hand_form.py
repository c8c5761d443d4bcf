"""The form of an order typed by hand: what was typed, read into an order, and what is wrong beside its field."""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.domain.destroyed_text import is_destroyed
from app.domain.order import total_of
from app.domain.problems import FieldError, InvalidOrder
from app.intake.schemas import OrderIn, check_order

MOST_LINES = 50
"""Lines of goods; who has more has a file."""

LONGEST = 1000
"""Characters of any field that are kept; the intake allows less of most, and says so."""

PERSONAL = ("name", "province", "city", "district", "address")
_TYPED = (*PERSONAL, "phone", "freight", "discount", "status", "note")
PARTS = ("sku", "title", "quantity", "price")
STATUSES = ("paid", "unpaid", "cod")

_TOKEN = re.compile(r"[0-9a-f]{32}")
_IN_ORDER = {"sku": "sku", "name": "title", "quantity": "quantity", "unit_price": "price"}
"""The fields of a line: as the intake calls them, and as the form does."""


class HandLine(NamedTuple):
    """A line of goods as it was typed."""

    sku: str = ""
    title: str = ""
    quantity: str = ""
    price: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed; a quantity alone is nothing, since the form proposes it."""
        return not (self.sku or self.title or self.price)


@dataclass(frozen=True, slots=True)
class HandForm:
    """What was typed, and by which tokens it is known; ``errors`` are sentences by the name of their field."""

    typed: Mapping[str, str]
    lines: tuple[HandLine, ...]
    key: str
    fresh: str
    """The token under which the same form may be sent as another order."""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def total_fen(self) -> int | None:
        """The total, as far as what was typed adds up."""
        order = _order_of(self)
        return None if isinstance(order, dict) else total_of_order(order)


def new_token() -> str:
    """Return a token that makes a form one order, however often it is sent."""
    return secrets.token_hex(16)


def empty_form() -> HandForm:
    """Return a form in which nothing is typed."""
    return HandForm({}, (HandLine(quantity="1"),), new_token(), new_token())


def form_in(fields: Mapping[str, Any]) -> HandForm:
    """Return the form as it was sent; a token that is none of ours' shape is replaced."""
    kept = {name: str(value)[:LONGEST] for name, value in fields.items() if isinstance(value, str)}
    typed = {
        name: kept[name].strip()
        for name in (*PERSONAL, "phone", "freight", "discount", "status", "note")
        if name in kept
    }
    lines = []
    for n in range(MOST_LINES):
        if f"sku-{n}" not in kept:
            break
        lines.append(HandLine(*(kept.get(f"{part}-{n}", "").strip() for part in PARTS)))
    tokens = [kept.get(name, "") for name in ("key", "fresh")]
    key, fresh = (one if _TOKEN.fullmatch(one) else new_token() for one in tokens)
    return HandForm(typed, tuple(lines) or (HandLine(quantity="1"),), key, fresh)


def order_in(form: HandForm) -> OrderIn:
    """Read an order out of a form.

    Raises:
        InvalidOrder: each error's pointer is the name of a field of the form.
    """
    order = _order_of(form)
    wrong = order if isinstance(order, dict) else {}
    wrong = {**wrong, **dict(_missing(form))}
    if isinstance(order, dict) or wrong:
        in_order = sorted(wrong.items(), key=lambda one: _place_of(one[0]))
        raise InvalidOrder(errors=[FieldError(name, "wrong", sentence) for name, sentence in in_order])
    return order


def total_of_order(order: OrderIn) -> int | None:
    """Return the total of an order in fen."""
    prices = ((item.unit_price, item.quantity) for item in order.items)
    return total_of(stated=order.total, prices=prices, freight=order.freight, discount=order.discount)


def _place_of(name: str) -> tuple[int, int]:
    """Return where a field stands on the page."""
    part, _, line = name.partition("-")
    if line.isdigit():
        return len(PERSONAL) + 1 + int(line), PARTS.index(part) if part in PARTS else 0
    above = ("phone", *PERSONAL)
    return (above.index(part), 0) if part in above else (len(above) + MOST_LINES, 0)


def _order_of(form: HandForm) -> OrderIn | dict[str, str]:
    """Return the order, or what is wrong by the name of its field."""
    filled = [(n, line) for n, line in enumerate(form.lines) if not line.is_blank]
    typed = form.typed
    mapped: dict[str, Any] = {
        "phone": typed.get("phone", ""),
        "items": [_item(line) for _, line in filled],
        "recipient": {part: typed[part] for part in PERSONAL if typed.get(part)} or None,
        "note": typed.get("note") or None,
        **{part: typed[part] for part in ("freight", "discount") if typed.get(part)},
    }
    if typed.get("status") in STATUSES:
        mapped["payment"] = {"status": typed["status"]}
    try:
        return check_order(mapped)
    except InvalidOrder as problem:
        return {_name_of(one.pointer, filled): one.detail for one in reversed(problem.errors)}


def _item(line: HandLine) -> dict[str, Any]:
    quantity: object = int(line.quantity) if re.fullmatch(r"[0-9]{1,9}", line.quantity) else line.quantity
    return {"sku": line.sku, "name": line.title or None, "quantity": quantity, "unit_price": line.price or None}


def _name_of(pointer: str, filled: list[tuple[int, HandLine]]) -> str:
    """Return which field of the form a pointer into the order means."""
    parts = pointer.strip("/").split("/")
    match parts:
        case ["items", at, part] if at.isdigit() and part in _IN_ORDER:
            return f"{_IN_ORDER[part]}-{filled[int(at)][0]}"
        case ["recipient", part]:
            return part
        case ["items", *_]:
            return "sku-0"
        case [part, *_]:
            return part
    return "phone"


def _missing(form: HandForm) -> Iterator[tuple[str, str]]:
    """Yield what the intake would do without, and a person who is asked need not."""
    typed = form.typed
    if not typed.get("phone"):
        yield "phone", "请填手机号"
    for part, sentence in (("name", "请填收件人姓名"), ("address", "请填详细地址")):
        if not typed.get(part):
            yield part, sentence
    for part in PERSONAL:
        if is_destroyed(typed.get(part, "")):
            yield part, "文字像是乱码或被打码，请重新填写"
    if typed.get("status") not in STATUSES:
        yield "status", "请选择付款状态"
    yield from _missing_goods(form.lines)


def _missing_goods(lines: tuple[HandLine, ...]) -> Iterator[tuple[str, str]]:
    if all(line.is_blank for line in lines):
        yield "sku-0", "请至少填一行商品"
    for n, line in enumerate(lines):
        for part, sentence in (("sku", "请填商品编码"), ("quantity", "请填数量"), ("price", "请填单价，赠品填 0")):
            if not line.is_blank and not getattr(line, part):
                yield f"{part}-{n}", sentence
