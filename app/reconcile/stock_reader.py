"""Is the process in which a stock list is read (``python -m app.reconcile.stock_reader``): a file in, lines out."""

import json
import re
import unicodedata
from collections.abc import Iterator

from app.domain.csv_cell import undefuse
from app.domain.problems import TooLarge
from app.files.headed_rows import cell_of, find_headings, text_of
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
_NUMBER = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")


def read_stock(data: bytes) -> Iterator[str]:
    """Yield a line for each row, ``{"sku", "stock"}`` or ``{"row", "why"}``; or for the whole, ``{"refused"}``."""
    try:
        rows = rows_of(data)
    except (TooLarge, UnreadableSheet) as error:
        yield json.dumps({"refused": error.sentence if isinstance(error, UnreadableSheet) else error.detail})
        return
    names = {"sku": SKU_NAMES, "stock": STOCK_NAMES}
    headed = find_headings(rows, names, enough=lambda places: len(places) == len(names))
    if headed is None:
        yield json.dumps({"refused": "没有找到表头：需要“商品编码”和“库存”两列。"})
        return
    first, places = headed
    for row in rows[first:]:
        yield json.dumps(_read(row, places["sku"], places["stock"]))


def _read(row: Row, sku_at: int, stock_at: int) -> dict[str, object]:
    sku, stock = (undefuse(text_of(cell_of(row, at))) for at in (sku_at, stock_at))
    stock = stock.replace(",", "")
    if not sku or len(sku) > LONGEST_SKU or not sku.isprintable():
        return {"row": row.number, "why": "没有商品编码" if not sku else "商品编码过长或含有控制字符"}
    number = _NUMBER.fullmatch(unicodedata.normalize("NFKC", stock))
    if number is None or abs(pieces := int(number[1][:20])) > MOST_PIECES:
        return {"row": row.number, "why": f"库存“{stock[:20]}”不是整数" if stock else "没有库存"}
    return {"sku": sku, "stock": max(pieces, 0)}  # what is oversold already has no stock left


if __name__ == "__main__":
    serve(lambda _request, data: read_stock(data))
