"""What stands in which cell, and what an importing program would refuse."""

from dataclasses import replace

import pytest

from app.domain.order import Item, Order, Payment, Recipient
from app.files.layouts.export_order import ExportOrder
from app.files.layouts.registry import SHIPPED, UnknownLayout, shipped_layouts
from tests.deployment.facts import TEN, ZONE

LAYOUTS = shipped_layouts()

ORDER = Order(
    phone="13800138000-6762",
    items=(
        Item(sku="A-1001", name="跑步鞋 42", quantity=2, unit_price=29950),
        Item(sku="=cmd|' /C calc'!A0", quantity=1, unit_price=100),
    ),
    client_order_id="-SHOP-1",
    total=60000,
    freight=1000,
    discount=1000,
    recipient=Recipient(name="张三", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"),
    payment=Payment(status="paid", paid_at=TEN, transaction_id="4200"),
    buyer="@nick",
    note="=1+1",
    placed_at=TEN,
)
EXPORT = ExportOrder(
    number="LB000000000000X", client="旗舰店", priority="high", received_at=TEN, total=60000, order=ORDER
)


def rows(name: str, order: ExportOrder = EXPORT) -> list[dict[str, str]]:
    layout = LAYOUTS.named(name)
    found = [layout.defused(row) for row in layout.rows_in(ZONE)(order)]
    return [dict(zip(layout.headings, row, strict=True)) for row in found]


def changed(**fields: object) -> ExportOrder:
    return replace(EXPORT, order=replace(ORDER, **fields))  # type: ignore[arg-type]


def test_the_generic_header_is_the_published_one():
    assert ",".join(LAYOUTS.named("generic").headings) == (
        "应急单号,外部单号,渠道,优先级,下单时间,收件人,手机号,省,市,区,详细地址,商品编码,商品名称,数量,单价,"
        "明细金额,订单金额,运费,优惠,付款状态,付款时间,支付单号,买家留言,备注"
    )


def test_each_item_has_a_row_and_the_fields_of_the_order_repeat():
    first, second = rows("generic")
    assert first["商品编码"] == "A-1001"
    assert (first["数量"], first["单价"], first["明细金额"]) == ("2", "299.50", "599.00")
    same = ("应急单号", "收件人", "手机号", "订单金额", "下单时间")
    assert [first[h] for h in same] == [second[h] for h in same]
    assert [first[h] for h in same] == ["LB000000000000X", "张三", "13800138000-6762", "600.00", "2026-11-22 10:00:00"]


def test_text_from_outside_is_defused_and_validated_cells_are_not():
    first, second = rows("generic")
    assert first["外部单号"] == "'-SHOP-1"
    assert first["买家留言"] == "'=1+1"
    assert second["商品编码"].startswith("'=cmd")
    assert first["手机号"] == "13800138000-6762"
    assert first["备注"] == "买家：@nick"


def test_plain_rows_for_a_format_that_executes_nothing_are_not_defused():
    row = next(LAYOUTS.named("generic").rows_in(ZONE)(EXPORT))
    assert "=1+1" in row


def test_a_character_no_cell_can_hold_is_left_out():
    assert rows("generic", changed(note="a\x00b\x07"))[0]["买家留言"] == "ab"


@pytest.mark.parametrize(
    ("status", "shown"), [("paid", "已付款"), ("unpaid", "未付款"), ("cod", "货到付款"), (None, "")]
)
def test_the_payment_status_is_chinese(status: str | None, shown: str):
    assert rows("generic", changed(payment=Payment(status=status)))[0]["付款状态"] == shown  # type: ignore[arg-type]


def test_what_nobody_said_is_an_empty_cell():
    bare = ExportOrder(
        number="LB1", client="c", priority="normal", received_at=TEN, total=None, order=Order(phone="13800138000", items=(Item(sku="A", quantity=1),))
    )  # fmt: skip
    row = rows("generic", bare)[0]
    assert (row["收件人"], row["单价"], row["明细金额"], row["订单金额"], row["付款状态"], row["备注"]) == ("",) * 6
    assert (row["优先级"], row["下单时间"]) == ("普通", "2026-11-22 10:00:00")
    assert LAYOUTS.named("generic").missing(bare) == []
    assert LAYOUTS.named("jushuitan").missing(bare) == ["收件人", "详细地址", "单价"]


def test_jushuitan_always_has_an_online_number_and_keeps_the_outside_one_in_the_remark():
    row = rows("jushuitan")[0]
    assert row["线上单号"] == "LB000000000000X"
    assert row["卖家备注"] == "外部单号：-SHOP-1"
    assert (row["买家账号"], row["应付金额"]) == ("'@nick", "600.00")


def test_wangdiantong_reads_the_whole_address_from_one_cell():
    row = rows("wangdiantong")[0]
    assert (row["原始单号"], row["地址"], row["发货条件"]) == (
        "LB000000000000X",
        "浙江省杭州市西湖区 文三路 1 号",
        "款到发货",
    )
    written_out = replace(ORDER.recipient, address="浙江省杭州市西湖区文三路 1 号")  # type: ignore[type-var]
    assert rows("wangdiantong", changed(recipient=written_out))[0]["地址"] == "浙江省杭州市西湖区文三路 1 号"
    assert rows("wangdiantong", changed(recipient=None))[0]["地址"] == ""
    assert rows("wangdiantong", changed(payment=Payment(status="cod")))[0]["发货条件"] == "货到付款"


def test_an_address_over_several_lines_is_one_line_in_every_cell():
    to = replace(ORDER.recipient, address="文三路 1 号\r\n3 号楼")  # type: ignore[type-var]
    row = rows("generic", changed(recipient=to, note="一\n二\u2028三"))[0]
    assert (row["详细地址"], row["买家留言"]) == ("文三路 1 号 3 号楼", "一 二 三")
    assert rows("wangdiantong", changed(recipient=to))[0]["地址"] == "浙江省杭州市西湖区 文三路 1 号 3 号楼"


def test_no_division_is_doubled_in_one_cell_and_those_with_columns_of_their_own_stay_as_they_came():
    to = Recipient(
        name="乙", province="上海", city="上海市", district="浦东新区", address="上海市浦东新区世纪大道 1 号"
    )
    assert rows("wangdiantong", changed(recipient=to))[0]["地址"] == "上海市浦东新区世纪大道 1 号"
    row = rows("jushuitan", changed(recipient=to))[0]
    assert (row["省"], row["市"], row["详细地址"]) == ("上海", "上海市", "上海市浦东新区世纪大道 1 号")


UNPAID, COD = "【未付款，勿发货】", "【货到付款】"
MARKS = [
    # layout, the column, and what it begins with: unpaid, cash on delivery
    ("jushuitan", "卖家备注", UNPAID, COD),
    ("guanyi", "商品备注", UNPAID, ""),
    ("generic", "付款状态", "未付款", "货到付款"),
    ("wangdiantong", "发货条件", "款到发货", "货到付款"),
]


@pytest.mark.parametrize(("name", "heading", "unpaid", "cod"), MARKS)
def test_who_packs_the_goods_reads_that_an_order_is_not_paid(name: str, heading: str, unpaid: str, cod: str):
    def shown(payment: Payment | None) -> str:
        return rows(name, changed(payment=payment))[0][heading]

    assert shown(Payment(status="unpaid")).startswith(unpaid)
    assert shown(Payment(status="cod")).startswith(cod)
    for payment in (Payment(status="paid", paid_at=TEN), Payment(paid_at=TEN), None):
        assert "【" not in shown(payment)
        assert "未付款" not in shown(payment)


@pytest.mark.parametrize(
    ("name", "marked"),
    [
        ("generic", {"unpaid", "cod"}),
        ("jushuitan", {"unpaid", "cod"}),
        ("guanyi", {"unpaid", "cod"}),
        ("wangdiantong", {"cod"}),
    ],
)
def test_a_layout_knows_which_payments_it_can_show(name: str, marked: set[str]):
    assert LAYOUTS.named(name).marks_payment == marked


def test_guanyi_is_told_no_time_of_a_payment_that_is_due():
    for status in ("unpaid", "cod"):
        row = rows("guanyi", changed(payment=Payment(status=status, paid_at=TEN)))[0]  # type: ignore[arg-type]
        assert (row["订单付款时间"], row["支付金额"]) == ("", "")


def test_guanyi_flags_are_zero_and_one():
    row = rows("guanyi")[0]
    assert (row["是否赠品"], row["是否货到付款"], row["支付金额"], row["支付方式"]) == ("0", "0", "600.00", "在线支付")
    cod = rows("guanyi", changed(payment=Payment(status="cod")))[0]
    assert (cod["是否货到付款"], cod["支付金额"], cod["支付方式"]) == ("1", "", "货到付款")
    assert rows("guanyi", changed(payment=None))[0]["支付方式"] == ""


def test_guanyi_refuses_a_paid_order_without_the_time_it_was_paid():
    assert LAYOUTS.named("guanyi").missing(changed(payment=Payment(status="paid"))) == ["付款时间"]
    assert LAYOUTS.named("guanyi").missing(changed(payment=Payment(status="unpaid"))) == []


@pytest.mark.parametrize("name", ["jushuitan", "wangdiantong", "guanyi"])
def test_one_item_without_a_price_is_enough_to_be_unfit(name: str):
    items = (ORDER.items[0], Item(sku="B", quantity=1))
    assert LAYOUTS.named(name).missing(changed(items=items)) == ["单价"]
    assert LAYOUTS.named(name).missing(EXPORT) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_every_table_holds_our_number_once(name: str):
    layout = LAYOUTS.named(name)
    assert next(layout.rows_in(ZONE)(EXPORT))[layout.number_at] == EXPORT.number
    assert len(set(layout.headings)) == len(layout.headings)


def test_an_unknown_table_is_named_beside_those_there_are():
    with pytest.raises(UnknownLayout, match=r"没有名为 kingdee .*generic、jushuitan"):
        LAYOUTS.named("kingdee")
