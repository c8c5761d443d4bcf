"""Is the process in which a stock list is read (``python -m app.reconcile.stock_reader``): a file in, lines out."""

import json
import re
import unicodedata
from collections.abc import Iterator

from app.domain.csv_cell import undefuse
from app.domain.problems import TooLarge
from app.files.reading_process import serve
from app.files.sheet_reader import Row, UnreadableSheet, rows_of

SKU_NAMES = (
    *("商品编码", "商家编码", "规格编码", "货品编码", "商品编号", "货号"),
    *("sku", "sku编码", "skuid", "商品sku", "编码"),
)
STOCK_NAMES = (
    *("可售库存", "可用库存", "可售数", "可用数", "可销数", "可销库存"),
    *("实际库存", "库存数量", "库存数", "库存", "数量", "stock", "qty"),
)
"""By precedence: what may be sold comes before what merely lies there."""

LONGEST_SKU = 64
MOST_PIECES = 10**12
HEADING_WITHIN = 20
"""Rows; above the headings exports write their title and the day."""

_NUMBER = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")


def read_stock(data: bytes) -> Iterator[str]:
    """Yield a line for each row, ``{"sku", "stock"}`` or ``{"row", "why"}``; or for the whole, ``{"refused"}``."""
    try:
        rows = rows_of(data)
    except (TooLarge, UnreadableSheet) as error:
        yield json.dumps({"refused": error.sentence if isinstance(error, UnreadableSheet) else error.detail})
        return
    headed = _headings(rows)
    if headed is None:
        yield json.dumps({"refused": "没有找到表头：需要“商品编码”和“库存”两列。"})
        return
    first, sku_at, stock_at = headed
    for row in rows[first:]:
        yield json.dumps(_read(row, sku_at, stock_at))


def _headings(rows: list[Row]) -> tuple[int, int, int] | None:
    """Return where the rows begin, and in which columns the SKU and the stock stand."""
    for n, row in enumerate(rows[:HEADING_WITHIN]):
        names = [_as_name(cell) for cell in row.cells]
        sku = next((names.index(name) for name in SKU_NAMES if name in names), None)
        stock = next((names.index(name) for name in STOCK_NAMES if name in names), None)
        if sku is not None and stock is not None:
            return n + 1, sku, stock
    return None


def _read(row: Row, sku_at: int, stock_at: int) -> dict[str, object]:
    sku, stock = _text(row, sku_at), _text(row, stock_at).replace(",", "")
    if not sku or len(sku) > LONGEST_SKU or not sku.isprintable():
        return {"row": row.number, "why": "没有商品编码" if not sku else "商品编码过长或含有控制字符"}
    number = _NUMBER.fullmatch(unicodedata.normalize("NFKC", stock))
    if number is None or abs(pieces := int(number[1][:20])) > MOST_PIECES:
        return {"row": row.number, "why": f"库存“{stock[:20]}”不是整数" if stock else "没有库存"}
    return {"sku": sku, "stock": max(pieces, 0)}  # what is oversold already has no stock left


def _text(row: Row, at: int) -> str:
    """Return a cell's text; a whole number that a spreadsheet keeps as 12.0 is 12."""
    cell = row.cells[at] if at < len(row.cells) else None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else undefuse(str(cell).strip())


def _as_name(cell: object) -> str:
    text = unicodedata.normalize("NFKC", "" if cell is None else str(cell))
    return "".join(text.split()).strip("*:'\ufeff\u200b").casefold()


if __name__ == "__main__":
    serve(lambda _request, data: read_stock(data))
