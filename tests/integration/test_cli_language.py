"""The command line speaks English where ``LIFEBOAT_LANG`` is en, and Chinese otherwise."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from app import words
from app.cli import words_en
from app.cli.english import HELP
from app.cli.language import problem_sentence
from app.cli.language import words as spoken_words
from app.cli.main import app
from app.domain import problems
from app.store.commit.order_writer import NewOrder
from tests.deployment.orders import new_order
from tests.integration.conftest import Run

CHINESE = re.compile("[\u4e00-\u9fff]")
TABLES = [name for name, twin in vars(words_en).items() if isinstance(twin, dict) and hasattr(words, name)]


@pytest.fixture
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEBOAT_LANG", "en")


def _helps(command: Any) -> Iterator[str]:
    """Yield what a command, its options and all that is below it say of themselves."""
    yield from (text.strip() for one in (command, *command.params) if (text := getattr(one, "help", None)))
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from _helps(command.get_command(None, name))


@pytest.mark.parametrize("table", TABLES)
def test_both_languages_have_the_same_codes(table: str):
    assert getattr(words_en, table).keys() == getattr(words, table).keys()
    assert not CHINESE.search(str(getattr(words_en, table)))


def test_every_table_that_the_command_line_says_has_its_twin():
    assert {"ORDER_STATES", "HELD_KINDS", "MESSAGE_STATES", "LEDGER", "ALERT_STATES", "RESULTS", "PAYMENTS"} <= {
        *TABLES
    }


def test_every_problem_has_an_english_sentence():
    codes = {
        kind.code for kind in vars(problems).values() if isinstance(kind, type) and issubclass(kind, problems.Problem)
    }
    assert words_en.PROBLEMS.keys() == codes


def test_no_help_is_translated_that_nobody_gives_any_more():
    assert HELP.keys() - {*_helps(typer.main.get_command(app))} == set()


@pytest.mark.usefixtures("in_english")
def test_help_is_in_english(run: Run):
    shown = run("held", "release", "--help").output
    assert "Release orders into the next batch" in shown
    assert not CHINESE.search(shown)
    assert "Check the database" in run("--help").output


def test_help_is_in_chinese_unless_asked(run: Run):
    assert "人工确认后放行" in run("held", "release", "--help").output


@pytest.mark.usefixtures("in_english")
def test_states_and_refusals_are_in_english(run: Run, take: Callable[..., list[str]]):
    orders: list[NewOrder] = [new_order("A")]
    (number,) = take(*orders)
    assert "waiting for a batch" in run("orders", "show", number).output
    assert spoken_words.ORDER_STATES["held"].text == "held for a person"
    assert problem_sentence("not_found", "没有") == "There is no such thing. (没有)"


def test_states_are_in_chinese_unless_asked(run: Run, take: Callable[..., list[str]]):
    (number,) = take(new_order("A"))
    assert "待进批次" in run("orders", "show", number).output
    assert problem_sentence("not_found", "没有这笔订单。") == "没有这笔订单。"
