"""Is the process that reads results of changes: ``python -m app.handback.change_reader``, a file in, lines out."""

import json
from collections.abc import Iterator
from typing import Any

from app.domain.csv_cell import undefuse
from app.domain.problems import TooLarge
from app.files.headed_rows import cell_of, find_headings, text_of
from app.files.reading_process import serve
from app.files.sheet_reader import Formula, UnreadableSheet, rows_of

NAMES = {
    "number": ("应急单号", "应急订单号", "order_number", "订单号", "单号"),
    "change": ("变更", "变更类型", "change"),
    "result": ("结果", "处理结果", "执行结果", "result", "status", "状态"),
    "reason": ("失败原因", "处理说明", "结果说明", "错误信息", "备注", "message", "error"),
}
"""By precedence. 原因 is the storefront's own, and says nothing of what has become of the change."""

_NEEDED = ("number", "change")


def read_changes(data: bytes) -> Iterator[str]:
    """Yield a line for each row, its cells by their column; or for the whole, ``{"refused"}``."""
    try:
        rows = rows_of(data)
    except (TooLarge, UnreadableSheet) as error:
        yield json.dumps({"refused": error.sentence if isinstance(error, UnreadableSheet) else error.detail})
        return
    headed = find_headings(rows, NAMES, enough=lambda places: all(name in places for name in _NEEDED))
    if headed is None:
        yield json.dumps({"refused": "没有找到表头：需要“应急单号”“变更”和“结果”三列。"})
        return
    first, places = headed
    if "result" not in places:
        yield json.dumps({"refused": "没有“结果”列：请在变更清单后面加一列“结果”，填成功或失败。"})
        return
    for row in rows[first:]:
        line: dict[str, Any] = {"row": row.number}
        for name, at in places.items():
            cell = cell_of(row, at)
            line[name] = "" if isinstance(cell, Formula) else undefuse(text_of(cell))[:1000]
        yield json.dumps(line)


if __name__ == "__main__":
    serve(lambda _request, data: read_changes(data))
