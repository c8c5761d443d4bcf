"""What the columns of a list of events may be called, and which words stand for a mark (``event_columns.toml``)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from app.domain.marks import Mark
from app.files.headed_rows import as_name

COLUMNS = ("order", "mark", "at", "channel", "source", "event_id")
"""Of a list with one row an event, in the order of our template."""

TELLS_TOO_LITTLE = frozenset({Mark.REOPENED, Mark.STATUS})
"""Marks whose meaning lies in their attributes, which no column holds."""

ENOUGH_WIDE = 2
"""Columns of marks from which on a table has one row an order, whatever else it has."""


@cache
def column_names() -> Mapping[str, tuple[str, ...]]:
    """Return what each column may be called, those of marks under the mark's code."""
    document = _document()
    return {
        field: tuple(as_name(one) for one in names)
        for part in ("columns", "wide")
        for field, names in document[part].items()
    }


@cache
def wide_marks() -> tuple[Mark, ...]:
    """Return the marks that may have a column of their own."""
    return tuple(Mark(code) for code in _document()["wide"])


def mark_of(text: str) -> Mark | None:
    """Return the mark that a code or a word stands for, None where nobody knows it."""
    name = as_name(text)
    return _words().get(name) or _words().get(name.removesuffix("时间").removeprefix("已"))


@cache
def _words() -> Mapping[str, Mark]:
    words = {as_name(word): Mark(code) for code, known in _document()["marks"].items() for word in known}
    return {**words, **{str(mark): mark for mark in Mark}}


def _document() -> Mapping[str, Mapping[str, list[str]]]:
    text = (files(__package__ or "app.watch.stages") / "event_columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
