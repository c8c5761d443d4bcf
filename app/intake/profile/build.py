"""Builds a profile's rules and answers from its file, and checks what can be checked before the first order comes."""

from typing import Any
from zoneinfo import ZoneInfo

from app.domain.problems import InvalidOrder
from app.expressions import WrongExpression
from app.intake.profile.answer import ACCEPTED_NAMES, PROBLEM_NAMES, AnswerTemplate, WrongTemplate, template
from app.intake.profile.expression import Expression, compile_expression
from app.intake.profile.fields import ALL_FIELDS, ITEM_FIELDS, ORDER_FIELDS, Convert, converter, translated
from app.intake.profile.file import AnswerTable, BusyTable, ProfileFile, RefusalTable, leaves
from app.intake.profile.mapping import FieldRule, OrderMapping, constant_rule, item_rules, rule_of
from app.intake.schemas import check_order
from app.toml_file import WrongEntry

_NEVER_CONSTANT = frozenset({"phone", "client_order_id"})
_SOUND: dict[str, Any] = {"phone": "13800138000", "items": [{"sku": "A", "quantity": 1}]}


def mapping_of(file: ProfileFile) -> OrderMapping:
    """Return the rules of a profile.

    Raises:
        WrongEntry: an expression, a constant or a translation is wrong, or a required field has no source.
    """
    tables = _translations(file.values)
    constants = _constants(file.constants)
    each = file.items.get("each")
    lines = {key: value for key, value in file.items.items() if key != "each"}
    order = dict(leaves(file.order, ORDER_FIELDS, where="order"))
    items = {f"items.{name}": source for name, source in leaves(lines, ITEM_FIELDS, where="items")}
    rules: dict[str, FieldRule] = {}
    for field, source in (order | items).items():
        where = field if field in items else f"order.{field}"
        if field in constants:
            raise WrongEntry(f"constants.{field}", f"与 [{where}] 重复，同一字段只能有一个来源")
        rules[field] = rule_of(field.removeprefix("items."), _compiled(source, where), _convert(field, file, tables))
    unused = next((field for field in tables if field not in rules), None)
    if unused is not None:
        raise WrongEntry(f"values.{unused}", "该字段没有取值表达式，对照表用不上")
    rules |= {field: constant_rule(field.removeprefix("items."), value) for field, value in constants.items()}
    for field in ("phone", "items.sku", "items.quantity", *file.required):
        if field not in rules:
            raise WrongEntry(
                field if field in ALL_FIELDS and field.startswith("items.") else f"order.{field}",
                "必填字段没有取值表达式",
            )
    return OrderMapping(
        root=None if file.root is None else _compiled(file.root, "root"),
        idempotency_key=None if file.idempotency is None else _compiled(file.idempotency.key, "idempotency.key"),
        order=tuple(rules[field] for field in ORDER_FIELDS if field in rules),
        items=item_rules(
            None if each is None else _compiled(each, "items.each"),
            tuple(rules[f"items.{name}"] for name in ITEM_FIELDS if f"items.{name}" in rules),
        ),
        required=tuple(file.required),
    )


def templates_of(file: ProfileFile) -> tuple[AnswerTemplate, AnswerTemplate, AnswerTemplate]:
    """Return the templates of answer, refusal and busy.

    Raises:
        WrongEntry: one cannot be rendered, or a storefront could not tell success from refusal.
    """
    answer, refusal, busy = file.answer, file.refusal, file.busy
    busy_body = refusal.body if busy.body is None else busy.body
    for where, body in (("refusal.body", refusal.body), ("busy.body", busy_body)):
        if body == answer.body:
            raise WrongEntry(where, "与成功应答完全相同，店铺会把失败当成功")
    filled = BusyTable(status=busy.status, content_type=busy.content_type or refusal.content_type, body=busy_body)
    return (
        _template("answer", answer, ACCEPTED_NAMES),
        _template("refusal", refusal, PROBLEM_NAMES),
        _template("busy", filled, PROBLEM_NAMES),
    )


def _template(where: str, table: AnswerTable | RefusalTable | BusyTable, names: frozenset[str]) -> AnswerTemplate:
    try:
        return template(
            table.body, content_type=table.content_type or "application/json", status=table.status, names=names
        )
    except WrongTemplate as wrong:
        raise WrongEntry(f"{where}.{wrong.key}", wrong.reason) from None


def _compiled(source: object, where: str) -> Expression:
    if not isinstance(source, str) or not source.strip():
        raise WrongEntry(where, "须为 JMESPath 表达式（文本）")
    try:
        return compile_expression(source)
    except WrongExpression as wrong:
        raise WrongEntry(where, str(wrong)) from None


def _convert(field: str, file: ProfileFile, tables: dict[str, dict[str, str]]) -> Convert:
    if field in tables:
        return translated(tables[field])
    return converter(ALL_FIELDS[field], unit=file.unit, zone=ZoneInfo(file.timezone))


def _translations(values: dict[str, Any]) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for field, table in leaves(values, ALL_FIELDS, where="values"):
        where = f"values.{field}"
        if ALL_FIELDS[field] != "text":
            raise WrongEntry(where, "金额、数量和时间字段不能用对照表")
        if not isinstance(table, dict) or not table:
            raise WrongEntry(where, "须为非空的对照表：主系统的取值 = 我们的取值")
        for foreign, ours in table.items():
            if not isinstance(ours, str):
                raise WrongEntry(f"{where}.{foreign}", "须为文本")
            if field not in _NEVER_CONSTANT:
                _check_value(field, ours, f"{where}.{foreign}")
        tables[field] = table
    return tables


def _constants(table: dict[str, Any]) -> dict[str, Any]:
    constants = dict(leaves(table, ALL_FIELDS, where="constants"))
    for field, value in constants.items():
        if field in _NEVER_CONSTANT:
            raise WrongEntry(f"constants.{field}", "每单不同的字段不能写成固定值")
        _check_value(field, value, f"constants.{field}")
    return constants


def _check_value(field: str, value: object, where: str) -> None:
    """Refuse a value that the canonical order would refuse; money is in yuan here, as in the canonical form."""
    group, _, key = field.rpartition(".")
    order = dict(_SOUND)
    if group == "items":
        order["items"] = [_SOUND["items"][0] | {key: value}]
    elif group:
        order[group] = {key: value}
    else:
        order[key] = value
    try:
        check_order(order)
    except InvalidOrder as wrong:
        raise WrongEntry(where, wrong.errors[0].detail) from None
