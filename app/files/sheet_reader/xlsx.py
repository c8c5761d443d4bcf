"""Reads an XLSX workbook: which sheets it has, which of them are hidden, and the cells of each.

Not by openpyxl, which gives up a whole workbook for what does not concern its cells (an empty ``<fill/>``, a filter's
or a validation's odd value), pads each row to its last column before anybody can count, and does not tell an empty
cell from a formula whose value was not kept.
"""

import io
import posixpath
import re
import zlib
from collections.abc import Mapping
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from app.domain.problems import TooLarge
from app.files.sheet_reader.kinds import DAMAGED, ENCRYPTED, STRICT, refuse_foreign_package
from app.files.sheet_reader.sheet import Limits, Row, Sheet, UnreadableSheet, Workbook, held_rows
from app.files.sheet_reader.sheet_xml import Book, SheetCells, read_strings
from app.files.sheet_reader.xml_parts import RELATIONSHIPS, BrokenPart, Enough, Start, TooMuch, stream

_STRICT_NAMESPACE = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_A_LETTER_OF_A_DATE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_MOST_STYLES = 100_000
"""Excel itself allows 65,490."""

_BROKEN = (BadZipFile, BrokenPart, EOFError, IndexError, KeyError, NotImplementedError, OSError, ValueError, zlib.error)
"""What torn, lying and foreign packages raise; NotImplementedError is a compression that we do not know."""


def read_xlsx(data: bytes, limits: Limits) -> Workbook:
    """Return the sheets of a workbook.

    Raises:
        TooLarge: it unpacks to more than we read.
        UnreadableSheet: it is damaged, encrypted, of another kind, or has more rows or columns than we take.
    """
    try:
        with ZipFile(io.BytesIO(data)) as package:
            return _Package(package, limits).workbook()
    except TooMuch:
        raise TooLarge("XLSX 解压后过大。") from None
    except _BROKEN:
        raise UnreadableSheet(DAMAGED) from None
    except RuntimeError:  # a member is encrypted
        raise UnreadableSheet(ENCRYPTED) from None


class _Package:
    """The parts of one workbook, found by their names, however these are spelt."""

    def __init__(self, package: ZipFile, limits: Limits) -> None:
        self._package = package
        self._limits = limits
        members = package.infolist()
        if len(members) > limits.members:
            raise TooMuch
        self._members = {member.filename.replace("\\", "/").lstrip("/").lower(): member for member in members}
        if any(member.flag_bits & 1 for member in members):
            raise UnreadableSheet(ENCRYPTED)
        refuse_foreign_package(self._members.keys(), self._beginning("mimetype"))
        self._left = limits.unpacked
        if sum(member.file_size for name, member in self._members.items() if _is_large_part(name)) > self._left:
            raise TooMuch
        self._unread: list[str] = []

    def workbook(self) -> Workbook:
        main = self._main_part()
        if _STRICT_NAMESPACE in self._beginning(main):
            raise UnreadableSheet(STRICT)
        listed, marks = self._listed(main)
        targets = self._targets(main)
        strings = next((path for path, kind in targets.values() if kind == "sharedStrings"), None)
        styles = next((path for path, kind in targets.values() if kind == "styles"), None)
        book = Book(
            strings=tuple(self._strings(strings)),
            date_styles=self._date_styles(styles),
            since_1904=marks.get("date1904") in ("1", "true"),
            never_calculated=marks.get("fullCalcOnLoad") in ("1", "true"),
        )
        sheets: list[Sheet] = []
        for name, state, relation in listed:
            path, kind = targets[relation]
            if kind != "worksheet":  # a chart, a dialogue
                continue
            if len(sheets) == self._limits.sheets:
                raise UnreadableSheet(f"工作表超过 {self._limits.sheets} 个，请只保留结果所在的工作表。")
            hidden = state in ("hidden", "veryHidden")
            rows = () if hidden else self._rows(path, name, book)
            sheets.append(Sheet(name, rows, hidden))
        if not sheets:
            raise UnreadableSheet(DAMAGED)
        return Workbook(tuple(sheets), tuple(self._unread))

    def _rows(self, path: str, name: str, book: Book) -> tuple[Row, ...]:
        cells = SheetCells(book, self._limits, name)
        with self._open(path) as part:
            self._left -= cells.read(part, most=self._left)
        if cells.stopped_at:
            empty = self._limits.empty_rows
            self._unread.append(f"工作表“{name}”第 {cells.stopped_at} 行之前连续 {empty} 行为空，其后没有读取")
        found = ((number, tuple(row), None) for number, row in zip(cells.numbers, cells.rows, strict=True))
        return tuple(held_rows(found, self._limits, sheet=name))

    def _main_part(self) -> str:
        targets = self._targets("") if "_rels/.rels" in self._members else {}
        return next((path for path, kind in targets.values() if kind == "officeDocument"), "xl/workbook.xml")

    def _listed(self, main: str) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
        """Return name, state and relation of each sheet in order, and the marks of the workbook as a whole."""
        listed: list[tuple[str, str, str]] = []
        marks: dict[str, str] = {}

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "sheet":
                relation = attributes.get(f"{RELATIONSHIPS} id", "")
                listed.append((attributes.get("name", ""), attributes.get("state", "visible"), relation))
            elif name in ("workbookPr", "calcPr"):
                marks.update(attributes)

        self._stream_small(main, start)
        return listed, marks

    def _targets(self, source: str) -> dict[str, tuple[str, str]]:
        """Return where the relations of a part lead: by id a path, and the last word of their kind."""
        folder, base = posixpath.split(source)
        targets: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                path = posixpath.normpath(target if target.startswith("/") else posixpath.join(folder, target))
                kind = attributes.get("Type", "").rpartition("/")[2]
                targets[attributes.get("Id", "")] = path.lstrip("/").lower(), kind

        self._stream_small(posixpath.join(folder, "_rels", f"{base}.rels").lower(), start)
        return targets

    def _strings(self, path: str | None) -> list[str]:
        if path is None or path not in self._members:
            return []
        with self._open(path) as part:
            strings, size = read_strings(part, most=self._left)
        self._left -= size
        return strings

    def _date_styles(self, path: str | None) -> frozenset[int]:
        """Return the numbers of the styles that show a number as a date; where styles cannot be read, that is told."""
        if path is None or path not in self._members:
            return frozenset()
        formats: dict[str, bool] = {str(number): True for number in _BUILT_IN_DATES}
        dates: list[int] = []
        seen = {"cellXfs": 0, "xf": 0}

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "numFmt":
                formats[attributes.get("numFmtId", "")] = _shows_a_date(attributes.get("formatCode", ""))
            elif name == "cellXfs":
                seen["cellXfs"] = 1
            elif name in ("cellStyles", "dxfs"):
                raise Enough
            elif name == "xf" and seen["cellXfs"]:
                if formats.get(attributes.get("numFmtId", "")):
                    dates.append(seen["xf"])
                seen["xf"] += 1
                if seen["xf"] > _MOST_STYLES:
                    raise TooMuch

        try:
            self._stream_small(path, start)
        except (TooMuch, *_BROKEN):
            self._unread.append("样式表过大或已损坏，日期单元格可能被读成数字")
        return frozenset(dates)

    def _stream_small(self, path: str, start: Start) -> None:
        with self._open(path) as part:
            stream(part, most=self._limits.part, start=start)

    def _beginning(self, path: str) -> bytes:
        if path not in self._members:
            return b""
        with self._open(path) as part:
            return part.read(4096)

    def _open(self, path: str) -> IO[bytes]:
        member: ZipInfo = self._members[path]
        return self._package.open(member)


def _is_large_part(name: str) -> bool:
    return name.startswith("xl/worksheets/") or "sharedstrings" in name


def _shows_a_date(code: str) -> bool:
    bare = _NOT_A_LETTER_OF_A_DATE.sub("", code.partition(";")[0])
    return any(letter in bare.lower() for letter in "dmyhs年月日")
