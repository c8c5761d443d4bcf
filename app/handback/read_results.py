"""Reads an upload of import results into raw lines: our own columns as CSV or XLSX, JSON, or an ERP's row errors.

Bytes become rows (``files/sheet_reader``), rows become raw lines here, and ``result_lines`` checks these one by one.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from app.domain.problems import Malformed, TooLarge
from app.files.sheet_reader import STANDARD, Limits, Row, UnreadableSheet, rows_of
from app.handback.result_lines import RawLine, RawResults, refused
from app.handback.result_words import ResultWords
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

_BEGINS_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:(\{|\[\s*[\[{\"\]])|\[)")
"""Surely JSON, or perhaps: a bracket with anything else behind it."""


def read_results(
    data: bytes,
    *,
    number_headings: Sequence[str],
    content_type: str = "",
    numbers_by_row: NumbersByRow | None = None,
    rest: Rest = "untouched",
    words: ResultWords | None = None,
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
    if "json" in content_type.casefold() or _looks_like_json(data):
        lines = tuple(_json_lines(data, limits))
        return RawResults(lines, sha256, rest_imported=rest == "imported", root="results")
    try:
        rows = rows_of(data, limits)
    except UnreadableSheet as error:
        raise refused(error.sentence) from None
    if not rows and rest == "imported":  # an empty list of errors: there were none
        return RawResults((), sha256, rest_imported=True)
    if not rows:
        raise refused("文件是空的。")
    if places := _places(rows[0], number_headings):
        if len(rows) == 1 and rest != "imported":
            raise refused("文件只有表头，没有数据行。")
        return RawResults(tuple(_table_line(row, places) for row in rows[1:]), sha256, rest_imported=rest == "imported")
    numbers = list(numbers_by_row()) if numbers_by_row else []
    return RawResults(tuple(row_errors(rows, numbers, words)), sha256, rest_imported=rest == "imported")


def _looks_like_json(data: bytes) -> bool:
    """Tell JSON from a text: a log begins with a bracket too, ``[2026-11-22 10:35:01] 第 2 行 …``."""
    begins = _BEGINS_JSON.match(data)
    if begins is None or begins[1]:
        return begins is not None
    try:
        json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return True


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
        number, result, main, reason = map(_as_written, cells)
        yield RawLine(index, number, result, main, reason)


def _as_written(value: object) -> object:
    """Return a value of JSON as a cell; a whole number of a program is exact, whatever its length."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_whole or isinstance(value, dict | list) else value


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
