"""Turns a foreign payload into a canonical order; whatever is wrong is blamed on the foreign field."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from app.domain.idempotency import read_idempotency_key
from app.domain.problems import BadIdempotencyKey, FieldError, InvalidOrder
from app.expressions import Path
from app.intake.profile.expression import BadValue, Expression, pointer_of
from app.intake.profile.fields import Convert, text_of
from app.intake.schemas import OrderIn, check_order

_MAX_ITEMS = 500
_MISSING = "缺少必填字段"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one canonical field is filled; ``group`` is its parent, as ``payment`` of ``payment.status``."""

    field: str
    group: str | None
    key: str
    source: Expression
    convert: Convert


def constant_rule(field: str, value: object) -> FieldRule:
    """Return the rule of a field that has the same value in every order."""
    source = Expression(source="", path=(), plain=False, find=lambda _: value)
    return rule_of(field, source, lambda found: found)


def rule_of(field: str, source: Expression, convert: Convert) -> FieldRule:
    """Return the rule of the canonical ``field``."""
    group, _, key = field.rpartition(".")
    return FieldRule(field, group or None, key, source, convert)


@dataclass(frozen=True, slots=True)
class ItemRules:
    """How the lines are found: ``each`` gives an array of them; without it every field gives a column of values."""

    each: Expression | None
    rules: tuple[FieldRule, ...]
    cells: tuple[FieldRule, ...]
    """The rules over one line: the same, but for columns each takes its own place in the row."""


def item_rules(each: Expression | None, rules: tuple[FieldRule, ...]) -> ItemRules:
    """Return the rules of the lines."""
    if each is not None:
        return ItemRules(each, rules, rules)
    cells = tuple(
        replace(rule, source=replace(rule.source, find=itemgetter(place))) for place, rule in enumerate(rules)
    )
    return ItemRules(None, rules, cells)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a payload became; without an idempotency key if the profile names none, or the payload has none."""

    order: OrderIn
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class OrderMapping:
    """All rules of a profile."""

    root: Expression | None
    idempotency_key: Expression | None
    order: tuple[FieldRule, ...]
    items: ItemRules
    required: tuple[str, ...] = ()

    def read(self, payload: object) -> Mapped:
        """Map ``payload``.

        Raises:
            InvalidOrder: fields are missing or wrong; errors point at the foreign field and name the canonical one.
            BadIdempotencyKey: the idempotency key has not the published form.
        """
        prefix: Path = ()
        if self.root is not None:
            prefix = self.root.path
            try:
                payload = self.root.find(payload)
            except BadValue as unfit:
                raise InvalidOrder(errors=[FieldError(pointer_of(prefix), unfit.code, unfit.sentence)]) from None
        work = _Work(self, payload, prefix)
        order = work.order()
        expression = self.idempotency_key
        return Mapped(order, None if expression is None else _idempotency_key(expression, payload, prefix))


class _Work:
    """One payload on its way; lives for one call."""

    def __init__(self, mapping: OrderMapping, payload: object, prefix: Path) -> None:
        self._mapping = mapping
        self._payload = payload
        self._prefix = prefix
        self._errors: dict[str, FieldError] = {}  # by canonical pointer

    def order(self) -> OrderIn:
        mapped: dict[str, Any] = {}
        _fill(mapped, self._mapping.order, self._payload, "", self._errors)
        lines = self._lines()
        if lines is not None:
            mapped["items"] = lines
        for field in self._mapping.required:
            pointer = "/" + field.replace(".", "/")
            if pointer not in self._errors and not _holds(mapped, field):
                self._errors[pointer] = FieldError(pointer, "missing", _MISSING)
        try:
            order = check_order(mapped)
        except InvalidOrder as problem:
            for error in problem.errors:
                self._errors.setdefault(error.pointer, error)
        else:
            if not self._errors:
                return order
        raise InvalidOrder(errors=[self._foreign(at, error) for at, error in self._errors.items()])

    def _lines(self) -> list[dict[str, Any]] | None:
        items = self._mapping.items
        try:
            rows: Any = (
                _rows_of_columns(items.rules, self._payload) if items.each is None else items.each.find(self._payload)
            )
        except BadValue as unfit:
            self._errors["/items"] = FieldError("/items", unfit.code, unfit.sentence)
            return None
        if isinstance(rows, Mapping):  # one line, not wrapped in an array, as converters from XML write it
            rows = [rows] if rows else None
        if rows is None or rows == "":
            self._errors["/items"] = FieldError("/items", "missing", _MISSING)
            return None
        if not isinstance(rows, list):
            self._errors["/items"] = FieldError("/items", "list_type", "须为数组")
            return None
        lines: list[dict[str, Any]] = []
        for index, row in enumerate(rows[: _MAX_ITEMS + 1]):  # one more than allowed, so that OrderIn says so
            line: dict[str, Any] = {}
            _fill(line, items.cells, row, f"/items/{index}", self._errors)
            lines.append(line)
        return lines

    def _foreign(self, at: str, error: FieldError) -> FieldError:
        """Point at the payload's own field instead of ours."""
        canonical = at.strip("/").replace("/", ".")
        path = self._prefix + self._path_of(canonical)
        detail = f"{error.detail}（对应应急订单字段 {canonical}）"
        return FieldError(pointer_of(path), error.code, detail)

    def _path_of(self, canonical: str) -> Path:
        mapping = self._mapping
        head, _, rest = canonical.partition(".")
        if head != "items":
            return next((rule.source.path for rule in mapping.order if rule.field == canonical), ())
        index, _, name = rest.partition(".")
        path = next((rule.source.path for rule in mapping.items.rules if rule.key == name), ())
        each = mapping.items.each
        if each is None:
            return path if name else next((rule.source.path for rule in mapping.items.rules if rule.key == "sku"), ())
        # Behind a filter or a function the index is not the payload's own: name the array, and our index in the detail.
        return (*each.path, int(index), *path) if index and each.plain else each.path


def _fill(
    target: dict[str, Any], rules: tuple[FieldRule, ...], source: object, where: str, errors: dict[str, FieldError]
) -> None:
    for rule in rules:
        try:
            value = rule.convert(rule.source.find(source))
        except BadValue as unfit:
            pointer = f"{where}/{rule.key if where else rule.field.replace('.', '/')}"
            errors[pointer] = FieldError(pointer, unfit.code, unfit.sentence)
            continue
        if value is None:
            continue
        if rule.group is None:
            target[rule.key] = value
        else:
            target.setdefault(rule.group, {})[rule.key] = value


def _rows_of_columns(rules: tuple[FieldRule, ...], payload: object) -> list[tuple[Any, ...]]:
    """Make lines of parallel columns, as ``sku=A&sku=B&num=1&num=2`` gives them; a constant stands in every line."""
    columns = [rule.source.find(payload) for rule in rules]
    lengths = {len(column) for column in columns if isinstance(column, list)}
    if len(lengths) > 1:
        raise BadValue("uneven", "各商品字段的个数不一致")
    count = lengths.pop() if lengths else 1
    if count > 1 and any(
        rule.source.source and not isinstance(column, list | None) for rule, column in zip(rules, columns, strict=True)
    ):
        raise BadValue("uneven", "各商品字段的个数不一致")
    full = [column if isinstance(column, list) else [column] * count for column in columns]
    return list(zip(*full, strict=True))


def _holds(mapped: dict[str, Any], field: str) -> bool:
    group, _, key = field.rpartition(".")
    return key in (mapped.get(group, {}) if group else mapped)


def _idempotency_key(expression: Expression, payload: object, prefix: Path) -> str | None:
    try:
        found = text_of(expression.find(payload))
        if found is None:
            return None
        return read_idempotency_key(found.strip() if isinstance(found, str) else "")
    except (BadValue, BadIdempotencyKey) as error:
        sentence = "用作幂等键的字段须为 1–128 位，仅含 A-Z a-z 0-9 _ . : -。"
        pointer = pointer_of(prefix + expression.path)
        raise BadIdempotencyKey(
            f"{pointer or expression.source}：{sentence}",
            errors=[FieldError(pointer, BadIdempotencyKey.code, sentence)],
        ) from error
