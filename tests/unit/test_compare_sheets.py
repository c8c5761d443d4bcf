"""Each cell that a spreadsheet changed is named, and nothing that it left alone."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.files.compare_sheets import Change, WrittenSheet, compare_sheets
from app.files.sheet_reader import Row

HEADINGS = ["单号", "商品", "外部单号", "数量", "单价", "时间"]
A, B = "LBAAAAAAAAAAAAA", "LBBBBBBBBBBBBBB"
ROWS = [
    [A, "00123", "'=1+1", "2", "299.50", "2026-11-22 10:00:00"],
    [A, "1-2", "463012345678901234", "1", "0.00", "2026-11-22 10:00:00"],
    [B, "𠮷", "", "1", "5.00", "2026-11-22 10:00:30"],
]
SHEET = WrittenSheet(HEADINGS, ROWS, 0, frozenset({3, 4}))


def changes(rows: Sequence[Sequence[object]], headings: Sequence[object] | None = HEADINGS) -> list[Change]:
    sheet = [headings, *rows] if headings is not None else rows
    return compare_sheets(SHEET, [Row(n, tuple(cells)) for n, cells in enumerate(sheet, start=1) if cells])


def with_cell(row: int, place: int, cell: object) -> list[list[object]]:
    rows: list[list[object]] = [list(cells) for cells in ROWS]
    rows[row][place] = cell
    return rows


def test_what_was_written_is_what_was_written_in_whatever_order():
    assert changes(ROWS) == changes(ROWS[::-1]) == []
    assert changes([[A, *row[1:3], int(row[3]), float(row[4]), row[5]] for row in ROWS[:2]] + [ROWS[2]]) == []


@pytest.mark.parametrize("cell", ["=1+1", "'=1+1"])
def test_an_apostrophe_that_defused_a_formula_may_be_there_or_not(cell: str):
    assert changes(with_cell(0, 2, cell)) == []


def test_columns_in_another_order_are_the_same_columns():
    order = [2, 5, 0, 1, 4, 3]
    assert changes([[row[i] for i in order] for row in ROWS], [HEADINGS[i] for i in order]) == []


MANGLED = [
    # row, place, the cell as it came back, and how it reads
    (0, 1, "123", "123"),
    (0, 1, 123, "123"),
    (0, 1, 123.0, "123"),
    (1, 1, "1月2日", "1月2日"),
    (1, 1, datetime(2026, 1, 2), "2026-01-02 00:00:00"),  # noqa: DTZ001 - as openpyxl gives it
    (1, 2, "4.63E+17", "4.63E+17"),
    (1, 2, 4.63012345678901e17, "4.63012345678901e+17"),
    (1, 2, "463012345678901000", "463012345678901000"),
    (1, 2, '="463012345678901234"', '="463012345678901234"'),
    (1, 2, "463012345678901234\t", "463012345678901234\t"),
    (2, 1, "?", "?"),
    (0, 5, "2026/11/22 10:00", "2026/11/22 10:00"),
    (0, 3, "3", "3"),
    (0, 3, "", ""),
    (0, 4, "299.5元", "299.5元"),
    (2, 2, "多写", "多写"),
    (0, 1, True, "TRUE"),
]


@pytest.mark.parametrize(("row", "place", "cell", "reads"), MANGLED)
def test_a_cell_that_a_spreadsheet_changed_is_named(row: int, place: int, cell: object, reads: str):
    (change,) = changes(with_cell(row, place, cell))
    assert change == Change(row + 2, HEADINGS[place], ROWS[row][place].removeprefix("'"), reads)


@pytest.mark.parametrize("cell", ["299.5", 299.5, "299.500"])
def test_an_amount_without_its_last_nought_is_the_same_amount_and_a_sku_is_not(cell: object):
    assert changes(with_cell(0, 4, cell)) == []
    sheet = WrittenSheet(HEADINGS, ROWS, 0)
    assert len(compare_sheets(sheet, [Row(1, tuple(HEADINGS)), Row(2, (*ROWS[0][:4], cell, ROWS[0][5]))])) > 1


def test_rows_that_are_missing_added_or_doubled_are_told_as_such():
    assert changes(ROWS[1:]) == [Change(2, "", A, "")]
    assert changes([*ROWS, ROWS[0]]) == [Change(5, "", "", A)]
    assert changes([*ROWS, ["LBCCCCCCCCCCCCC", "x"]]) == [Change(5, "", "", "LBCCCCCCCCCCCCC")]
    assert changes([]) == [Change(n, "", number, "") for n, number in ((2, A), (3, A), (4, B))]


def test_an_order_whose_number_was_changed_is_found_by_its_other_cells():
    assert changes(with_cell(2, 0, "LBBBB")) == [Change(4, "单号", B, "LBBBB")]
    rows = with_cell(2, 0, "LBBBB")
    rows[2][4] = "6.00"
    assert changes(rows) == [Change(4, "单号", B, "LBBBB"), Change(4, "单价", "5.00", "6.00")]


@pytest.mark.parametrize("number", [f'="{A}"', f"{A} ", f"'{A}", f"\t{A}"])
def test_a_wrapped_number_still_tells_the_order_and_is_a_change(number: str):
    assert changes(with_cell(0, 0, number)) == [Change(2, "单号", A, number)]


def test_headings_that_have_gone_changed_or_been_added_are_told_once():
    renamed = [*HEADINGS[:4], "价格", HEADINGS[5]]
    assert changes(ROWS, renamed) == [Change(1, "单价", "单价", "价格")]
    assert changes([row[:5] for row in ROWS], HEADINGS[:5]) == [Change(1, "时间", "时间", "")]
    assert changes([[*row, "备注"] for row in ROWS[:1]] + ROWS[1:], [*HEADINGS, "备注"]) == [
        Change(1, "备注", "", "备注"),
        Change(2, "备注", "", "备注"),
    ]
    assert changes(ROWS, None) == [Change(1, "", "、".join(HEADINGS), "")]


def test_a_title_above_the_headings_is_a_row_that_was_added():
    titled = [Row(1, ("十一月批次",)), *(Row(n, tuple(row)) for n, row in enumerate([HEADINGS, *ROWS], start=2))]
    assert compare_sheets(SHEET, titled) == [Change(1, "", "", "十一月批次")]


def test_cells_cut_off_at_the_end_of_a_row_are_empty_ones():
    sheet = WrittenSheet(HEADINGS, [[A, "x", "", "", "", ""]], 0)
    assert compare_sheets(sheet, [Row(1, tuple(HEADINGS)), Row(2, (A, "x"))]) == []


CELLS = st.sampled_from([A, "LBX", "1", "00123", "'=1", "", "x"])
LINES = st.tuples(st.sampled_from([A, B, "LBX", "LBY"]), CELLS, CELLS, CELLS, CELLS, CELLS).map(list)


@given(st.lists(LINES, max_size=8).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_any_sheet_is_itself_in_whatever_order(sheets: tuple[list[list[str]], list[list[str]]]):
    written, mixed = sheets
    found = [Row(n, tuple(row)) for n, row in enumerate([HEADINGS, *mixed], start=1)]
    assert compare_sheets(WrittenSheet(HEADINGS, written, 0), found) == []


@given(st.lists(LINES, max_size=8), st.lists(LINES, max_size=8))
def test_rows_that_are_not_missing_and_rows_that_were_not_added_are_the_same_many(
    written: list[list[str]], found: list[list[str]]
):
    rows = [Row(n, tuple(row)) for n, row in enumerate([HEADINGS, *found], start=1)]
    told = compare_sheets(WrittenSheet(HEADINGS, written, 0), rows)
    missing = [change for change in told if not change.column and change.written]
    added = [change for change in told if not change.column and change.found]
    assert len(written) - len(missing) == len(found) - len(added)
    assert bool(told) is (sorted(written) != sorted(found))
