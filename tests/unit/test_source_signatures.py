"""Signatures of the vendors, held to vectors: what is signed is what is sent."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from app.main_system.vendors import guanyi as guanyi_api
from app.main_system.vendors import jushuitan as jushuitan_api
from app.main_system.vendors import wangdiantong as wangdiantong_api
from app.outbound.api_call import ApiCall
from app.watch.sources import guanyi, jushuitan, kuaidi100, wangdiantong
from app.watch.sources.reading import CallRequest, SourceKind, SourceReading
from app.watch.sources.reading_window import ReadingWindow
from app.watch.sources.trouble import SourceTrouble

AT = datetime.fromtimestamp(1735689600, UTC)
WINDOW = ReadingWindow(AT, AT.replace(minute=30), catching_up=False)


def request(kind: SourceKind, reading: SourceReading, access: dict[str, str]) -> CallRequest:
    return CallRequest(reading, WINDOW, 2, access, kind.address, AT)


def test_wangdiantong_signs_parameters_and_body_between_two_secrets():
    given = {
        "sid": "lbsid",
        "key": "lbkey",
        "salt": "lbsalt",
        "method": "sales.RawTrade.pushSelf2",
        "timestamp": "410342400",
        "v": "1.0",
    }
    body = '["LB_SHOP",[{"tid":"LB-0001","receiver_name":"张三"}],[]]'
    assert wangdiantong_api.signed(given, body, secret="lbsecret") == "020a1c89b3cbc680df56aa10c9563389"
    paged = {**given, "method": "sales.RawTrade.searchSelfOrder", "page_no": "0", "page_size": "10", "calc_total": "1"}
    body = '[{"tid":"LB-0001","shop_no":"LB_SHOP"}]'
    assert wangdiantong_api.signed(paged, body, secret="lbsecret") == "02e39016712b0aadc494a191072c21d7"


def test_wangdiantongs_clock_counts_from_2012_in_beijing():
    access = {"sid": "lbsid", "key": "lbkey", "secret": "lbsecret:lbsalt"}
    call = wangdiantong.write_call(request(wangdiantong.KIND, wangdiantong.KIND.readings[0], access))
    assert call.query["timestamp"] == "410342400"
    assert json.loads(call.body) == [
        {"start_time": "2025-01-01 08:00:00", "end_time": "2025-01-01 08:30:00", "time_type": 1}
    ]
    unsigned = {name: value for name, value in call.query.items() if name != "sign"}
    assert call.query["sign"] == wangdiantong_api.signed(unsigned, call.body.decode(), secret="lbsecret")
    assert (unsigned["page_no"], unsigned["calc_total"], unsigned["salt"]) == ("2", "1", "lbsalt")


def test_jushuitan_has_the_secret_in_front_alone():
    given = {
        "app_key": "lb-app-01",
        "charset": "utf-8",
        "code": "a1b2c3",
        "grant_type": "authorization_code",
        "timestamp": "1735689600",
    }
    assert jushuitan_api.signed(given, secret="lb-secret-01") == "145c50257dde654e8d3d0268eb697b79"
    given = {
        "app_key": "lb-app-01",
        "charset": "utf-8",
        "timestamp": "1735689600",
        "access_token": "lb-token-01",
        "version": "2",
        "biz": '[{"shop_id":101,"so_id":"LB-0001","receiver_name":"张三"}]',
    }
    assert jushuitan_api.signed(given, secret="lb-secret-01") == "a4a2d2550900f376f82a1c91648e6144"


def test_jushuitan_signs_the_very_text_of_biz():
    access = {"app_key": "lb-app-01", "app_secret": "lb-secret-01", "access_token": "lb-token-01"}
    call = jushuitan.write_call(request(jushuitan.KIND, jushuitan.KIND.readings[0], access))
    sent = {name: value[0] for name, value in parse_qs(call.body.decode()).items()}
    sign = sent.pop("sign")
    assert sign == jushuitan_api.signed(sent, secret="lb-secret-01")
    asked = json.loads(sent["biz"])
    assert (asked["date_type"], asked["page_index"], asked["modified_begin"]) == (0, 2, "2025-01-01 08:00:00")
    assert not any("receiver" in field or "buyer" in field for field in asked["order_flds"].split(","))


@pytest.mark.parametrize(
    ("fields", "sign"),
    [
        (
            {
                "appkey": "lbkey",
                "sessionkey": "lbsession",
                "method": "gy.erp.trade.get",
                "platform_code": "LB-0001",
                "page_no": 1,
                "page_size": 10,
            },
            "9A577B70E63556EF0BFA24B059E8AE04",
        ),
        (
            {
                "appkey": "lbkey",
                "sessionkey": "lbsession",
                "method": "gy.erp.trade.add",
                "platform_code": "LB-0001",
                "receiver_name": "张三",
            },
            "AFFEB96DF87BF3FA30E15F639CB14D92",
        ),
    ],
)
def test_guanyi_signs_the_json_as_it_is_sent(fields: dict[str, object], sign: str):
    assert guanyi_api.signed(guanyi_api.compact(fields), secret="lbsecret") == sign


def test_guanyi_asks_for_what_is_cancelled_and_void_too():
    access = {"appkey": "lbkey", "sessionkey": "lbsession", "secret": "lbsecret"}
    asked = [
        json.loads(guanyi.write_call(request(guanyi.KIND, reading, access)).body) for reading in guanyi.KIND.readings
    ]
    assert [one.get("has_cancel_data") for one in asked] == [True, None, None]
    assert [one.get("date_type") for one in asked] == [3, None, None]
    assert [one.get("del") for one in asked] == [None, 0, 1]


def test_kuaidi100_signs_param_key_and_customer():
    param = (
        '{"com":"yuantong","num":"YT0000000001","phone":"13800000000","from":"","to":"",'
        '"resultv2":"4","show":"0","order":"desc"}'
    )
    assert kuaidi100.signed(param, key="lbkey01", customer="LBCUSTOMER01") == "81AA5289AB41BE0113C213273625614E"
    call: ApiCall = kuaidi100.query_call(
        address=kuaidi100.KIND.address,
        access={"customer": "LBCUSTOMER01", "key": "lbkey01"},
        carrier="yuantong",
        waybill="YT0000000001",
        tail="13800000000",
    )
    sent = parse_qs(call.body.decode())
    assert (sent["param"], sent["sign"]) == ([param], ["81AA5289AB41BE0113C213273625614E"])


def test_a_push_is_signed_by_its_salt_over_the_text_as_it_came():
    param = '{"status":"polling","lastResult":{"state":"1","com":"yuantong","nu":"YT0000000001","data":[]}}'
    assert kuaidi100.push_signed(param, salt="lbsalt01") == "939CEC5674694D6DFE4636333D34FC15"
    param = '{"status":"abort","message":"3天查询无记录"}'
    assert kuaidi100.push_signed(param, salt="lbsalt01") == "01826D592EA9285B3475F6DC3BCE5CC4"


def test_nothing_but_queries_can_be_called():
    """Some queries of these vendors take work away from the shop, and an answer to them would be a write."""
    assert {"sales.TradeQuery.queryWithDetail", "wms.stockout.Sales.queryWithDetail", "sales.TradeQuery.getLog"} == (
        wangdiantong.METHODS
    )
    assert all(path.endswith("/query") for path in jushuitan.PATHS.values())
    assert all(method.endswith(".get") for method in guanyi.METHODS)
    stranger = SourceReading(name="x", events="x", first=1, size=1)
    with pytest.raises(SourceTrouble):
        jushuitan.write_call(request(jushuitan.KIND, stranger, {}))


def test_no_key_and_no_secret_is_in_what_is_shown_of_a_call():
    access = {"sid": "lbsid", "key": "lbkey", "secret": "lbsecret:lbsalt"}
    shown = repr(wangdiantong.write_call(request(wangdiantong.KIND, wangdiantong.KIND.readings[0], access)))
    assert "lb" not in shown
