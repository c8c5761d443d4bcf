"""Reads an upload of import results into raw lines: our own columns as CSV or XLSX, JSON, or an ERP's row errors.

Bytes become rows (``files/sheet_reader``), rows become raw lines here, and ``result_lines`` checks these one by one.
"""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from app.domain.problems import Malformed, TooLarge
from app.files.sheet_reader import STANDARD, Limits, Row, UnreadableSheet, rows_of
from app.handback.result_lines import RawLine, RawResults, refused
from app.handback.row_errors import row_errors

Rest = Literal["untouched", "imported"]
NumbersByRow = Callable[[], Sequence[str]]
"""Returns the order number of each row of the batch's file, beginning with the row Excel calls 2."""

_NUMBER = ("order_number", "order_no", "订单号", "订单编号")
"""What people call our number besides the headings of the layouts."""

_ALIASES = {
    "result": ("结果", "导入结果", "result"),
    "main_order_number": ("主系统单号", "内部单号", "系统单号", "erp单号", "main_order_number"),
    "reason": ("原因", "失败原因", "错误信息", "错误原因", "reason", "message", "error"),
}


def read_results(
    data: bytes,
    *,
    number_headings: Sequence[str],
    content_type: str = "",
    numbers_by_row: NumbersByRow | None = None,
    rest: Rest = "untouched",
    limits: Limits = STANDARD,
) -> RawResults:
    """Read an upload as raw lines.

    The content decides what it is, since browsers and people name files as they like; ``content_type`` only settles
    that a body is JSON. Our number stands under one of ``number_headings``, by precedence: 线上单号 is ours in ERP
    files, where 订单号 beside it is their own. ``numbers_by_row`` and ``rest`` serve an ERP's list of row errors:
    which order a row belongs to, and whether rows it does not name were imported.

    Raises:
        Malformed: it is called JSON and is none.
        TooLarge: it has more bytes than we read.
        InvalidResults: it cannot be read as a whole.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    if "json" in content_type.casefold() or data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return RawResults(tuple(_json_lines(data, limits)), sha256, root="results")
    try:
        rows = rows_of(data, limits)
    except UnreadableSheet as error:
        raise refused(error.sentence) from None
    if not rows:
        raise refused("文件是空的。")
    if places := _places(rows[0], number_headings):
        if len(rows) == 1:
            raise refused("文件只有表头，没有数据行。")
        return RawResults(tuple(_table_line(row, places) for row in rows[1:]), sha256)
    numbers = list(numbers_by_row()) if numbers_by_row else []
    return RawResults(tuple(row_errors(rows, numbers)), sha256, rest_imported=rest == "imported")


def _json_lines(data: bytes, limits: Limits) -> Iterator[RawLine]:
    if len(data) > limits.bytes:
        raise TooLarge(f"请求体超过 {limits.bytes // 1024 // 1024} MB。")
    try:
        body: Any = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Malformed from None
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise refused('JSON 须形如 {"results": [{"order_number": …, "result": …}]}。')
    if len(results) > limits.rows:
        raise refused(f"最多 {limits.rows} 条，请分几次上传。")
    fields = ("order_number", "result", "main_order_number", "reason")
    for index, one in enumerate(results):
        cells = (one.get(field) for field in fields)
        yield RawLine(index, *(str(cell) if isinstance(cell, dict | list) else cell for cell in cells))


def _places(header: Row, number_headings: Sequence[str]) -> dict[str, int]:
    """Return where our columns are, nothing if this is not a table of results.

    Raises:
        InvalidResults: a column is there twice, or the results are missing.
    """
    names = [_as_name(cell) for cell in header.cells]
    ours = (*(_as_name(heading) for heading in number_headings), *_NUMBER)
    places: dict[str, int] = {}
    for field, aliases in {"number": ours, **_ALIASES}.items():
        name = next((alias for alias in aliases if alias in names), None)
        if name is None:
            continue
        if names.count(name) > 1:
            raise refused(f"表头有两列都叫“{name}”。")
        places[field] = names.index(name)
    if "number" not in places:
        return {}
    if "result" not in places:
        raise refused("表头缺少“结果”列（成功、重复、失败）。")
    return places


def _as_name(cell: object) -> str:
    return unicodedata.normalize("NFKC", str(cell or "")).strip("\ufeff\u200b \t").casefold()


def _table_line(row: Row, places: dict[str, int]) -> RawLine:
    def cell(field: str) -> object:
        place = places.get(field)
        return row.cells[place] if place is not None and place < len(row.cells) else None

    return RawLine(row.number, cell("number"), cell("result"), cell("main_order_number"), cell("reason"))
