# ruff: noqa: RUF001 - full-width characters are what people and spreadsheets send
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import MAX_FEN, NotMoney, fen_of_fen, fen_of_yuan, yuan


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("599", 59900),
        ("599.0", 59900),
        ("599.00", 59900),
        ("0.01", 1),
        ("0", 0),
        ("007.5", 750),
        (599, 59900),
        (599.0, 59900),
        (599.99, 59999),
        (0.1, 10),
        (19.9, 1990),
        ("9999999999.99", MAX_FEN - 1),
    ],
)
def test_yuan_of_any_usual_form_become_fen(written: object, fen: int):
    assert fen_of_yuan(written) == fen


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            " ",
            "1.234",
            "-1",
            "+1",
            "1,000",
            "1e3",
            ".5",
            "5.",
            "五百",
            "１",
            "599元",
            "NaN",
            "10000000000",
            "1\n",
            "0x10",
        ),
        *(0.1 + 0.2, -0.01, -0.0, float("nan"), float("inf"), 1e16, 10**10, True, None, [], {}, b"1"),
    ],
)
def test_what_is_no_amount_of_yuan_is_refused_and_not_rounded(written: object):
    with pytest.raises(NotMoney):
        fen_of_yuan(written)


@pytest.mark.parametrize(
    ("written", "fen"), [(59900, 59900), ("59900", 59900), (59900.0, 59900), (0, 0), (MAX_FEN, MAX_FEN)]
)
def test_fen_are_read_as_a_whole_number(written: object, fen: int):
    assert fen_of_fen(written) == fen


@pytest.mark.parametrize(
    "written", [-1, MAX_FEN + 1, 1.5, "1.5", "-1", "", "１", "²", "abc", True, None, float("nan"), float("inf")]
)
def test_what_is_no_number_of_fen_is_refused(written: object):
    with pytest.raises(NotMoney):
        fen_of_fen(written)


@pytest.mark.parametrize(
    ("fen", "written"), [(0, "0.00"), (1, "0.01"), (59900, "599.00"), (-150, "-1.50"), (123456789, "1234567.89")]
)
def test_fen_are_written_as_yuan_with_two_decimals(fen: int, written: str):
    assert yuan(fen) == written


@given(st.integers(0, MAX_FEN - 1))
def test_money_comes_back_as_it_went(fen: int):
    assert fen_of_yuan(yuan(fen)) == fen
    assert fen_of_fen(fen) == fen_of_fen(str(fen)) == fen


@given(st.integers(0, 10**9))
def test_a_float_means_what_its_shortest_form_says(fen: int):
    assert fen_of_yuan(fen / 100) == fen
