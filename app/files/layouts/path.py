"""Turns the path of a value into what fetches it from a row, and says of what type it is.

A plain path (``order.recipient.name``) is checked against the order's own fields when the layout is read, and then is
an attribute walk in C. A field that the order gains later can be named at once. Any other JMESPath expression runs on
the row as dicts and lists, which is far slower; none of the shipped layouts needs one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from app.domain.order import Item
from app.expressions import Path, WrongExpression, parse_expression
from app.files.layouts.export_order import ExportOrder, ExportRow
from app.files.layouts.values import MAX_CELL, Value

_TIMES = ("placed_at", "paid_at")
"""Properties of an export that a path may name as if they were fields."""


@dataclass(frozen=True, slots=True)
class FoundPath:
    """How to fetch a value from a row, and its type; None where only the row will tell."""

    value: Callable[[ExportRow], Value]
    gives: type | None


def find_path(source: str) -> FoundPath:
    """Compile the path of a value.

    Raises:
        WrongExpression: it is no JMESPath, or names a field that an order does not have.
    """
    parsed = parse_expression(source)
    if parsed.steps is None:
        _type_at(parsed.path, source, whole=False)
        search = parsed.search
        return FoundPath(lambda row: _as_value(search(as_document(row))), None)
    gives = _type_at(parsed.steps, source, whole=True)
    return FoundPath(_walk(parsed.steps), gives)


def as_document(row: ExportRow) -> dict[str, Any]:
    """Return a row as dicts and lists, as JMESPath reads them."""
    document = _plain(row.export)
    return {**document, **{name: getattr(row.export, name) for name in _TIMES}, "item": _plain(row.item)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field of an order holds
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _as_value(found: Any) -> Value:  # noqa: ANN401 - what an expression gives
    """Return what an expression gave as a cell can show it."""
    if isinstance(found, float) and found.is_integer():
        return int(found)
    if isinstance(found, bool | float | list | dict):
        found = json.dumps(found, ensure_ascii=False, default=str)
    # An expression may join five hundred items.
    return found[:MAX_CELL] if isinstance(found, str) else found


def _walk(steps: Path) -> Callable[[ExportRow], Value]:
    """Return an attribute walk that gives None where an optional part of the order is missing."""
    if not all(isinstance(step, str) for step in steps):
        return _walk_with_places(steps)
    dotted = ".".join(str(step) for step in steps)
    get = attrgetter(dotted if steps[0] == "item" else f"export.{dotted}")

    def value(row: ExportRow) -> Value:
        try:
            return get(row)  # type: ignore[no-any-return]
        except AttributeError:  # of None: the names have been checked
            return None

    return value


def _walk_with_places(steps: Path) -> Callable[[ExportRow], Value]:
    def value(row: ExportRow) -> Value:
        found: Any = row if steps[0] == "item" else row.export
        for step in steps:
            if found is None:
                return None
            if isinstance(step, str):
                found = getattr(found, step)
            else:
                found = found[step] if -len(found) <= step < len(found) else None
        return found  # type: ignore[no-any-return]

    return value


def _type_at(path: Path, source: str, *, whole: bool) -> type:
    """Return the type of what a path leads to; of an expression's first path only the fields are looked at."""
    found: Any = _Root
    for place, step in enumerate(path):
        if isinstance(step, int):
            if get_origin(found) is not tuple:
                raise WrongExpression(f"{source}：[{step}] 之前不是列表")
            found = _without_none(get_args(found)[0])
            continue
        known = _fields_of(found)
        if step not in known:
            before = ".".join(str(one) for one in path[:place]) or "最外层"
            names = "、".join(known) or "（没有字段）"
            raise WrongExpression(f"{source}：{before} 没有字段 {step}，可用：{names}")
        found = _without_none(known[step])
    if whole and (found is _Root or is_dataclass(found) or get_origin(found) is tuple):
        raise WrongExpression(f"{source}：指向的不是一个值，请继续写到具体字段")
    return found if isinstance(found, type) else object


class _Root:
    """Where every path begins."""


@cache
def _fields_of(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - an annotation
    if kind is _Root:
        return {**get_type_hints(ExportOrder), **dict.fromkeys(_TIMES, datetime), "item": Item}
    return get_type_hints(kind) if is_dataclass(kind) else {}


def _without_none(annotation: Any) -> Any:  # noqa: ANN401 - an annotation
    if get_origin(annotation) in (Union, UnionType):
        kinds = [one for one in get_args(annotation) if one is not type(None)]
        annotation = kinds[0] if len(kinds) == 1 else object
    return type(get_args(annotation)[0]) if get_origin(annotation) is Literal else annotation
