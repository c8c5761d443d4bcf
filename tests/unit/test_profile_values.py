"""What single values and expressions become."""

from datetime import datetime

import pytest

from app.intake.profile.expression import BadValue, compile_expression
from app.intake.profile.fields import money_from_fen, money_from_yuan, text_of, time_of, translated, whole_of
from tests.deployment.facts import TEN, ZONE, seconds

MOMENT = TEN + seconds(5)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T10:00:05+08:00",
        "2026-11-22T02:00:05Z",
        "2026-11-22T10:00:05",
        "2026-11-22 10:00:05",
        "2026-11-22 10:00:05.0",
        "2026/11/22 10:00:05",
        "20261122100005",
        20261122100005,
        1795312805,
        "1795312805",
        1795312805.0,
        1795312805000,
        "1795312805000",
    ],
)
def test_a_time_is_read_in_every_usual_form(value: object):
    assert time_of(value, ZONE) == MOMENT


def test_a_date_alone_is_its_local_midnight():
    assert time_of("2026-1-2", ZONE) == datetime(2026, 1, 2, tzinfo=ZONE)


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "  ", [], {}),
        *(0, "0", "0.0", 0.0, -1, "-1", "-62135596800", -62135596800000, -(10**20), float("-inf")),
        *("0000-00-00 00:00:00", "0000-00-00T00:00:00Z", "0000/00/00"),
        *("0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00.000", "0001/1/1", "00010101000000"),
        *("1900-01-01", "1899-12-30T00:00:00", "1753-01-01 00:00:00", "9999-12-31", "9999-12-31T23:59:59.9999999Z"),
    ],
)
def test_what_programs_write_for_no_time_is_missing(value: object):
    assert time_of(value, ZONE) is None


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("20261122", datetime(2026, 11, 22, tzinfo=ZONE)),
        (20261122, datetime(2026, 11, 22, tzinfo=ZONE)),
        ("202611221000", datetime(2026, 11, 22, 10, 0, tzinfo=ZONE)),
        (202611221000, datetime(2026, 11, 22, 10, 0, tzinfo=ZONE)),
        ("20261122100001", datetime(2026, 11, 22, 10, 0, 1, tzinfo=ZONE)),
        (20261122100001, datetime(2026, 11, 22, 10, 0, 1, tzinfo=ZONE)),
        ("20261122100001123", datetime(2026, 11, 22, 10, 0, 1, tzinfo=ZONE)),
        (1795312801, datetime(2026, 11, 22, 10, 0, 1, tzinfo=ZONE)),
    ],
)
def test_the_digits_of_a_date_are_local_time_and_no_count(value: object, read: datetime):
    assert time_of(value, ZONE) == read


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "2026-13-01",
        "2026-02-30 10:00:00",
        True,
        10**20,
        float("inf"),
        float("nan"),
        1e-7,
        ["2026"],
        "20261332100000",
    ],
)
def test_what_is_no_time_is_refused(value: object):
    with pytest.raises(BadValue):
        time_of(value, ZONE)


@pytest.mark.parametrize(
    ("value", "yuan"),
    [
        (59900, "599.00"),
        ("59900", "599.00"),
        (" 1 ", "0.01"),
        ("59900.00", "599.00"),
        (59900.0, "599.00"),
        (0, "0.00"),
        ("", None),
        (None, None),
    ],
)
def test_fen_become_yuan_without_floats(value: object, yuan: str | None):
    assert money_from_fen(value) == yuan


@pytest.mark.parametrize("value", [-1, "-1", "5.5", 5.5, True, "￥5", [], 10**13, "9" * 5000])
def test_what_is_no_whole_fen_is_refused(value: object):
    with pytest.raises(BadValue):
        money_from_fen(value)


@pytest.mark.parametrize(
    ("value", "left"), [("599.0000", "599"), ("19.90", "19.9"), (" 5 ", "5"), ("", None), (None, None), (5, 5)]
)
def test_yuan_lose_their_idle_zeros(value: object, left: object):
    assert money_from_yuan(value) == left


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("A", "A"),
        (" ", None),
        (None, None),
        ([], None),
        ({}, None),
        (1001, "1001"),
        (1001.0, "1001"),
        (True, True),
        (1.5, 1.5),
        (["a"], ["a"]),
    ],
)
def test_a_number_becomes_its_digits_and_emptiness_is_missing(value: object, text: object):
    assert text_of(value) == text


def test_an_endless_number_is_no_text():
    with pytest.raises(BadValue):
        text_of(10**5000)


@pytest.mark.parametrize(("value", "number"), [("2", "2"), ("2.00", "2"), (2, 2), ("", None), (None, None)])
def test_a_quantity_may_be_a_text(value: object, number: object):
    assert whole_of(value) == number


def test_a_translation_knows_others_and_missing_ones_apart():
    translate = translated({"1": "unpaid", "true": "paid", "*": "cod", "": "unpaid"})
    assert [translate(value) for value in (1, "1", " 1 ", True, "x", None, "", [1])] == ["unpaid"] * 3 + [
        "paid",
        "cod",
        "unpaid",
        "unpaid",
        "cod",
    ]
    with pytest.raises(BadValue, match="已有：1"):
        translated({"1": "paid"})("2")
    assert translated({"1": "paid"})(None) is None


@pytest.mark.parametrize(
    ("source", "path", "plain"),
    [
        ("a.b[0].c", ("a", "b", 0, "c"), True),
        ("@", (), True),
        ("a || b", ("a",), False),
        ("join(' ', [a.b, c])", ("a", "b"), False),
        ("a[?x].b", ("a",), False),
        ("a[].b", ("a",), False),
        ("a | b", ("a", "b"), False),
        ("from_json(biz).x", ("biz",), False),
        ("`1`", (), False),
    ],
)
def test_an_expression_says_which_field_it_reads(source: str, path: tuple[str | int, ...], plain: bool):  # noqa: FBT001 - a table's column
    compiled = compile_expression(source)
    assert (compiled.path, compiled.plain) == (path, plain)


@pytest.mark.parametrize(
    ("source", "payload", "found"),
    [
        ("a.b[1]", {"a": {"b": [1, 2]}}, 2),
        ("a.b[-1]", {"a": {"b": [1, 2]}}, 2),
        ("a.b[5]", {"a": {"b": [1, 2]}}, None),
        ("a[0]", {"a": "text"}, None),
        ("a.b", {"a": "text"}, None),
        ("split(a, ';')", {"a": "x;;y;"}, ["x", "y"]),
        ("split(a, ';')", {}, None),
        ("from_json(a).b", {"a": '{"b": 1}'}, 1),
        ("from_json(a)", {}, None),
    ],
)
def test_an_expression_finds_its_value(source: str, payload: object, found: object):
    assert compile_expression(source).find(payload) == found


@pytest.mark.parametrize("source", ["from_json(a)", "split(a, '')", "avg(b)", "sort(b)"])
def test_an_expression_that_fails_says_so(source: str):
    with pytest.raises(BadValue, match="无法按表达式"):
        compile_expression(source).find({"a": "x{", "b": "x"})
