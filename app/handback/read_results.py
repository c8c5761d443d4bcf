"""Reads an upload of import results into raw lines: our own columns as CSV or XLSX, JSON, or an ERP's row errors.

Bytes become tables and lists (``find_results``), these become raw lines here, and ``result_lines``
checks them one by one.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from app.domain.problems import InvalidResults
from app.files.sheet_reader import STANDARD, Formula, Limits, Row, UnreadableSheet
from app.handback.find_results import Asked, find_results
from app.handback.found_results import FoundResults
from app.handback.headings import Headings
from app.handback.result_lines import BadLine, RawLine, RawResults, ReadLine, refused
from app.handback.result_words import ResultWords
from app.handback.row_errors import row_errors

Rest = Literal["untouched", "imported"]
NumbersByRow = Callable[[], Sequence[str]]
"""Returns the order number of each row of the batch's file, beginning with the row Excel calls 2."""

Find = Callable[[bytes, Asked], FoundResults]
"""Finds the results in an upload, in this process or in one of its own."""

_COLUMNS = ("应急单号", "结果", "主系统单号", "原因")


def read_results(
    data: bytes,
    *,
    headings: Headings,
    content_type: str = "",
    numbers_by_row: NumbersByRow | None = None,
    rest: Rest = "untouched",
    words: ResultWords | None = None,
    limits: Limits = STANDARD,
    find: Find = find_results,
) -> RawResults:
    """Read an upload as raw lines.

    The content decides what it is, since browsers and people name files as they like; ``content_type`` only settles
    that a body is JSON. ``headings`` go by precedence: 线上单号 is ours in ERP files, where 订单号 beside it is theirs.
    ``numbers_by_row`` and ``rest`` serve an ERP's list of row errors: which order a row belongs to, and whether rows it
    does not name were imported.

    Raises:
        Malformed: it is called JSON and is none.
        TooLarge: it has more bytes than we read.
        InvalidResults: it cannot be read as a whole.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        found = find(data, Asked(headings, content_type, limits))
    except UnreadableSheet as error:
        raise refused(error.sentence) from None
    lines: list[ReadLine] = [line for table in found.tables for row in table.rows for line in _line(row)]
    unread = found.unread
    if not any(one.rows for one in (*found.tables, *found.lists)) and not found.is_json and rest != "imported":
        raise refused("文件只有表头，没有数据行。" if found.tables else "文件是空的。")
    if rest == "imported":  # of what was not read nobody knows that it is the rest
        lines.extend(BadLine(1, "工作表", "not_understood", sentence) for sentence in found.unclear)
    if rows := [row for one in found.lists for row in one.rows]:
        try:
            lines.extend(row_errors(rows, list(numbers_by_row()) if numbers_by_row else [], words))
        except InvalidResults:
            if not found.tables or rest == "imported":
                raise
            unread += tuple(f"工作表“{one.name}”不是错误清单，没有读取" for one in found.lists)
    return RawResults(
        tuple(lines),
        sha256,
        rest_imported=rest == "imported",
        sheets=tuple(one.name for one in (*found.tables, *found.lists) if one.name),
        root="results" if found.is_json else "rows",
        unread=unread,
        unused_columns=found.unused_columns,
    )


def _line(row: Row) -> Iterator[RawLine | BadLine]:
    """Yield what a row of a table says, or the first of its cells that nobody has calculated."""
    for column, cell in zip(_COLUMNS, row.cells, strict=True):
        if isinstance(cell, Formula):
            yield BadLine(row.number, column, "formula", f"{column}是公式，请粘贴为数值", row.sheet)
            return
    number, result, main, reason = row.cells
    yield RawLine(row.number, _unmarked(number), _unmarked(result), _unmarked(main), reason, sheet=row.sheet)


def _unmarked(cell: object) -> object:
    """Return a cell without the apostrophe that made it a text; a reason keeps its own."""
    return cell.removeprefix("'") if isinstance(cell, str) else cell
