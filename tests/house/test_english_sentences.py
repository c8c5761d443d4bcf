"""Whatever the command line prints of itself has its English twin, and no twin is of a sentence that nobody says."""

import ast
import re
from collections.abc import Iterator
from string import Formatter

import pytest

from app.cli.english_sentences import SAID
from app.cli.english_tables import TITLES
from tests.house.repository import APP, ROOT, modules

CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
"""Characters, and the stops between them."""

TWINS = {
    *("english.py", "english_sentences.py", "english_tables.py", "english_watch.py", "english_main.py"),
    "english_failover.py",
    *("words_en.py", "words_watch_en.py", "words_main_en.py"),
}
SAME_IN_BOTH = {
    '{"client_order_id":"TEST-0001","phone":"13800138000","items":[{"sku":"A-1001","name":"跑步鞋 42","quantity":1,"unit_price":"599.00"}],"total":"599.00"}'
}
"""The order that a first start shows as a sample."""

Said = tuple[str | None, ast.expr]


def _constant(node: ast.expr) -> Said:
    return (str(node.value) if isinstance(node, ast.Constant) else None), node


def _calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    yield from (one for one in ast.walk(tree) if isinstance(one, ast.Call) and ast.unparse(one.func) in names)


def sentences_in(tree: ast.AST) -> Iterator[Said]:
    """Yield the templates that a module says, and the columns and empty sentences of its tables; None if computed."""
    for call in _calls(tree, "said"):
        yield _constant(call.args[0])
    for call in _calls(tree, "table", "grid"):
        columns = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else []
        empty = [word.value for word in call.keywords if word.arg == "empty"]
        yield from ((text, node) for text, node in map(_constant, [*columns, *empty]) if text and CHINESE.search(text))


def titles_in(tree: ast.AST) -> Iterator[Said]:
    """Yield the constant titles of a module's tables."""
    found = (_constant(call.args[0]) for call in _calls(tree, "table", "grid"))
    yield from ((text, node) for text, node in found if text is not None)


def _helps(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what is shown as help, which has twins of its own, and what only a programmer reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"help", "metavar"}:
            yield from ast.walk(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def loose_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield Chinese texts of a module that are neither said, nor of a table, nor help."""
    looked_up = [node for _, node in (*sentences_in(tree), *titles_in(tree))]
    whole = [w.value for call in _calls(tree, "table", "grid") for w in call.keywords if w.arg == "whole"]
    known = {id(node) for top in (*looked_up, *whole) for node in ast.walk(top)} | {id(node) for node in _helps(tree)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in known else None
        if isinstance(text, str) and CHINESE.search(text) and text not in SAME_IN_BOTH:
            yield node.lineno, text


TREES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
    for path in modules()
    if path.is_relative_to(APP / "cli") and path.name not in TWINS
}
SENTENCES = {text for tree in TREES.values() for text, _ in sentences_in(tree)}
ALL_TITLES = {text for tree in TREES.values() for text, _ in titles_in(tree)}


def fields_of(template: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


def test_only_constants_are_said():
    computed = [
        f"{path}:{node.lineno}" for path, tree in TREES.items() for text, node in sentences_in(tree) if text is None
    ]
    assert computed == []


def test_every_sentence_and_every_column_has_its_twin():
    assert len(SENTENCES) > 100
    assert {text for text in SENTENCES if text not in SAID} == set()


def test_every_title_has_its_twin():
    assert len(ALL_TITLES) > 10
    assert {text for text in ALL_TITLES if text not in TITLES} == set()


def test_no_twin_is_of_what_nobody_says():
    assert (SAID.keys() - SENTENCES, TITLES.keys() - ALL_TITLES) == (set(), set())


def test_twins_have_the_same_fields():
    assert {text: twin for text, twin in SAID.items() if fields_of(text) != fields_of(twin)} == {}


def test_twins_are_english():
    assert [twin for twin in (*SAID.values(), *TITLES.values()) if CHINESE.search(twin)] == []


def test_no_chinese_is_printed_that_is_not_said():
    assert [f"{path}:{line}: {text}" for path, tree in TREES.items() for line, text in loose_in(tree)] == []


@pytest.mark.parametrize(
    "code",
    ['out.print("已停止。")', 'fail(f"没有订单 {number}。")', 'x = "是" if drill else ""', "names = '、'.join(found)"],
)
def test_the_search_finds_chinese_that_is_not_said(code: str):
    assert list(loose_in(ast.parse(code)))


def test_the_search_knows_what_has_a_twin():
    code = """
def f():
    '''说明。'''
    said("已停止。")
    table("告警", ("编号", "name"), rows, empty="没有告警。", whole=("编号",))
    typer.Option(help="条数。")
"""
    tree = ast.parse(code)
    assert list(loose_in(tree)) == []
    assert {text for text, _ in sentences_in(tree)} == {"已停止。", "编号", "没有告警。"}
    assert [text for text, _ in titles_in(tree)] == ["告警"]


def test_a_computed_template_is_found():
    assert [text for text, _ in sentences_in(ast.parse("said(sentence, n=1)"))] == [None]
