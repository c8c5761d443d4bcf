"""Reads the tables of a web page: many programs write one and call it .xls."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from app.files.sheet_reader.kinds import SAVE_AS, refuse_foreign_markup
from app.files.sheet_reader.sheet import Limits, Sheet, UnreadableSheet, held_rows, is_blank

_BEGINNING = 8192
_SMALL_NUMBER = re.compile(r"[0-9]{1,7}", re.ASCII)
_MARKUP = re.compile(r"[\ufeff\s]*<[A-Za-z!?]")
_SPACES = re.compile(r"[ \t\r\n\f]+")


def is_markup(text: str) -> bool:
    """Tell whether a text is a web page or XML."""
    return _MARKUP.match(text) is not None


def read_html(text: str, limits: Limits) -> tuple[Sheet, ...]:
    """Return every table that holds anything, the only one without a name.

    Raises:
        UnreadableSheet: there is none, or it is no web page.
    """
    refuse_foreign_markup(text[:_BEGINNING].lstrip("\ufeff \t\r\n"))
    page = _PageOfTables(limits)
    page.feed(text)
    page.close()
    page.end_all()
    found = [table for table in page.done if any(not is_blank(cell) for row in table.rows for cell in row)]
    if not found:
        raise UnreadableSheet(f"这是网页（HTML），里面没有表格，可能是登录页或出错页；{SAVE_AS}")
    names = [""] if len(found) == 1 else [f"表格 {n}" for n in range(1, len(found) + 1)]
    return tuple(
        Sheet(
            name, tuple(held_rows(((n, tuple(row), None) for n, row in enumerate(table.rows, 1)), limits, sheet=name))
        )
        for name, table in zip(names, found, strict=True)
    )


@dataclass
class _Table:
    """A table under way; ``hanging`` are cells that reach down: column, rows left, what they hold."""

    rows: list[list[object]] = field(default_factory=list)
    hanging: dict[int, tuple[int, str]] = field(default_factory=dict)
    cell: list[str] | None = None
    span: tuple[int, int] = (1, 1)
    begun: dict[int, tuple[int, str]] = field(default_factory=dict)

    def begin_row(self) -> None:
        self.end_row()
        self.rows.append([])

    def end_row(self) -> None:
        self.end_cell()
        if self.rows and any(not is_blank(cell) for cell in self.rows[-1]):
            self._hang()
        self.hanging = {c: (left - 1, text) for c, (left, text) in self.hanging.items() if left > 1} | self.begun
        self.begun = {}

    def begin_cell(self, across: int, down: int) -> None:
        self.end_cell()
        if not self.rows:
            self.rows.append([])
        self.cell, self.span = [], (across, down)

    def end_cell(self) -> None:
        if self.cell is None:
            return
        lines = "".join(self.cell).split("\0")
        text = "\n".join(_SPACES.sub(" ", line).strip() for line in lines).strip()
        row = self.rows[-1]
        while len(row) in self.hanging:
            row.append(None)
        across, down = self.span
        if down > 1:
            self.begun[len(row)] = (down - 1, text)
        row.extend([text, *[None] * (across - 1)])
        self.cell = None

    def _hang(self) -> None:
        """Put into a row that holds something what reaches down into it."""
        row = self.rows[-1]
        for column, (_, text) in sorted(self.hanging.items()):
            row.extend([None] * (column + 1 - len(row)))
            if is_blank(row[column]):
                row[column] = text


class _PageOfTables(HTMLParser):
    """Collects tables; of nested ones each is its own."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self._limits = limits
        self._open: list[_Table] = []
        self.done: list[_Table] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            if len(self._open) + len(self.done) >= self._limits.sheets:
                raise UnreadableSheet(f"网页中的表格超过 {self._limits.sheets} 个；{SAVE_AS}")
            self._open.append(_Table())
        elif self._open:
            table = self._open[-1]
            if tag == "tr":
                table.begin_row()
            elif tag in ("td", "th"):
                named = dict(attrs)
                table.begin_cell(_span(named.get("colspan"), self._limits.columns), _span(named.get("rowspan"), 10_000))
            elif tag in ("br", "p", "div") and table.cell:
                table.cell.append("\0")

    def handle_endtag(self, tag: str) -> None:
        if not self._open:
            return
        table = self._open[-1]
        if tag == "table":
            table.end_row()
            self.done.append(self._open.pop())
        elif tag == "tr":
            table.end_row()
        elif tag in ("td", "th"):
            table.end_cell()

    def handle_data(self, data: str) -> None:
        if self._open and (cell := self._open[-1].cell) is not None:
            cell.append(data.replace("\0", ""))

    def end_all(self) -> None:
        """End what a torn page has left open."""
        while self._open:
            self.handle_endtag("table")


def _span(value: str | None, most: int) -> int:
    text = (value or "").strip()
    return max(1, min(int(text), most)) if _SMALL_NUMBER.fullmatch(text) else 1
