"""A row becomes events by a map that is data: the shipped maps, their traps, and what a map must not say."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.marks import Mark
from app.toml_file import WrongEntry
from app.watch.sources.event_map import Merchant, RowEvents, take_row
from app.watch.sources.map_file import MapTable, map_of, shipped_maps
from app.watch.triage.table import shipped_table

NOW = datetime(2025, 1, 2, tzinfo=UTC)
BEIJING = ZoneInfo("Asia/Shanghai")


def read(edition: str, reading: str, *rows: object, **chosen: Any) -> RowEvents:
    into = RowEvents()
    merchant = Merchant(source="erp", zone=BEIJING, **chosen)
    for row in rows:
        take_row(into, row, shipped_maps(edition)[reading], reading=reading, merchant=merchant, now=NOW)
    return into


def marks(found: RowEvents) -> set[tuple[str, str]]:
    return {(str(one.mark), f"{one.at.astimezone(BEIJING):%H:%M}") for one in found.events}


TRADE = {
    "trade_no": "JY1",
    "shop_no": "001",
    "trade_status": 95,
    "trade_time": 1735689600000,
    "pay_time": "2025-01-01 08:01:00",
    "check_time": "2025-01-01 08:02:00",
    "consign_time": 1735693200000,
    "modified": "2025-01-01 09:00:00",
    "logistics_no": "YT1",
    "logistics_name": "圆通速递",
}
STOCKOUT = {
    "src_order_no": "JY1",
    "order_no": "CK1",
    "status": 79,
    "stock_check_time": 1735689720000,
    "consign_time": "",
    "modified": "2025-01-01 08:30:00",
    "consign_status": 0,
    "logistics_print_status": "2",
    "block_reason": 0,
}


def test_wangdiantong_mixes_milliseconds_and_wall_clock_in_one_row():
    found = read("wangdiantong", "trades", TRADE)
    assert ("placed", "08:00") in marks(found)
    assert ("paid", "08:01") in marks(found)
    assert ("queued", "08:02") in marks(found)
    assert ("shipped", "09:00") in marks(found)
    assert found.odd == {}


def test_a_row_that_says_nothing_yet_says_nothing():
    row = {"trade_no": "JY1", "trade_status": "10", "trade_time": 0, "pay_time": "0000-00-00 00:00:00", "modified": ""}
    found = read("wangdiantong", "trades", row)
    assert found.events == []


@pytest.mark.parametrize(("printed", "told"), [("list", False), ("waybill", True)])
def test_what_counts_as_printed_is_the_merchants_choice(printed: str, told: bool):  # noqa: FBT001 - a case
    found = read("wangdiantong", "stockouts", STOCKOUT, printed=printed)
    assert (("picking_printed", "08:30") in marks(found)) is told


def test_a_bit_that_is_not_set_proves_nothing_and_one_that_is_counts():
    assert "packed" not in {mark for mark, _ in marks(read("wangdiantong", "stockouts", STOCKOUT))}
    found = read("wangdiantong", "stockouts", {**STOCKOUT, "consign_status": 128 + 16 + 2 + 4096})
    assert {("picking_printed", "08:30"), ("picked", "08:30"), ("packed", "08:30")} <= marks(found)
    assert {one.attributes["quality"] for one in found.events if one.mark is Mark.PACKED} == {"seen"}


@pytest.mark.parametrize("bit", [65536, 2**30])
def test_a_stock_out_that_is_refused_again_sends_its_order_back(bit: int):
    found = read("wangdiantong", "stockouts", {**STOCKOUT, "block_reason": bit})
    assert {one.attributes.get("stage") for one in found.events if one.mark is Mark.REOPENED} == {2}
    assert Mark.REOPENED not in {one.mark for one in read("wangdiantong", "stockouts", STOCKOUT).events}


def test_a_stock_out_that_ships_later_has_not_shipped():
    row = {**STOCKOUT, "status": 90, "consign_time": "2025-01-01 08:45:00"}
    assert Mark.SHIPPED not in {one.mark for one in read("wangdiantong", "stockouts", row).events}


def test_shipped_stands_in_for_packed_only_where_the_merchant_says_so():
    assert Mark.PACKED not in {one.mark for one in read("wangdiantong", "trades", TRADE).events}
    assert Mark.PACKED in {one.mark for one in read("wangdiantong", "trades", TRADE, shipped_is_packed=True).events}


def test_the_waybill_travels_with_what_tells_of_it_and_nothing_else_does():
    found = read("wangdiantong", "trades", {**TRADE, "receiver_name": "张三", "receiver_mobile": "13800000000"})
    told = {str(one.mark): dict(one.attributes) for one in found.events}
    assert told["shipped"] == {"waybill": "YT1", "carrier": "圆通速递"}
    assert told["paid"] == {}
    assert "138" not in repr(found)


@pytest.mark.parametrize("name", ["取消打印快递单", "打印快递单失败", "请求打印快递单", "预发货成功", "撤销发货成功"])
def test_a_name_that_only_contains_progress_is_none(name: str):
    row = {"o_id": 1, "oa_id": 5, "name": name, "created": "2025-01-01 08:00:00"}
    assert read("jushuitan", "actions", row, printed="waybill").events == []


def test_a_document_of_several_orders_tells_of_each():
    row = {
        "code": "SDO1",
        "create_date": "2025-01-01 08:00:00",
        "modify_date": "2025-01-01 09:00:00",
        "cancel": False,
        "details": [{"trade_code": "SO1"}, {"trade_code": "SO2"}, {"trade_code": "SO1"}],
        "delivery_statusInfo": {"delivery": 2, "delivery_date": "2025-01-01 09:00:00"},
    }
    found = read("guanyi", "deliveries", row)
    assert sorted((one.order, str(one.mark)) for one in found.events) == [
        ("SO1", "queued"),
        ("SO1", "shipped"),
        ("SO1", "status"),
        ("SO2", "queued"),
        ("SO2", "shipped"),
        ("SO2", "status"),
    ]


@pytest.mark.parametrize(
    ("reading", "row", "said"),
    [
        ("trades", {"approve": False}, {"status": "gy:unapproved"}),
        ("trades", {"approve": True}, {"status": "gy:approved"}),
        ("trades", {}, {}),
        ("deliveries", {"delivery_statusInfo": {"delivery": -1}}, {"stockout_status": "gy:-1"}),
        ("deliveries", {"delivery_statusInfo": {"delivery": 0}}, {"stockout_status": "gy:0"}),
        ("deliveries", {"delivery_statusInfo": {}}, {}),
    ],
)
def test_guanyi_says_how_an_order_stands_and_the_table_knows_each_word(
    reading: str, row: dict[str, Any], said: dict[str, str]
):
    order = {"code": "SO1", "modifytime": "2025-01-01 09:00:00", "modify_date": "2025-01-01 09:00:00"}
    told = read("guanyi", reading, {**order, "cancel": False, "details": [{"trade_code": "SO1"}], **row}).events
    standing = [one.attributes for one in told if str(one.mark) == "status"]
    assert [{name: one[name] for name in one if name.endswith("status") and one[name]} for one in standing] == [said]
    assert all(shipped_table().knows(name, code) for name, code in said.items())


def test_a_merged_order_names_the_one_it_goes_on_as():
    row = {"o_id": 1, "status": "Merged", "modified": "2025-01-01 08:00:00", "merge_so_id": "", "link_o_id": 77}
    event, standing = sorted(read("jushuitan", "orders", row).events, key=lambda one: one.mark)
    assert standing.attributes == {
        "status": "jst:Merged",
        "question": "",
        "transaction_id": "",
        "promised_at": "",
        "quality": "seen",
    }
    assert (event.mark, event.attributes["into"]) == (Mark.MERGED, "77")


@pytest.mark.parametrize(
    ("told", "reason"), [("无", ""), ("0", ""), (0, ""), ("", ""), (None, ""), (12, "12"), ("黑名单", "黑名单")]
)
def test_no_reason_is_none_however_it_is_said(told: object, reason: str):
    events = read("wangdiantong", "trades", {**TRADE, "freeze_reason": told}).events
    (standing,) = [one for one in events if one.mark is Mark.STATUS]
    assert standing.attributes["freeze_reason"] == reason


def test_the_same_document_says_the_same_event_and_another_another():
    twice = read("wangdiantong", "trades", TRADE, TRADE)
    assert len({one.event_id for one in twice.events}) == len(twice.events) / 2
    later = read("wangdiantong", "trades", {**TRADE, "pay_time": "2025-01-01 08:01:30"})
    ids = {one.event_id for one in twice.events if one.mark is Mark.PAID}
    assert ids.isdisjoint(one.event_id for one in later.events if one.mark is Mark.PAID)
    assert all(len(one.event_id) <= 96 for one in twice.events)


@pytest.mark.parametrize(
    ("row", "odd"),
    [
        ({}, "trades：没有单号"),
        ("a text", "trades：没有单号"),
        ({"trade_no": "1", "trade_status": 777}, "trade_status=777"),
        ({"trade_no": "1", "trade_time": "昨天"}, "trade_time：不是时间（昨天）"),
        ({"trade_no": "1", "trade_time": "2077-01-01 00:00:00"}, "trade_time：不可能的时间"),
    ],
)
def test_what_is_not_understood_is_counted_by_name(row: object, odd: str):
    found = read("wangdiantong", "trades", row)
    assert (found.events, found.odd) == ([], {odd: 1})


def test_every_shipped_map_can_be_read():
    assert {edition: set(shipped_maps(edition)) for edition in ("wangdiantong", "jushuitan", "guanyi")} == {
        "wangdiantong": {"trades", "stockouts", "cancelled_stockouts", "log"},
        "jushuitan": {"orders", "outs", "actions"},
        "guanyi": {"trades", "deliveries"},
    }


GOOD = {"order": "id", "marks": [{"mark": "paid", "at": "paid"}]}


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"order": "id["}, "m.order"),
        ({"marks": [{"mark": "payed", "at": "paid"}]}, "m.marks.0.mark"),
        ({"marks": [{"mark": "reopened", "at": "paid"}]}, "m.marks.0.stage"),
        ({"marks": [{"mark": "paid", "at": "paid", "stage": 2}]}, "m.marks.0.stage"),
        ({"marks": [{"mark": "paid", "at": "paid", "where": {"x": 5}}]}, "m.marks.0.where.x"),
        ({"marks": [{"mark": "paid", "at": "paid", "where": {"x": {"bit": 0}}}]}, "m.marks.0.where.x"),
        ({"marks": [{"mark": "paid", "at": "paid", "where": {"x": []}}]}, "m.marks.0.where.x"),
        ({"channel": "f("}, "m.channel"),
    ],
)
def test_a_map_that_is_wrong_names_the_key(wrong: dict[str, Any], key: str):
    with pytest.raises(WrongEntry) as found:
        map_of(MapTable.model_validate({**GOOD, **wrong}), where="m")
    assert found.value.key == key


def test_a_condition_may_ask_that_a_field_is_there_or_is_not():
    table = MapTable.model_validate(
        {
            "order": "id",
            "marks": [
                {"mark": "paid", "at": "at", "where": {"x": "set"}},
                {"mark": "queued", "at": "at", "where": {"x": "not_set"}},
            ],
        }
    )
    by, into = map_of(table, where="m"), RowEvents()
    for row in ({"id": 1, "at": 1735689600, "x": "1"}, {"id": 2, "at": 1735689600, "x": ""}):
        take_row(into, row, by, reading="m", merchant=Merchant(source="erp", zone=BEIJING), now=NOW)
    assert [(one.order, str(one.mark)) for one in into.events] == [("1", "paid"), ("2", "queued")]
