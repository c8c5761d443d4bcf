"""In whatever a main system or a person hands back, the tables and lists of results are found, and the rest is named."""

from datetime import date, datetime, time
from pathlib import Path

import pytest

from app.domain.problems import InvalidResults, Malformed, TooLarge
from app.files.layouts.registry import shipped_layouts
from app.files.sheet_reader import Formula, Limits, Row, Sheet, UnreadableSheet
from app.handback.find_results import Asked, find_results
from app.handback.found_results import FoundResults, as_lines, as_refusal, from_lines
from app.handback.headings import Headings, as_name, headings_with, shipped_headings
from app.handback.read_results import read_results
from app.handback.result_lines import BadLine, RawLine, RawResults
from tests.unit.workbooks import package, sheet_xml

LAYOUTS = shipped_layouts()
SHIPPED = shipped_headings().with_numbers(LAYOUTS.number_headings)
HEADER = ["应急单号", "结果", "主系统单号", "原因"]


def find(data: bytes | str, headings: Headings = SHIPPED) -> FoundResults:
    return find_results(data.encode() if isinstance(data, str) else data, Asked(headings))


def lines(data: bytes | str, headings: Headings = SHIPPED) -> list[tuple[object, ...]]:
    return [row.cells for sheet in find(data, headings).tables for row in sheet.rows]


def read(data: bytes | str) -> RawResults:
    raw = data.encode() if isinstance(data, str) else data
    return read_results(raw, headings=SHIPPED, numbers_by_row=lambda: ["N1", "N2", "N3"])


def refusal(data: bytes | str, headings: Headings = SHIPPED) -> str:
    with pytest.raises(UnreadableSheet) as caught:
        find(data, headings)
    return caught.value.sentence


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("线上订单号,内部订单号,结果,失败原因", ("线上订单号", "结果", "内部订单号", "失败原因")),
        ("内部订单号,状态,线上订单号,处理结果", ("线上订单号", "处理结果", "内部订单号", None)),
        ("订单号,线上订单号,导入结果", ("线上订单号", "导入结果", "订单号", None)),
        ("订单号,线上单号,导入结果", ("线上单号", "导入结果", None, None)),
        ("店铺,订单编号,原始单号,结果,错误信息", ("原始单号", "结果", "订单编号", "错误信息")),
        ("单据编号,平台单号,导入状态,错误提示", ("平台单号", "导入状态", "单据编号", "错误提示")),
        ("*订单号,*处理结果：,ERP 单号,备注", ("*订单号", "*处理结果：", "ERP 单号", None)),
        ("平台 订单号（必填）,结果(必填)", ("平台 订单号（必填）", "结果(必填)", None, None)),
        ("ORDER_number,Result,MAIN_order_number,Message", ("ORDER_number", "Result", "MAIN_order_number", "Message")),
        ("单号,是否成功,系统单号,返回信息", ("单号", "是否成功", "系统单号", "返回信息")),
        ("分销员,应急单号,结果,分销员", ("应急单号", "结果", None, None)),
    ],
)  # fmt: skip
def test_columns_are_known_by_the_names_of_real_programs(header: str, cells: tuple[str | None, ...]):
    """Each cell of the data row repeats its heading, so that what is read tells which column it came from."""
    data = header + "\n" + ",".join(f"={name}" for name in header.split(","))
    assert lines(data) == [tuple(cell and f"={cell}" for cell in cells)]


def test_columns_that_were_not_used_are_named():
    found = find("订单号,线上单号,结果,金额,,金额\nE1,A,成功,1,2,3\n")
    assert found.unused_columns == ("订单号", "金额")
    twice = package(
        {"一": sheet_xml([*HEADER, "店铺"], ["A", "成功"]), "二": sheet_xml([*HEADER, "店铺"], ["B", "成功"])}
    )
    assert find(twice).unused_columns == ("店铺",)


def test_a_heading_of_our_own_files_is_taken_for_nothing_else():
    """Our own file with a column of results added comes back: no other column of it may count as an answer."""
    for layout in LAYOUTS:
        header = [column.heading for column in layout.columns]
        (cells,) = lines(",".join([*header, "结果"]) + "\n" + ",".join(f"={name}" for name in [*header, "结果"]))
        assert cells == (f"={layout.number_heading}", "=结果", None, None), layout.name


def test_two_columns_of_one_name_are_refused_where_they_count():
    assert "两列都叫“结果”" in refusal("应急单号,结果,结 果\nA,成功,失败\n")
    assert "两列都叫“原因”" in refusal("应急单号,结果,原因,原因\nA,成功,,\n")


@pytest.mark.parametrize("above", [1, 3, 15])
def test_titles_above_the_header_are_passed_over(above: int):
    titles = "".join(f"导入结果 {n},,\n" for n in range(above))
    assert lines(f"{titles}应急单号,结果\nA,成功\n") == [("A", "成功", None, None)]
    assert find(f"{titles}应急单号,结果\nA,成功\n").tables[0].rows[0].number == above + 2
    two = package(
        {
            "a": sheet_xml(
                ["应急单号", "系统", None], [None, "结果", "原因"], ["A", "成功", "x"], merged=["A1:A2", "B1:C1"]
            )
        }
    )
    assert lines(two) == [("A", "成功", None, "x")]


def test_a_header_that_comes_again_is_no_line():
    assert lines("应急单号,结果\nA,成功\n应急单号,结果\nB,失败\n") == [
        ("A", "成功", None, None),
        ("B", "失败", None, None),
    ]


@pytest.mark.parametrize(
    "data",
    [
        "应急单号,结果,原因,商品\nA,失败,一,x\n,失败,二,y\n,,,z\nB,成功,,x\n",
        package({"a": sheet_xml(["应急单号", "结果", "原因", "商品"], ["A", "失败", "一", "x"], [None, "失败", "二", "y"], [None, None, None, "z"], ["B", "成功"])}),
        "<table><tr><td>应急单号<td>结果<td>原因<tr><td rowspan=2>A<td>失败<td>一<tr><td>失败<td>二<tr><td>B<td>成功</table>",
    ],
    ids=["csv", "xlsx", "html"],
)  # fmt: skip
def test_a_blank_number_belongs_to_the_order_above(data: bytes | str):
    assert lines(data) == [("A", "失败", None, "一"), ("A", "失败", None, "二"), ("B", "成功", None, None)]


def test_a_blank_number_below_a_gap_belongs_to_nobody():
    assert lines("应急单号,结果\nA,成功\n\n,失败\n") == [("A", "成功", None, None), (None, "失败", None, None)]
    assert lines("应急单号,结果\n,失败\nA,成功\n") == [(None, "失败", None, None), ("A", "成功", None, None)]


@pytest.mark.parametrize("cell", ["A\t", "\tA", ' ="A" ', "　A", "\ufeffA", '"=""A"""'])
def test_cells_lose_what_kept_their_digits(cell: str):
    assert lines(f"应急单号,结果\n{cell},成功\t\n") == [("A", "成功", None, None)]


def test_an_apostrophe_that_made_a_text_goes_and_one_within_a_reason_stays():
    raw = read("应急单号,结果,主系统单号,原因\n'A,'失败,'0012,'=1+1\n")
    assert raw.lines == (RawLine(2, "A", "失败", "0012", "'=1+1"),)


def test_every_visible_sheet_is_read_and_the_others_are_named():
    data = package(
        {
            "成功": sheet_xml(HEADER, ["A", "成功", "M1"]),
            "空白": sheet_xml(),
            "失败": sheet_xml(["失败清单"], HEADER, ["B", "失败", None, "缺货"]),
            "旧": sheet_xml(HEADER, ["A", "失败"]),
            "商品": sheet_xml(["应急单号", "商品"], ["A", "x"]),
            "店铺": sheet_xml(["甲", "乙"]),
            "错误": sheet_xml(["第 3 行 省份不能为空"]),
        },
        hidden=["旧"],
    )
    found = find(data)
    assert [(table.name, [row.cells[0] for row in table.rows]) for table in found.tables] == [
        ("成功", ["A"]),
        ("失败", ["B"]),
    ]
    assert [one.name for one in found.lists] == ["错误"]
    assert found.unread == (
        "工作表“旧”是隐藏的，没有读取",
        "工作表“商品”没有读取：表头缺少“结果”列（成功、重复、失败）",
        "工作表“店铺”既没有表头也没有错误信息，没有读取",
    )
    raw = read(data)
    assert raw.unread == found.unread
    assert RawLine(1, "N2", "失败", None, "省份不能为空", (3,), "错误") in raw.lines


def test_a_sheet_that_was_not_read_forbids_to_call_the_rest_imported():
    data = package({"错误": sheet_xml(["第 2 行 缺货"]), "甲": sheet_xml(["批次", 3]), "乙": sheet_xml(["无"])})
    assert find(data).unclear == ("工作表“甲”既没有表头也没有错误信息，没有读取",)
    raw = read_results(data, headings=shipped_headings(), numbers_by_row=lambda: ["N1"], rest="imported")
    assert [line.hint for line in raw.lines if isinstance(line, BadLine)] == list(find(data).unclear)
    assert not [line for line in read(data).lines if isinstance(line, BadLine)]


@pytest.mark.parametrize("data", [b"", b"\n", package({"甲": sheet_xml()}), "应急单号,结果\n".encode()])
def test_a_file_that_lists_nothing_is_refused_unless_the_rest_is_spoken_of(data: bytes):
    with pytest.raises(InvalidResults, match=r"空的|没有数据行"):
        read_results(data, headings=shipped_headings())
    assert read_results(data, headings=shipped_headings(), rest="imported").lines == ()


def test_a_whole_number_in_json_is_exact():
    text = '{"results": [{"order_number": "A", "result": "imported", "main_order_number": 3301234567890123456}]}'
    assert lines(text) == [("A", "imported", "3301234567890123456", None)]


def test_row_errors_on_two_sheets_are_all_read():
    data = package({"商品": sheet_xml(["第 2 行 商品编码不存在"]), "地址": sheet_xml(["第 4 行 省份不能为空"])})
    assert [line.number for line in read(data).lines if isinstance(line, RawLine)] == ["N1", "N3"]
    assert {row.sheet for one in find(data).lists for row in one.rows} == {"商品", "地址"}


def test_what_one_sheet_says_of_its_rows_holds_for_no_other():
    """A heading 导入成功的行, or a column of row numbers, is of its own sheet alone."""
    data = package(
        {
            "成功": sheet_xml(["导入成功的行："], ["第 2 行"]),
            "失败": sheet_xml(["行号", "错误"], [3, "缺货"]),
            "其他": sheet_xml([2, "笔导入成功的不在此列"], ["第 4 行", "缺货"]),
        }
    )
    found = [(line.sheet, line.number, line.result) for line in read(data).lines if isinstance(line, RawLine)]
    assert found == [("成功", "N1", "成功"), ("失败", "N2", "失败"), ("其他", "N3", "失败")]


def test_a_sheet_beside_a_table_that_is_no_list_of_errors_stops_nothing():
    data = package({"结果": sheet_xml(HEADER, ["A", "成功"]), "说明": sheet_xml(["失败的东西 3 个"])})
    raw = read(data)
    assert raw.lines == (RawLine(2, "A", "成功", None, None, sheet="结果"),)
    assert raw.unread == ("工作表“说明”不是错误清单，没有读取",)
    with pytest.raises(InvalidResults):
        read(package({"说明": sheet_xml(["失败的东西 3 个"])}))


def test_rows_are_counted_over_all_sheets():
    rows = [["A", "成功"]] * 30
    data = package({str(n): sheet_xml(["应急单号", "结果"], *rows) for n in range(4)})
    with pytest.raises(UnreadableSheet, match="最多 40 行（所有工作表合计）"):
        find_results(data, Asked(SHIPPED, limits=Limits(rows=40)))


def test_a_cell_is_no_longer_than_what_is_kept_of_it():
    assert len(str(lines(f"应急单号,结果,原因\nA,失败,{'长' * 5000}\n")[0][3])) == 1000


def test_a_workbook_without_results_is_refused_with_the_names_of_its_sheets():
    assert "隐藏的工作表（甲）" in refusal(package({"甲": sheet_xml(HEADER, ["A", "成功"])}, hidden=["甲"]))
    two = package({"甲": sheet_xml(["a"]), "乙": sheet_xml(["b"])})
    assert "“甲”" in refusal(two)
    assert "“乙”" in refusal(two)
    assert "工作表“甲”：表头缺少“结果”列" in refusal(
        package({"甲": sheet_xml(["应急单号"], ["A"]), "乙": sheet_xml(["b"])})
    )


def test_a_formula_without_a_value_is_a_bad_line_and_never_a_word():
    formula = '<c r="%s2"><f>VLOOKUP(1)</f></c>'
    for at, column in enumerate(HEADER):
        row = ["A", "成功", "M1", "x"]
        row[at] = formula % "ABCD"[at]
        bad, good = read(package({"a": sheet_xml(HEADER, row, ["B", "成功"])})).lines
        assert bad == BadLine(2, column, "formula", f"{column}是公式，请粘贴为数值", "a")
        assert good == RawLine(3, "B", "成功", sheet="a")


@pytest.mark.parametrize(
    ("data", "is_json"),
    [
        ('{"results": [{"order_number": "A", "result": "imported"}]}', True),
        ('\ufeff{"results": []}', True),
        ("[2026-11-22 10:35:01] 第 2 行 商品编码不存在", False),
        ("[错误] 第 2 行 x", False),
        ("{第 2 行}", None),
        ("[1]", None),
        ("null", False),
    ],
)  # fmt: skip
def test_a_bracket_may_begin_a_line_of_a_log(data: str, is_json: bool | None):  # noqa: FBT001
    if is_json is None:
        with pytest.raises((Malformed, UnreadableSheet)):
            find(data)
    else:
        assert find(data).is_json is is_json


def test_a_list_that_is_far_too_long_is_refused():
    assert "过长" in refusal("第 2 行 失败\n" + f"第 3 行 {'fail' * 10_000}\n" * 150)


# ---- the merchant's own names ----------------------------------------------------------------------------------------


def own(folder: Path, text: str) -> Headings:
    file = folder / "columns.toml"
    file.write_text(text, encoding="utf-8")
    return headings_with(file).with_numbers(LAYOUTS.number_headings)


def test_a_merchants_own_names_come_before_ours(tmp_path: Path):
    headings = own(tmp_path, 'number = ["救生艇号"]\nresult = ["回执"]\n[beside]\n"救生艇号" = ["我方号"]\n')
    assert lines("应急单号,救生艇号,结果,回执,我方号\n1,A,x,成功,M1\n", headings) == [("A", "成功", "M1", None)]
    assert lines("应急单号,结果\nA,成功\n", headings) == [("A", "成功", None, None)]
    assert headings.trouble == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("number = 1", "列名的列表"),
        ('reason = [""]', "列名的列表"),
        ('reasons = ["x"]', "不认识 reasons"),
        ("beside = 1", "[beside]"),
        ('[beside]\n"a" = "b"', "列名的列表"),
        ("number = [", "语法"),
        (f"number = {['x' * 3] * 600}", "最多 500"),
    ],
)
def test_a_wrong_file_of_names_is_told_and_stops_nothing(tmp_path: Path, text: str, words: str):
    headings = own(tmp_path, text)
    assert words in headings.trouble
    found = find("应急单号,结果\nA,成功\n", headings)
    assert found.tables[0].rows
    assert words in found.unread[0]


def test_a_missing_file_of_names_is_told(tmp_path: Path):
    assert "LIFEBOAT_RESULT_COLUMNS" in headings_with(tmp_path / "none.toml").trouble


def test_a_heading_is_compared_as_people_mean_it():
    assert {as_name(one) for one in ('="失败 原因"', "*失败原因：", "\ufeff失败\n原因", "'失败原因")} == {"失败原因"}
    assert as_name("\uff25\uff32\uff30 单号") == "erp单号"
    assert as_name(None) == ""


# ---- from one process to another -------------------------------------------------------------------------------------


def passed(found: FoundResults) -> FoundResults | None:
    return from_lines(line.encode() for line in as_lines(found))


def test_what_was_found_passes_unchanged():
    cells = ("A\ud800", Formula("A1"), datetime(2026, 1, 2), date(2026, 1, 2), time(3), 1, 1.5, True, None)  # noqa: DTZ001
    found = FoundResults(
        (Sheet("一", (Row(2, cells, "一"),)), Sheet("空", ())),
        (Sheet("", (Row(1, ("x",), "", "第 1 行"),)),),
        ("没有读取",),
        ("店铺",),
        is_json=True,
        unclear=("没有读取",),
    )
    assert passed(found) == found


@pytest.mark.parametrize("error", [Malformed(), TooLarge("过大"), UnreadableSheet("读不了")])
def test_a_refusal_passes_too(error: Malformed | TooLarge | UnreadableSheet):
    with pytest.raises(type(error), match=str(error)):
        from_lines([as_refusal(error).encode()])


def test_what_breaks_off_is_nothing():
    whole = [line.encode() for line in as_lines(find("应急单号,结果\nA,成功\n"))]
    assert from_lines(whole) is not None
    assert from_lines(whole[:-1]) is None
    assert from_lines([*whole[:-1], b'{"broken": "MemoryError"}']) is None
    assert from_lines([b"Traceback", *whole]) is None
    assert from_lines([b"1"]) is None
