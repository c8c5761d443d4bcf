"""Whatever a spreadsheet has done to an upload, each line is read right or named, never guessed."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from app.domain.order_number import check_character
from app.domain.problems import InvalidResults, Malformed, Problem, TooLarge
from app.files.layouts.registry import shipped_layouts
from app.files.sheet_reader import Limits
from app.handback import read_results as reading
from app.handback.check_results import check_results
from app.handback.headings import shipped_headings
from app.handback.result_lines import ResultFile, ResultLine
from app.handback.result_words import words_with

A, B, C = (body + check_character(body) for body in ("LB000000000001", "LB000000000002", "LB000000000003"))
HEADER = "应急单号,结果,主系统单号,原因"
GOOD = f"{HEADER}\r\n{A},成功,M1,\r\n{B},失败,,SKU 不存在\r\n"
LINES = (ResultLine(2, A, "imported", "M1"), ResultLine(3, B, "failed", None, "SKU 不存在"))


HEADINGS = shipped_headings().with_numbers(shipped_layouts().number_headings)


def read_results(data: bytes, **how: object) -> ResultFile:
    return check_results(reading.read_results(data, headings=HEADINGS, **how))  # type: ignore[arg-type]


def xlsx(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def refused(data: bytes, **how: object) -> Problem:
    with pytest.raises(Problem) as caught:
        read_results(data, **how)
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_a_spreadsheet_writes_is_read(encoding: str):
    assert read_results(GOOD.encode(encoding)).lines == LINES


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "，"])
def test_every_delimiter_is_found_in_the_header(delimiter: str):
    assert read_results(GOOD.replace(",", delimiter).encode()).lines == LINES


def test_the_excel_form_is_read_alike():
    data = xlsx(["应急单号", "结果", "主系统单号", "原因"], [A, "成功", "M1", None], [B, "失败", None, "SKU 不存在"])
    assert read_results(data).lines == tuple(replace(line, sheet="Sheet") for line in LINES)


def test_the_json_form_is_read_alike():
    results = [
        {"order_number": A, "result": "imported", "main_order_number": "M1"},
        {"order_number": B, "result": "failed", "reason": "SKU 不存在"},
    ]
    found = read_results(
        json.dumps({"results": results}).encode(), content_type="application/json; charset=utf-8"
    ).lines
    assert [(line.number, line.result, line.main_order_number, line.reason) for line in found] == [
        (A, "imported", "M1", None),
        (B, "failed", None, "SKU 不存在"),
    ]
    assert read_results(b'{"results": []}').lines == ()


def test_columns_are_known_by_many_names_in_any_order():
    text = f"失败原因\t导入结果\t线上单号\t订单号\n无\t重复\t{A}\tERP-1\n"
    assert read_results(text.encode()).lines == (ResultLine(2, A, "duplicate", None, "无"),)


def test_our_own_file_with_a_result_column_added_can_be_sent_back():
    text = f"应急单号,备注,结果\n{A},买家：x,成功\n"
    assert read_results(text.encode()).lines == (ResultLine(2, A, "imported"),)


@pytest.mark.parametrize(
    ("cell", "result"),
    [
        ("成功", "imported"),
        ("Imported", "imported"),
        (" OK ", "imported"),
        ("重复", "duplicate"),
        ("DUPLICATE", "duplicate"),
        ("失败", "failed"),
        ("error", "failed"),
        ("【导入成功】！", "imported"),
        ("失败：缺货", "failed"),
        ("已存在，请勿重复导入", "duplicate"),
        ("更新成功", "duplicate"),
        ("导入失败（线上单号已存在）", "duplicate"),
    ],
)
def test_the_words_of_a_result(cell: str, result: str):
    assert read_results(f"{HEADER}\n{A},{cell},,\n".encode()).lines[0].result == result


@pytest.mark.parametrize("cell", [f'"=""{A}"""', f"\t{A}", f"'{A}", A.lower(), f"　{A} ", f"{A}\u200b"])
def test_a_number_is_recognised_as_spreadsheets_leave_it(cell: str):
    assert read_results(f"{HEADER}\n{cell},成功,,\n".encode()).lines[0].number == A


def test_a_main_number_stored_as_a_number_is_read_as_its_digits():
    data = xlsx(["应急单号", "结果", "主系统单号"], [A, "成功", 123456789012345], [B, "成功", 42.0])
    assert [line.main_order_number for line in read_results(data).lines] == ["123456789012345", "42"]


def test_an_apostrophe_of_our_own_is_taken_from_a_reason():
    assert read_results(f"{HEADER}\n{A},失败,,'=1+1\n".encode()).lines[0].reason == "=1+1"
    assert len(read_results(f"{HEADER}\n{A},失败,,{'长' * 900}\n".encode()).lines[0].reason or "") == 500


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",成功,,", "应急单号", "missing_number"),
        ("3.30123E+18,成功,,", "应急单号", "damaged_by_spreadsheet"),
        (f"{A},成功,3.3E+18,", "主系统单号", "damaged_by_spreadsheet"),
        (f"{A},,,", "结果", "missing_result"),
        (f"{A},大概,,", "结果", "unknown_result"),
        (f"{A},成功，但商品未匹配,,", "结果", "unknown_result"),
        (f"{A},跳过,,", "结果", "skipped"),
        (f"{A},失败,,疑似重复订单", "原因", "perhaps_there"),
        (f"{A},成功,,导入失败：缺货", "原因", "contradicts_itself"),
        (f"{A},成功,M1,失败", "原因", "contradicts_itself"),
        (f"{A},成功,,已跳过", "原因", "contradicts_itself"),
        (f"{A},失败,,导入成功", "原因", "contradicts_itself"),
        (f"{A},成功,{'9' * 65},", "主系统单号", "too_long"),
        (f"{A},成功,=A1+1,", "主系统单号", "formula"),
        (f"{A},成功,a\x00b,", "主系统单号", "control_character"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_taken(row: str, column: str, code: str):
    found = read_results(f"{HEADER}\n{row}\n{B},成功,,\n".encode())
    assert found.lines == (ResultLine(3, B, "imported"),)
    assert [(bad.row, bad.column, bad.code) for bad in found.bad] == [(2, column, code)]
    assert found.bad[0].hint


@pytest.mark.parametrize("reason", ["库存不足，已缺货占用", "商品编码未匹配", "address invalid, default used"])
def test_trouble_told_beside_a_success_is_shown_to_a_person(reason: str):
    found = read_results(f'{HEADER}\n{A},成功,M1,"{reason}"\n{B},成功,M2,没有异常\n'.encode())
    assert [line.result for line in found.lines] == ["imported", "imported"]
    assert [(one.row, one.order_number, one.code) for one in found.warnings] == [(2, A, "trouble_beside_success")]
    assert reason in found.warnings[0].reason


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        ("线上单号已存在，请勿重复导入", "duplicate"),
        ("订单重复", "duplicate"),
        ("该订单已导入", "duplicate"),
        ("Order already exists", "duplicate"),
        ("商品编码重复", "failed"),
        ("SKU already exists", "failed"),
        ("未找到重复", "failed"),
        ("订单不重复，地址为空", "failed"),
        ("商品编码不存在", "failed"),
        ("请勿重复提交", "failed"),
    ],
)
def test_a_failure_because_the_order_is_there_is_a_duplicate_and_never_repaired(reason: str, result: str):
    assert read_results(f"{HEADER}\n{A},失败,,{reason}\n".encode()).lines[0].result == result
    one = {"order_number": A, "result": "failed", "reason": reason}
    assert read_results(json.dumps({"results": [one]}).encode()).lines[0].result == result


@pytest.mark.parametrize(
    "cell",
    ["#N/A", "#REF!", "NULL", "nan", "None", "-", "--", "—", "无", "0", "2026-11-22", "2026/11/22 10:35", "(空)"],
)
def test_what_stands_for_none_is_no_main_number(cell: str):
    found = read_results(f"{HEADER}\n{A},成功,{cell},\n".encode())
    assert found.lines == (ResultLine(2, A, "imported"),)
    assert [warning.code for warning in found.warnings] == ["no_main_number"]


@pytest.mark.parametrize("cell", ["JST-1", "#1001", "20261122", "100", "SO/1", "A", "1-2"])
def test_what_looks_a_little_like_none_is_a_main_number(cell: str):
    assert read_results(f"{HEADER}\n{A},成功,{cell},\n".encode()).lines[0].main_order_number == cell


def test_half_a_character_is_no_identifier_and_goes_from_a_reason():
    lines = [
        {"order_number": A, "result": "imported", "main_order_number": "\ud800"},
        {"order_number": B, "result": "failed", "reason": "缺\udc00货"},
    ]
    found = read_results(json.dumps({"results": lines}).encode(), content_type="application/json")
    assert [bad.code for bad in found.bad] == ["control_character"]
    assert [line.reason for line in found.lines] == ["缺货"]


def test_dates_and_long_numbers_in_excel_cells_are_named():
    data = xlsx(
        ["应急单号", "结果", "主系统单号"],
        [A, "成功", datetime(2026, 1, 2)],  # noqa: DTZ001 - as openpyxl reads them
        [B, "成功", 3301234567890123456],
        [C, "成功", True],
        [A, "成功", 1],
    )
    found = read_results(data)
    assert [(bad.row, bad.code) for bad in found.bad] == [(3, "damaged_by_spreadsheet")]
    assert [(line.row, line.main_order_number) for line in found.lines] == [(2, None), (4, None), (5, "1")]
    assert [(warning.row, warning.code) for warning in found.warnings] == [
        (2, "no_main_number"),
        (4, "no_main_number"),
    ]


def test_several_long_numbers_that_all_end_in_zeros_were_rounded():
    one, two = "3301234567890120000", "3301234567890130000"
    found = read_results(f"{HEADER}\n{A},成功,{one},\n{B},成功,{two},\n{C},成功,M3,\n".encode())
    assert [bad.row for bad in found.bad] == [2, 3]
    assert [line.number for line in found.lines] == [C]
    assert read_results(f"{HEADER}\n{A},成功,{one},\n".encode()).bad == ()


def test_a_long_number_that_ends_in_zeros_is_sound_among_others_that_do_not():
    """One in ten numbers of sixteen digits ends in a zero."""
    text = f"{HEADER}\n{A},成功,2026112200000110,\n{B},成功,2026112200000120,\n{C},成功,2026112200000121,\n"
    assert [line.main_order_number for line in read_results(text.encode()).lines] == [
        "2026112200000110",
        "2026112200000120",
        "2026112200000121",
    ]


def test_what_a_program_writes_as_json_was_in_no_spreadsheet():
    mains: list[object] = ["3301234567890120000", 3301234567890130000, "8E10"]
    lines = [
        {"order_number": n, "result": "imported", "main_order_number": m} for n, m in zip((A, B, C), mains, strict=True)
    ]
    found = read_results(json.dumps({"results": lines}).encode())
    assert [line.main_order_number for line in found.lines] == [str(main) for main in mains]
    assert found.bad == ()


def test_rows_are_counted_as_excel_counts_them():
    text = f'sep=,\n{HEADER}\n{A},失败,,"两行\n原因"\n,,,\n{B},成功,,\n'
    assert [line.row for line in read_results(text.encode()).lines] == [2, 4]


def test_a_short_row_lacks_only_what_it_lacks():
    assert read_results(f"{HEADER}\n{A},成功\n".encode()).lines == (ResultLine(2, A, "imported"),)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "空的"),
        (b"\xd0\xcf\x11\xe0 old", "另存为"),
        (b"PK\x03\x04 broken", "已损坏"),
        (b"\xff\xfe\x00", "编码"),
        (b"\x81\xff\xff", "编码"),
        (HEADER.encode(), "没有数据行"),
        ("订单号,姓名\nA,B\n".encode(), "缺少“结果”列"),
        (f"应急单号,结果,结果\n{A},成功,成功\n".encode(), "两列"),
        ("姓名,手机\n张三,1\n".encode(), "姓名"),
        (f'{HEADER}\n{A},失败,,"没有结束\n'.encode(), "引号"),
        (("a" + "," * 100 + "b").encode(), "100 列"),
        (b'{"results": {}}', "results"),
        (b'{"results": [1]}', "results"),
        (b"[1]", "results"),
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(data: bytes, sentence: str):
    problem = refused(data)
    assert isinstance(problem, InvalidResults)
    assert sentence in problem.detail


def test_what_is_called_json_and_is_none_is_malformed():
    assert isinstance(refused(b"nonsense", content_type="application/json"), Malformed)
    assert isinstance(refused(b"[" * 100_000), Malformed)
    assert isinstance(refused(b'{"a": "\xff"}'), Malformed)


def test_an_upload_without_one_usable_line_is_refused_naming_each():
    problem = refused(f"{HEADER}\n,成功,,\n{A},?,,\n".encode())
    assert [(error.pointer, error.code) for error in problem.errors] == [
        ("/rows/2/应急单号", "missing_number"),
        ("/rows/3/结果", "unknown_result"),
    ]
    assert refused(b'{"results": [{"result": "imported"}]}').errors[0].pointer == "/results/0/应急单号"


def test_too_much_is_refused_before_it_is_read():
    assert isinstance(refused(GOOD.encode(), limits=Limits(bytes=50)), TooLarge)
    assert isinstance(refused(b'{"results": []' + b" " * 50 + b"}", limits=Limits(bytes=50)), TooLarge)


def test_more_rows_than_we_take_are_refused():
    two, rows = Limits(rows=2), f"{A},成功,,\n"
    assert len(read_results(f"{HEADER}\n{rows * 2}".encode(), limits=two).lines) == 2
    assert "最多 2 行" in refused(f"{HEADER}\n{rows * 3}".encode(), limits=two).detail
    assert "最多 2 条" in refused(json.dumps({"results": [{}] * 3}).encode(), limits=two).detail


def test_a_zip_that_unpacks_to_too_much_is_not_opened():
    data = xlsx(["应急单号", "结果"], [A, "成功"])
    assert isinstance(refused(data, limits=Limits(unpacked=100)), TooLarge)


def test_a_zip_that_is_no_workbook_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("a.txt", "hello")
    assert "XLSX" in refused(buffer.getvalue()).detail


def test_a_sheet_formatted_to_its_end_is_not_read_to_its_end():
    data = xlsx(["应急单号", "结果"], [A, "成功"], *[[""]] * 10, [B, "成功"])
    assert [line.number for line in read_results(data, limits=Limits(empty_rows=3)).lines] == [A]


ROWS = [A, A, B, C]


def test_row_errors_of_an_erp_program_lead_to_orders():
    text = "导入失败 3 条\n第 2 行 [商品编码]: 不能为空\n第3行：库存不足；第 4 行 [手机]:\n"
    found = read_results(text.encode(), numbers_by_row=lambda: ROWS)
    assert found.lines == (
        ResultLine(2, A, "failed", None, "[商品编码]: 不能为空"),
        ResultLine(3, A, "failed", None, "库存不足"),
        ResultLine(3, B, "failed", None, "[手机]"),
    )
    assert not found.rest_imported


def test_row_errors_come_as_a_table_too():
    found = read_results(xlsx(["错误"], ["第 5 行 收件人 不能为空"]), numbers_by_row=lambda: ROWS, rest="imported")
    assert found.lines == (ResultLine(2, C, "failed", None, "收件人 不能为空", sheet="Sheet"),)
    assert found.rest_imported


@pytest.mark.parametrize("strange", ["第 1 行 缺货", "第 0 行 缺货", "第 6 行 x"])
def test_a_row_that_the_file_does_not_have_proves_that_rows_are_counted_otherwise(strange: str):
    """Its neighbours would be taken for failed, and be repaired although they came home."""
    problem = refused(f"第 2 行 缺货\n{strange}\n".encode(), numbers_by_row=lambda: ROWS)
    assert [error.code for error in problem.errors] == ["unknown_row"]
    assert "整份未处理" in problem.detail


def test_the_rest_is_not_called_imported_while_a_line_is_not_understood():
    problem = refused("第 2 行 x\n还有 3 行\n".encode(), numbers_by_row=lambda: ROWS, rest="imported")
    assert "不能把其余订单都视为成功" in problem.detail
    assert [bad.code for bad in problem.errors] == ["not_understood"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("第 2 行 x\n已全部回滚\n", "没有导入任何订单"),
        ("成功 2 条，失败 1 条\n成功 3 条\n第 2 行 x\n", "互相矛盾"),
    ],
)
def test_the_rest_is_not_called_imported_against_the_text(text: str, sentence: str):
    assert sentence in refused(text.encode(), numbers_by_row=lambda: ROWS, rest="imported").detail


def test_nothing_of_a_batch_that_was_rolled_back_is_imported_whatever_its_rows_say():
    text = "第 2 行：导入成功\n第 4 行：缺货\n导入已全部回滚\n"
    found = read_results(text.encode(), numbers_by_row=lambda: ROWS)
    assert [(line.number, line.result) for line in found.lines] == [(B, "failed")]
    assert [(bad.row, bad.code) for bad in found.bad] == [(1, "rolled_back")]


def test_row_errors_without_the_file_they_speak_of_are_refused():
    assert "没有第 2 行" in refused("第 2 行 x\n".encode()).detail


def test_a_log_in_brackets_is_no_json():
    text = "[2026-11-22 10:35:01] 第 2 行 缺货\n"
    found = read_results(text.encode(), numbers_by_row=lambda: ROWS)
    assert found.lines == (ResultLine(1, A, "failed", None, "缺货"),)


def test_an_empty_file_is_an_empty_list_of_errors_where_the_rest_was_imported():
    for data in (b"", f"{HEADER}\n".encode(), b'{"results": []}'):
        found = read_results(data, rest="imported")
        assert (found.lines, found.rest_imported) == ((), True)


def test_successes_that_are_only_counted_are_pointed_out():
    found = read_results("导入成功 2 条，失败 0 条\n".encode(), numbers_by_row=lambda: ROWS)
    assert (found.lines, [warning.code for warning in found.warnings]) == ((), ["rest_not_said"])
    assert [line.text for line in found.ignored] == ["导入成功 2 条,失败 0 条"]


def test_several_numbers_in_one_cell_are_those_of_a_split_order():
    found = read_results(f'{HEADER}\n{A},成功,"JST-1, JST-2、-",\n'.encode())
    assert found.lines == (ResultLine(2, A, "imported", "JST-1", None, ("JST-2",)),)


def test_a_merchant_adds_words_of_its_own(tmp_path: Path):
    file = tmp_path / "words.toml"
    file.write_text('imported = ["搞定"]\nexists_there = ["见过"]\n', encoding="utf-8")
    words = words_with(file)
    raw = reading.read_results(f"{HEADER}\n{A},搞定,,\n{B},失败,,订单见过\n".encode(), headings=HEADINGS)
    assert [line.result for line in check_results(raw, words).lines] == ["imported", "duplicate"]


@pytest.mark.parametrize("text", ["imported = 3", "[[", 'importd = ["x"]', 'imported = [""]', "\xff"])
def test_a_wrong_file_of_words_is_named_and_takes_nothing_away(text: str, tmp_path: Path):
    file = tmp_path / "words.toml"
    file.write_bytes(text.encode("latin-1"))
    raw = reading.read_results(GOOD.encode(), headings=HEADINGS)
    found = check_results(raw, words_with(file))
    assert found.lines == LINES
    assert "words.toml 有误" in found.unread[0]
