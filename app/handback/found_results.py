"""The shapes of what an upload holds before a line of it is checked, and how they pass from one process to another.

They pass as lines of JSON: plain values, and two that JSON has not (dates, formulas without a value).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from app.domain.problems import Malformed, TooLarge
from app.files.sheet_reader import Formula, Row, Sheet, UnreadableSheet

Field = Literal["number", "result", "main_order_number", "reason"]


@dataclass(frozen=True, slots=True)
class FoundResults:
    """What was found: ``tables`` have rows of four cells in the order of ``Field``, ``lists`` have whole rows.

    ``unclear`` are those of ``unread`` that name a visible sheet with digits: it may say something of an order.
    ``is_json`` tells that the rows of its only table are counted from 0, as a JSON pointer counts them.
    """

    tables: tuple[Sheet, ...] = ()
    lists: tuple[Sheet, ...] = ()
    unread: tuple[str, ...] = ()
    unused_columns: tuple[str, ...] = ()
    is_json: bool = False
    unclear: tuple[str, ...] = ()


_REFUSALS: dict[str, type[Malformed | TooLarge | UnreadableSheet]] = {
    "malformed": Malformed,
    "too_large": TooLarge,
    "unreadable": UnreadableSheet,
}


def as_lines(found: FoundResults) -> Iterator[str]:
    """Yield what was found as lines of JSON; the last one says that it is whole."""
    for kind, sheets in (("table", found.tables), ("list", found.lists)):
        for sheet in sheets:
            yield json.dumps({kind: sheet.name})
            for row in sheet.rows:
                yield json.dumps([row.number, row.line, *map(_plain, row.cells)])
    yield json.dumps({"done": [found.unread, found.unused_columns, found.is_json, found.unclear]})


def as_refusal(error: Malformed | TooLarge | UnreadableSheet) -> str:
    """Return a refusal as a line of JSON."""
    kind = next(kind for kind, one in _REFUSALS.items() if isinstance(error, one))
    return json.dumps({kind: str(error)})


def from_lines(lines: Iterable[bytes]) -> FoundResults | None:
    """Return what the lines tell; None if they break off.

    Raises:
        Malformed: it was called JSON and is none.
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole.
    """
    sheets: dict[str, list[tuple[str, list[Row]]]] = {"table": [], "list": []}
    rows: list[Row] = []
    name = ""
    for line in lines:
        match _parsed(line):
            case [int(number), str() | None as text, *cells]:
                rows.append(Row(number, tuple(map(_restored, cells)), name, text))
            case {"table": str(name)}:
                rows = []
                sheets["table"].append((name, rows))
            case {"list": str(name)}:
                rows = []
                sheets["list"].append((name, rows))
            case {"done": [list(unread), list(unused), bool(is_json), list(unclear)]}:
                tables, lists = (tuple(Sheet(n, tuple(r)) for n, r in found) for found in sheets.values())
                return FoundResults(tables, lists, tuple(unread), tuple(unused), is_json, tuple(unclear))
            case {**refusal}:
                _refuse(refusal)
                return None
            case _:
                return None
    return None


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _refuse(refusal: Mapping[object, object]) -> None:
    for kind, sentence in refusal.items():
        if isinstance(kind, str) and kind in _REFUSALS:
            raise _REFUSALS[kind](str(sentence))


def _plain(cell: object) -> object:
    match cell:
        case Formula(text):
            return {"formula": text}
        case datetime():
            return {"moment": cell.isoformat()}
        case date():
            return {"day": cell.isoformat()}
        case time():
            return {"time": cell.isoformat()}
        case _:
            return cell


def _restored(cell: object) -> object:
    match cell:
        case {"formula": str(text)}:
            return Formula(text)
        case {"moment": str(text)}:
            return datetime.fromisoformat(text)
        case {"day": str(text)}:
            return date.fromisoformat(text)
        case {"time": str(text)}:
            return time.fromisoformat(text)
        case _:
            return cell
