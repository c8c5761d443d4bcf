"""The form that completes a held order: which fields it has, and what was filled in."""

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.datastructures import FormData

from app import words
from app.domain.money import yuan
from app.domain.order import Item, Order
from app.domain.phone import masked
from app.web.console.filters import harmless, name_masked

FEW_LINES = 10
"""Lines of goods whose prices may all be changed; of a longer order those without one."""
MOST_LINES = 50
CLEARABLE = ("placed_at", "payment.paid_at", "total", "freight", "discount", "note", "buyer")
_RECIPIENT = ("name", "province", "city", "district", "address")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class FormField:
    """One input: the path of the field it fills, what people call it, and what is there now, personal data masked."""

    path: str
    label: str
    now: str


def fields_of(order: Order | None, phone: str) -> list[FormField]:
    """Return the inputs for an order; ``phone`` is masked. One that cannot be read has to be given anew."""
    return [*_customer(order, phone), *_goods(order)]


def changes_in(form: FormData) -> dict[str, object]:
    """Return what was filled in and ticked, by path; an empty input changes nothing."""
    changes: dict[str, object] = {}
    for path, value in form.multi_items():
        if isinstance(value, str) and value.strip() and path.partition(".")[0] in _FIRST:
            changes[path] = value.strip()[:_LONGEST]
    cleared = {str(path): None for path in form.getlist("clear") if path in CLEARABLE}
    return {**cleared, **changes}


_FIRST = frozenset({"phone", "recipient", "items", "payment", "total", "freight", "discount", "placed_at"})


def _customer(order: Order | None, phone: str) -> Iterator[FormField]:
    recipient = order.recipient if order else None
    shown = {
        "name": name_masked(recipient.name) if recipient else "",
        **{part: harmless(getattr(recipient, part), 20) for part in _RECIPIENT[1:4] if recipient},
        "address": "****" if recipient and recipient.address else "",
    }
    for part in _RECIPIENT:
        path = f"recipient.{part}"
        yield FormField(path, words.field_name(path), shown.get(part, ""))
    yield FormField("phone", words.field_name("phone"), masked(order.phone) if order else phone)


def _goods(order: Order | None) -> Iterator[FormField]:
    if order is None:
        for part in ("sku", "quantity", "unit_price"):
            yield FormField(f"items.0.{part}", words.field_name(f"items.0.{part}"), "")
    items: tuple[Item, ...] = order.items if order else ()
    priced = [(n, one) for n, one in enumerate(items) if one.unit_price is None or len(items) <= FEW_LINES]
    for n, item in priced[:MOST_LINES]:
        label = f"{words.field_name(f'items.{n}.unit_price')}（{harmless(item.name or item.sku, 20)}）"
        yield FormField(f"items.{n}.unit_price", label, "" if item.unit_price is None else yuan(item.unit_price))
    total = order.total if order else None
    yield FormField("total", words.field_name("total"), "" if total is None else yuan(total))
