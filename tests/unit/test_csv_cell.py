# ruff: noqa: RUF001 - full-width characters are what people and spreadsheets send
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.csv_cell import DamagedBySpreadsheet, defuse, identifier_of, on_one_line, undefuse, without_controls

TRIGGERS = "=+-@\t\r\n＝＋－＠"
NASTY = st.text(
    alphabet=st.sampled_from([*TRIGGERS, "'", " ", "\u3000", "\ufeff", "\u00a0", "a", "1", '"', ","]), max_size=12
)


@given(st.text() | NASTY)
def test_defusing_can_be_taken_back_exactly(text: str):
    assert undefuse(defuse(text)) == text


@given(st.text() | NASTY)
def test_a_defused_cell_never_begins_with_what_executes(text: str):
    safe = defuse(text)
    assert safe.lstrip(" \u00a0\u3000\ufeff")[:1] not in set(TRIGGERS)


@given(st.text(alphabet=st.characters(categories=["L", "N"])))
def test_ordinary_text_is_left_alone(text: str):
    assert defuse(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", " =1", "\u3000＝1", "\tx", "'=1", "''=1"])
def test_what_a_spreadsheet_would_execute_gets_an_apostrophe(text: str):
    assert defuse(text) == "'" + text


def test_control_characters_go_and_line_ends_stay():
    assert without_controls("a\x00b\x07c\td\r\ne\x7f") == "abc\td\r\ne"


@pytest.mark.parametrize(
    "end",
    [
        "\r\n",
        "\n",
        "\r",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x1d",
        "\x1e",
        "\x85",
        "\u2028",
        "\u2029",
        "_x000D_",
        "_x000d_\n",
        "_x000A_",
    ],
)
def test_each_end_of_a_line_becomes_one_blank_and_the_words_stay(end: str):
    assert on_one_line(f"文三路 1 号{end}3 号楼") == "文三路 1 号 3 号楼"
    assert on_one_line(end) == " "
    assert defuse(on_one_line(f"{end}=1+1")) == "' =1+1"


@given(st.text())
def test_what_is_on_one_line_has_one_line_and_no_character_that_no_file_may_hold(text: str):
    one = on_one_line(text)
    assert len(one.splitlines()) <= 1
    assert on_one_line(one) == one
    ET.fromstring(f"<t>{escape(one)}</t>")  # noqa: S314 - our own


def test_text_that_looks_a_little_like_it_stays():
    assert on_one_line("x_x000B_y _x000 x000D") == "x_x000B_y _x000 x000D"


@pytest.mark.parametrize(
    ("cell", "identifier"),
    [
        (None, ""),
        ("", ""),
        ("LB123", "LB123"),
        ('="LB123"', "LB123"),
        ('=" 123 "', "123"),
        ("\tLB123\r\n", "LB123"),
        ("'123", "123"),
        ("\ufeffLB123\u200b", "LB123"),
        ("ＬＢ１２３", "LB123"),
        ("123.0", "123"),
        ("123.00", "123"),
        (123, "123"),
        (123.0, "123"),
        (10**15 - 1, "999999999999999"),
        ("330123456789012345", "330123456789012345"),
        ("E5", "E5"),
        ("LB1E5", "LB1E5"),
    ],
)
def test_an_identifier_is_read_as_spreadsheets_leave_it(cell: object, identifier: str):
    assert identifier_of(cell) == identifier


@pytest.mark.parametrize("cell", ["3.30123E+18", "1E5", "1e+5", 3.3e18, 1.5, 10**15, -(10**15)])
def test_a_rounded_number_is_named_and_never_repaired(cell: object):
    with pytest.raises(DamagedBySpreadsheet):
        identifier_of(cell)
