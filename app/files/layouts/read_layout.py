"""Reads a layout from TOML, strictly: every wrong thing in it is told at once, with its line and a Chinese sentence.

The shipped layouts and those of a merchant are read by the same rules. A cell leaves as it is only where its type
proves that nothing from outside can stand in it, so that no layout can switch the defusing off.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from app.files.layouts.layout import Column, Kind, Layout, Requirement
from app.files.layouts.read_value import ReadValue, read_value
from app.toml_file import UnreadableFile, WrongEntry, as_told, line_of, parse_toml

MAX_COLUMNS = 100
"""As many as our own reader takes back."""

MAX_ERRORS = 100
"""Told of one file; a file with more is none that a person mends line by line."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_VALUE_KEYS = ("path", "fn", "kind", "words", "default", "when")
_COLUMN_KEYS = ("heading", *_VALUE_KEYS, "required", "marks_payment")
_REQUIREMENT_KEYS = ("label", *_VALUE_KEYS)
_MAX_HEADING = 64


@dataclass(frozen=True, slots=True)
class LayoutError:
    """One thing that is wrong in a layout's file."""

    line: int
    key: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReadLayout:
    """What a file says: its layout if nothing is wrong, and else what is."""

    name: str
    headings: tuple[str, ...]
    layout: Layout | None
    errors: tuple[LayoutError, ...]


def read_layout(data: bytes, *, taken: Collection[str] = ()) -> ReadLayout:
    """Read a layout; ``taken`` are names that it may not have."""
    try:
        text, document = parse_toml(data)
    except UnreadableFile as error:
        return unreadable_layout(error)
    try:
        return _LayoutReader(document, text).read(taken)
    except Exception as error:  # noqa: BLE001 - whatever else a file may bring about: it must be its own trouble
        return unreadable_layout(UnreadableFile(f"有无法处理的内容（{type(error).__name__}）"))


def unreadable_layout(error: UnreadableFile) -> ReadLayout:
    """Return what is known of a file that could not be read: nothing, and why."""
    return ReadLayout("", (), None, (LayoutError(error.line, "", error.reason),))


@dataclass
class _LayoutReader:
    """One file on its way from TOML to a layout."""

    document: dict[str, Any]
    text: str
    errors: list[LayoutError] = field(default_factory=list)

    def read(self, taken: Collection[str]) -> ReadLayout:
        self._only(self.document, ("name", "title", "column", "requirement"))
        name, title = self._name(taken), self._title()
        tables = self._tables("column")
        if not 1 <= len(tables) <= MAX_COLUMNS:
            self._wrong("column", f"须有 1 到 {MAX_COLUMNS} 列，每列写作一个 [[column]]")
            tables = tables[:MAX_COLUMNS]
        columns, requirements = self._columns(tables)
        requirements += self._requirements()
        numbers = [i for i, one in enumerate(tables) if one.get("kind") == Kind.NUMBER]
        if tables and len(numbers) != 1:
            detail = '须有且只有一列 kind = "number"（path = "number"，即应急单号），导入结果按它对回订单'
            self._wrong("kind", detail, "column", numbers[1] if numbers else 0)
        headings = tuple(str(one.get("heading", "")) for one in tables)
        errors = tuple(sorted(self.errors, key=lambda error: error.line))
        layout = None if errors else Layout(name, title, tuple(columns), tuple(requirements))
        return ReadLayout(name, headings, layout, errors)

    def _name(self, taken: Collection[str]) -> str:
        name = self.document.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self._wrong("name", "必填：小写字母开头，仅含小写字母、数字、_ 和 -，最多 32 个字符")
        elif name in taken:
            self._wrong("name", f"{name} 已被另一布局使用，请换一个名称")
        return name if isinstance(name, str) else ""

    def _title(self) -> str:
        title = self.document.get("title")
        if not isinstance(title, str) or not title.strip() or len(title) > _MAX_HEADING:
            self._wrong("title", f"必填：给人看的名称，最多 {_MAX_HEADING} 个字符")
        return str(title)

    def _columns(self, tables: list[dict[str, Any]]) -> tuple[list[Column], list[Requirement]]:
        columns, requirements, seen = list[Column](), list[Requirement](), dict[str, int]()
        for index, table in enumerate(tables):
            self._only(table, _COLUMN_KEYS, "column", index)
            heading = self._label(table, "heading", "column", index)
            if heading in seen:
                self._wrong("heading", f"与第 {seen[heading] + 1} 列重名：{heading}", "column", index)
            seen.setdefault(heading, index)
            found = self._value(table, "column", index)
            if found is None:
                continue
            columns.append(
                Column(
                    heading, found.kind, found.value, computed=found.computed, tells=found.tells, remark=found.remark
                )
            )
            if "required" in table:
                label = self._label(table, "required", "column", index)
                requirements.append(Requirement(label, found.is_met))
        return columns, requirements

    def _requirements(self) -> list[Requirement]:
        requirements = list[Requirement]()
        for index, table in enumerate(self._tables("requirement")):
            self._only(table, _REQUIREMENT_KEYS, "requirement", index)
            label = self._label(table, "label", "requirement", index)
            if found := self._value(table, "requirement", index):
                requirements.append(Requirement(label, found.is_met))
        return requirements

    def _value(self, table: dict[str, Any], name: str, index: int) -> ReadValue | None:
        try:
            return read_value(table)
        except WrongEntry as wrong:
            self._wrong(wrong.key, wrong.reason, name, index)
            return None

    def _label(self, table: dict[str, Any], key: str, name: str, index: int) -> str:
        label = table.get(key)
        if not isinstance(label, str) or not label.strip() or not label.isprintable() or len(label) > _MAX_HEADING:
            self._wrong(key, f"须为一行文本，最多 {_MAX_HEADING} 个字符", name, index)
        return str(label)

    def _tables(self, key: str) -> list[dict[str, Any]]:
        found = self.document.get(key, [])
        if isinstance(found, list) and all(isinstance(one, dict) for one in found):
            return found
        self._wrong(key, f"须写作 [[{key}]] 表")
        return []

    def _only(self, table: Mapping[str, Any], known: Collection[str], name: str = "", index: int = 0) -> None:
        """Tell of keys that are not known, in the entry number ``index`` of an array of tables if it has a name."""
        for key in table:
            if len(self.errors) >= MAX_ERRORS:
                return
            if key not in known:
                meant = next(iter(get_close_matches(key, known, n=1)), None)
                hint = f"是否应为 {meant}？" if meant else f"可用：{'、'.join(known)}"
                self._wrong(key, f"不认识的键，{hint}", name, index)

    def _wrong(self, key: str, detail: str, table: str = "", index: int = 0) -> None:
        if len(self.errors) < MAX_ERRORS:
            where = f"{table}.{index}.{key}" if table else key
            self.errors.append(LayoutError(line_of(self.text, where), as_told(key), as_told(detail)))
