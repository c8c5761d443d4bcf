"""What each vendor has of its own: its form, its codes, its traps."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    CreatedInMain,
    ExistsInMain,
    MainThrottled,
    MainUnknown,
    OrderRefused,
)
from app.domain.order import Item, Order, Payment, Recipient
from app.domain.way_home import ComesHome, PersonDecides, StaysRefused
from app.main_system.tokens import AccessToken
from tests.contract.main_systems import NOW, NUMBER, ORDER, SHOPS_NUMBER, KeptInMind, Rig, erp, sent

# ---- what is written -------------------------------------------------------------------------------------------------


async def written(rig: Rig, order: Order = ORDER) -> Any:
    """Return what reached the fake of an order."""
    outcome = await rig.main.create(sent(order))
    assert isinstance(outcome, CreatedInMain), outcome
    return rig.fake.taken[NUMBER].content


async def test_jushuitan_gets_a_paid_order_with_line_numbers_that_are_always_the_same():
    content = await written(erp("jushuitan", payment="微信"))
    assert content["so_id"] == NUMBER
    assert content["shop_id"] == 101
    assert content["order_date"] == "2026-11-22 12:00:00"
    assert (content["pay_amount"], content["freight"]) == (628, 8)
    assert content["pay"] == {
        "outer_pay_id": "42000021232026112200",
        "pay_date": "2026-11-22 12:00:00",
        "payment": "微信",
        "amount": 628,
    }
    lines = [(one["outer_oi_id"], one["sku_id"], one["qty"], one["amount"]) for one in content["items"]]
    assert lines == [(f"{NUMBER}-1", "A-1001", 1, 599), (f"{NUMBER}-2", "B-2002", 2, 21)]
    assert not any(value in ("", None) for value in content.values())


async def test_a_region_that_is_not_known_is_left_out_and_stands_in_the_address():
    recipient = Recipient(name="张三", province="浙江省", address="杭州市文三路 1 号")
    content = await written(erp("jushuitan"), replace(ORDER, recipient=recipient))
    assert "receiver_city" not in content
    assert content["receiver_address"] == "浙江省 杭州市文三路 1 号"


async def test_wangdiantong_gets_trade_and_lines_apart():
    content = await written(erp("wangdiantong", warehouse_no="W1"))
    assert (content["receiver_area"], content["receiver_address"]) == ("浙江省 杭州市 西湖区", "文三路 1 号")
    assert (content["receivable"], content["post_amount"], content["goods_count"]) == (628, 8, 3)
    assert (content["pay_method"], content["warehouse_no"], content["is_auto_wms"]) == (1, "W1", False)
    assert [line["oid"] for line in content["lines"]] == [f"{NUMBER}-1", f"{NUMBER}-2"]


async def test_guanyi_gets_its_payment_in_milliseconds_and_no_empty_field():
    content = await written(erp("guanyi"))
    (payment,) = content["payments"]
    assert payment == {"pay_type_code": "alipay", "payment": 628, "paytime": int(NOW.timestamp()) * 1000}
    assert (content["vip_code"], content["shop_code"], content["post_fee"]) == ("LIFEBOAT", "SHOP1", 8)
    assert not any(value in ("", None) for value in content.values())


@pytest.mark.parametrize("body", ["json", "urlencoded"])
async def test_guanyi_takes_its_json_in_both_forms(body: str):
    rig = erp("guanyi", body=body)
    rig.fake.body = body
    assert isinstance(await rig.home(sent()), ComesHome)


@pytest.mark.parametrize(("name", "options"), [("jushuitan", {"biz": "object", "pay": "array"})])
async def test_what_the_documents_leave_open_is_a_setting(name: str, options: dict[str, str]):
    rig = erp(name, **options)
    rig.fake.biz = "object"
    content = await written(rig)
    assert isinstance(content["pay"], list)


@pytest.mark.parametrize("name", ["jushuitan", "wangdiantong", "guanyi"])
async def test_a_discount_is_sent_only_where_somebody_said_how_and_the_sums_agree(name: str):
    order = replace(ORDER, discount=1000, total=61800)
    refused = await erp(name).main.create(sent(order))
    assert isinstance(refused, OrderRefused)
    assert (refused.field, refused.ours) == ("discount", True)
    content = await written(erp(name, discounts="send"), order)
    match name:
        case "jushuitan":
            assert sum(round(one["amount"] * 100) for one in content["items"]) + 800 == 61800
        case "wangdiantong":
            assert sum(round(one["share_discount"] * 100) for one in content["lines"]) == 1000
            assert (content["discount"], content["receivable"]) == (10, 618)
        case _:
            assert (content["discount_fee"], content["payments"][0]["payment"]) == (10, 618)


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (replace(ORDER, payment=Payment(status="unpaid")), "payment.status"),
        (replace(ORDER, payment=Payment(status="cod")), "payment.status"),
        (replace(ORDER, total=62801), "total"),
        (replace(ORDER, items=(Item(sku="A-1001", quantity=1),), total=None), "items.0.unit_price"),
        (replace(ORDER, recipient=None), "recipient.name"),
        (replace(ORDER, recipient=Recipient(name="张三")), "recipient.address"),
        (replace(ORDER, recipient=Recipient(name="张" * 101, province="a", city="b", district="c", address="d")), ""),
    ],
)
@pytest.mark.parametrize("name", ["jushuitan", "wangdiantong"])
async def test_what_cannot_be_written_whole_is_refused_before_anything_is_sent(name: str, order: Order, field: str):
    rig = erp(name)
    refused = await rig.main.create(sent(order))
    assert isinstance(refused, OrderRefused)
    assert refused.ours
    assert refused.field == (field or "recipient.name")
    assert rig.wire.heard == []


async def test_an_order_without_a_region_has_no_form_in_wangdiantong():
    refused = await erp("wangdiantong").main.create(sent(replace(ORDER, recipient=Recipient(name="张三", address="x"))))
    assert isinstance(refused, OrderRefused)
    assert "省、市、区" in refused.words


async def test_a_time_in_the_future_is_the_time_it_was_taken():
    content = await written(erp("wangdiantong"), replace(ORDER, placed_at=NOW + timedelta(days=9)))
    assert content["trade_time"] == "2026-11-22 12:00:00"


# ---- 聚水潭 ----------------------------------------------------------------------------------------------------------


async def test_an_order_that_is_missing_in_jushuitans_answer_is_looked_up():
    rig = erp("jushuitan")
    rig.fake.left_out.add(NUMBER)
    assert await rig.main.create(sent()) == MainUnknown("missing_in_answer")
    assert isinstance(await rig.home(sent(), may_be_there=True), ComesHome)
    assert (rig.fake.created, rig.fake.updated) == ({NUMBER: 1}, {})


async def test_the_same_number_updates_in_jushuitan_and_is_counted():
    rig = erp("jushuitan")
    await rig.main.create(sent())
    await rig.main.create(sent())
    assert (rig.fake.created, rig.fake.updated) == ({NUMBER: 1}, {NUMBER: 1})


async def test_a_shop_that_jushuitan_does_not_have_is_its_refusal_and_shows_in_the_check():
    rig = erp("jushuitan")
    rig.fake.shops = (7,)
    assert isinstance(await rig.home(sent()), StaysRefused)
    shop = next(one for one in await rig.main.probe() if one.what == "shop")
    assert (shop.verdict, shop.code, shop.words) == ("wrong", "no_shop", "101")


async def test_more_than_five_calls_in_a_second_are_throttled():
    rig = erp("jushuitan")
    for _ in range(6):
        rig.fake.moments.append(NOW)
    outcome = await rig.main.find(sent().names)
    assert isinstance(outcome, MainThrottled)
    assert outcome.wait == timedelta(seconds=2)


async def test_a_hundred_calls_in_a_minute_are_throttled_till_the_next():
    rig = erp("jushuitan")
    rig.fake.moments.extend([NOW - timedelta(seconds=30)] * 100)
    outcome = await rig.main.find(sent().names)
    assert isinstance(outcome, MainThrottled)
    assert outcome.wait == timedelta(minutes=1)


async def test_orders_of_two_that_became_one_come_home_with_all_numbers_and_compare_nothing():
    rig = erp("jushuitan")
    await rig.home(sent())
    rig.fake.status[NUMBER] = "Merged"
    rig.fake.taken[NUMBER].content["pay_amount"] = 1
    assert isinstance(await rig.home(sent()), ComesHome)


async def test_a_token_that_runs_out_in_mid_run_is_renewed_once():
    keeper = KeptInMind(AccessToken("lb-token-01", "lb-refresh-01"))
    rig = erp("jushuitan", tokens=keeper)
    rig.fake.token = "expired-meanwhile"
    assert isinstance(await rig.home(sent()), ComesHome)
    assert (rig.fake.refreshed, keeper.token.access, keeper.token.refresh) == (1, "lb-token-r1", "lb-refresh-r1")
    assert keeper.token.expires_at is not None
    assert abs(keeper.token.expires_at - NOW - timedelta(days=30)) < timedelta(minutes=1)


async def test_a_token_is_renewed_a_day_before_it_runs_out():
    keeper = KeptInMind(AccessToken("lb-token-01", "lb-refresh-01", NOW + timedelta(hours=23)))
    rig = erp("jushuitan", tokens=keeper)
    await rig.main.find(sent().names)
    assert rig.fake.refreshed == 1
    await rig.main.find(sent().names)
    assert rig.fake.refreshed == 1


async def test_a_token_that_somebody_renewed_during_the_call_is_used_and_not_renewed_again():
    """Renewing the new one would lock out whoever has just got it."""

    class Overtaken(KeptInMind):
        asked = 0

        async def current(self) -> AccessToken:
            self.asked += 1
            return AccessToken("lb-token-00", "lb-refresh-00") if self.asked == 1 else self.token

    rig = erp("jushuitan", tokens=Overtaken(AccessToken("lb-token-01", "lb-refresh-01")))
    assert await rig.main.find(sent().names) == AbsentFromMain()
    assert rig.fake.refreshed == 0


async def test_a_provider_that_may_not_renew_is_told_to_have_it_authorised_anew():
    rig = erp("jushuitan", tokens=KeptInMind(AccessToken("lb-token-01", "lb-refresh-01")))
    rig.fake.token, rig.fake.may_refresh = "expired-meanwhile", False
    assert await rig.main.find(sent().names) == AccessRefused("token", "服务商应用不支持刷新token，请重新授权")


async def test_a_marketplaces_order_that_no_query_shows_is_absent():
    """The limit that docs/main-system.zh-CN.md names."""
    rig = erp("jushuitan")
    await rig.home(sent())
    rig.fake.unseen.add(NUMBER)
    assert await rig.main.find(sent().names) == AbsentFromMain()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"code": 0, "data": {"datas": [{"so_id": NUMBER, "issuccess": True, "o_id": None}]}}, "no_number"),
        ({"code": 0, "data": {"datas": [{"so_id": NUMBER, "issuccess": "true", "o_id": 1}]}}, "bad_answer"),
        ({"code": 0, "data": {"datas": [{"so_id": "X", "issuccess": True, "o_id": 1}]}}, "missing_in_answer"),
        ({"code": 0, "data": {"datas": [{"so_id": NUMBER, "issuccess": False, "msg": "系统繁忙"}]}}, "refused"),
        ({"code": 0, "data": None}, "missing_in_answer"),
        ({"code": 150, "msg": "内部错误"}, "refused"),
        ({"code": 160, "msg": "保存失败"}, "refused"),
        ({"code": 10004, "msg": "?"}, "refused"),
        ({"msg": "ok"}, "bad_answer"),
        ([], "bad_answer"),
    ],
)
async def test_what_jushuitan_does_not_say_clearly_is_unknown(
    monkeypatch: pytest.MonkeyPatch, said: object, outcome: str
):
    rig = erp("jushuitan")
    await _answering(rig, monkeypatch, said)
    found = await rig.main.create(sent())
    assert isinstance(found, MainUnknown)
    assert found.code == outcome


async def test_a_line_that_says_it_is_there_is_looked_up(monkeypatch: pytest.MonkeyPatch):
    rig = erp("jushuitan")
    line = {"so_id": NUMBER, "issuccess": False, "msg": "线上单号重复"}
    await _answering(rig, monkeypatch, {"code": 0, "data": {"datas": [line]}})
    assert await rig.main.create(sent()) == ExistsInMain()


# ---- 旺店通 ----------------------------------------------------------------------------------------------------------


async def test_a_sku_that_nobody_knows_is_accepted_by_wangdiantong():
    """The limit that docs/main-system.zh-CN.md names: it fails there when the order is submitted."""
    rig = erp("wangdiantong")
    order = replace(ORDER, items=(Item(sku="NO-SUCH", quantity=1, unit_price=62000),))
    assert isinstance(await rig.home(sent(order)), ComesHome)
    assert rig.fake.bad_reason == {NUMBER: 1}


@pytest.mark.parametrize("comma", ["，", ","])
async def test_the_sixty_first_call_is_throttled_with_either_comma(comma: str):
    rig = erp("wangdiantong")
    rig.fake.comma = comma
    rig.fake.moments.extend([NOW - timedelta(seconds=1)] * 60)
    outcome = await rig.main.create(sent())
    assert isinstance(outcome, MainThrottled)
    assert outcome.wait == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        ({"new_count": 1, "chg_count": 0, "error_list": [{"no": NUMBER, "error": "x"}]}, MainUnknown),
        ({"new_count": 0, "chg_count": 0, "error_list": [{"no": NUMBER, "error": "下单时间非法"}]}, OrderRefused),
        ({"new_count": 0, "chg_count": 0, "error_list": [{"no": "other", "error": "x"}]}, MainUnknown),
        ({"new_count": 0, "chg_count": 0, "error_list": []}, MainUnknown),
        ({"new_count": 0, "chg_count": 1}, ExistsInMain),
        ({"new_count": 1}, CreatedInMain),
        ({"new_count": 2, "chg_count": 0}, MainUnknown),
        ({}, MainUnknown),
        ([], MainUnknown),
    ],
)
async def test_status_0_alone_proves_nothing(monkeypatch: pytest.MonkeyPatch, data: object, outcome: type):
    rig = erp("wangdiantong")
    await _answering(rig, monkeypatch, {"status": 0, "data": data})
    assert isinstance(await rig.main.create(sent()), outcome)


@pytest.mark.parametrize(
    ("status", "message", "outcome"),
    [
        (100, "店铺平台不是自有平台", OrderRefused),
        (100, "权限不足", AccessRefused),
        (6, "ip", AccessRefused),
        (4, "database", MainUnknown),
        (5, "database", MainUnknown),
        (99, "其他", MainUnknown),
        (100, "系统繁忙", MainUnknown),
    ],
)
async def test_statuses_of_wangdiantong(monkeypatch: pytest.MonkeyPatch, status: int, message: str, outcome: type):
    rig = erp("wangdiantong")
    await _answering(rig, monkeypatch, {"status": status, "message": message})
    assert isinstance(await rig.main.create(sent()), outcome)


# ---- 管易 ------------------------------------------------------------------------------------------------------------


async def test_an_unknown_member_is_this_orders_refusal_and_not_an_address_that_is_wrong():
    refused = await erp("guanyi", vip_code="NOBODY").home(sent())
    assert isinstance(refused, StaysRefused)
    assert "会员不存在" in refused.words


async def test_a_number_that_is_there_is_refused_and_looked_up():
    rig = erp("guanyi")
    await rig.main.create(sent())
    assert await rig.main.create(sent()) == ExistsInMain()
    assert rig.fake.created == {NUMBER: 1}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"success": True}, MainUnknown),
        ({"success": "true", "code": "SO1"}, MainUnknown),
        ({"code": "SO1"}, MainUnknown),
        ({"success": False, "errorDesc": "系统异常"}, MainUnknown),
        ({"success": False, "errorDesc": "商品不存在"}, OrderRefused),
        ({"success": False, "errorDesc": "ip 不在白名单"}, AccessRefused),
        ({"success": True, "code": "SO1"}, CreatedInMain),
    ],
)
async def test_answers_of_guanyi(monkeypatch: pytest.MonkeyPatch, said: object, outcome: type):
    rig = erp("guanyi")
    await _answering(rig, monkeypatch, said)
    assert isinstance(await rig.main.create(sent()), outcome)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jushuitan", {"code": 0, "data": {"orders": None}}),
        ("jushuitan", {"code": 0, "data": {"orders": [{"so_id": "another", "o_id": 1}]}}),
        ("jushuitan", {"code": 0, "data": {"orders": [{"so_id": NUMBER}]}}),
        ("jushuitan", {"code": 0, "data": {"orders": [{"so_id": NUMBER, "o_id": 1, "pay_amount": "?"}]}}),
        ("jushuitan", {"code": 140, "msg": "参数错误"}),
        ("wangdiantong", {"status": 0, "data": {"total_count": 0}}),
        ("wangdiantong", {"status": 0, "data": {"order": [{"tid": "another"}]}}),
        ("wangdiantong", {"status": 0, "data": {"order": [{"tid": NUMBER, "receivable": "1.2345"}]}}),
        ("guanyi", {"success": True, "orders": None}),
        ("guanyi", {"success": True, "orders": [{"platform_code": NUMBER}]}),
        ("guanyi", {"success": True, "orders": [{"platform_code": "another", "code": "1"}]}),
        ("guanyi", {"success": False, "errorDesc": "平台单号已存在"}),
    ],
)
async def test_a_look_that_does_not_answer_the_question_is_never_absent(
    monkeypatch: pytest.MonkeyPatch, name: str, said: object
):
    rig = erp(name)
    await _answering(rig, monkeypatch, said)
    assert isinstance(await rig.main.find(sent().names), MainUnknown)


async def test_a_shops_number_that_tells_nothing_to_compare_is_a_persons(monkeypatch: pytest.MonkeyPatch):
    rig = erp("jushuitan")
    await _answering(rig, monkeypatch, {"code": 0, "data": {"orders": [{"so_id": SHOPS_NUMBER, "o_id": 1}]}})
    assert isinstance(await rig.home(sent(), may_be_there=True), PersonDecides)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jushuitan", {"code": 0, "data": {"datas": [{"so_id": NUMBER, "issuccess": True, "o_id": 1}]}}),
        ("wangdiantong", {"status": 0, "data": {"new_count": 1}}),
        ("guanyi", {"success": True, "code": "SO1"}),
    ],
)
async def test_a_success_under_another_status_than_200_is_not_theirs(
    monkeypatch: pytest.MonkeyPatch, name: str, said: object
):
    rig = erp(name)
    await _answering(rig, monkeypatch, said, status=403)
    assert await rig.main.create(sent()) == MainUnknown("http_403")
    await _answering(rig, monkeypatch, said)
    assert isinstance(await rig.main.create(sent()), CreatedInMain)


async def _answering(rig: Rig, monkeypatch: pytest.MonkeyPatch, said: object, *, status: int = 200) -> None:
    """Have every call answered by one document."""
    rig.wire.forget()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await rig.fake.answer(said, status)(scope, receive, send)

    monkeypatch.setattr(rig.fake, "app", lambda: app)


async def test_what_is_signed_is_what_is_sent():
    rig = erp("jushuitan")
    await rig.main.create(sent())
    form = {name: values[0] for name, values in parse_qs(rig.wire.heard[-1].content.decode()).items()}
    assert json.loads(form["biz"])[0]["receiver_name"] == "张三"
    assert "张三" in form["biz"]
