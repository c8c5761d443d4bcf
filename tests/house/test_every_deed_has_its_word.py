"""Every deed that the code records has its Chinese word, and no word is of a deed that nothing records."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import words
from tests.house.repository import ROOT, modules

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _records(tree: ast.AST) -> Iterator[tuple[Function | None, ast.expr]]:
    """Yield what stands for the action in each ``….audit.record(…)``, with the function around it."""
    for around in ast.walk(tree):
        if isinstance(around, Function):
            for call in ast.walk(around):
                if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("audit.record"):
                    yield around, call.args[0]


def _actions_in(source: str) -> set[str]:
    """Return the actions a module records: written out, by a constant of it, or by what its own calls hand on.

    Raises:
        LookupError: one of them cannot be read from the module.
    """
    tree = ast.parse(source)
    constants = {
        ast.unparse(target): statement.value.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
    }
    found: set[str] = set()
    for around, action in _records(tree):
        values = [action] if not _is_parameter(around, action) else _handed_on(tree, around, ast.unparse(action))
        for value in values:
            text = value.value if isinstance(value, ast.Constant) else constants.get(ast.unparse(value))
            if text is None:
                raise LookupError(ast.unparse(value))
            found.add(str(text))
    return found


def _is_parameter(around: Function | None, action: ast.expr) -> bool:
    return around is not None and ast.unparse(action) in {one.arg for one in around.args.args + around.args.kwonlyargs}


def _handed_on(tree: ast.AST, around: Function | None, name: str) -> list[ast.expr]:
    """Return what the calls of a function give for its parameter ``name``."""
    assert around is not None
    place = [one.arg for one in around.args.args].index(name)
    calls = [c for c in ast.walk(tree) if isinstance(c, ast.Call) and ast.unparse(c.func) == around.name]
    return [next((k.value for k in call.keywords if k.arg == name), None) or call.args[place] for call in calls]


def _recorded() -> dict[str, Path]:
    return {
        action: path
        for path in modules()
        if "audit.record(" in (source := path.read_text(encoding="utf-8"))
        for action in _actions_in(source)
    }


def test_every_recorded_action_has_its_word() -> None:
    missing = {action: path.relative_to(ROOT) for action, path in _recorded().items() if action not in words.ACTIONS}
    assert missing == {}


def test_no_word_is_of_an_action_that_nothing_records() -> None:
    assert words.ACTIONS.keys() - _recorded().keys() == set()


def test_no_two_actions_have_one_word() -> None:
    assert len(set(words.ACTIONS.values())) == len(words.ACTIONS)


def test_an_action_is_found_however_it_is_handed_on() -> None:
    source = """
MADE = "thing.make"
def make(uow): uow.audit.record(MADE, by=1)
def end(uow): _note(uow, "thing.end")
def lose(uow): _note(uow, action="thing.lose")
def _note(uow, action): uow.audit.record(action, by=1)
"""
    assert _actions_in(source) == {"thing.make", "thing.end", "thing.lose"}


def test_an_action_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(LookupError):
        _actions_in("def f(uow, x): uow.audit.record(x.name, by=1)")
