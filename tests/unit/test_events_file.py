"""A list of events as people really have it: what is understood becomes events, and each other thing is named."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import words
from app.domain.marks import Mark
from app.files.reading_process import Confinement
from app.watch.stages.event_columns import TELLS_TOO_LITTLE, mark_of
from app.watch.stages.events_file import (
    FOLLOWED,
    EventsFile,
    SaidAtUpload,
    UnreadableEvents,
    read_events_apart,
)
from app.watch.stages.events_sheet_reader import read_events
from tests.deployment.facts import TEN, ZONE, hours
from tests.unit.workbooks import MAIN, package, sheet_xml

AT_UPLOAD = SaidAtUpload(zone=ZONE, channel="天猫")
WIDE = "订单号,下单时间,付款时间,审核时间,打单时间,打包时间,发货时间,揽收时间\n"


def file_of(text: str | bytes, said: SaidAtUpload = AT_UPLOAD) -> EventsFile:
    return read_events_apart(text if isinstance(text, bytes) else text.encode(), said, now=TEN)


def read_here(text: str | bytes) -> list[dict[str, Any]]:
    """Read without a process of its own, many a time."""
    return [json.loads(line) for line in read_events(text if isinstance(text, bytes) else text.encode())]


def read_row(headings: str, row: str) -> dict[str, Any]:
    return read_here(f"{headings}\n{row}\n")[1]


def marked(line: dict[str, Any]) -> list[tuple[str, str]]:
    return [(mark, at) for mark, at, _ in line["events"]]


def codes(line: dict[str, Any]) -> list[tuple[str, str]]:
    return [(column, code) for column, code, _ in line["wrong"]]


def test_a_row_an_event_with_chinese_and_english_headings():
    chinese = file_of("订单号,环节,时间,渠道\nA1,下单,2026-11-21 09:00,抖音\nA1,已付款,2026/11/21 9:01:30,\n")
    assert [(one.order, one.mark, one.channel, one.index) for one in chinese.events] == [
        ("A1", Mark.PLACED, "抖音", 2),
        ("A1", Mark.PAID, "天猫", 3),
    ]
    assert chinese.events[0].at == datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    english = file_of("order_id,mark,at,channel,source,event_id\nA1,placed,2026-11-21T01:00:00Z,抖音,erp,e-1\n")
    (one,) = english.events
    assert (one.source, one.event_id, one.at) == ("erp", "e-1", chinese.events[0].at)


def test_a_row_an_order_and_each_cell_an_event_empty_ones_and_no_times_left_out():
    found = file_of(
        f"{WIDE}A1,2026-11-22 8:05,2026/11/22 08:06:01,2026年11月22日 8:20,0000-00-00 00:00:00,,-,1900-01-00 00:00\n"
    )
    assert found.wide
    assert [(one.mark, f"{one.at:%H:%M:%S}") for one in found.events] == [
        (Mark.PLACED, "08:05:00"),
        (Mark.PAID, "08:06:01"),
        (Mark.QUEUED, "08:20:00"),
    ]
    assert not found.wrong


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_whatever_a_spreadsheet_program_writes_is_read(encoding: str):
    found = file_of(f"{WIDE}A1,2026-11-22 08:05,2026-11-22 08:06,,,,,\n".encode(encoding))
    assert [one.mark for one in found.events] == [Mark.PLACED, Mark.PAID]


def test_a_workbooks_dates_are_times_and_a_day_alone_is_none():
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>'
    dated = '<c r="{}2" s="1"><v>{}</v></c>'
    row = ["A1", dated.format("B", 46347.5), dated.format("C", 46347), dated.format("D", 0)]
    found = file_of(package({"a": sheet_xml(["订单号", "下单时间", "付款时间", "审核时间"], row)}, styles=styles))
    assert [(one.mark, f"{one.at:%Y-%m-%d %H:%M}") for one in found.events] == [(Mark.PLACED, "2026-11-21 12:00")]
    assert [(one.row, one.column, one.code) for one in found.wrong] == [(2, "付款时间", "no_clock")]


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-11-22 08:05:09", "2026-11-22T08:05:09"),
        ("2026-11-22 08:05:09.500", "2026-11-22T08:05:09.500000"),
        ("".join(chr(ord(one) + 0xFEE0) for one in "2026-11-22") + "\u300008：05", "2026-11-22T08:05:00"),
        ("2026.11.22 8:05", "2026-11-22T08:05:00"),
        ("2026-11-22  8:05", "2026-11-22T08:05:00"),
        ("2026-11-22T08:05:09+08:00", "2026-11-22T08:05:09+08:00"),
        ("1795305600", "2026-11-22T00:00:00+00:00"),
        ("1795305600000", "2026-11-22T00:00:00+00:00"),
    ],
)
def test_a_time_is_read_as_people_and_programs_write_it(said: str, moment: str):
    line = read_row("订单号,环节,时间", f"A1,付款,{said}")
    at = datetime.fromisoformat(line["events"][0][1])
    if "+00:00" in moment:  # counted since 1970: no wall clock is asked
        assert at.tzinfo is not None
    assert (at, line["wrong"]) == (datetime.fromisoformat(moment), [])


@pytest.mark.parametrize(
    "said", ["0000-00-00 00:00:00", "1900-01-01 00:00:00", "1970-01-01 08:00:00", "", "-", "N/A", "无", "0"]
)
def test_what_says_not_yet_is_no_event_and_no_mistake_where_others_are_told(said: str):
    line = read_row("订单号,下单时间,付款时间", f"A1,2026-11-22 08:05,{said}")
    assert (marked(line), codes(line)) == ([("placed", "2026-11-22T08:05:00")], [])
    assert codes(read_row("订单号,环节,时间", f"A1,付款,{said}")) == [("时间", "no_time")]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",付款,2026-11-22 08:05", "订单号", "no_order"),
        ("1.38E+17,付款,2026-11-22 08:05", "订单号", "damaged"),
        (f"{'x' * 81},付款,2026-11-22 08:05", "订单号", "too_long"),
        ("a\x07b,付款,2026-11-22 08:05", "订单号", "unprintable"),
        ("A1,,2026-11-22 08:05", "环节", "no_mark"),
        ("A1,起飞,2026-11-22 08:05", "环节", "unknown_mark"),
        ("A1,reopened,2026-11-22 08:05", "环节", "needs_more"),
        ("A1,付款,昨天", "时间", "not_a_time"),
        ("A1,付款,2026-11-22", "时间", "not_a_time"),
        ("A1,付款,2026-13-22 08:05", "时间", "not_a_time"),
        ("A1,付款,45984.5", "时间", "not_a_time"),
    ],
)
def test_what_is_wrong_with_a_row_is_named_by_column_and_code_and_the_next_comes_in(row: str, column: str, code: str):
    lines = read_here(f"订单号,环节,时间\n{row}\nB2,发货,2026-11-22 08:05\n")
    assert (codes(lines[1]), lines[1]["events"]) == ([(column, code)], [])
    assert marked(lines[2]) == [("shipped", "2026-11-22T08:05:00")]


def test_times_that_cannot_be_or_lie_ahead_are_named_and_the_other_cells_of_the_row_come_in():
    ahead = f"{(TEN + hours(9)).astimezone(ZONE):%Y-%m-%d %H:%M}"
    found = file_of(f"{WIDE}A1,2026-11-22 08:05,9999-12-31 00:00,bad,,,{ahead},\n")
    assert [one.mark for one in found.events] == [Mark.PLACED]
    assert [(one.column, one.code) for one in found.wrong] == [
        ("付款时间", "no_time"),
        ("发货时间", "in_the_future"),
        ("审核时间", "not_a_time"),
    ]


def test_an_order_that_a_table_calls_cancelled_is_cancelled_at_its_last_time_and_other_words_say_nothing():
    found = file_of(
        f"订单状态,{WIDE}交易关闭,A1,2026-11-22 08:05,2026-11-22 08:06,,,,,\n已发货,A2,2026-11-22 08:05,,,,,,\n"
    )
    assert [(one.order, one.mark) for one in found.events] == [
        ("A1", Mark.PLACED),
        ("A1", Mark.PAID),
        ("A1", Mark.CANCELLED),
        ("A2", Mark.PLACED),
    ]
    assert found.events[2].at == found.events[1].at


def test_an_order_without_news_for_a_week_is_past_and_its_newest_event_says_so():
    old, new = (
        f"{(TEN - back).astimezone(ZONE):%Y-%m-%d %H:%M:%S}" for back in (FOLLOWED + hours(1), FOLLOWED - hours(1))
    )
    text = f"{WIDE}A1,{old},{old},,,,,\nA2,{old},{new},,,,,\n"
    found = file_of(text)
    assert [(one.order, one.mark, dict(one.attributes)) for one in found.events] == [
        ("A1", Mark.PLACED, {}),
        ("A1", Mark.PAID, {"last": True}),
        ("A2", Mark.PLACED, {}),
        ("A2", Mark.PAID, {}),
    ]
    assert found.past == 1
    assert file_of(text, SaidAtUpload(zone=ZONE, history=True)).past == 2


def test_an_event_that_is_said_twice_is_one():
    found = file_of(f"{WIDE}A1,2026-11-22 08:05,2026-11-22 08:06,,,,,\nA1,2026-11-22 08:05,2026-11-22 08:06,,,,,\n")
    assert (len(found.events), found.repeated, found.rows) == (2, 2, 2)


def test_columns_that_say_nothing_are_named_and_headings_may_stand_below_a_title():
    found = file_of(f"订单明细导出 2026-11-22\n买家,{WIDE}张三,A1,2026-11-22 08:05,2026-11-22 08:06,,,,,\n")
    assert found.unused == ("买家",)
    assert [one.index for one in found.events] == [3, 3]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "没有找到表头"),
        (b"a,b\n1,2\n", "没有找到表头"),
        ("订单号,下单时间\nA1,2026-11-22 08:05\n".encode(), "至少两列"),
        (WIDE.encode(), "没有一行事件"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, "."),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_with_a_reason(data: bytes, why: str):
    with pytest.raises(UnreadableEvents, match=why):
        file_of(data)


@pytest.mark.parametrize("said", [SaidAtUpload(zone=ZONE, source="x" * 33), SaidAtUpload(zone=ZONE, channel="a\nb")])
def test_what_is_chosen_at_upload_is_held_to_the_same_limits(said: SaidAtUpload):
    with pytest.raises(UnreadableEvents, match="最长"):
        file_of(WIDE, said)


def test_a_reader_that_comes_to_no_end_costs_only_itself():
    with pytest.raises(UnreadableEvents, match="没有读完"):
        read_events_apart(WIDE.encode() * 2, AT_UPLOAD, now=TEN, confinement=Confinement(answer=10))


def test_every_mark_is_known_by_its_code_and_by_its_word():
    for mark in Mark:
        assert mark_of(mark) is mark
    for code, word in words.MARKS.items():
        if code not in TELLS_TOO_LITTLE:
            assert mark_of(word) == code, word


CELLS = st.text(st.characters(exclude_characters='"', exclude_categories=("Cs",)), max_size=20)


@given(cells=st.lists(CELLS, min_size=3, max_size=3))
def test_whatever_a_row_says_it_becomes_an_event_or_is_named(cells: list[str]):
    row = ",".join(f'"{cell}"' for cell in cells)
    for headings in ("订单号,环节,时间", "订单号,下单时间,付款时间"):
        _, *lines = read_here(f"{headings}\n{row}\nB2,付款,2026-11-22 08:05\n")
        for line in lines:
            assert line["events"] or line["wrong"], line
        assert lines[-1]["order"] == "B2"


@given(after=st.integers(0, 26 * 365 * 86400), mark=st.sampled_from(["付款", "picked", "已发货"]))
def test_a_time_that_is_written_down_is_read_as_itself(after: int, mark: str):
    at = datetime.fromisoformat("2000-01-02") + timedelta(seconds=after)
    line = read_row("订单号,环节,时间", f"A1,{mark},{at}")
    assert [moment for _, moment, _ in line["events"]] == [at.isoformat()]
