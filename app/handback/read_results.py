"""Reads an upload of import results: our own columns as CSV or XLSX, JSON, or an ERP program's list of row errors."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from app.domain.problems import Malformed, TooLarge
from app.files.sheet_reader import MAX_BYTES, MAX_ROWS, Row, rows_of
from app.handback.result_lines import (
    BadLine,
    RawLine,
    ResultFile,
    ResultLine,
    check_lines,
    reason_of,
    refused,
    sha256_of,
)

Rest = Literal["untouched", "imported"]
NumbersByRow = Callable[[], Sequence[str]]
"""Returns the order number of each row of the batch's file, beginning with the row Excel calls 2."""

_ALIASES = {
    "number": ("应急单号", "线上单号", "原始单号", "平台单号", "order_number", "order_no", "订单号", "订单编号"),
    "result": ("结果", "导入结果", "result"),
    "main_order_number": ("主系统单号", "内部单号", "系统单号", "erp单号", "main_order_number"),
    "reason": ("原因", "失败原因", "错误信息", "错误原因", "reason", "message", "error"),
}
"""By precedence: 线上单号 is our number in ERP files, where 订单号 beside it is their own."""

_MESSAGE = re.compile(r"第\s*([0-9]{1,7})\s*行(.*?)(?=第\s*[0-9]{1,7}\s*行|$)", re.DOTALL)
_SEPARATORS = " \t\r\n,，;；:：。-"


def read_results(
    data: bytes, *, content_type: str = "", numbers_by_row: NumbersByRow | None = None, rest: Rest = "untouched"
) -> ResultFile:
    """Read an upload; lines that cannot be taken are returned beside those that can.

    The content decides what it is, since browsers and people name files as they like; ``content_type`` only settles
    that a body is JSON. ``numbers_by_row`` and ``rest`` serve an ERP's list of row errors: which order a row belongs
    to, and whether rows it does not name were imported.

    Raises:
        Malformed: it is called JSON and is none.
        TooLarge: it has more bytes than we read.
        InvalidResults: it cannot be read as a whole, or no line of it can be taken.
    """
    if "json" in content_type.casefold() or data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        lines, bad = check_lines(_json_lines(data))
        return _usable(ResultFile(tuple(lines), tuple(bad), sha256_of(data)), root="results")
    rows = rows_of(data)
    if not rows:
        raise refused("文件是空的。")
    if places := _places(rows[0]):
        if len(rows) == 1:
            raise refused("文件只有表头，没有数据行。")
        lines, bad = check_lines(_table_line(row, places) for row in rows[1:])
        return _usable(ResultFile(tuple(lines), tuple(bad), sha256_of(data)))
    return _usable(_row_errors(rows, sha256_of(data), numbers_by_row, rest))


def _usable(file: ResultFile, *, root: str = "rows") -> ResultFile:
    if file.bad and (file.rest_imported or not file.lines):
        raise refused(
            "导入结果没有一行可用。" if not file.lines else "有些行无法识别，不能把其余订单都视为成功。",
            file.bad,
            root=root,
        )
    return file


def _json_lines(data: bytes) -> Iterator[RawLine]:
    if len(data) > MAX_BYTES:
        raise TooLarge(f"请求体超过 {MAX_BYTES // 1024 // 1024} MB。")
    try:
        body: Any = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Malformed from None
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise refused('JSON 须形如 {"results": [{"order_number": …, "result": …}]}。')
    if len(results) > MAX_ROWS:
        raise refused(f"最多 {MAX_ROWS} 条，请分几次上传。")
    fields = ("order_number", "result", "main_order_number", "reason")
    for index, one in enumerate(results):
        cells = (one.get(field) for field in fields)
        yield RawLine(index, *(str(cell) if isinstance(cell, dict | list) else cell for cell in cells))


def _places(header: Row) -> dict[str, int]:
    """Return where our columns are, nothing if this is not a table of results.

    Raises:
        InvalidResults: a column is there twice, or the results are missing.
    """
    names = [
        unicodedata.normalize("NFKC", str(cell or "")).strip("\ufeff\u200b \t").casefold() for cell in header.cells
    ]
    places: dict[str, int] = {}
    for field, aliases in _ALIASES.items():
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


def _table_line(row: Row, places: dict[str, int]) -> RawLine:
    def cell(field: str) -> object:
        place = places.get(field)
        return row.cells[place] if place is not None and place < len(row.cells) else None

    return RawLine(row.number, cell("number"), cell("result"), cell("main_order_number"), cell("reason"))


def _row_errors(rows: Sequence[Row], sha256: str, numbers_by_row: NumbersByRow | None, rest: Rest) -> ResultFile:
    """Read lines like ``第 2 行 [商品编码]: 不能为空``; the row is that of the batch's own file."""
    lines: list[ResultLine] = []
    bad: list[BadLine] = []
    numbers = list(numbers_by_row()) if numbers_by_row else []
    for row in rows:
        found = list(_MESSAGE.finditer(unicodedata.normalize("NFKC", row.text)))
        if not found and row is not rows[0]:  # the first may be a title
            bad.append(BadLine(row.number, "", "not_understood", "既不是结果表，也不是“第 N 行 …”形式的错误信息"))
        for message in found:
            index = int(message[1]) - 2
            if 0 <= index < len(numbers):
                reason = reason_of(message[2].strip(_SEPARATORS)) or "导入失败"
                lines.append(ResultLine(row.number, numbers[index], "failed", None, reason))
            else:
                bad.append(BadLine(row.number, "行号", "unknown_row", f"本批次文件没有第 {message[1]} 行数据"))
    if not lines and all(one.code == "not_understood" for one in bad):
        raise refused(f"未找到“应急单号”和“结果”列；表头读作：{rows[0].text[:80]}", bad[:20])
    return ResultFile(tuple(lines), tuple(bad), sha256, rest_imported=rest == "imported")
