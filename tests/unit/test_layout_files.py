"""A layout is read strictly: every wrong thing is told with its line, and no layout lets a cell execute."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from app.domain.order import Item, Order, Payment
from app.files.layouts.export_order import ExportOrder, ExportRow
from app.files.layouts.layout import Layout
from app.files.layouts.path import find_path
from app.files.layouts.read_layout import LayoutError, ReadLayout, read_layout
from app.files.layouts.registry import SHIPPED, UnknownLayout, WrongLayout, layouts_with, shipped_layouts
from app.files.layouts.values import MAX_CELL
from tests.house.repository import ROOT
from tests.unit.test_batch_columns import EXPORT, ORDER, ZONE, changed

HEAD = 'name = "mine"\ntitle = "自有"\n[[column]]\nheading = "单号"\npath = "number"\nkind = "number"\n'
"""Six lines; what a case adds begins on line 7."""


def read(more: str = "", head: str = HEAD) -> ReadLayout:
    return read_layout((head + more).encode(), taken=SHIPPED)


def layout_with(*lines: str) -> Layout:
    found = read('[[column]]\nheading = "值"\n' + "\n".join(lines))
    assert found.layout is not None, found.errors
    return found.layout


def cells(*lines: str, order: ExportOrder = EXPORT) -> list[str]:
    layout = layout_with(*lines)
    return [layout.defused(row)[1] for row in layout.rows_in(ZONE)(order)]


def column(*lines: str) -> str:
    return '[[column]]\nheading = "值"\n' + "\n".join(lines)


WRONG = [
    # what is added, the line, the key, a part of the sentence
    ("[[column]]\nheadng = 1\n", 8, "headng", "是否应为 heading"),
    (column('path = "order.recipient.nmae"', 'kind = "text"'), 9, "path", "order.recipient 没有字段 nmae，可用：name、"),
    (column('path = "order.recipient"', 'kind = "text"'), 9, "path", "请继续写到具体字段"),
    (column('path = "order.items"', 'kind = "text"'), 9, "path", "请继续写到具体字段"),
    (column('path = "order.phone[0]"', 'kind = "text"'), 9, "path", "之前不是列表"),
    (column('path = "join("', 'kind = "text"'), 9, "path", "JMESPath 表达式有误"),
    (column("path = \"nope('x')\"", 'kind = "text"'), 9, "path", "没有函数 nope()"),
    (column('path = "ordr.items[].sku"', 'kind = "text"'), 9, "path", "没有字段 ordr"),
    (column("path = 7", 'kind = "text"'), 9, "path", "须为 JMESPath 路径"),
    (column('fn = "soundex"', 'kind = "text"'), 9, "fn", "可用：whole_address、amount"),
    (column('fn = "amount"', 'path = "total"', 'kind = "money"'), 9, "fn", "只能写一个"),
    (column('path = "total"'), 7, "kind", "须为 number、text"),
    (column('path = "total"', 'kind = "amount"'), 10, "kind", "须为 number、text"),
    (column('path = "total"', 'kind = "text"'), 10, "kind", "应为 count 或 money"),
    (column('path = "placed_at"', 'kind = "text"'), 10, "kind", "应为 time"),
    (column('path = "order.note"', 'kind = "money"'), 10, "kind", "应为 text"),
    (column('path = "order.note"', 'kind = "word"'), 10, "kind", "来自外部的文字"),
    (column('path = "order.note"', 'kind = "phone"'), 10, "kind", 'path = "order.phone"'),
    (column('path = "order.items[].sku | [0]"', 'kind = "phone"'), 10, "kind", 'path = "order.phone"'),
    (column('path = "order.note"', 'kind = "text"', 'default = "无"'), 11, "default", "只能与 words 同用"),
    (column('kind = "money"', 'default = "0"'), 10, "default", "须为 word 或 text"),
    (column('kind = "text"', 'default = "a\\nb"'), 10, "default", "一行文本"),
    (column('kind = "text"', "words = { a = 'b' }"), 10, "words", "须与 path 同用"),
    (column('path = "order.note"', 'kind = "text"', "words = []"), 11, "words", "对照表"),
    (column('path = "total"', 'kind = "word"', "words = { a = 'b' }"), 11, "words", "只能用于文本"),
    (column('path = "order.note"', 'kind = "time"', "words = { a = 'b' }"), 10, "kind", "须为 word 或 text"),
    (column('path = "order.note"', 'kind = "text"', 'when = "paid"'), 11, "when", "须写作"),
    (column('path = "order.note"', 'kind = "text"', 'when = { path = "x", is = "y" }'), 11, "when", "没有字段 x"),
    (column('path = "order.note"', 'kind = "text"', 'when = { path = "total", is = "1" }'), 11, "when", "文本字段"),
    (column('path = "order.note"', 'kind = "text"', "required = true"), 11, "required", "一行文本"),
    (column('path = "order.note"', 'kind = "text"', "marks_payment = 1"), 11, "marks_payment", "true 或 false"),
    (column('path = "total"', 'kind = "money"', "marks_payment = true"), 11, "marks_payment", "只能用于"),
    ('[[column]]\nheading = "单号"\nkind = "text"\n', 8, "heading", "与第 1 列重名"),
    ('[[column]]\nheading = ""\nkind = "text"\n', 8, "heading", "一行文本"),
    ('[[column]]\nheading = "又"\npath = "number"\nkind = "number"\n', 10, "kind", "有且只有一列"),
    ('[[column]]\nheading = "又"\nkind = "number"\n', 7, "path", '须写 path = "number"'),
    ('[[requirement]]\nlabel = "x"\npath = "order.nope"\nkind = "text"\n', 9, "path", "没有字段 nope"),
    ("[requirement]\nlabel = 1\n", 7, "requirement", "须写作 [[requirement]]"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "line", "key", "sentence"), WRONG)
def test_what_is_wrong_is_told_with_its_line_and_a_sentence(more: str, line: int, key: str, sentence: str):
    found = read(more)
    assert found.layout is None
    assert (line, key) in [(error.line, error.key) for error in found.errors], found.errors
    assert any(sentence in error.detail for error in found.errors), found.errors


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file():
    found = read('[[column]]\nheading = "值"\nkind = "x"\n', head=HEAD.replace('"mine"', '"Mine"'))
    assert [(error.line, error.key) for error in found.errors] == [(1, "name"), (9, "kind")]
    assert (found.name, found.headings) == ("Mine", ("单号", "值"))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'name = "a"\ntitle = \n', LayoutError(2, "", "TOML 语法错误（第 9 个字符附近）：Invalid value")),
        ('name = "中"\n'.encode("gb18030"), LayoutError(1, "", "文件不是 UTF-8 编码，请另存为 UTF-8")),
        (b"a = " + b"[" * 5000, LayoutError(1, "", "TOML 嵌套过深")),
    ],
)
def test_what_is_no_toml_is_told_as_such(data: bytes, error: LayoutError):
    assert read_layout(data).errors == (error,)


def test_a_file_that_ends_too_early_is_told_at_its_end():
    (error,) = read_layout(b'name = "a"\ncolumn = [').errors
    assert (error.line, "文件末尾" in error.detail or "附近" in error.detail) == (2, True)


@pytest.mark.parametrize(
    ("head", "key", "sentence"),
    [
        (HEAD.replace('name = "mine"\n', ""), "name", "必填"),
        (HEAD.replace("mine", "generic"), "name", "已被另一布局使用"),
        (HEAD.replace("mine", "m" * 33), "name", "最多 32"),
        (HEAD.replace('"自有"', "1"), "title", "必填"),
        ('name = "mine"\ntitle = "自有"\n', "column", "1 到 100 列"),
        (HEAD + "".join(f'[[column]]\nheading = "{i}"\nkind = "text"\n' for i in range(100)), "column", "1 到 100 列"),
        ("note = 1\n" + HEAD, "note", "不认识的键"),
        ('name = "mine"\ntitle = "自有"\n[[column]]\nheading = "a"\nkind = "text"\n', "kind", "有且只有一列"),
        ('name = "mine"\ntitle = "自有"\ncolumn = [1]\n', "column", "须写作 [[column]]"),
    ],
)
def test_the_head_is_checked_as_strictly(head: str, key: str, sentence: str):
    found = read(head=head)
    assert found.layout is None
    assert any(error.key == key and sentence in error.detail for error in found.errors), found.errors


def test_lines_are_right_after_comments_subtables_and_long_texts():
    text = (
        "# [[column]]\n"
        + HEAD
        + '[[column]] # zwei\nheading = "x"\npath = """\norder.note"""\nkind = "no"\n[column.words]\na = "b"\n'
    )
    assert [(error.line, error.key) for error in read(head=text).errors] == [(12, "kind")]


def every_path(kind: type, before: str) -> Iterator[str]:
    """Yield the path of each field of an order, whatever fields it has today."""
    hints = get_type_hints(kind)
    for one in fields(kind):
        found = next((part for part in get_args(hints[one.name]) if part is not type(None)), hints[one.name])
        if is_dataclass(found):
            inside = "item." if found is Item else f"{before}{one.name}."
            yield from every_path(found, inside)  # type: ignore[arg-type]
        else:
            yield before + one.name


@pytest.mark.parametrize("path", list(every_path(Order, "order.")))
def test_every_field_of_an_order_is_reached_by_its_path_alone(path: str):
    found = find_path(path)
    value: Any = ExportRow(EXPORT, ORDER.items[0])
    for name in ("export." + path if path.startswith("order.") else path).split("."):
        value = getattr(value, name)
    assert found.value(ExportRow(EXPORT, ORDER.items[0])) == value
    bare = changed(recipient=None, payment=None)
    assert found.gives is not None
    find_path(path).value(ExportRow(bare, ORDER.items[0]))  # what is missing is no error


def test_a_value_from_outside_is_defused_however_it_comes():
    assert cells('path = "order.note"', 'kind = "text"')[0] == "'=1+1"
    assert cells('path = "order.note || order.buyer"', 'kind = "text"')[0] == "'=1+1"
    assert cells('path = "order.note || order.buyer"', 'kind = "money"')[0] == "'=1+1"


def test_places_in_a_list_may_be_named():
    assert cells('path = "order.items[-1].quantity"', 'kind = "count"') == ["1", "1"]
    assert cells('path = "order.items[7].sku"', 'kind = "text"') == ["", ""]


def test_expressions_run_on_the_row():
    assert cells("path = \"join('+', order.items[].to_string(quantity))\"", 'kind = "text"') == ["2+1"] * 2
    assert cells('path = "length(order.items)"', 'kind = "count"') == ["2", "2"]
    assert cells('path = "sum(order.items[].unit_price)"', 'kind = "money"') == ["300.50"] * 2
    assert cells('path = "order.items[?quantity > `1`].sku"', 'kind = "text"') == ['["A-1001"]'] * 2
    assert cells('path = "order.total > `1`"', 'kind = "text"') == ["true"] * 2
    assert cells('path = "order.placed_at || received_at"', 'kind = "time"') == ["2026-11-22 10:00:00"] * 2
    assert cells('path = "item.name || item.sku"', 'kind = "text"') == ["跑步鞋 42", "'=cmd|' /C calc'!A0"]


def test_an_expression_that_fails_holds_the_order_and_never_the_batch():
    layout = layout_with('path = "sum(order.items[].sku)"', 'kind = "count"', 'required = "总数"')
    assert layout.missing(EXPORT) == ["总数", "值（表达式取不到值）"]
    assert [row[1] for row in layout.rows_in(ZONE)(EXPORT)] == ["", ""]


def test_an_expression_never_gives_more_than_a_cell_holds():
    items = (Item(sku="A", quantity=1, name="长" * 300),) * 500
    (first, *_) = cells("path = \"join('', order.items[].name)\"", 'kind = "text"', order=changed(items=items))
    assert len(first) == 32_767


def test_a_condition_empties_a_column_and_its_requirement():
    lines = ('path = "order.note"', 'kind = "text"', 'required = "留言"', 'when = { path = "client", is = "别家" }')
    assert cells(*lines) == ["", ""]
    assert layout_with(*lines).missing(changed(note=None)) == []
    ours = tuple(line.replace("别家", "旗舰店") for line in lines)
    assert cells(*ours)[0] == "'=1+1"
    assert layout_with(*ours).missing(changed(note="")) == ["留言"]


@pytest.mark.parametrize(
    ("lines", "met"),
    [
        (('path = "order.freight"', 'kind = "money"'), {"freight": 0}),
        (('path = "order.buyer"', 'kind = "text"'), {"buyer": "x"}),
    ],
)
def test_a_price_may_be_nought_and_a_text_not_empty(lines: tuple[str, ...], met: dict[str, object]):
    layout = layout_with(*lines, 'required = "必需"')
    assert layout.missing(changed(**met)) == []
    assert layout.missing(changed(freight=None, buyer="")) == ["必需"]
    count = layout_with('path = "item.quantity"', 'kind = "count"', 'required = "数量"')
    assert count.missing(changed(items=(replace(ORDER.items[0], quantity=0),))) == ["数量"]


STATUS = 'path = "order.payment.status"'
MARKS = [
    # the lines of a column, the payments it shows, and its cell for an unpaid order
    ((STATUS, 'kind = "word"', 'words = { unpaid = "否", cod = "到付" }', 'default = "是"'), {"unpaid", "cod"}, "否"),
    ((STATUS, 'kind = "word"', 'words = { cod = "货到付款" }', 'default = "款到发货"'), {"cod"}, "款到发货"),
    ((STATUS, 'kind = "word"', 'words = { paid = "是" }', 'default = "否"'), {"unpaid", "cod"}, "否"),
    ((STATUS, 'kind = "word"', 'words = { paid = "已付" }'), set(), ""),
    (('fn = "payment_word"', 'kind = "word"'), {"unpaid", "cod"}, "未付款"),
    (
        ('fn = "payment_word"', 'kind = "word"', 'when = { path = "client", is = "别家" }'),
        set(),
        "",
    ),
    (('fn = "remark_with_buyer"', 'kind = "text"'), {"unpaid", "cod"}, "【未付款，勿发货】买家：@nick"),
    (('path = "remark"', 'kind = "text"'), {"unpaid", "cod"}, "【未付款，勿发货】"),
    (('path = "order.note"', 'kind = "text"', "marks_payment = true"), {"unpaid", "cod"}, "【未付款，勿发货】=1+1"),
    (('kind = "text"', "marks_payment = true"), {"unpaid", "cod"}, "【未付款，勿发货】"),
    (('fn = "remark_with_buyer"', 'kind = "text"', "marks_payment = false"), set(), "买家：@nick"),
    (('path = "order.note"', 'kind = "text"'), set(), "'=1+1"),
]


@pytest.mark.parametrize(("lines", "marked", "shown"), MARKS)
def test_a_layout_marks_payments_where_a_column_tells_them_or_first_in_a_remark(
    lines: tuple[str, ...], marked: set[str], shown: str
):
    assert layout_with(*lines).marks_payment == marked
    assert cells(*lines, order=changed(payment=Payment(status="unpaid")))[0] == shown


def test_a_mark_before_a_text_as_long_as_a_cell_still_fits_one():
    items = (Item(sku="A", quantity=1, name="长" * 300),) * 500
    path = "path = \"join('', order.items[].name)\""
    order = changed(items=items, payment=Payment(status="cod"))
    (first, *_) = cells(path, 'kind = "text"', "marks_payment = true", order=order)
    assert (first[:6], len(first)) == ("【货到付款】", MAX_CELL)


def test_a_folder_adds_layouts_and_a_wrong_file_stops_nothing_but_itself(tmp_path: Path):
    (tmp_path / "mine.toml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "twice.toml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "wrong.toml").write_text(HEAD.replace("mine", "guanyi"), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    layouts = layouts_with(tmp_path)
    assert [layout.name for layout in layouts] == [*SHIPPED, "mine"]
    assert [(wrong.file, wrong.errors[0].key) for wrong in layouts.wrong] == [
        ("twice.toml", "name"),
        ("wrong.toml", "name"),
    ]
    assert layouts.named("mine").headings == ["单号"]
    assert layouts.number_headings == ("应急单号", "线上单号", "原始单号", "平台单号", "单号")
    assert (layouts.number_heading("mine"), layouts.number_heading("gone")) == ("单号", None)
    with pytest.raises(
        WrongLayout, match=r"导出列表 twice 的文件有误：twice\.toml 第 1 行 name：mine 已被另一布局使用"
    ):
        layouts.named("twice")
    with pytest.raises(UnknownLayout, match=r"可用：generic、.*mine；twice\.toml 第 1 行") as unknown:
        layouts.named("nowhere")
    assert unknown.type is UnknownLayout
    assert [layout.name for layout in layouts_with(tmp_path, but=tmp_path / "mine.toml")] == [*SHIPPED, "mine"]


def test_a_folder_that_is_not_there_leaves_the_shipped_ones(tmp_path: Path):
    layouts = layouts_with(tmp_path / "gone")
    assert [layout.name for layout in layouts] == list(SHIPPED)
    with pytest.raises(WrongLayout, match="LIFEBOAT_LAYOUTS_DIR"):
        layouts.named("mine")


def test_a_file_that_cannot_be_read_is_told_as_such(tmp_path: Path):
    (tmp_path / "folder.toml").mkdir()
    (wrong,) = layouts_with(tmp_path).wrong
    assert "无法读取" in wrong.sentence


def test_a_text_of_its_own_that_no_cell_holds_is_told_with_its_line():
    long = "长" * (MAX_CELL + 1)
    (error,) = read(column('kind = "text"', f'default = "{long}"')).errors
    assert (error.line, error.key) == (10, "default")
    words = column('path = "order.payment.status"', 'kind = "word"', f'words = {{ paid = "{long}" }}')
    (error,) = read(words).errors
    assert (error.line, error.key) == (11, "words")
    assert cells('kind = "text"', f'default = "{long[1:]}"')[0] == long[1:]


def test_every_shipped_layout_is_in_the_package_and_in_the_registry():
    shipped = {path.stem for path in (ROOT / "app" / "files" / "layouts").glob("*.toml")}
    assert shipped == set(SHIPPED) == {layout.name for layout in shipped_layouts()}


def test_the_layout_in_the_documentation_is_one():
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "layouts.md").read_text(encoding="utf-8"), re.DOTALL)
    found = read_layout(example.encode(), taken=SHIPPED)
    assert found.errors == ()
    assert found.layout is not None
    assert found.layout.missing(EXPORT) == []
