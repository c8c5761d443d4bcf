"""Lists and statements as others export them, with their traps: what is read, what is named, what is refused."""

import io
import json
import zipfile
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.problems import TooLarge
from app.files.sheet_reader import Limits, UnreadableSheet, stream_sheets
from app.reconcile.compare.list_map import ListMap, map_of, own_documents, shipped_maps, state_lines
from app.reconcile.compare.list_reader import read_list
from app.toml_file import UnreadableFile
from tests.unit.test_compare_ladder import NUMBERS

OURS = NUMBERS[0]


def read(data: bytes | str, witness: str = "main", maps: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    raw = data.encode() if isinstance(data, str) else data
    return [json.loads(line) for line in read_list({"witness": witness, "maps": maps}, raw)]


def rows(data: bytes | str, witness: str = "main", maps: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    return [line for line in read(data, witness, maps) if "row" in line]


def refused(data: bytes | str, witness: str) -> str:
    return str(read(data, witness)[-1].get("refused", ""))


def table(heads: str, *lines: str) -> str:
    return "\r\n".join((heads, *lines, ""))


# ---- WeChat Pay ------------------------------------------------------------------------------------------------------

ALL = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
OLD = (
    "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,代金券或立减优惠金额,"
    "微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率"
)
WX = "4200002026112500000000000001"


def paid(number: str = OURS, *, name: str = "跑鞋", kind: str = "SUCCESS") -> str:
    return (
        f"`2026-11-25 20:00:01,`wx1,`190,`0,`,`{WX},`{number},`o1,`JSAPI,`{kind},`OTHERS,`CNY,`580.00,`8.00,`0,`0,`0.00,`0.00,`,`,"
        f"`{name},`,`3.52800,`0.60%,`588.00,`0.00,`"
    )


def given_back(number: str = OURS, *, refund: str = "5030000001", yuan: str = "88.00") -> str:
    return (
        f"`2026-11-25 21:00:01,`wx1,`190,`0,`,`{WX},`{number},`o1,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`{refund},`R1,`{yuan},`0.00,"
        f"`ORIGINAL,`PROCESSING,`跑鞋,`,`-0.52800,`0.60%,`0.00,`{yuan},`"
    )


def wechat(*lines: str, count: int | None = None, total: str | None = None) -> str:
    sums = f"`{len(lines) if count is None else count},`0.00,`0.00,`0.00,`0.00,`{total or '588.00'},`0.00"
    return table(
        ALL,
        *lines,
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
        sums,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_wechat_statement_is_read_in_every_encoding_also_with_commas_in_a_name(encoding: str):
    found = read(wechat(paid(name="跑鞋,蓝,42"), given_back()).encode(encoding), "money")
    assert [one.get("wrong") for one in found] == [None, [], [], None]
    payment, refund = found[1:3]
    assert (payment["numbers"], payment["provider"], payment["kind"], payment["amount"]) == (
        [OURS],
        [WX],
        "payment",
        58800,
    )
    assert (refund["numbers"], refund["refund_number"], refund["kind"], refund["amount"]) == (
        [OURS],
        ["5030000001"],
        "refund",
        8800,
    )
    assert (payment["at"], payment["account"]) == ("2026-11-25T20:00:01", "190")
    assert found[-1]["told"]


def test_payments_that_were_revoked_and_the_old_formats_are_read_by_their_headings():
    (revoked,) = rows(wechat(paid(kind="REVOKED")), "money")
    assert revoked["kind"] == "revoked"
    old = f"`2018-11-25 20:00:01,`wx1,`190,`0,`,`{WX},`{OURS},`o1,`JSAPI,`SUCCESS,`OTHERS,`CNY,`588.00,`0.00,`0,`0,`0,`0,`,`,`跑鞋,`,`3.5,`0.60%"
    summed = "`1,`588.00,`0.00,`0.00,`3.5"
    (found,) = rows(
        table(OLD, old, "总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额", summed), "money"
    )
    assert (found["kind"], found["amount"]) == ("payment", 58800)


def test_statements_of_payments_alone_and_of_refunds_alone_are_read_by_their_headings():
    heads = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,应结订单金额,代金券金额"
    end = "总交易单数,订单总金额", "`1,`588.00"
    success = f"`2026-11-25 20:00:01,`wx1,`190,`{WX},`{OURS},`SUCCESS,`580.00,`8.00,`588.00"
    (found,) = rows(table(f"{heads},订单金额", success, *end), "money")
    assert (found["kind"], found["amount"], found["refund_number"]) == ("payment", 58800, [])
    refund = f"`2026-11-25 20:00:01,`wx1,`190,`{WX},`{OURS},`REFUND,`0.00,`0.00,`2026-11-25 21:00:00,`,`503,`88.00,`0.00,`90.00"
    more = "退款申请时间,退款成功时间,微信退款单号,退款金额,订单金额,申请退款金额"
    (found,) = rows(table(f"{heads},{more}", refund, "总交易单数,申请退款总金额", "`1,`90.00"), "money")
    assert (found["kind"], found["amount"], found["refund_number"]) == ("refund", 9000, ["503"])


def test_a_spreadsheet_may_have_taken_the_backticks_away_or_quoted_what_stands_behind_them():
    plain = wechat(paid(), given_back()).replace("`", "")
    assert [one["kind"] for one in rows(plain, "money")] == ["payment", "refund"]
    quoted = wechat(paid(name="跑鞋,蓝")).replace("`跑鞋,蓝", '"`跑鞋,蓝"')
    assert [one["amount"] for one in rows(quoted, "money")] == [58800]


def test_a_statement_that_its_summary_contradicts_is_refused_and_one_without_is_named():
    assert "汇总写着 7 笔，明细有 1 笔" in refused(wechat(paid(), count=7), "money")
    assert "金额合计与汇总不符" in refused(wechat(paid(), total="1.00"), "money")
    assert not read(table(ALL, paid()), "money")[-1]["told"]


def test_a_day_without_payments_is_a_document_and_no_table():
    answer = "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[No Bill Exist]]></return_msg></xml>"
    assert [one.get("rows") for one in read(answer, "money")] == [None, 0]


def test_a_row_whose_commas_cannot_be_told_apart_is_named_and_not_guessed():
    line = paid(name="跑鞋,蓝").replace("`", "")
    for more, code in (("", "not_money"), ("备注", "too_many_cells")):
        (found,) = rows(wechat(line + more), "money")
        assert (found["unread"], found["wrong"][0][1]) == (True, code)


# ---- Alipay ----------------------------------------------------------------------------------------------------------

TRADE = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,"
    "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
)
ALI = "2026112522001400000000000001"
PREFACE = (
    "#支付宝业务明细查询\n#账号：[20880000000000000156]\n#起始日期：[2026年11月25日 00:00:00]   终止日期：[2026年11月26日 00:00:00]\n"
    "#-----------------------------------------业务明细列表----------------------------------------\n"
)


def trade(kind: str, yuan: str, *, refund: str = "", number: str = OURS) -> str:
    return (
        f"{ALI}\t,{number}\t,{kind}\t,跑鞋,2026-11-25 20:00:01,2026-11-25 20:00:09,\t,\t,\t,\t,a***@b.c\t,{yuan},{yuan},0.00,0.00,0.00,"
        f"0.00,0.00,\t,0.00,0.00,{refund}\t,0.00,0.00,"
    )


def alipay(*lines: str, paid_sum: str = "1笔，商家实收共588.00元", back: str = "1笔，商家实收退款共-88.00元") -> str:
    end = (
        "#-----------------------------------------业务明细列表结束------------------------------------\n"
        f"#交易合计：{paid_sum}，商家优惠共0.00元\n#退款合计：{back}，商家优惠退款共0.00元\n#导出时间：[2026年11月26日 09:12:49]\n"
    )
    return PREFACE + "\n".join((TRADE, *lines, end))


GOOD = alipay(trade("交易", "588.00"), trade("退款", "-88.00", refund="R1"))


def test_an_alipay_statement_is_read_with_its_tabs_and_negative_refunds():
    found = read(GOOD.encode("gb18030"), "money")
    payment, refund = found[1:3]
    assert (payment["numbers"], payment["provider"], payment["kind"], payment["amount"]) == (
        [OURS],
        [ALI],
        "payment",
        58800,
    )
    assert (refund["kind"], refund["refund_number"], refund["amount"]) == ("refund", ["R1"], 8800)
    end = found[-1]
    assert (end["account"], end["told"], end["period"][0]) == ("20880000000000000156", True, "2026年11月25日 00:00:00")


def test_half_width_brackets_and_the_commas_of_a_file_that_was_saved_again_change_nothing():
    saved = "\n".join(line + ",,,," if line.startswith("#") else line for line in GOOD.splitlines())
    for text in (saved, GOOD.replace("（元）", "(元)"), GOOD.replace("\n", "\r\n")):
        assert rows(text, "money") == rows(GOOD, "money")
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as made:
        sheet = made.add_worksheet()
        for y, line in enumerate(GOOD.splitlines()):
            for x, cell in enumerate(line.split(",")):
                sheet.write_string(y, x, cell)
    assert rows(book.getvalue(), "money") == rows(GOOD, "money")


def test_a_footer_that_does_not_fit_means_a_file_that_was_cut_or_edited():
    lines = trade("交易", "588.00"), trade("退款", "-88.00", refund="R1")
    assert "交易 2 笔，明细有 1 笔" in refused(alipay(*lines, paid_sum="2笔，商家实收共588.00元"), "money")
    assert "退款金额合计与汇总不符" in refused(alipay(*lines, back="1笔，商家实收退款共-8.00元"), "money")
    assert not read(PREFACE + "\n".join((TRADE, *lines)), "money")[-1]["told"]


def archive(*members: tuple[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        for name, text in members:
            package.writestr(name, text.encode("gb18030"))
    return packed.getvalue()


def test_of_an_archive_the_details_are_read_wherever_they_stand_and_whatever_they_are_called():
    summary = "#支付宝业务汇总查询\n#账号：[2088]\n门店编号,门店名称,交易订单总笔数\n合计,,1\n"
    found = read(archive(("汇总.csv", summary), ("明细.csv", GOOD)), "money")
    assert [one["row"] for one in found if "row" in one] == [6, 7]
    assert "只有汇总" in refused(archive(("明细.csv", summary)), "money")
    assert "汇总，不是明细" in refused(summary, "money")
    assert "损坏" in refused(archive(("明细.csv", GOOD))[:-30], "money")


ACCOUNT = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注"


def test_of_the_accounts_movements_only_payments_and_refunds_are_an_orders():
    lines = (
        f"1\t,{ALI}\t,T200P{OURS}\t,跑鞋\t,2026-11-25 20:00:09,a\t,588.00,,1000.00,支付宝\t,在线支付\t,\t",
        f"2\t,{ALI}\t,{OURS}\t,跑鞋\t,2026-11-25 20:00:09,a\t,,-3.53,996.47,支付宝\t,收费\t,\t",
        f"3\t,{ALI}\t,{OURS}\t,跑鞋\t,2026-11-25 21:00:09,a\t,,-88.00,908.47,支付宝\t,交易退款\t,\t",
        f"6\t,9\t,{OURS}\t,进货\t,2026-11-25 22:00:09,a\t,,-1.00,7.47,支付宝\t,交易\t,\t",
        "4\t,9\t,\t,提到银行卡\t,2026-11-25 22:00:09,a\t,,-900.00,8.47,支付宝\t,余额什么的\t,\t",
        f"5\t,9\t,{OURS}\t,\t,2026-11-25 22:00:09,a\t,,-1.00,7.47,支付宝\t,闻所未闻\t,\t",
    )
    end = "#-----账务明细列表结束-----\n#支出合计：5笔，共993.53元\n#收入合计：1笔，共588.00元\n"
    found = rows("#支付宝账务明细查询\n" + "\n".join((ACCOUNT, *lines, end)), "money")
    assert [(one.get("kind"), one.get("amount"), one.get("numbers")) for one in found[:3]] == [
        ("payment", 58800, [OURS]),
        ("passed_over", None, None),
        ("refund", 8800, [OURS]),
    ]
    assert [one["passed_over"] for one in found[3:5]] == ["交易", "余额什么的"]
    assert found[5]["wrong"][0][1] == "unknown_kind"


@pytest.mark.parametrize(
    ("heads", "sentence"),
    [
        (
            "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),备注,业务凭证号",
            "资金账单",
        ),
        ("交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注", "个人钱包"),
        ("动账时间,动账流水号,动账方向,动账金额,动账账户,动账场景,子订单号,订单号", "抖店"),
        ("姓名,电话", "没有认出这份账单"),
    ],
)
def test_what_looks_like_a_statement_and_is_none_is_refused_by_its_name(heads: str, sentence: str):
    assert sentence in refused(table(f"前言\n{heads}", ",".join("1" for _ in heads.split(","))), "money")


def test_any_other_statement_is_read_by_what_people_call_its_columns():
    text = table(
        "订单号,交易类型,金额,支付时间,流水号", f"{OURS},收款,¥1,588.00,2026-11-25 20:00,T1".replace("1,588", "1588")
    )
    (found,) = rows(text, "money")
    assert (found["kind"], found["amount"], found["provider"]) == ("payment", 158800, ["T1"])


# ---- the main systems' lists -----------------------------------------------------------------------------------------


def test_jushuitan_with_a_title_line_wrapped_numbers_merged_and_exchanged_orders():
    text = table(
        "名称：订单导出\r\n内部订单号,线上订单号,原始线上订单号,状态,应付金额,商品编码,数量,手机,订单类型,付款日期",
        f'1001,"A,B","{OURS}",已客审待财审,"1,588.00",X,1,13800138000,普通订单,2026-11-25 20:00:01',
        f'1002,="{OURS}",,被合并,0,X,1,138****8000,普通订单,2026-11-25',
        "1003,C,,已发货,0,X,1,,换货,",
        "合计,,,,1588.00,,,,,",
    )
    first, merged, exchanged, total = rows(text.encode("gb18030"))
    assert (first["numbers"], first["main"], first["amount"], first["state"]) == ([OURS], ["1001"], 158800, "live")
    assert first["at"] == "2026-11-25T20:00:01"
    assert (merged["numbers"], merged["state"], merged["at"], merged["wrong"]) == ([OURS], "passed_on", None, [])
    assert (exchanged["passed_over"], total["passed_over"]) == ("换货", "合计")


def test_wangdiantong_sums_the_parts_of_a_merged_order_and_knows_bundles():
    text = table(
        "订单编号,原始单号,子单原始单号,订单状态,订单类型,应收金额,商家编码,下单数量,分摊后总价,分摊邮费,拆自组合装,赠品方式,收件人手机,付款时间",
        f'="JY1","{OURS},Q",="{OURS}",已发货,网店销售,300.00,A,1,190.00,10.00,,,13800138000,2026-11-25 20:00:01',
        f'JY1,"{OURS},Q",Q,已发货,网店销售,300.00,B,1,100.00,0.00,套装一,自动赠送,13800138000,2026-11-25 20:00:01',
    )
    mine, other = rows(text.encode("gb18030"))
    assert (mine["numbers"], mine["part"], mine["bundle"], mine["gift"]) == ([OURS], 20000, False, False)
    assert (other["numbers"], other["part"], other["bundle"], other["gift"]) == (["Q"], 10000, True, True)


def test_youzan_with_a_heading_that_occurs_twice_and_a_number_of_ours_in_a_note():
    heads = "订单号,订单状态,支付流水号,订单实付金额,分销员,收货人手机号/提货人手机号,分销员,商家订单备注,订单已退款金额,买家付款时间"
    (found,) = rows(
        table(heads, f"E20261125,交易完成,42000,588.00,甲,186******05,乙,应急 {OURS} 补录,0.00,2026-11-25 20:00:01")
    )
    assert (found["main"], found["tokens"], found["paid_by"], found["phone"]) == (
        ["E20261125"],
        [OURS],
        ["42000"],
        "186******05",
    )


def test_doudian_with_tabs_and_ciphertext():
    heads = "主订单编号,子订单编号,商家编码,商品数量,订单应付金额,收件人手机号,订单状态,支付完成时间"
    text = "\ufeff" + table(
        heads, '"\t6917000000000000123","\t6917000000000000124","A",1,588.00,##abc==$$,待发货,2026-11-25 20:00:01'
    )
    (found,) = rows(text)
    assert (found["main"], found["item"], found["pieces"]) == (["6917000000000000123"], "6917000000000000124", 1)


def test_shopify_keeps_an_orders_own_cells_on_its_first_row():
    heads = "Name,Financial Status,Paid at,Currency,Total,Created at,Lineitem quantity,Lineitem sku,Shipping Phone,Notes,Cancelled at,Refunded Amount"
    text = table(
        heads,
        f"#1001,paid,2026-11-25 20:00:01 +0800,CNY,588.00,2026-11-25 20:00:01 +0800,1,A,+86 13800138000,{OURS},,0.00",
        "#1001,,,,,,2,B,,,,",
        "#1002,refunded,2026-11-25 20:00:01 +0800,USD,99.00,,1,A,,,2026-11-26 08:00:00 +0800,99.00",
    )
    first, second, cancelled = rows(text)
    assert (first["main"], first["tokens"], first["amount"], first["at"]) == (
        ["1001"],
        [OURS],
        58800,
        "2026-11-25T20:00:01+08:00",
    )
    assert (second["main"], second["sku"], second["amount"], second["state"]) == (["1001"], "B", None, "live")
    assert (cancelled["amount"], cancelled["state"], cancelled["refund"]) == (None, "cancelled", 9900)


@pytest.mark.parametrize("items", [1, 24])
def test_webtoffee_has_as_many_columns_as_its_longest_order(items: int):
    many = ",".join(f"line_item_{n},Product Item {n} SKU" for n in range(items))
    heads = f"order_id,order_number,paid_date,status,order_total,order_currency,transaction_id,billing_phone,customer_note,meta:lifeboat,{many}"
    (found,) = rows(table(heads, f"17,17,2026-11-25 20:00:01,wc-processing,588.00,CNY,T9,13800138000,,{OURS}"))
    assert (found["main"], found["tokens"], found["paid_by"], found["state"]) == (["17"], [OURS], ["T9"], "live")


def test_a_sku_is_read_as_it_is_written():
    sku = f"SKU <{'长' * 60}>`A"
    (found,) = rows(table("平台单号,商品编码,数量", f"Q-1,{sku},1"))
    assert found["sku"] == sku


def test_magento_ids_get_back_the_zeros_that_a_spreadsheet_took():
    heads = "ID,Purchase Point,Purchase Date,Grand Total (Base),Grand Total (Purchased),Status"
    (found,) = rows(table(heads, '123,Main,"Nov 25, 2026, 8:00:01 PM","¥1,588.00","¥1,588.00",Complete'))
    assert (found["main"], found["amount"], found["state"]) == (["000000123"], 158800, "live")


def test_any_other_list_is_read_by_what_people_call_its_columns():
    text = table("单据编号,平台单号,订单状态,金额,总金额,商品代码,数量", f"GY1,{OURS},已审核,,588,A,1")
    (found,) = rows(text)
    assert (found["main"], found["numbers"], found["amount"], found["sku"]) == (["GY1"], [OURS], 58800, "A")


@pytest.mark.parametrize(
    ("cells", "code", "unread"),
    [
        ("3.30123E+18,1,A", "damaged", True),
        ("330123456789012000,1,A", "damaged", True),
        (",1,A", "no_number", True),
        ("X" * 129 + ",1,A", "no_number", True),
        ("#REF!,1,A", "damaged", True),
        ("Q-1,很多,A", "not_whole", False),
        ("Q-1,1,A,两百块", "not_money", False),
        ("Q-1,1,A,1.005", "not_money", False),
        ("Q-1,1,A,100,昨天", "not_a_time", False),
        ("Q-1,1,A,100,9999-12-31 23:59:59", "not_a_time", False),
        (";".join(map(str, range(200))) + ",1,A", "no_number", True),
    ],
)
def test_what_cannot_be_read_is_named_by_its_column_and_its_code(cells: str, code: str, unread: bool):  # noqa: FBT001 - a row of the table
    (found,) = rows(table("平台单号,数量,商品编码,订单金额,付款时间", cells))
    assert [one[1] for one in found["wrong"]] == [code]
    assert found.get("unread", False) is unread


def test_a_number_that_a_workbook_keeps_as_a_rounded_number_is_named():
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["平台单号", "订单金额"])
        sheet.write_row(1, 0, [3301234567890123456, 588.1])
        sheet.write_row(2, 0, [33012345678, 0.1 + 0.2])
        sheet.write_formula(3, 0, "=A2", value="")
    damaged, fine, *_ = rows(book.getvalue())
    assert damaged["wrong"][0][:2] == ["平台单号", "damaged"]
    assert (fine["numbers"], fine["amount"]) == (["33012345678"], 30)


@pytest.mark.parametrize(
    "amount", ["588", "¥588.00", "588.00元", "CNY 588.00", "rmb588", "\uff15\uff18\uff18\uff0e\uff10\uff10", " 588.00 "]
)
def test_an_amount_is_read_however_it_is_written(amount: str):
    (found,) = rows(table("平台单号,订单金额", f"Q-1,{amount}"))
    assert (found["amount"], found["wrong"]) == (58800, [])


def test_what_a_terminal_would_obey_is_not_handed_on():
    (found,) = rows(table("平台单号,订单状态,数量,商品编码", "Q-1,已发货\x1b[2J,\x1b[31m一,A"))
    assert "\x1b" not in json.dumps(found, ensure_ascii=False)
    assert found["said"] == "已发货 [2J"


def test_headings_alone_are_a_list_without_orders():
    assert read(table("平台单号,订单金额"))[-1]["rows"] == 0


def test_a_file_that_is_no_table_is_refused():
    assert "图片" in refused(b"\x89PNG\r\n", "main")
    assert "没有认出这份订单清单" in refused("", "main")


def test_a_list_that_is_too_long_is_refused_after_the_rows_that_were_read():
    (sheet,), _ = stream_sheets(table("平台单号", *("Q" for _ in range(10))).encode(), Limits(rows=5))
    assert [next(sheet.rows).number for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(UnreadableSheet, match="最多 5 行"):
        next(sheet.rows)
    with pytest.raises(TooLarge):
        stream_sheets(b"x" * 11, Limits(bytes=10))


def test_of_a_workbook_every_sheet_is_read_and_one_that_is_no_list_is_named():
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as made:
        for name, heads in (("说明", "导出说明"), ("一月", "平台单号"), ("空", ""), ("二月", "平台单号")):
            sheet = made.add_worksheet(name)
            if heads:
                sheet.write_column(0, 0, [heads, f"Q-{name}"])
    found = rows(book.getvalue())
    assert [one["numbers"] for one in found if "numbers" in one] == [["Q-一月"], ["Q-二月"]]
    assert [one["wrong"][0][1] for one in found if one["wrong"]] == ["sheet_not_read"]
    assert "“说明”" in found[-1]["wrong"][0][2]


CELLS = [
    "0",
    "-",
    "`",
    "'",
    "=",
    '="',
    '=""',
    "#",
    "#N/A",
    "1e5",
    "1E400",
    "1e309",
    "∞",
    "NaN",
    "-0.00",
    "١٢٣",
    "½",
    "T1P",
    "24:00",
    "0000-00-00",
    "2026-11-25T20:00:01Z",
    "..",
    "+",
    "¥",
    "元",
    "SUCCESS",
    "REFUND",
    "交易",
    "退款",
    "已发货",
    "已取消",
    "合计",
    "总交易单数",
    "#交易合计：1笔，共1元",
    "\ufeff",
    "\u202e",
    "\x00",
    "99999999999999999999",
    "00000000000000000000",
    "2026-02-30",
    "9999-12-31",
]
NASTY = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20),
    st.sampled_from([*CELLS, "", "2026-02-30 10:00:00", "9999-12-31 23:59:59", OURS, f"{OURS}-1"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(shipped_maps()), st.lists(st.lists(NASTY, max_size=24), max_size=6), st.booleans())
def test_whatever_stands_in_a_list_no_cell_breaks_its_reader(by: ListMap, lines: list[list[str]], backticks: bool):  # noqa: FBT001 - drawn
    heads = [next(iter(names)) for names in by.known_by]
    heads += [names[0].rstrip("*") for field, names in by.columns.items() if names[0] not in heads and field != "notes"]
    heads += [names[0] for names in by.numbers if names[0] not in heads]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines]
    ticked = ["`" + ",`".join(line) for line in lines]
    found = read(table(",".join(heads), *(ticked if backticks else quoted)), by.witness)
    if "refused" in found[-1]:
        return
    assert "end" in found[-1]
    for one in found[1:-1]:
        assert {"numbers", "passed_over", "unread"} & one.keys()
        assert all(code and why for _, code, why in one.get("wrong", ()))
        assert one.get("amount") is None or isinstance(one["amount"], int)
        assert one.get("at") is None or datetime.fromisoformat(one["at"]).year <= 2100


# ---- maps ------------------------------------------------------------------------------------------------------------


def test_every_shipped_map_knows_its_columns_and_every_state_is_known():
    assert {one.witness for one in shipped_maps()} == {"main", "money"}
    assert all(one.known_by and one.columns for one in shipped_maps())
    assert [state for state, *_ in state_lines()] == ["passed_on", "cancelled", "unpaid", "live"]


MINE = {
    "title": "自研系统",
    "witness": "main",
    "known_by": [["业务编号"]],
    "columns": {"number": [["外部号"]], "main_number": ["业务编号"], "state": ["环节"]},
    "states": {"cancelled": ["打回"]},
}


def test_a_merchants_own_map_comes_before_the_shipped_ones_with_its_own_words():
    found = read(table("业务编号,外部号,环节", f"B1,{OURS},打回"), maps=(("mine.toml", MINE),))
    assert (found[0]["map"], found[1]["numbers"], found[1]["state"]) == ("mine", [OURS], "cancelled")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"witness": "bank"}, "witness"),
        ({"known_by": []}, "known_by"),
        ({"columns": None}, "columns"),
        ({"columns": {"numer": ["x"]}}, "numer"),
        ({"columns": {"main_number": "业务编号"}}, "main_number"),
        ({"columns": {"main_number": ["x"] * 501}}, "500"),
        ({"ends_with": "bank"}, "ends_with"),
        ({"digits": "9"}, "digits"),
        ({"kinds": []}, "kinds"),
        ({"states": {"gone": ["x"]}}, "gone"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_map_that_is_none_is_refused_with_a_sentence(change: dict[str, Any], sentence: str):
    with pytest.raises(UnreadableFile, match=sentence):
        map_of("mine.toml", {**MINE, **change})


def test_a_folder_of_maps_names_the_file_that_is_wrong(tmp_path: Any):
    (tmp_path / "a.toml").write_text(
        'witness = "main"\nknown_by = [["业务编号"]]\n[columns]\nmain_number = ["业务编号"]\n'
    )
    assert [name for name, _ in own_documents(tmp_path)] == ["a.toml"]
    (tmp_path / "b.toml").write_text('witness = "main"\nknown_by = [[]')
    with pytest.raises(UnreadableFile, match=r"b\.toml"):
        list(own_documents(tmp_path))
