"""Finds the headings of a sheet, and reads the cells below them as people and their spreadsheets leave them."""

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence

from app.files.sheet_reader import Row

HEADING_WITHIN = 20
"""Rows; above the headings exports write their title and the day."""

_EDGES = "*:：'\ufeff\u200b"
_MARKS = ("(必填)", "(选填)", "(可选)", "(元)")
_LONGEST_SHOWN = 40


def as_name(cell: object) -> str:
    """Return a heading as it is compared: without blanks, case, full-width forms and marks such as （必填）."""
    text = unicodedata.normalize("NFKC", "" if cell is None else str(cell))
    text = "".join(text.split()).strip(_EDGES)
    for mark in _MARKS:
        text = text.removesuffix(mark)
    return text.strip(_EDGES).casefold()


def find_headings(
    rows: Sequence[Row], names: Mapping[str, Collection[str]], *, enough: Callable[[Mapping[str, int]], bool]
) -> tuple[int, dict[str, int]] | None:
    """Return where the rows below the headings begin, and in which column each field stands.

    ``names`` are what a field may be called, as :func:`as_name` writes it, by precedence. The headings are the first
    row whose fields are ``enough``; None where there is none.
    """
    for n, row in enumerate(rows[:HEADING_WITHIN]):
        found = [as_name(cell) for cell in row.cells]
        places = {
            field: found.index(next(name for name in known if name in found))
            for field, known in names.items()
            if any(name in found for name in known)
        }
        if enough(places):
            return n + 1, places
    return None


def shown_heading(cell: object) -> str:
    """Return a heading as it is told to people."""
    return "" if cell is None else str(cell).strip()[:_LONGEST_SHOWN]


def cell_of(row: Row, at: int) -> object:
    """Return a cell, None beyond the end of its row."""
    return row.cells[at] if at < len(row.cells) else None


def text_of(cell: object) -> str:
    """Return a cell's text; a whole number that a spreadsheet keeps as 12.0 is 12."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()
