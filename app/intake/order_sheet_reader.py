"""Is the process that reads a list of orders (``python -m app.intake.order_sheet_reader``): a file in, lines out."""

import json
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files

from app.domain.csv_cell import DamagedBySpreadsheet, identifier_of, undefuse
from app.domain.problems import TooLarge
from app.files.reading_process import serve
from app.files.sheet_reader import Formula, Row, UnreadableSheet, rows_of

REQUIRED = ("phone", "sku", "quantity")
IDENTIFIERS = frozenset({"phone", "shop_number", "sku"})
"""Of these a spreadsheet may have rounded the digits, which nobody can tell afterwards."""

HEADING_WITHIN = 20
"""Rows; above the headings exports write their title and the day."""

LONGEST_CELL = 2000
_EDGES = "*:：'\ufeff\u200b"


def read_sheet(data: bytes) -> Iterator[str]:
    """Yield a line on the columns, then one for each row, ``{"row", "cells", "damaged"}``; or ``{"refused"}``."""
    try:
        rows = rows_of(data)
    except (TooLarge, UnreadableSheet) as error:
        yield json.dumps({"refused": error.sentence if isinstance(error, UnreadableSheet) else error.detail})
        return
    names = columns_known()
    headed = _headed(rows, names)
    if headed is None:
        yield json.dumps({"refused": "没有找到表头：至少需要“手机号”“商品编码”“数量”三列。可以先下载模板。"})
        return
    first, places = headed
    headings = [_shown(cell) for cell in rows[first - 1].cells]
    unused = [heading for at, heading in enumerate(headings) if heading and at not in places.values()]
    yield json.dumps({"columns": {field: headings[at] for field, at in places.items()}, "unused": unused})
    for row in rows[first:]:
        yield json.dumps(_read(row, places))


def columns_known() -> Mapping[str, tuple[str, ...]]:
    """Return what each column may be called, as :func:`as_name` writes it, by precedence."""
    document = tomllib.loads((files(__package__ or "app.intake") / "order_columns.toml").read_text(encoding="utf-8"))
    return {field: tuple(as_name(one) for one in names) for field, names in document.items() if field != "payment"}


def payment_words() -> Mapping[str, str]:
    """Return the payment that a word stands for."""
    document = tomllib.loads((files(__package__ or "app.intake") / "order_columns.toml").read_text(encoding="utf-8"))
    return {as_name(word): status for status, found in document["payment"].items() for word in found}


def as_name(cell: object) -> str:
    """Return a heading as it is compared: without blanks, case, full-width forms and marks such as （必填）."""
    text = unicodedata.normalize("NFKC", "" if cell is None else str(cell))
    text = "".join(text.split()).strip(_EDGES)
    for mark in ("(必填)", "(选填)", "(可选)", "(元)"):
        text = text.removesuffix(mark)
    return text.strip(_EDGES).casefold()


def _headed(rows: list[Row], names: Mapping[str, tuple[str, ...]]) -> tuple[int, dict[str, int]] | None:
    """Return where the rows begin, and in which column each field stands."""
    for n, row in enumerate(rows[:HEADING_WITHIN]):
        found = [as_name(cell) for cell in row.cells]
        places = {
            field: found.index(next(name for name in known if name in found))
            for field, known in names.items()
            if any(name in found for name in known)
        }
        if all(field in places for field in REQUIRED):
            return n + 1, places
    return None


def _read(row: Row, places: Mapping[str, int]) -> dict[str, object]:
    cells, damaged = {}, []
    for field, at in places.items():
        cell = row.cells[at] if at < len(row.cells) else None
        try:
            text = identifier_of(cell) if field in IDENTIFIERS else _text(cell)
        except DamagedBySpreadsheet:
            damaged.append(field)
            text = str(cell)
        if isinstance(cell, Formula):
            damaged.append(field)
        if text:
            cells[field] = undefuse(text)[:LONGEST_CELL]
    return {"row": row.number, "cells": cells, "damaged": damaged}


def _text(cell: object) -> str:
    """Return a cell's text; a whole number that a spreadsheet keeps as 12.0 is 12."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell).strip()[:40]


if __name__ == "__main__":
    serve(lambda _request, data: read_sheet(data))
