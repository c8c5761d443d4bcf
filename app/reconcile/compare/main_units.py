"""Makes orders of a main system's rows, and movements of a statement's: grouped first, compared afterwards.

An order that was merged there is parted again by the numbers that its lines came from.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from app.domain.order_number import is_number
from app.domain.witness import Evidence, MainOrderState
from app.store.compare_file import Unit, Witness

Gathered = tuple[str, str, int, int, str]
"""A row as it was laid down: main, part, file, row, doc."""

SHOWN_PLACES = 20
"""Rows of an order that are named; there may be more."""

APART = "\0"
"""What keeps rows apart that are orders of their own, in a list that gives these no number."""

_TOKEN = re.compile(r"(?<![0-9A-Z])[A-Z][0-9A-Z]{12,21}(?![0-9A-Z])")
_BY_LIFE = (
    MainOrderState.LIVE,
    MainOrderState.UNCLEAR,
    MainOrderState.UNPAID,
    MainOrderState.PASSED_ON,
    MainOrderState.CANCELLED,
)
"""Of several states of an order's lines the first stands: a cancelled line does not cancel the order."""


def ours_in(numbers: Iterable[str]) -> list[str]:
    """Return the numbers of ours among others' numbers, also in front of what main systems append (``-1``, ``A``).

    Only what has the check character of a number that we could have given is taken for one.
    """
    found: dict[str, None] = {}
    for token in (token for number in numbers for token in _TOKEN.findall(number.upper())):
        ours = next((one for one in (token, token[:-1], token[:-2]) if is_number(one)), None)
        if ours is not None:
            found[ours] = None
    return list(found)


@dataclass(slots=True)
class _Sum:
    """What some lines of an order come to; None where one of them does not say."""

    lines: int = 0
    amounts: set[int] = field(default_factory=set)
    parts: int | None = 0
    goods: Counter[str] | None = field(default_factory=Counter)

    def take(self, said: Mapping[str, Any]) -> None:
        self.lines += 1
        if said["amount"] is not None:
            self.amounts.add(said["amount"])
        self.parts = None if self.parts is None or said["part"] is None else self.parts + said["part"]
        if said["bundle"] or not said["sku"] or said["pieces"] is None:
            self.goods = None
        elif self.goods is not None and not said["gift"]:
            self.goods[said["sku"]] += said["pieces"]

    def join(self, other: "_Sum") -> None:
        self.lines += other.lines
        self.amounts |= other.amounts
        self.parts = None if self.parts is None or other.parts is None else self.parts + other.parts
        self.goods = None if self.goods is None or other.goods is None else self.goods + other.goods


@dataclass(slots=True)
class _OrderPart:
    """The lines of one order, or of one part of a merged one."""

    main: str
    number: str
    numbers: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    payments: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    standing: _Sum = field(default_factory=_Sum)
    cancelled: _Sum = field(default_factory=_Sum)
    """Lines that are cancelled there say what was bought only where all of them are."""
    refund: int = 0
    states: dict[str, str] = field(default_factory=dict)
    at: str = ""
    places: list[tuple[int, int]] = field(default_factory=list)

    def take(self, said: Mapping[str, Any], file: int, row: int) -> None:
        self.numbers.update((*said["numbers"], *said["main"]))
        self.tokens.update(said["tokens"])
        self.payments.update(said["paid_by"])
        self.phones.update((said["phone"],) if said["phone"] else ())
        state = said["state"]
        self.states[state] = min(self.states.get(state, said["said"]), said["said"])
        self.refund = max(self.refund, said["refund"] or 0)
        self.at = min(filter(None, (self.at, said["at"])), default="")
        (self.cancelled if state == MainOrderState.CANCELLED else self.standing).take(said)
        if len(self.places) < SHOWN_PLACES:
            self.places.append((file, row))

    def join(self, other: "_OrderPart") -> None:
        self.numbers |= other.numbers
        self.tokens |= other.tokens
        self.payments |= other.payments
        self.phones |= other.phones
        self.states = {**other.states, **self.states}
        self.refund = max(self.refund, other.refund)
        self.standing.join(other.standing)
        self.cancelled.join(other.cancelled)
        self.places = sorted((*self.places, *other.places))[:SHOWN_PLACES]

    def unit(self, *, merged: bool) -> Unit:
        state = next((one for one in _BY_LIFE if one in self.states), MainOrderState.LIVE)
        total = self.standing if self.standing.lines else self.cancelled
        whole = next(iter(total.amounts)) if len(total.amounts) == 1 and not merged else None
        number = self.main or self.number.partition(APART)[0]
        doc = {
            "number": number,
            "state": state,
            "said": self.states.get(state, ""),
            "amount": total.parts if whole is None else whole,
            "goods": dict(sorted(total.goods.items())) if total.goods else None,
            "refund": self.refund or None,
            "at": self.at or None,
            "places": self.places,
        }
        keys = [
            *((Evidence.OUR_NUMBER, one) for one in ours_in(sorted(self.numbers | self.tokens))),
            *((Evidence.MAIN_NUMBER, one) for one in sorted({self.main.casefold()} - {""})),
            *((Evidence.SHOP_NUMBER, one) for one in sorted({one.casefold() for one in self.numbers})),
            *((Evidence.PAYMENT_NUMBER, one) for one in sorted({one.casefold() for one in self.payments})),
        ]
        phone = bytes.fromhex(next(iter(self.phones))) if len(self.phones) == 1 else None
        return Unit(Witness.MAIN, number, phone, json.dumps(doc), [(int(rung), key) for rung, key in keys])


def main_units(lines: Iterable[Gathered]) -> Iterator[Unit]:
    """Yield the orders of a main system's rows, which come sorted by main number and part."""
    for _, rows in groupby(lines, key=lambda one: one[0] or ("", one[1])):
        parts: dict[str, _OrderPart] = {}
        for main, part, file, row, doc in rows:
            parts.setdefault(part, _OrderPart(main, part)).take(json.loads(doc), file, row)
        blank = parts.pop("") if len(parts) > 1 and "" in parts else None
        if blank is not None and len(parts) == 1:  # of several parts nobody knows whose a line without a number is
            next(iter(parts.values())).join(blank)
        for one in parts.values():
            yield one.unit(merged=len(parts) > 1)


def money_units(lines: Iterable[Gathered]) -> Iterator[Unit]:
    """Yield the movements of a statement; one that stands there twice, provider's number and all, is one."""
    seen: set[tuple[str, ...]] = set()
    last = ""
    for main, part, file, row, doc in lines:
        said = json.loads(doc)
        if main != last:
            seen, last = set(), main
        same = (part, said["kind"], *said["refund_number"])
        if main and same in seen:
            continue
        seen.add(same)
        provider = main or f"{file}:{row}"
        movement = {
            "number": provider,
            "order": part,
            "kind": said["kind"],
            "amount": said["amount"],
            "at": said["at"],
            "places": [(file, row)],
        }
        keys = [
            *((Evidence.OUR_NUMBER, number) for number in ours_in([part])),
            *((Evidence.SHOP_NUMBER, part.casefold()) for _ in range(bool(part))),
            *((Evidence.PAYMENT_NUMBER, main.casefold()) for _ in range(bool(main))),
        ]
        yield Unit(Witness.MONEY, part or provider, None, json.dumps(movement), [(int(r), key) for r, key in keys])
