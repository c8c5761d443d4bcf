"""One fact stands in one place: the fields of an order, the name of a class, an index condition, the word for a state."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from dataclasses import is_dataclass as is_domain
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import BaseModel

from app import words
from app.domain.order import Order
from app.domain.states import BatchState, MessageState, OrderState
from app.intake.schemas import OrderIn
from app.store.tables import METADATA
from tests.house.repository import APP, ROOT, modules

TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in modules()}


# ---- an order's fields -----------------------------------------------------------------------------------------------


def parts_of(annotation: Any) -> Iterator[type]:
    """Yield the classes in an annotation: the item of a list, what may also be None."""
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from parts_of(part)


def shape_of_schema(model: type[BaseModel]) -> dict[str, Any]:
    def inside(annotation: Any) -> Any:
        return next((shape_of_schema(p) for p in parts_of(annotation) if issubclass(p, BaseModel)), None)

    return {name: inside(field.annotation) for name, field in model.model_fields.items()}


def shape_of_domain(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)

    def inside(annotation: Any) -> Any:
        return next((shape_of_domain(p) for p in parts_of(annotation) if is_domain(p)), None)

    return {one.name: inside(hints[one.name]) for one in fields(kind)}


def test_an_order_has_the_fields_that_storefronts_may_send():
    """A field missing here would be dropped without a word when the order is unsealed, and so from every file."""
    assert shape_of_domain(Order) == shape_of_schema(OrderIn)
    assert set(shape_of_domain(Order)["items"]) >= {"sku", "quantity"}


# ---- the name of a class ---------------------------------------------------------------------------------------------


def test_no_two_classes_have_one_name():
    where: dict[str, list[str]] = defaultdict(list)
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: places for name, places in where.items() if len(places) > 1} == {}


# ---- index conditions ------------------------------------------------------------------------------------------------

CONDITIONS = frozenset(
    str(index.dialect_options["sqlite"]["where"])
    for table in METADATA.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"].get("where") is not None
)
_NULLS = {"is_": "IS NULL", "is_not": "IS NOT NULL"}


def conditions_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield conditions of partial indexes that a module types itself, as text or as an expression in a query."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = " ".join(node.value.split())
            yield from ((node.lineno, known) for known in CONDITIONS if re.search(rf"\b{re.escape(known)}(?!\w)", text))
        if isinstance(node, ast.Call):
            for argument in node.args:
                found = _null_check(argument)
                if found in CONDITIONS:
                    yield argument.lineno, str(found)


def _null_check(node: ast.expr) -> str | None:
    """Return ``column IS NULL`` for ``Table.column.is_(None)``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _NULLS):
        return None
    column = node.func.value
    none = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value is None
    return f"{column.attr} {_NULLS[node.func.attr]}" if none and isinstance(column, ast.Attribute) else None


def test_no_index_condition_is_typed_outside_the_tables():
    """A copy that drifts loses the index without a word: the planner uses it only where it recognises its condition."""
    assert "closed_at IS NULL" in CONDITIONS
    typed = [
        f"{path.relative_to(ROOT)}:{line}: {condition}"
        for path, tree in TREES.items()
        if not path.is_relative_to(APP / "store" / "tables")
        for line, condition in conditions_in(tree)
    ]
    assert typed == []


@pytest.mark.parametrize(
    "code",
    [
        "query.where(Batch.id == 1, Batch.published_at.is_not(None))",
        "text(\"SELECT 1 FROM message WHERE  state = 'dead'\")",
        'f"SELECT id FROM incident WHERE drill = {mark} AND closed_at IS NULL"',
    ],
)
def test_the_search_for_index_conditions_finds_them(code: str):
    assert list(conditions_in(ast.parse(code)))


# ---- words for states ------------------------------------------------------------------------------------------------

STATES = {state.value for kind in (OrderState, BatchState, MessageState) for state in kind}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_each_state_that_is_shown_has_one_word_of_its_own():
    for kind, labels in ((OrderState, words.ORDER_STATES), (MessageState, words.MESSAGE_STATES)):
        assert set(labels) == {state.value for state in kind}
        assert len({label.text for label in labels.values()}) == len(labels)
        assert all(CHINESE.search(label.text) for label in labels.values())


def test_other_lists_call_a_state_by_the_same_word():
    for text, states in words.MESSAGE_FILTERS.values():
        if len(states) == 1:
            assert text == words.MESSAGE_STATES[states[0]].text
    for part, text in words.LEDGER.items():
        if part in words.ORDER_STATES:
            assert text == words.ORDER_STATES[part].text


def named_states(node: ast.Dict) -> set[str]:
    """Return the states that a table has as keys and Chinese text beside."""
    found = set()
    for key, value in zip(node.keys, node.values, strict=True):
        named = key.attr.lower() if isinstance(key, ast.Attribute) else getattr(key, "value", None)
        says = [one.value for one in ast.walk(value) if isinstance(one, ast.Constant)]
        if named in STATES and any(isinstance(one, str) and CHINESE.search(one) for one in says):
            found.add(str(named))
    return found


def tables_of_words(path: Path) -> list[str]:
    found = ((node.lineno, named_states(node)) for node in ast.walk(TREES[path]) if isinstance(node, ast.Dict))
    return [f"{path.relative_to(ROOT)}:{line}: {sorted(states)}" for line, states in found if len(states) > 1]


def test_no_other_module_has_its_own_words_for_states():
    assert tables_of_words(APP / "words" / "__init__.py") != []
    elsewhere = [path for path in TREES if not path.is_relative_to(APP / "words")]
    assert [place for path in elsewhere for place in tables_of_words(path)] == []
