"""Is the process that reads a list of orders (``python -m app.intake.order_sheet_reader``): a file in, lines out."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files

from app.domain.csv_cell import DamagedBySpreadsheet, identifier_of, undefuse
from app.domain.problems import TooLarge
from app.files.headed_rows import as_name, cell_of, find_headings, shown_heading, text_of
from app.files.reading_process import serve
from app.files.sheet_reader import Formula, Row, UnreadableSheet, rows_of

REQUIRED = ("phone", "sku", "quantity")
IDENTIFIERS = frozenset({"phone", "shop_number", "sku"})
"""Of these a spreadsheet may have rounded the digits, which nobody can tell afterwards."""

LONGEST_CELL = 2000


def read_sheet(data: bytes) -> Iterator[str]:
    """Yield a line on the columns, then one for each row, ``{"row", "cells", "damaged"}``; or ``{"refused"}``."""
    try:
        rows = rows_of(data)
    except (TooLarge, UnreadableSheet) as error:
        yield json.dumps({"refused": error.sentence if isinstance(error, UnreadableSheet) else error.detail})
        return
    names = columns_known()
    headed = find_headings(rows, names, enough=lambda places: all(field in places for field in REQUIRED))
    if headed is None:
        yield json.dumps({"refused": "没有找到表头：至少需要“手机号”“商品编码”“数量”三列。可以先下载模板。"})
        return
    first, places = headed
    headings = [shown_heading(cell) for cell in rows[first - 1].cells]
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


def _read(row: Row, places: Mapping[str, int]) -> dict[str, object]:
    cells, damaged = {}, []
    for field, at in places.items():
        cell = cell_of(row, at)
        try:
            text = identifier_of(cell) if field in IDENTIFIERS else text_of(cell)
        except DamagedBySpreadsheet:
            damaged.append(field)
            text = str(cell)
        if isinstance(cell, Formula):
            damaged.append(field)
        if text:
            cells[field] = undefuse(text)[:LONGEST_CELL]
    return {"row": row.number, "cells": cells, "damaged": damaged}


if __name__ == "__main__":
    serve(lambda _request, data: read_sheet(data))
