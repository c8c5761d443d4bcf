"""The repository speaks of the product alone, and its modules keep the rules that no linter knows."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.repository import APP, ROOT, modules, texts

LONGEST = 300
THIS = "tests/house/test_no_private_words.py"

PRIVATE = {
    "a path of somebody's machine": r"(?<![\w.:/~-])/(?:home|root|Users|work|opt|mnt)/[\w.-]+",
    "an address of a package registry": r"pypi\.org|pythonhosted|/simple/?(?:\s|$)|--(?:extra-)?index-url|--find-links",
    "an unfinished thought": r"\b(?:TODO|FIXME|XXX)\b",
}

SQL = {"sqlalchemy", "sqlmodel", "alembic", "pysqlite3", "psycopg", "sqlite3"}
WALL_CLOCK = {"now", "utcnow", "today", "time", "time_ns"}


@cache
def trees() -> tuple[tuple[str, Path, ast.Module], ...]:
    """Return every module of the application as (name, path, syntax tree)."""
    return tuple((str(path.relative_to(ROOT)), path, ast.parse(path.read_text(encoding="utf-8"))) for path in modules())


def imported(tree: ast.Module) -> set[str]:
    """Return every module that is imported, by its full name."""
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return names


def moments_asked(tree: ast.Module) -> Iterator[str]:
    """Yield every call or import that asks the operating system for the time of day."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(ast.Name("datetime" | "date" | "time" as owner), attr)) if attr in WALL_CLOCK:
                yield f"{owner}.{attr}()"
            case ast.ImportFrom("time", names):
                yield from (f"from time import {alias.name}" for alias in names if alias.name in WALL_CLOCK)


@pytest.mark.parametrize("what", PRIVATE)
def test_no_file_holds(what: str) -> None:
    shape = re.compile(PRIVATE[what])
    found = [(path, match.group()) for path, text in texts() if path != THIS for match in shape.finditer(text)]
    assert found == []


def test_a_module_opens_with_one_sentence() -> None:
    silent = []
    for name, _, tree in trees():
        first = (ast.get_docstring(tree) or "").split("\n\n")[0]
        if not first.endswith((".", ":", "?")) or "\n" in first:
            silent.append((name, first))
    assert silent == []


def test_a_module_fits_in_a_head() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path, _ in trees()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_only_the_store_knows_sql() -> None:
    found = {
        name: strangers
        for name, path, tree in trees()
        if not path.is_relative_to(APP / "store")
        if (strangers := {i.partition(".")[0] for i in imported(tree)} & SQL)
    }
    assert found == {}


def test_the_domain_imports_the_standard_library_stdnum_and_itself() -> None:
    found = {
        (name, stranger)
        for name, path, tree in trees()
        if path.is_relative_to(APP / "domain")
        for stranger in imported(tree)
        if stranger.partition(".")[0] not in {*sys.stdlib_module_names, "stdnum"}
        if not stranger.startswith("app.domain")
    }
    assert found == set()


def test_nobody_but_the_clock_asks_what_time_it_is() -> None:
    asked = {name: list(moments_asked(tree)) for name, path, tree in trees() if path != APP / "domain" / "clock.py"}
    assert {name: calls for name, calls in asked.items() if calls} == {}
