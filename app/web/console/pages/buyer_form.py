"""What a buyer has typed on the public form, read into an order at our prices, and what is wrong beside its field."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.destroyed_text import is_destroyed
from app.domain.problems import InvalidOrder
from app.intake.buyer_offer import Offer, item_of
from app.intake.schemas import OrderIn, check_order

RECIPIENT = {"name": "收件人姓名", "province": "省", "city": "市", "district": "区县", "address": "详细地址"}
LONGEST = 300

_PIECES = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class BuyersForm:
    """What was typed by field, goods under ``q-0``, ``q-1`` …; ``errors`` are sentences by the same names."""

    typed: Mapping[str, str]
    order: OrderIn | None
    errors: Mapping[str, str]


def read_buyers_form(fields: Mapping[str, str], offer: Offer) -> BuyersForm:
    """Read a form; it is unpaid whatever it says, and its prices are those of the offer."""
    names = ("phone", *RECIPIENT, "note", *(f"q-{n}" for n in range(len(offer.goods))))
    typed = {name: fields.get(name, "")[:LONGEST].strip() for name in names}
    errors, items = dict(_wrong(typed)), []
    for n, one in enumerate(offer.goods):
        text = typed[f"q-{n}"]
        if not text or text == "0":
            continue
        if not _PIECES.fullmatch(text) or not 0 <= int(text) <= one.most:
            errors[f"q-{n}"] = f"请填 0 到 {one.most} 的整数"
        elif int(text):
            items.append(item_of(one, int(text)))
    if not items and not any(name.startswith("q-") for name in errors):
        errors["q-0"] = "请至少选一件商品"
    mapped: dict[str, Any] = {
        "phone": typed["phone"],
        "items": items or [{"sku": "-", "quantity": 1}],
        "recipient": {part: typed[part] for part in RECIPIENT if typed[part]} or None,
        "payment": {"status": "unpaid"},
        "note": typed["note"] or None,
    }
    try:
        order = check_order(mapped)
    except InvalidOrder as problem:
        for one_error in problem.errors:
            errors.setdefault(one_error.pointer.rsplit("/", 1)[-1], one_error.detail)
        return BuyersForm(typed, None, errors)
    return BuyersForm(typed, None if errors else order, errors)


def _wrong(typed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for part in ("name", "address"):
        if not typed[part]:
            yield part, f"请填{RECIPIENT[part]}"
    for part, label in RECIPIENT.items():
        if is_destroyed(typed[part]):
            yield part, f"{label}像是乱码，请重新填写"
