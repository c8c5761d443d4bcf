"""What importing programs write about rows, line by line: read right, or named; a guess would lose an order or ship it twice."""

import pytest

from app.domain.order_number import check_character
from app.domain.problems import InvalidResults
from app.files.sheet_reader import Row
from app.handback.result_lines import BadLine, CountingLine, IgnoredLine, RawLine, ReadLine, ResultLine
from app.handback.row_errors import row_errors

ORDERS = [body + check_character(body) for body in (f"LB00000000000{n}" for n in range(1, 10))]
"""Of rows 2 to 10 of the batch's file."""

STRANGER = "LB000000000010" + check_character("LB000000000010")


def named(text: str) -> str:
    """Put order numbers for N1 to N9, in the order of the rows."""
    for place, number in enumerate(ORDERS, 1):
        text = text.replace(f"{{N{place}}}", number)
    return text


def heard(*lines: str, numbers: list[str] | None = None) -> list[str]:
    """Return what is understood: ``2 failed`` for the order of row 2, ``?`` a code, ``-`` ignored, ``#`` counts, ``0`` nothing."""
    rows = [Row(number, tuple(named(line).split("|"))) for number, line in enumerate(lines, 1)]
    return [_told(one) for one in row_errors(rows, ORDERS if numbers is None else numbers)]


def _told(one: ReadLine) -> str:
    match one:
        case RawLine():
            checked = one.checked()
            if isinstance(checked, BadLine):
                return f"?{checked.code}"
            main = f" {checked.main_order_number}" if checked.main_order_number else ""
            return f"{_row_of(checked)} {checked.result}{main}"
        case BadLine():
            return f"?{one.code}"
        case IgnoredLine():
            return "-"
        case CountingLine():
            return "#"
        case _:
            return "0"


def _row_of(line: ResultLine) -> str:
    return str(ORDERS.index(line.number) + 2) if line.number in ORDERS else line.number


FAILED = [
    ("第 2 行 [商品编码]: 不能为空", "2"),
    ("第2行：缺货", "2"),
    ("第2、3行：商品编码不能为空", "2 3"),
    ("第 2，3，5 行：缺货", "2 3 5"),
    ("第2,3,5-7行：缺货", "2 3 5 6 7"),
    ("第 2-5 行 缺货", "2 3 4 5"),
    ("第2至5行缺货", "2 3 4 5"),
    ("第 2 到 4 行：缺货", "2 3 4"),
    ("第2~4行：缺货", "2 3 4"),
    ("第 2—4 行：缺货", "2 3 4"),
    ("第2行、第3行：缺货", "2 3"),
    ("第2行和第3行缺货", "2 3"),
    ("第 2 和 3 行：缺货", "2 3"),
    ("第 2 行至第 4 行 缺货", "2 3 4"),
    ("第2行，第3行，第4行：缺货", "2 3 4"),
    ("第2行、第4-5行：快递公司不存在", "2 4 5"),
    ("第二行 缺货", "2"),
    ("第十行：缺货", "10"),
    ("第二、三行：缺货", "2 3"),
    ("第二至四行：仓库未匹配", "2 3 4"),
    ("第[2]行 缺货", "2"),
    ("第【2】行数据错误：买家昵称不能为空", "2"),
    ("【第2行】缺货", "2"),
    ("[第 2 行] 缺货", "2"),
    ("（第 2 行）收货地址为空", "2"),
    ("第 002 行 缺货", "2"),
    ("第２行：缺货", "2"),
    ("行号：2,3", ""),
    ("行号：2,3 缺货", "2 3"),
    ("行号：2，原因：缺货", "2"),
    ("失败行号：2、5", "2 5"),
    ("错误行号：3", "3"),
    ("2行：缺货", "2"),
    ("2行 缺货", "2"),
    ("2-4行：缺货", "2 3 4"),
    ("行 3：缺货", "3"),
    ("Row 2: product not found", "2"),
    ("row #3: bad phone", "3"),
    ("Rows 2-4: sku missing", "2 3 4"),
    ("Line 3 - sku not found", "3"),
    ("Row 2, 3: sku not found", "2 3"),
    ("ERROR Row 2: bad phone; Row 3: bad phone", "2 3"),
    ("Row 5: address line 2 too long", "5"),
    ("[2026-11-22 10:35:01] 第 2 行 商品编码不存在", "2"),
    ("2026-11-22 10:35:01.123 ERROR 第 3 行 数量必须大于0", "3"),
    ("[ERROR] 2026/11/22 10:35 line 3: sku not found", "3"),
    ("2026-11-22T10:35:01+08:00 [错误] 第 3 行：缺货", "3"),
    ("1. 第2行：缺货", "2"),
    ("1、第2行：缺货", "2"),
    ("(3) 第4行 库存不足", "4"),
    ("• 第 2 行 缺货", "2"),
    ("❌ 第 2 行 缺货", "2"),
    ("导入失败：第 2 行 缺货", "2"),
    ("导入完成。第 2 行：缺货", "2"),
    ("Excel第2行：订单金额与明细金额不符", "2"),
    ("Sheet1 第 2 行：缺少省份", "2"),
    ("第 3 行：导入失败：缺货", "3"),
    ("第3行：库存不足；第 4 行 [手机]:", "3 4"),
    ("第2行：缺货。第3行：手机号错误。", "2 3"),
    ("商品编码不能为空（第2行）", "2"),
    ("商品编码不存在，行号：3", "3"),
    ("第 2 行 第 3 列 手机号格式错误", "2"),
    ("第 2 行：第 3 个商品编码不存在", "2"),
    ("第 2 行 商品编码重复", "2"),
    ("第 2 行 收货地址不存在或不完整", "2"),
    ("第 2 行 付款时间不能为空，请检查", "2"),
    ("第 2 行 错误码 1005 缺少字段", "2"),
    ("第 3 行 缺货 x 2", "3"),
]


@pytest.mark.parametrize(("text", "rows"), [case for case in FAILED if case[1]])
def test_rows_that_failed(text: str, rows: str):
    assert heard(text) == [f"{row} failed" for row in rows.split()]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("第 2 行：导入成功，系统单号 8800101", "2 imported 8800101"),
        ("第 2 行：导入成功（系统单号：JY2026112200017）", "2 imported JY2026112200017"),
        ("第2行：同步成功 内部订单号 1000234", "2 imported 1000234"),
        ("第 2 行 状态：成功 系统单号：8801", "2 imported 8801"),
        ("第 3 行：成功", "3 imported"),
        ("第2行 ✓", "2 imported"),
        ("✅ 第 3 行", "3 imported"),
        ("Row 3: OK", "3 imported"),
        ("INFO Row 2: imported successfully", "2 imported"),
        ("第 2 行 线上单号已存在，请勿重复导入", "2 duplicate"),
        ("第 3 行 订单重复", "3 duplicate"),
        ("第2行：店铺+线上单号 已存在", "2 duplicate"),
        ("第 2 行：导入失败：原始单号已存在", "2 duplicate"),
        ("第 2 行 平台单号不允许重复", "2 duplicate"),
        ("第 2 行 跳过，订单已存在", "2 duplicate"),
        ("第 2 行 更新成功", "2 duplicate"),
        ("Row 2: order already exists", "2 duplicate"),
        ("第 4 行：与第 5 行重复", "4 duplicate"),
        ("第 4 行 与第5、6行 重复", "4 duplicate"),
        ("Row 4: duplicate of row 5", "4 duplicate"),
        ("成功行号：2", "2 imported"),
        ("导入成功：第 2 行", "2 imported"),
    ],
)
def test_rows_that_did_not_fail(text: str, told: str):
    assert heard(text) == [told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("第 2 行 线上单号[{N1}]：商品编码不存在", "2 failed"),
        ("第 2 行 单号 {N1} 手机号 138****0000 格式错误", "2 failed"),
        ("第2行，订单号{N1}，错误信息：货品编号不存在", "2 failed"),
        ("订单{N3}导入失败：缺货", "4 failed"),
        ("{N3}：商品编码不存在", "4 failed"),
        ("{N3} 已存在", "4 duplicate"),
        ("平台单号【{N2}】已存在", "3 duplicate"),
        ("第 99 行 {N3} 缺货", "4 failed"),
        ("第 2 行 {N1} 与订单 {N4} 重复", "2 duplicate"),
        ("第 2 行：导入成功，系统单号 {N4}", f"2 imported {ORDERS[3]}"),
        ("第 2 行 线上单号[{N2}]：商品编码不存在", "?row_and_number"),
        ("第 2 行 {N1} {N2} 缺货", "?row_and_number"),
        (f"第 2 行 {STRANGER} 缺货", "?row_and_number"),
        ("第 2 行 线上单号[X-1001]：缺货", "?row_and_number"),
        (f"{STRANGER} 缺货", f"{STRANGER} failed"),
    ],
)
def test_an_order_number_beside_a_row_wins_and_one_that_is_of_another_row_is_a_conflict(text: str, told: str):
    assert heard(text) == [told]


@pytest.mark.parametrize(
    "text",
    [
        "除第 3 行外全部失败",
        "第 3 行以外均导入成功",
        "第 3 行以后未导入",
        "第 2 行起全部失败",
        "仅第 3 行导入成功",
        "请忽略第 3 行",
        "第 2 与第 3 行：缺货",
        "第2行缺货第3行缺货",
        "第2行 缺货 第3行 缺货",
        "第2行和第5行重复",
        "第 5-2 行 缺货",
        "Row 2, 3 items missing",
        "第 2 条 缺货",
        "前 2 行导入成功",
        "第 2 行 处理中",
        "第 2 行 跳过",
        "第 2 行：无需导入",
        "第 2 行：系统繁忙，请稍后重试",
        "第 2 行：接口超时",
        "第 2 行 疑似重复订单",
        "第 2 行 订单状态为已完成，不允许覆盖",
        "第2行：成功，但商品未匹配",
        "第2行：失败后重试成功",
        "成功：第 2 行 缺货",
        "警告：第 3 行 商品不存在，已跳过",
        "第 2 行",
        "还有 3 行未处理",
        "失败：2、3、5",
        "其余订单未导入",
        "部分订单导入失败",
        "仅显示前 2 条",
        "……",
        "导入失败，事务未回滚",
        "如需回滚请联系管理员",
    ],
)
def test_what_is_not_surely_understood_is_named(text: str):
    told = heard("第 9 行 缺货", text)
    assert told[0] == "9 failed"
    assert told[1:], "passed over without a word"
    assert all(one in ("?not_understood", "?incomplete_list") for one in told[1:])


def test_further_rows_that_are_not_listed_are_named():
    assert heard("第2、3行等5行：缺货") == ["2 failed", "3 failed", "?incomplete_list"]
    assert heard("第 2 行 缺货（仅显示前 1 条）") == ["2 failed", "?incomplete_list"]


@pytest.mark.parametrize(
    "text",
    [
        "订单导入结果 2026-11-22 10:35",
        "错误信息",
        "文件名：B20261122-1030-1.csv",
        "操作人：张三",
        "----------",
        "没有错误",
        "全部导入成功",
        "警告：第 3 行 地址较长",
        "[WARN] 第 3 行 地址可能不完整",
        "以下订单导入失败：",
    ],
)
def test_titles_and_warnings_change_nothing(text: str):
    assert heard(text, "第 9 行 缺货") == ["-", "9 failed"]


@pytest.mark.parametrize(
    "text",
    [
        "未导入任何订单",
        "已全部回滚",
        "数据已回滚",
        "导入失败，已回滚",
        "All orders were rolled back",
        "一条都没有导入",
        "全部失败",
    ],
)
def test_a_roll_back_is_heard(text: str):
    assert heard(text, "第 9 行 缺货") == ["0", "9 failed"]


def test_a_roll_back_beside_a_row_is_heard_with_it():
    assert heard("第2行 缺货，已全部回滚") == ["0", "2 failed"]


def test_a_heading_holds_for_the_rows_below_it():
    lines = ["导入成功的行：", "第2行", "第3行 系统单号：8801", "导入失败的行：", "第4行", "第5行 缺货"]
    assert heard(*lines) == ["-", "2 imported", "3 imported 8801", "-", "4 failed", "5 failed"]
    assert heard("导入成功的订单：", "第2行 张三", "第 9 行 导入失败：缺货") == [
        "-",
        "?not_understood",
        "?not_understood",
    ]


def test_a_column_of_row_numbers_is_read_as_rows():
    assert heard("行号|错误信息", "2|缺货", "3|订单已存在") == ["2 failed", "3 duplicate"]
    told = heard("行号|状态|系统单号|错误信息", "2|成功|8801|", "3|失败||缺货", "4.0||| 缺货")
    assert told == ["2 imported 8801", "3 failed", "4 failed"]


def test_counts_stand_beside_rows():
    assert heard("导入完成：共 6 条，成功 5 条，失败 1 条", "第 2 行 缺货") == ["#", "2 failed"]
    assert heard("共 6 条，成功 9 条，失败 1 条", "第 2 行 缺货") == ["?not_understood", "2 failed"]


def test_several_lines_in_one_cell_are_several_messages():
    assert heard("第2行 缺货\n第3行 缺货") == ["2 failed", "3 failed"]


def test_a_reason_is_kept_as_it_was_written():
    rows = [Row(1, ("第 2 行 失败原因：SKU [A-1] 缺货。",))]
    (line,) = row_errors(rows, ORDERS)
    assert isinstance(line, RawLine)
    assert (line.reason, line.of_rows) == ("SKU [A-1] 缺货", (2,))


@pytest.mark.parametrize("text", ["姓名|手机", "怎么回事", "随便写的一句话"])
def test_a_file_that_speaks_of_no_results_is_refused(text: str):
    with pytest.raises(InvalidResults, match="未找到"):
        heard(text)
