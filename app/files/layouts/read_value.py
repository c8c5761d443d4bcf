"""Reads where one value of a layout comes from, and refuses a kind that its type does not bear out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.expressions import NothingFound, WrongExpression
from app.files.layouts.export_order import ExportRow
from app.files.layouts.layout import Kind
from app.files.layouts.path import find_path
from app.files.layouts.values import DUE, FUNCTIONS, MAX_CELL, Value
from app.toml_file import WrongEntry

_TYPES: Mapping[Kind, type] = {Kind.TEXT: str, Kind.COUNT: int, Kind.MONEY: int, Kind.TIME: datetime}
_ONLY_PATH = {Kind.NUMBER: "number", Kind.PHONE: "order.phone"}
_KINDS_OF = {str: "text", int: "count 或 money", datetime: "time"}


@dataclass(frozen=True, slots=True)
class ReadValue:
    """A value of a layout; ``asked`` tells of which rows it is required at all."""

    kind: Kind
    value: Callable[[ExportRow], Value]
    asked: Callable[[ExportRow], bool] | None
    computed: bool
    tells: frozenset[str] = frozenset()
    remark: bool = False

    @property
    def is_met(self) -> Callable[[ExportRow], bool]:
        """Return what tells whether a row has what is required; a row that is not asked has it."""
        there, asked = _there(self.kind, self.value), self.asked
        if asked is None and not self.computed:
            return there

        def met(row: ExportRow) -> bool:
            try:
                return (asked is not None and not asked(row)) or there(row)
            except NothingFound:
                return False

        return met


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a value comes from, before words and conditions; ``gives`` is None for an expression."""

    value: Callable[[ExportRow], Value]
    gives: type | None
    our_words: bool = False
    tells: frozenset[str] = frozenset()
    remark: bool = False


def read_value(table: Mapping[str, Any]) -> ReadValue:
    """Read ``path`` or ``fn``, ``kind``, ``words``, ``default`` and ``when`` of a column or requirement.

    Raises:
        WrongEntry: one of them is wrong.
    """
    kind = _kind(table)
    source, asked = _source(table), _when(table)
    if source is None:
        value = _constant(table, kind)
    elif (words := _words(table, source)) is not None:
        value = words
        if kind not in (Kind.WORD, Kind.TEXT):
            raise WrongEntry("kind", "有 words 的列 kind 须为 word 或 text")
    else:
        value = source.value
        _check_kind(kind, table, source)
    return ReadValue(
        kind,
        value if asked is None else _only_if(asked, value),
        asked,
        computed=source is not None and source.gives is None,
        tells=_tells(table, source) if asked is None else frozenset(),
        remark=_is_remark(table, kind, source),
    )


def _tells(table: Mapping[str, Any], source: _Source | None) -> frozenset[str]:
    """Return the states of a payment that this value shows, and shows otherwise than a paid one."""
    if table.get("path") != "order.payment.status" or "words" not in table:
        return source.tells if source else frozenset()
    words, default = table["words"], _default(table)
    paid = words.get("paid", default)
    return frozenset(status for status in DUE if words.get(status, default) not in ("", paid))


def _is_remark(table: Mapping[str, Any], kind: Kind, source: _Source | None) -> bool:
    chosen = table.get("marks_payment", source is not None and source.remark)
    if not isinstance(chosen, bool):
        raise WrongEntry("marks_payment", "须为 true 或 false")
    if "marks_payment" in table and kind is not Kind.TEXT:
        raise WrongEntry("marks_payment", '只能用于 kind = "text" 的列')
    return chosen


def _there(kind: Kind, value: Callable[[ExportRow], Value]) -> Callable[[ExportRow], bool]:
    """Return what tells whether a value counts as given: a price may be nought, a text may not be empty."""
    match kind:
        case Kind.COUNT:
            return lambda row: isinstance(found := value(row), int) and found > 0
        case Kind.MONEY | Kind.TIME:
            return lambda row: value(row) is not None
        case _:
            return lambda row: bool(value(row))


def _kind(table: Mapping[str, Any]) -> Kind:
    try:
        return Kind(table.get("kind", ""))
    except ValueError:
        raise WrongEntry("kind", f"必填，须为 {'、'.join(Kind)} 之一") from None


def _source(table: Mapping[str, Any]) -> _Source | None:
    path, fn = table.get("path"), table.get("fn")
    if path is not None and fn is not None:
        raise WrongEntry("fn", "path 与 fn 只能写一个")
    if fn is not None:
        known = FUNCTIONS.get(fn) if isinstance(fn, str) else None
        if known is None:
            raise WrongEntry("fn", f"不认识的函数 {fn}，可用：{'、'.join(FUNCTIONS)}")
        return _Source(known.value, known.gives, known.our_words, known.tells, known.remark)
    if path is None:
        return None
    if not isinstance(path, str) or not path.strip():
        raise WrongEntry("path", "须为 JMESPath 路径，例如 order.recipient.name")
    try:
        found = find_path(path)
    except WrongExpression as wrong:
        raise WrongEntry("path", str(wrong)) from None
    return _Source(found.value, found.gives, remark=path.strip() == "remark")


def _constant(table: Mapping[str, Any], kind: Kind) -> Callable[[ExportRow], Value]:
    """Return the same for every row: nothing, or ``default``; a program may have columns that we know nothing for."""
    if "words" in table:
        raise WrongEntry("words", "须与 path 同用")
    if kind is Kind.NUMBER:
        raise WrongEntry("path", 'kind = "number" 的列须写 path = "number"')
    default = _default(table)
    if default and kind not in (Kind.WORD, Kind.TEXT):
        raise WrongEntry("default", "固定内容的列 kind 须为 word 或 text")
    return lambda _row: default


def _words(table: Mapping[str, Any], source: _Source) -> Callable[[ExportRow], Value] | None:
    if "words" not in table:
        if "default" in table:
            raise WrongEntry("default", "只能与 words 同用，或用于没有 path 的列")
        return None
    words = table["words"]
    if not isinstance(words, dict) or not words or not all(isinstance(word, str) for word in words.values()):
        raise WrongEntry("words", '须为对照表，例如 { cod = "货到付款" }')
    if any(len(word) > MAX_CELL for word in words.values()):
        raise WrongEntry("words", f"每个词最多 {MAX_CELL} 个字符，单元格放不下更多")
    if source.gives not in (str, None):
        raise WrongEntry("words", "只能用于文本取值")
    default, find = _default(table), source.value
    return lambda row: words.get(find(row), default)


def _default(table: Mapping[str, Any]) -> str:
    default = table.get("default", "")
    if not isinstance(default, str) or not default.isprintable():
        raise WrongEntry("default", "须为一行文本")
    if len(default) > MAX_CELL:
        raise WrongEntry("default", f"最多 {MAX_CELL} 个字符，单元格放不下更多")
    return default


def _check_kind(kind: Kind, table: Mapping[str, Any], source: _Source) -> None:
    if kind in _ONLY_PATH and table.get("path") != _ONLY_PATH[kind]:
        raise WrongEntry("kind", f'kind = "{kind}" 只用于 path = "{_ONLY_PATH[kind]}"')
    if kind is Kind.WORD and not source.our_words:
        raise WrongEntry("kind", 'kind = "word" 须有 words，或取自返回固定文字的函数；来自外部的文字用 kind = "text"')
    wanted = _TYPES.get(kind)
    if wanted and source.gives not in (wanted, None):
        fits = _KINDS_OF.get(source.gives or object, "text")
        raise WrongEntry("kind", f'该取值的 kind 应为 {fits}，不能是 "{kind}"')


def _when(table: Mapping[str, Any]) -> Callable[[ExportRow], bool] | None:
    """Return the condition under which the value counts."""
    if "when" not in table:
        return None
    when = table["when"]
    if not isinstance(when, dict) or set(when) != {"path", "is"} or not isinstance(when["is"], str):
        raise WrongEntry("when", '须写作 { path = "order.payment.status", is = "paid" }')
    try:
        found = find_path(str(when["path"]))
    except WrongExpression as wrong:
        raise WrongEntry("when", str(wrong)) from None
    if found.gives is not str:
        raise WrongEntry("when", "条件的 path 须为文本字段的路径")
    find, wanted = found.value, when["is"]
    return lambda row: find(row) == wanted


def _only_if(asked: Callable[[ExportRow], bool], value: Callable[[ExportRow], Value]) -> Callable[[ExportRow], Value]:
    return lambda row: value(row) if asked(row) else None
