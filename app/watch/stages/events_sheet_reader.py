"""Is the process that reads a list of events (``python -m app.watch.stages.events_sheet_reader``): file in, lines out.

Each row becomes one line, ``{"row", "order", "channel", "source", "id", "events", "wrong"}``, ``events`` being triples
of mark, time and column, ``wrong`` triples of column, code and sentence. A time without an offset has none here:
whoever asked knows whose wall clock it is.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.domain.csv_cell import DamagedBySpreadsheet, identifier_of, undefuse
from app.domain.marks import RANK, Mark
from app.domain.problems import TooLarge
from app.files.cell_times import SHOWN, UnusableCell, time_in
from app.files.headed_rows import cell_of, find_headings, shown_heading, text_of
from app.files.reading_process import serve
from app.files.sheet_reader import Formula, Row, UnreadableSheet, rows_of
from app.watch.stages.event_columns import ENOUGH_WIDE, TELLS_TOO_LITTLE, column_names, mark_of, wide_marks

LONGEST = {"order": 80, "channel": 64, "source": 32, "event_id": 96}
_NO_HEADINGS = (
    "没有找到表头：每行一个事件时需要“订单号”“环节”“时间”三列；每行一笔订单时需要“订单号”和“下单时间”“付款时间”这样的列，至少两列。"
    "可以先下载模板。"
)


class WrongCell(NamedTuple):
    """What is wrong in a row: in which column, a stable code, a sentence."""

    column: str
    code: str
    why: str


def read_events(data: bytes) -> Iterator[str]:
    """Yield a line on the columns, then one for each row; or ``{"refused"}`` with the reason for the whole."""
    try:
        rows = rows_of(data)
    except (TooLarge, UnreadableSheet) as error:
        yield json.dumps({"refused": error.sentence if isinstance(error, UnreadableSheet) else error.detail})
        return
    headed = find_headings(rows, column_names(), enough=_is_a_list)
    if headed is None:
        yield json.dumps({"refused": _NO_HEADINGS})
        return
    first, places = headed
    wide = _is_wide(places)
    left_out = {"at", "event_id"} if wide else {str(mark) for mark in wide_marks()}
    places = {field: at for field, at in places.items() if field not in left_out}
    headings = [shown_heading(cell) for cell in rows[first - 1].cells]
    unused = [heading for at, heading in enumerate(headings) if heading and at not in places.values()]
    columns = {field: headings[at] for field, at in places.items()}
    yield json.dumps({"columns": columns, "unused": unused, "wide": wide})
    for row in rows[first:]:
        yield json.dumps(_read(row, places, columns, wide=wide))


def _is_wide(places: Mapping[str, int]) -> bool:
    return sum(1 for mark in wide_marks() if mark in places) >= ENOUGH_WIDE


def _is_a_list(places: Mapping[str, int]) -> bool:
    return "order" in places and (_is_wide(places) or ("mark" in places and "at" in places))


def _read(row: Row, places: Mapping[str, int], columns: Mapping[str, str], *, wide: bool) -> dict[str, Any]:
    said: dict[str, str] = {}
    wrong: list[WrongCell] = []
    for field in LONGEST.keys() & places.keys():
        try:
            said[field] = _name_in(row, places, field)
        except UnusableCell as error:
            wrong.append(WrongCell(columns[field], error.code, error.why))
    if not wrong and not said["order"]:
        wrong.append(WrongCell(columns["order"], "no_order", "没有订单号"))
    events: list[tuple[str, str, str]] = []
    if not wrong:
        found = _wide_events(row, places, columns, wrong) if wide else _event(row, places, columns, wrong)
        events = [(str(mark), at.isoformat(), column) for mark, at, column in found]
    return {
        "row": row.number,
        "order": said.get("order", ""),
        "channel": said.get("channel", ""),
        "source": said.get("source", ""),
        "id": said.get("event_id", ""),
        "events": events,
        "wrong": wrong,
    }


def _name_in(row: Row, places: Mapping[str, int], field: str) -> str:
    cell = cell_of(row, places[field])
    try:
        text = undefuse(identifier_of(cell) if field in {"order", "event_id"} else text_of(cell))
    except DamagedBySpreadsheet:
        raise UnusableCell(
            "damaged", f"“{str(cell)[:SHOWN]}”已被表格软件改成科学计数或舍入，请把该列设为文本后重新导出"
        ) from None
    if isinstance(cell, Formula):
        raise UnusableCell("formula", "是没有结果的公式，请复制为值后重新上传")
    if len(text) > LONGEST[field]:
        raise UnusableCell("too_long", f"最长 {LONGEST[field]} 个字符")
    if not text.isprintable():
        raise UnusableCell("unprintable", "含有换行或看不见的字符")
    return text


Found = tuple[Mark, datetime, str]


def _event(row: Row, places: Mapping[str, int], columns: Mapping[str, str], wrong: list[WrongCell]) -> list[Found]:
    said = text_of(cell_of(row, places["mark"]))
    mark = mark_of(said)
    if not said:
        wrong.append(WrongCell(columns["mark"], "no_mark", "没有写环节"))
    elif mark is None:
        wrong.append(WrongCell(columns["mark"], "unknown_mark", f"不认识“{said[:SHOWN]}”"))
    elif mark in TELLS_TOO_LITTLE:
        wrong.append(WrongCell(columns["mark"], "needs_more", f"“{said[:SHOWN]}”要带说明，请用接口上报"))
    at = _moment(row, places["at"], columns["at"], wrong, needed=True)
    return [(mark, at, columns["at"])] if mark is not None and at is not None and not wrong else []


def _wide_events(
    row: Row, places: Mapping[str, int], columns: Mapping[str, str], wrong: list[WrongCell]
) -> list[Found]:
    """Return an event for each column of a mark that holds a time; a row that says it was cancelled was so at last."""
    found = [
        (mark, at, columns[mark])
        for mark in wide_marks()
        if mark in places and (at := _moment(row, places[mark], columns[mark], wrong)) is not None
    ]
    if not found and not wrong:
        wrong.append(WrongCell("", "no_time", "这一行没有一个时间"))
    status = text_of(cell_of(row, places["mark"])) if "mark" in places else ""
    if found and mark_of(status) is Mark.CANCELLED and all(mark is not Mark.CANCELLED for mark, _, _ in found):
        _, latest, _ = max(found, key=lambda one: (one[1].replace(tzinfo=one[1].tzinfo or UTC), RANK[one[0]]))
        found.append((Mark.CANCELLED, latest, columns["mark"]))
    return found


def _moment(row: Row, place: int, column: str, wrong: list[WrongCell], *, needed: bool = False) -> datetime | None:
    """Return the time in a cell, None where it says "not yet"; what is no time is added to ``wrong``."""
    try:
        at = time_in(cell_of(row, place))
    except UnusableCell as error:
        wrong.append(WrongCell(column, error.code, error.why))
        return None
    if at is None and needed:
        wrong.append(WrongCell(column, "no_time", "没有时间"))
    return at


if __name__ == "__main__":
    serve(lambda _request, data: read_events(data))
