"""The command line speaks English where ``LIFEBOAT_LANG`` is en, and Chinese otherwise."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from app import words
from app.cli import words_en
from app.cli.english import HELP
from app.cli.language import listed, problem_sentence, said
from app.cli.language import words as spoken_words
from app.cli.main import app
from app.cli.terminal import grid
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
    """Yield what a command, its options and all that is below it say of themselves, and what stands for a value."""
    asked = ((one, name) for one in (command, *command.params) for name in ("help", "metavar"))
    yield from (text.strip() for one, name in asked if (text := getattr(one, name, None)))
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


def _without_details(printed: str) -> str:
    """Return what was printed but for what stands in brackets behind the sentence of a problem."""
    return re.sub(r" \([^()]*[\u4e00-\u9fff].*\)", "", printed)


@pytest.mark.usefixtures("in_english")
@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("ledger", 0, "The ledger balances."),
        ("held list", 0, "No order is held."),
        ("orders show LB-NONE", 1, "There is no order LB-NONE."),
        ("orders cancel LB-NONE --reason test", 1, "There is no such thing."),
        ("orders complete LB-NONE phone --reason test", 2, "Write field=value: phone"),
        ("incident list", 0, "There is no incident yet."),
        ("incident show", 0, "There is no incident yet."),
        ("incident open --drill", 0, "Opened drill "),
        ("clients list", 0, "There is no client yet."),
        ("clients add shop", 0, "shown this once"),
        ("users list", 0, "There is no account yet."),
        ("users set mei", 2, "Give --role, --disabled, --enabled, --phone or --email."),
        ("coupons status", 0, "Coupons: 0, given: 0, left: 0."),
        ("coupons given", 0, "No coupon was given yet."),
        ("results contradictions", 0, "No contradiction waits for a decision."),
        ("messages list", 0, "There is no such message."),
        ("messages retry --all --dry-run", 0, "Dead letters that would be sent again: 0."),
        ("messages show 7", 1, "There is no message 7."),
        ("spool list", 0, "There is no spool file."),
        ("spool retry", 1, "Give order numbers, or --all."),
        ("spool salvage spool-0.db", 1, "There are: none"),
        ("alerts list", 0, "There is no alert."),
        ("audit list", 0, "The audit has no record yet."),
        ("audit verify", 0, "The audit chain is intact"),
        ("export", 0, "No order waits for a batch."),
        ("migrate", 0, "The database has the shape of this release."),
    ],
)
def test_what_a_command_prints_is_in_english(run: Run, command: str, code: int, says: str):
    printed = _without_details(run(*command.split(), code=code).output)
    assert says in printed
    assert not CHINESE.search(printed)


@pytest.mark.usefixtures("in_english")
def test_tables_are_in_english(run: Run):
    run("incident", "open", "--reason", "down")
    run("clients", "add", "shop")
    run("users", "add", "mei")
    for command, heading in (("clients", "Valid keys"), ("users", "Created"), ("incident", "Opened")):
        printed = run(command, "list").output
        assert heading in printed
        assert not CHINESE.search(printed)


@pytest.mark.usefixtures("in_english")
def test_a_title_and_columns_that_are_translated_already_stay_so():
    made = grid(
        "Held orders", ("编号", "Order number", "疑似与", "{odd}"), [(1, 2, 3, 4)], whole=("疑似与",), width=100
    )
    assert made.title == "Held orders"
    assert [(str(one.header), one.no_wrap) for one in made.columns] == [
        ("Id", True),
        ("Order number", True),
        ("Looks like", True),
        ("{odd}", False),
    ]


@pytest.mark.usefixtures("in_english")
def test_a_title_may_mean_another_thing_than_a_column():
    made = grid("渠道", ("名称", "渠道"), [(1, 2)], width=100)
    assert (made.title, [one.header for one in made.columns]) == ("Clients", ["Name", "Channel"])


def test_braces_in_a_value_are_no_fields():
    assert said("没有订单 {order}。", order="{x}") == "没有订单 {x}。"
    assert listed(["{a}", "b"]) == "{a}、b"


@pytest.mark.usefixtures("in_english")
def test_what_has_no_twin_is_said_in_chinese():
    assert said("没有第二种说法 {n}。", n=1) == "没有第二种说法 1。"
    assert said("没有订单 {order}。", order="{x}") == "There is no order {x}."


@pytest.mark.usefixtures("in_english")
def test_places_and_kinds_of_messages_are_in_english():
    assert (spoken_words.row_of("", 3), spoken_words.row_of("S", 3)) == ("row 3", "sheet “S” row 3")
    names = [
        spoken_words.message_name(subject, channel, "企业微信")
        for subject, channel in (
            ("notice", "sms"),
            ("alert", "email"),
            ("order", "wecom"),
            ("batch", "wecom"),
            ("x", "y"),
        )
    ]
    assert names == ["notice by text message", "alert by e-mail", "message to wecom", "batch, told to a group", "x"]


def test_the_check_up_and_the_jobs_go_by_their_codes(run: Run, in_english: None):
    found = run("doctor").output
    assert "schema: " in found
    jobs = run("jobs", "list").output
    assert "batch" in jobs
    assert "出批次" not in jobs
