"""Reads a row of a list or a statement by its map; what cannot be read is named by column, code and sentence."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from app.domain.harmless_text import harmless_text
from app.files.cell_times import SHOWN, UnusableCell
from app.files.headed_rows import as_name, cell_of, shown_heading, text_of
from app.files.sheet_reader import Row
from app.reconcile.compare.foreign_cells import (
    kind_in,
    moment_in,
    money_in,
    numbers_in,
    says_yes,
    sku_in,
    state_in,
    tokens_in,
    whole_in,
    without_platform,
    word_in,
)
from app.reconcile.compare.list_map import ListMap, fits

OUR_MONEY = frozenset({"cny", "rmb", "人民币", "¥", ""})
T = TypeVar("T")
_SUM_ROWS = ("合计", "总计", "小计", "本页")
_SUM_WORDS = frozenset({"total", "totals", "sum", "grandtotal"})


class Places(NamedTuple):
    """In which columns the fields of a map stand; the numbers and the notes may be in several."""

    fields: dict[str, int]
    numbers: tuple[int, ...]
    notes: tuple[int, ...]
    headings: tuple[str, ...]

    def heading(self, at: int) -> str:
        """Return what a column is called."""
        return self.headings[at] if at < len(self.headings) else ""

    @property
    def unused(self) -> list[str]:
        """The columns that are not read."""
        used = {*self.fields.values(), *self.numbers, *self.notes}
        return [heading for at, heading in enumerate(self.headings) if heading and at not in used]


def places_in(row: Row, by: ListMap) -> Places | None:
    """Return where the fields of a map stand below this row; None where it is no row of such headings."""
    found = [as_name(cell) for cell in row.cells]
    if not fits(by, found):
        return None

    def first(names: Sequence[str]) -> int | None:
        return next((found.index(name) for name in names if name in found), None)

    fields = {field: at for field, names in by.columns.items() if field != "notes" and (at := first(names)) is not None}
    numbers = tuple(at for names in by.numbers if (at := first(names)) is not None)
    wanted = by.columns.get("notes", ())
    notes = tuple(at for at, name in enumerate(found) if name and any(_is_called(name, one) for one in wanted))
    return Places(fields, numbers, notes, tuple(harmless_text(shown_heading(cell)) for cell in row.cells))


def _is_called(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


class RowReader:
    """Reads the rows of one file."""

    def __init__(self, by: ListMap, places: Places) -> None:
        self._by = by
        self._places = places

    def read(self, row: Row) -> dict[str, Any]:
        """Return what a row says; ``unread`` where its numbers cannot be read, ``passed_over`` where it is none."""
        wrong: list[tuple[str, str, str]] = []
        first = next((text_of(cell) for cell in row.cells if text_of(cell)), "")
        if as_name(first).startswith(_SUM_ROWS) or as_name(first) in _SUM_WORDS:
            return {"row": row.number, "passed_over": harmless_text(first)[:SHOWN]}
        if self._by.witness == "money" and len(row.cells) > len(self._places.headings):
            why = f"这一行有 {len(row.cells)} 格，表头只有 {len(self._places.headings)} 列，内容里可能有没加引号的逗号"
            return {"row": row.number, "unread": True, "wrong": [("", "too_many_cells", why)]}
        found = self._money(row, wrong) if self._by.witness == "money" else self._order(row, wrong)
        return {"row": row.number, **found, "wrong": wrong}

    def _order(self, row: Row, wrong: list[tuple[str, str, str]]) -> dict[str, Any]:
        numbers = self._first_numbers(row, wrong)
        main = self._cell(row, "main_number", self._numbers, wrong) or []
        tokens = [token for at in self._places.notes for token in tokens_in(cell_of(row, at))]
        if wrong:
            return {"unread": True}
        kind = self._word(row, "kind")
        if kind and self._by.kinds.get(as_name(kind)) == "other":
            return {"passed_over": kind}
        if not (numbers or main or tokens):
            wrong.append((self._heading("main_number"), "no_number", "这一行没有单号"))
            return {"unread": True}
        currency = as_name(self._word(row, "currency"))
        has_pieces = "sku" in self._places.fields and "quantity" in self._places.fields
        cancelled = bool(self._word(row, "cancelled_at"))
        return {
            "numbers": numbers,
            "main": main,
            "tokens": tokens,
            "item": sku_in(self._at(row, "item_number")),
            "paid_by": self._cell(row, "payment_number", self._numbers, wrong) or [],
            "phone": text_of(self._at(row, "phone"))[:40],
            "sku": sku_in(self._at(row, "sku")) if has_pieces else "",
            "pieces": self._cell(row, "quantity", whole_in, wrong) if has_pieces else None,
            "gift": says_yes(self._at(row, "gift")),
            "bundle": bool(self._word(row, "bundle")),
            "amount": self._cell(row, "amount", money_in, wrong) if currency in OUR_MONEY else None,
            "part": self._part(row, wrong),
            "refund": self._cell(row, "refund", money_in, wrong),
            "state": "cancelled" if cancelled else state_in(self._at(row, "state"), self._by.states),
            "said": self._word(row, "state"),
            "at": self._moment(row, wrong),
        }

    def _money(self, row: Row, wrong: list[tuple[str, str, str]]) -> dict[str, Any]:
        numbers = [without_platform(number) for number in self._first_numbers(row, wrong)]
        provider = self._cell(row, "provider_number", self._numbers, wrong) or []
        refund_number = self._cell(row, "refund_number", self._numbers, wrong) or []
        word = self._word(row, "kind")
        kind = kind_in(word, self._by.kinds) if "kind" in self._places.fields else "payment"
        names = ("amount", "refund", "received", "income", "outgo")
        values = {name: self._cell(row, name, money_in, wrong) for name in names if name in self._places.fields}
        if wrong:
            return {"unread": True, "kind": kind or "", "values": values}
        against = {"payment": "outgo", "refund": "income"}.get(kind or "")  # what the merchant paid, or was given back
        if kind == "passed_over" or (kind is None and not numbers) or (against and values.get(against)):
            return {"passed_over": word, "kind": "passed_over", "values": values}
        if kind is None:
            wrong.append((self._heading("kind"), "unknown_kind", f"不认识“{word[:SHOWN]}”是收款还是退款"))
        elif not (numbers or provider):
            wrong.append((self._heading("provider_number"), "no_number", "这一行没有单号"))
        if wrong:
            return {"unread": True, "kind": kind or "", "values": values}
        given_back = kind == "refund" and values.get("refund") is not None
        fen = (
            values.get("refund") if given_back else next((values[n] for n in names if values.get(n) is not None), None)
        )
        return {
            "numbers": numbers,
            "provider": provider[:1],
            "refund_number": refund_number[:1] if kind != "payment" else [],
            "kind": kind,
            "values": values,
            "amount": None if fen is None else abs(fen),
            "at": self._moment(row, wrong),
            "account": self._word(row, "account"),
        }

    def _first_numbers(self, row: Row, wrong: list[tuple[str, str, str]]) -> list[str]:
        """Return the numbers of the first column that has any: of a merged order the nearest to where it came from."""
        for at in self._places.numbers:
            if found := self._tried(cell_of(row, at), self._places.heading(at), self._numbers, wrong):
                return found
        return []

    def _part(self, row: Row, wrong: list[tuple[str, str, str]]) -> int | None:
        goods, freight = (self._cell(row, name, money_in, wrong) for name in ("part_amount", "part_freight"))
        return None if goods is None else goods + (freight or 0)

    def _moment(self, row: Row, wrong: list[tuple[str, str, str]]) -> str | None:
        at = self._cell(row, "at", moment_in, wrong)
        return None if at is None else at.isoformat()

    def _numbers(self, cell: object) -> list[str]:
        return numbers_in(cell, digits=self._by.digits)

    def _at(self, row: Row, field: str) -> object:
        return cell_of(row, self._places.fields[field]) if field in self._places.fields else None

    def _word(self, row: Row, field: str) -> str:
        return word_in(self._at(row, field))

    def _heading(self, field: str) -> str:
        return self._places.heading(self._places.fields[field]) if field in self._places.fields else ""

    def _cell(self, row: Row, field: str, read: Callable[[object], T], wrong: list[tuple[str, str, str]]) -> T | None:
        return self._tried(self._at(row, field), self._heading(field), read, wrong)

    def _tried(
        self, cell: object, heading: str, read: Callable[[object], T], wrong: list[tuple[str, str, str]]
    ) -> T | None:
        if cell is None:
            return None
        try:
            return read(cell)
        except UnusableCell as error:
            wrong.append((heading, error.code, harmless_text(error.why)))
            return None
