"""Is the process that reads a list of changes: ``python -m app.watch.systemic.changes_sheet_reader``, lines out."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from app.domain.csv_cell import undefuse
from app.domain.problems import TooLarge
from app.files.headed_rows import cell_of, find_headings, text_of
from app.files.reading_process import serve
from app.files.sheet_reader import Limits, UnreadableSheet, rows_of

MOST_ROWS = 2000
LARGEST_BYTES = 1024 * 1024

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "at": ("时间", "变更时间", "at", "time"),
    "who": ("谁", "变更人", "操作人", "who", "by"),
    "what": ("改了什么", "变更", "变更内容", "内容", "what", "change"),
    "before": ("之前", "变更前", "原值", "before", "from"),
    "after": ("之后", "变更后", "新值", "after", "to"),
    "id": ("编号", "变更编号", "id"),
}
"""What each column may be called, by precedence."""

NEEDED = ("at", "who", "what")


def read_rows(data: bytes) -> Iterator[str]:
    """Yield a line for each row, ``{"row", "cells"}``, or ``{"refused"}`` with the reason for the whole."""
    try:
        rows = rows_of(data, Limits(bytes=LARGEST_BYTES, rows=MOST_ROWS))
    except (TooLarge, UnreadableSheet) as error:
        yield json.dumps({"refused": error.sentence if isinstance(error, UnreadableSheet) else error.detail})
        return
    if not rows:
        yield json.dumps(
            {"refused": "没有内容：第一行写表头（时间、谁、改了什么、之前、之后、编号），其后每行一项变更。"}
        )
        return
    first, places = find_headings(rows, COLUMNS, enough=bool) or (1, {})
    if missing := [COLUMNS[field][0] for field in NEEDED if field not in places]:
        yield json.dumps({"refused": f"表头缺少：{'、'.join(missing)}。"})
        return
    for row in rows[first:]:
        cells = {field: undefuse(_text(cell_of(row, at))) for field, at in places.items()}
        yield json.dumps({"row": row.number, "cells": cells})


def _text(cell: object) -> str:
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else text_of(cell)


if __name__ == "__main__":
    serve(lambda _request, data: read_rows(data))
