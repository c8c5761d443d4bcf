"""Whatever an API answers is a page or a trouble with a code; whatever a row holds is events or odd, never an error."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.watch.sources import guanyi, jushuitan, kuaidi100, wangdiantong
from app.watch.sources.event_map import LONGEST_NAME, Merchant, RowEvents, take_row
from app.watch.sources.map_file import shipped_maps
from app.watch.sources.read_back import SourcePage
from app.watch.sources.reading import SourceKind, SourceReading
from app.watch.sources.trouble import SourceTrouble
from app.words import SOURCE_TROUBLES

NOW = datetime(2025, 1, 2, tzinfo=UTC)
KINDS = (wangdiantong.KIND, jushuitan.KIND, guanyi.KIND)
FIELDS = sorted(
    {
        *("status", "code", "success", "data", "order", "orders", "datas", "deliverys", "total", "total_count"),
        *("data_count", "message", "msg", "returnCode", "result", "detail_list", "ftime", "statusCode", "errorDesc"),
        *("trade_no", "src_order_no", "o_id", "details", "trade_code", "trade_status", "modified", "trade_time"),
        *("logistics_no", "consign_status", "pays", "is_order_pay", "pay_date", "delivery_statusInfo", "cancel"),
    }
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["0", "100", "权限", "2025-01-01 08:00:00", "0000-00-00 00:00:00", "无", "\x00", "\ud800", "x" * 99]
    )
    | st.text(max_size=12)
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
)


def judged(judge: Callable[..., Any], *arguments: Any) -> Any:
    """Return what was made of an answer, None for a trouble; that has a sentence, and words that can be written down."""
    try:
        return judge(*arguments)
    except SourceTrouble as trouble:
        found = trouble
    assert found.code in SOURCE_TROUBLES
    found.words.encode()
    return None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(said=JSON)
def test_any_answer_is_a_page_or_a_trouble_that_has_a_sentence(kind: SourceKind, said: Any):
    for reading in kind.readings:
        page = judged(kind.judge, reading, said)
        assert page is None or isinstance(page.rows, list)


@given(said=JSON)
def test_any_log_and_any_track_too(said: Any):
    judged(wangdiantong.judge_log, said, "JY1")
    judged(kuaidi100.first_scan_in, said)


@pytest.mark.parametrize("edition", ["wangdiantong", "jushuitan", "guanyi"])
@given(row=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=12) | JSON)
def test_any_row_is_events_or_odd(edition: str, row: Any):
    for reading, by in shipped_maps(edition).items():
        into = RowEvents()
        merchant = Merchant(source="erp", zone=ZoneInfo("Asia/Shanghai"))
        take_row(into, row, by, reading=reading, merchant=merchant, now=NOW)
        for one in into.events:
            assert 0 < len(one.order) <= LONGEST_NAME
            assert len(one.event_id) <= 96
            told = json.dumps([one.order, one.channel, one.attributes], ensure_ascii=False)
            told.encode()
            assert "\x00" not in told
            assert len(told) < 2000
        "".join(into.odd).encode()


def test_a_total_with_no_rows_is_a_page_that_is_short():
    said = {"status": 0, "data": {"total_count": "5"}}
    assert wangdiantong.judge_answer(wangdiantong.KIND.readings[0], said) == SourcePage([], 5)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"status": 1, "message": "invalid sid"}, "key"),
        ({"status": 6, "message": ""}, "ip"),
        ({"status": 7, "message": ""}, "clock"),
        ({"status": 100, "message": "超过每分钟最大调用频率限制,请稍后"}, "throttled"),
        ({"status": 100, "message": "超过并发次数限制"}, "throttled"),
        ({"status": 100, "message": "无仓库访问权限"}, "permission"),
        ({"status": 100, "message": "您的查询时间过宽，查询时间不能大于60分钟"}, "our_call"),
        ({"status": 99, "message": "系统错误"}, "refused"),
        ({}, "bad_answer"),
        ([], "bad_answer"),
    ],
)
def test_what_wangdiantong_refuses_has_a_code(said: object, code: str):
    with pytest.raises(SourceTrouble) as found:
        wangdiantong.judge_answer(wangdiantong.KIND.readings[0], said)
    assert found.value.code == code
    assert bool(found.value.wait) is (code == "throttled")


@pytest.mark.parametrize(
    ("code", "words", "meant"),
    [
        (10, "签名错误", "key"),
        (100, "", "token"),
        (110, "", "ip"),
        (190, "", "permission"),
        (199, "", "throttled"),
        (200, "", "throttled"),
        (140, "时间戳过期", "clock"),
        (140, "参数错误", "our_call"),
        (150, "token 不可刷新", "token"),
        (160, "保存失败", "refused"),
    ],
)
def test_what_jushuitan_refuses_is_told_by_code_and_text(code: int, words: str, meant: str):
    with pytest.raises(SourceTrouble) as found:
        jushuitan.judge_answer(jushuitan.KIND.readings[0], {"code": code, "msg": words})
    assert found.value.code == meant


def test_jushuitans_lists_have_different_names():
    orders, outs, actions = jushuitan.KIND.readings
    data: dict[str, Any] = {"data_count": 1, "orders": [1], "datas": [2], "has_next": "true"}
    assert jushuitan.judge_answer(orders, {"code": "0", "data": data}).rows == [1]
    assert jushuitan.judge_answer(outs, {"code": 0, "data": data}).rows == [2]
    assert jushuitan.judge_answer(actions, {"code": 0, "data": {"datas": [3], "has_next": True}}).more


def test_every_reading_has_a_map():
    readings: list[tuple[SourceKind, SourceReading]] = [(kind, one) for kind in KINDS for one in kind.readings]
    assert [one.name for kind, one in readings if one.events not in kind.maps()] == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("顺丰速运", "shunfeng"),
        ("SF", "shunfeng"),
        ("yuantong", "yuantong"),
        ("YTO", "yuantong"),
        ("极兔速递", "jtexpress"),
    ],
)
def test_a_carrier_is_known_by_its_words(name: str, code: str):
    carrier = kuaidi100.carrier_of(name)
    assert carrier is not None
    assert carrier.code == code


@pytest.mark.parametrize("name", ["", "ZTO.1", "SFX", "自提", "默认快递"])
def test_a_word_that_the_shop_made_up_is_no_carrier(name: str):
    assert kuaidi100.carrier_of(name) is None
