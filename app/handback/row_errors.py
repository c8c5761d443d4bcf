"""Reads an ERP's list of messages on rows: which order each is about, and what it says; the unknown is named.

A row is that of the batch's own CSV, in which the header is row 1. An order number beside it is asked as well.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from app.domain.csv_cell import undefuse, without_controls
from app.files.sheet_reader import Row
from app.handback.line_kinds import Prefix, is_cut_short, is_rollback, is_title, section_of, without_prefix
from app.handback.numbers_beside import foreign_in, ours_in, without_ours
from app.handback.result_lines import (
    MAX_SHOWN,
    BadLine,
    CountingLine,
    IgnoredLine,
    NothingImported,
    RawLine,
    ReadLine,
    refused,
)
from app.handback.result_words import ResultWords, shipped_words
from app.handback.row_meaning import (
    Failed,
    Harmless,
    IsThere,
    Lead,
    Succeeded,
    Unclear,
    lead_of,
    may_be_a_reason,
    meaning_of,
    without_label,
)
from app.handback.row_reference import RowReference, UnclearReference, references
from app.handback.stated_counts import counts_in, says_all_is_well

_SEPARATORS = " \t\r\n,，;；:：。-"
_ROW_HEADINGS = frozenset(
    {"行号", "行", "excel行号", "行数", "错误行", "错误行号", "出错行", "row", "rows", "line", "row number", "row no"}
)
_OF_RESULTS = re.compile(r"第.{1,40}[行条笔]|行号|导入(?:失败|成功)|回滚|失败[:：]|成功[:：]|\brow\b")
LONGEST = 2000
"""Characters of a line that is read: a list of some hundred rows."""

_FIRST = 2
"""Our header is row 1."""

_TOGETHER = re.compile(r"\s*(?:重复|相同|一致|冲突|是同一)")


def row_errors(rows: Sequence[Row], numbers: Sequence[str], words: ResultWords | None = None) -> list[ReadLine]:
    """Read messages like ``第 2 行 [商品编码]: 不能为空``; ``numbers`` are those of the file's rows from row 2 on.

    Raises:
        InvalidResults: nothing of it speaks of results, or a row is named that the batch's file does not have: then
            the program counts otherwise, or speaks of another file, and every other row may be a neighbour's too.
    """
    reader = _MessageReader(numbers, words or shipped_words())
    found: list[ReadLine] = []
    for sheet, lines in groupby(rows, key=lambda row: row.sheet):
        reader.begin()
        for row, text in _texts(lines):
            found.extend(_on_sheet(sheet, line) for line in reader.read(row, text))
    if reader.astray:
        raise refused(reader.astray[0].hint, [*reader.astray, *(one for one in found if isinstance(one, BadLine))][:20])
    bad = [one for one in found if isinstance(one, BadLine)]
    if bad and not reader.met_any and len(bad) + sum(isinstance(one, IgnoredLine) for one in found) == len(found):
        raise refused(f"未找到“应急单号”和“结果”列；表头读作：{rows[0].text[:80]}", bad[:20])
    return found


def _on_sheet(sheet: str, line: ReadLine) -> ReadLine:
    return replace(line, sheet=sheet) if isinstance(line, RawLine | BadLine) else line


def _texts(rows: Iterable[Row]) -> Iterator[tuple[int, str]]:
    """Yield each line of a sheet's text with the row it stands in; a column of row numbers is read as 第 N 行."""
    place: int | None = None
    headings: Sequence[str] = ()
    for row in rows:
        cells = ["" if cell is None else unicodedata.normalize("NFKC", str(cell)).strip() for cell in row.cells]
        heading = next((i for i, cell in enumerate(cells) if cell.casefold() in _ROW_HEADINGS), None)
        if heading is not None and len(cells) > 1:
            place, headings = heading, cells
            yield row.number, ""
            continue
        if place is not None and place < len(cells) and re.fullmatch(r"[0-9]{1,7}(?:\.0)?", cells[place]):
            named = [_of_column(headings[i : i + 1], cell) for i, cell in enumerate(cells) if cell and i != place]
            yield row.number, f"第 {cells[place].removesuffix('.0')} 行: {','.join(named)}"
            continue
        for line in ",".join(cell for cell in cells if cell).splitlines():
            yield row.number, " ".join(line.split())


def _of_column(heading: Sequence[str], cell: str) -> str:
    return without_label(f"{heading[0]}:{cell}") if heading and heading[0] else cell


@dataclass(frozen=True, slots=True)
class _Message:
    """A part of a line about some rows, or about orders by their numbers alone."""

    rows: tuple[int, ...]
    ours: tuple[str, ...]
    lead: Lead | None
    text: str


class _MessageReader:
    """Reads one line after the other; a heading such as 导入成功的行 holds for those below it on its sheet."""

    def __init__(self, numbers: Sequence[str], words: ResultWords) -> None:
        self._numbers = numbers
        self._words = words
        self._section: Lead | None = None
        self.astray: list[BadLine] = []
        """Lines that name a row the file does not have."""
        self.met_any = False
        """Whether any line was about rows, orders or their number."""

    def begin(self) -> None:
        """Begin another sheet."""
        self._section = None

    def read(self, row: int, text: str) -> list[ReadLine]:
        """Return what a line says."""
        shown = text[:MAX_SHOWN]
        if len(text) > LONGEST:
            return [_not_understood(row, text, "这一行太长")]
        prefix = without_prefix(text)
        if not re.search(r"\w", text) and ("…" in text or "..." in text):
            return [_not_understood(row, text, "清单不完整", code="incomplete_list")]
        if not re.search(r"\w", prefix.text) and prefix.lead is None:
            return [IgnoredLine(row, shown)] if shown else []
        if counted := self._counts(row, prefix, shown):
            return counted
        match is_rollback(prefix.text):
            case "nothing_imported":
                return [NothingImported(row, shown), *self._messages(row, prefix, or_nothing=True)]
            case "unclear":
                self.met_any = True
                return [_not_understood(row, text, "是否已回滚无法判断")]
            case None:
                return self._messages(row, prefix)

    def _counts(self, row: int, prefix: Prefix, shown: str) -> list[ReadLine]:
        if says_all_is_well(prefix.text.lower()):
            return [IgnoredLine(row, shown)]
        counts = counts_in(prefix.text.lower())
        if counts is None:
            return []
        if not counts.adds_up:
            return [_not_understood(row, shown, "其中的数目加起来不对")]
        return [CountingLine(row, shown, counts)]

    def _messages(self, row: int, prefix: Prefix, *, or_nothing: bool = False) -> list[ReadLine]:
        text = prefix.text
        low = text.lower() if len(text.lower()) == len(text) else text
        try:
            found = references(low)
        except UnclearReference as error:
            self.met_any = True
            return [_not_understood(row, text, str(error))]
        except (ValueError, KeyError):
            return [_not_understood(row, text, "行号没有看懂")]
        ours = ours_in(text)
        self.met_any = self.met_any or bool(found or ours)
        if not found and not ours:
            return [] if or_nothing else self._other(row, text)
        lines: list[ReadLine] = []
        for message in self._parted(low, text, found, prefix):
            lines.extend([message] if isinstance(message, BadLine) else self._message(row, message))
        if is_cut_short(low, of_rows=True) or any(one.more for one in found):
            lines.append(_not_understood(row, text, "还有没列出的行", code="incomplete_list"))
        return lines

    def _parted(
        self, low: str, text: str, found: Sequence[RowReference], prefix: Prefix
    ) -> Iterator[_Message | BadLine]:
        starts = [one.start for one in found[1:]] + [len(text)]
        before = text[: found[0].start] if found else ""
        for place, (one, end) in enumerate(zip(found, starts, strict=True) if found else [(None, len(text))]):
            after = text[one.end : end] if one else text
            if one and len(one.rows) > 1 and _TOGETHER.match(after):
                yield _not_understood(one.rows[0], text, "几行互相重复，还是都已存在，无法判断")
                continue
            lead: Lead | Unclear | None = (_lead_of_label(low[one.start : one.end]) if one else None) or prefix.lead
            bare = without_ours(before) if place == 0 else ""
            if re.search(r"\w", bare):
                said = lead_of(bare.lower())
                lead = said if said is not None else lead
            reason = without_ours(after).strip(_SEPARATORS)
            if isinstance(lead, Unclear):
                if re.search(r"\w", reason) or not may_be_a_reason(bare):
                    yield _not_understood(one.rows[0] if one else 0, text, lead.why)
                    continue
                lead, reason = "failed", bare.strip(_SEPARATORS + "[(【")
            ours = ours_in(f"{before}{after}" if place == 0 else after)
            yield _Message(one.rows if one else (), ours, lead or self._section, reason)

    def _message(self, row: int, message: _Message) -> list[ReadLine]:
        meaning = meaning_of(message.text, message.lead, self._words)
        shown = f"第 {_listed(message.rows)} 行 {message.text}" if message.rows else message.text
        if isinstance(meaning, Unclear):
            return [_not_understood(row, shown, meaning.why)]
        if not message.ours and (outside := self._outside(message.rows)):
            self.astray.append(BadLine(row, "行号", "unknown_row", outside))
            return []
        if isinstance(meaning, Harmless):
            return [IgnoredLine(row, shown[:MAX_SHOWN])]
        numbers = self._orders(message)
        if isinstance(numbers, str):
            return [BadLine(row, "应急单号", "row_and_number", numbers)]
        result, reason, main = _as_cells(meaning, message.text)
        rows_of = {number: tuple(r for r in message.rows if self._at(r) in (number, "")) for number in numbers}
        return [RawLine(row, number, result, main, reason, rows_of[number]) for number in numbers]

    def _orders(self, message: _Message) -> Sequence[str]:
        """Return the orders of a message, or a sentence where rows and numbers beside them speak of different ones."""
        by_row = tuple(dict.fromkeys(self._at(row) for row in message.rows))
        ours = message.ours
        if foreign := foreign_in(message.text):
            return f"“{message.text[:60]}”里的单号 {foreign} 不是应急单号，未处理"
        if not ours:
            return by_row
        if not by_row or "" in by_row or set(by_row) == set(ours):
            return ours
        of_rows = f"第 {_listed(message.rows)} 行是订单 {'、'.join(by_row)}"
        return f"{of_rows}，旁边写的却是 {'、'.join(ours)}，两者不一致，未处理"

    def _at(self, row: int) -> str:
        return self._numbers[row - _FIRST] if _FIRST <= row < len(self._numbers) + _FIRST else ""

    def _outside(self, rows: Sequence[int]) -> str:
        """Return what is wrong with rows that the file does not have, "" if it has them."""
        outside = [row for row in rows if not self._at(row)]
        if not outside:
            return ""
        if outside[0] < _FIRST:
            return (
                f"清单里有“第 {outside[0]} 行”：它没有把表头算作第 1 行，行号会错到相邻的订单上，"
                "整份未处理；请改用带应急单号的结果，或把行号都加 1 后再传"
            )
        there_are = f"本批次文件没有第 {outside[0]} 行数据（共 {len(self._numbers)} 行）"
        return f"{there_are}：清单可能属于另一个文件，或行号数法不同，整份未处理"

    def _other(self, row: int, text: str) -> list[ReadLine]:
        low = text.lower()
        if is_cut_short(low, of_rows=False):
            return [_not_understood(row, text, "清单不完整", code="incomplete_list")]
        if (section := section_of(low)) is not None:
            self._section = section
            return [IgnoredLine(row, text[:MAX_SHOWN])]
        self.met_any = self.met_any or bool(_OF_RESULTS.search(low))
        if is_title(low):
            return [IgnoredLine(row, text[:MAX_SHOWN])]
        return [_not_understood(row, text, "既不是结果表，也不是“第 N 行 …”形式的信息")]


def _as_cells(meaning: Succeeded | IsThere | Failed, text: str) -> tuple[str, str | None, str | None]:
    """Return the result, the reason and the main number as a table of results would have them."""
    said = without_controls(undefuse(without_label(text))).strip() or None
    match meaning:
        case Succeeded(main):
            return "成功", None, main
        case IsThere():
            return "重复", said, None
        case Failed(reason):
            return "失败", said or reason, None


def _lead_of_label(label: str) -> Lead | None:
    """Return what 失败行号 and 成功行号 say before the rows they list."""
    return "imported" if "成功" in label else "failed" if re.search("失败|错|error", label) else None


def _listed(rows: Sequence[int]) -> str:
    shown = "、".join(map(str, rows[:5]))
    return f"{shown} 等" if len(rows) > 5 else shown  # noqa: PLR2004 - so many are read at a glance


def _not_understood(row: int, text: str, why: str, *, code: str = "not_understood") -> BadLine:
    return BadLine(row, "", code, f"“{text[:60]}”：{why}")
