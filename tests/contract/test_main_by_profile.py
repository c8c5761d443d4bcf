"""Any HTTP API by a profile: what an answer means is data, and whatever is not marked is unknown."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    CreatedInMain,
    ExistsInMain,
    MainUnknown,
    OrderNames,
    OrderRefused,
)
from app.domain.way_home import ComesHome, PersonDecides
from app.intake.profile.profile import WrongProfile, read_profile
from tests.contract.main_systems import NUMBER, PROFILE, SHOPS_NUMBER, Rig, by_profile, sent

Unlike = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return by_profile(tmp_path)


async def test_the_payload_is_sent_again_byte_by_byte(rig: Rig):
    order = sent()
    assert await rig.main.create(order) == CreatedInMain("9000000")
    assert rig.wire.heard[-1].content == order.payload
    assert rig.wire.heard[-1].headers["content-type"] == "application/json"
    assert rig.wire.heard[-1].headers["authorization"] == "Bearer token-1"


async def test_a_multipart_payload_is_sent_under_its_own_boundary(rig: Rig):
    body = b'--b0undary\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b0undary--\r\n'
    rig.wire.order("create", "refuse")
    await rig.main.create(replace(sent(), payload=body))
    assert rig.wire.heard[-1].headers["content-type"] == "multipart/form-data; boundary=b0undary"


@pytest.mark.parametrize(
    "unlike",
    [
        lambda said: {**said, "code": "0"},
        lambda said: {**said, "code": 500},
        lambda said: {**said, "data": {**said["data"], "orderId": None}},
        lambda said: {**said, "data": {**said["data"], "tradeNo": "another"}},
        lambda _said: {"code": 0},
        lambda _said: {},
        lambda _said: {"success": True},
    ],
)
async def test_a_success_that_does_not_name_the_order_is_unknown(rig: Rig, unlike: Unlike):
    rig.fake.unlike = unlike
    assert isinstance(await rig.main.create(sent()), MainUnknown)


async def test_two_marks_that_contradict_are_unknown(tmp_path: Path):
    rig = by_profile(tmp_path, ('refused = "body.code == `4001`"', 'refused = "body.code == `0`"'))
    assert await rig.main.create(sent()) == MainUnknown("contradictory", "ok")


async def test_a_mark_that_only_resembles_true_is_none(tmp_path: Path):
    rig = by_profile(tmp_path, ('created = "body.code == `0`"', 'created = "body.msg"'))
    assert await rig.main.create(sent()) == MainUnknown("unmarked", "ok")


async def test_an_expression_that_meets_another_type_marks_nothing(tmp_path: Path):
    rig = by_profile(tmp_path, ('created = "body.code == `0`"', 'created = "length(body.code) == `1`"'))
    assert await rig.main.create(sent()) == MainUnknown("unmarked", "ok")


async def test_a_token_that_runs_out_in_mid_run_is_got_anew(rig: Rig):
    await rig.main.find(sent().names)
    rig.fake.token = "another"
    assert isinstance(await rig.home(sent()), ComesHome)
    assert rig.fake.tokens == 2


async def test_a_token_that_never_holds_stops_everybody(rig: Rig):
    rig.fake.unlike = lambda _said: {"code": 4010, "msg": "token expired"}
    assert await rig.main.find(sent().names) == AccessRefused("token", "token expired")
    assert rig.fake.tokens == 2


@pytest.mark.parametrize("fault", ["hang", "html502"])
async def test_a_token_that_cannot_be_got_now_is_unknown_and_nothing_was_sent(rig: Rig, fault: str):
    rig.wire.order("token", fault)
    assert isinstance(await rig.main.create(sent()), MainUnknown)
    assert rig.fake.created == {}


async def test_an_order_without_payload_is_not_sent(rig: Rig):
    outcome = await rig.main.create(replace(sent(), payload=None))
    assert isinstance(outcome, OrderRefused)
    assert outcome.ours
    assert rig.wire.heard == []


async def test_an_order_that_cannot_be_asked_for_is_a_persons(rig: Rig):
    found = await rig.main.find(OrderNames(NUMBER))
    assert isinstance(found, MainUnknown)
    assert not found.helps
    assert isinstance(await rig.home(sent(shop=None)), PersonDecides)


@pytest.mark.parametrize(
    ("orders", "code"),
    [
        ([{"tradeNo": "another", "orderId": 1}], "other_order"),
        ([{"tradeNo": SHOPS_NUMBER, "orderId": None}], "no_number"),
        ([{"tradeNo": SHOPS_NUMBER, "orderId": 1, "payAmount": "?", "details": []}], "bad_answer"),
        ([{"tradeNo": SHOPS_NUMBER, "orderId": 1, "payAmount": 1, "details": None}], "bad_answer"),
        ([{"tradeNo": SHOPS_NUMBER, "orderId": 1, "payAmount": 1, "details": [{"skuCode": "A"}]}], "bad_answer"),
        ([{"tradeNo": SHOPS_NUMBER, "orderId": 1}] * 2, "several"),
        (["text"], "other_order"),
    ],
)
async def test_a_look_that_is_not_understood_is_unknown(rig: Rig, orders: list[Any], code: str):
    rig.fake.unlike = lambda _said: {"code": 0, "data": {"orders": orders}}
    found = await rig.main.find(sent().names)
    assert isinstance(found, MainUnknown)
    assert found.code == code


@pytest.mark.parametrize("said", [{"code": 1}, {"code": 0.5}, {"code": False}, {"data": {}}, []])
async def test_a_look_that_is_not_marked_absent_is_unknown(rig: Rig, said: Any):
    rig.fake.unlike = lambda _said: said
    assert isinstance(await rig.main.find(sent().names), MainUnknown)


async def test_an_order_and_an_error_at_once_contradict(rig: Rig):
    rig.fake.unlike = lambda _said: {"code": 4010, "data": {"orders": [{"tradeNo": SHOPS_NUMBER, "orderId": 1}]}}
    assert isinstance(await rig.main.find(sent().names), MainUnknown)


async def test_a_single_object_is_a_list_of_one(rig: Rig):
    row = {"tradeNo": SHOPS_NUMBER, "orderId": 7, "payAmount": 62800, "details": [], "status": "OPEN"}
    rig.fake.unlike = lambda _said: {"code": 0, "data": {"orders": row}}
    found = await rig.main.find(sent().names)
    assert isinstance(found, ExistsInMain)
    assert found.found is not None
    assert (found.found.main_numbers, found.found.by) == (("7",), "shop")


async def test_a_number_in_a_path_leads_nowhere_else(tmp_path: Path):
    rig = by_profile(
        tmp_path,
        ('path = "/api/order/query"\nquery = { tradeNo = "{shop_number}" }', 'path = "/api/{shop_number}/query"'),
    )
    rig.wire.order("find", "refuse")
    await rig.main.find(OrderNames(NUMBER, "../../@evil.example/?a=#"))
    assert rig.wire.heard[-1].url.host == "erp.example.com"
    assert rig.wire.heard[-1].url.raw_path == b"/api/..%2F..%2F%40evil.example%2F%3Fa%3D%23/query"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"{shop_number}"', '"{order_number}"', "lookup"),
        ('"{shop_number}"', '"{our_number}{shop_number}"', "lookup"),
        ('"{shop_number}"', '"1"', "lookup"),
        ('absent = "body.code == `0`"', 'absent = "body.("', "lookup.absent"),
        ('created = "body.code == `0`"', "", "replay.created"),
        ('absent = "body.code == `0`"', "", "lookup.absent"),
        ('app = "SHOP_APP_ID"', 'app = "my-secret"', "main.secrets.app"),
        ('app = "SHOP_APP_ID"', 'app = "LIFEBOAT_SECRET_KEY"', "main.secrets.app"),
        ('sku = "skuCode"\nquantity = "num"\nvoid', "void", "lookup.each"),
        ('same_number = "refuses"', 'same_number = "ignores"', "main.same_number"),
        ('app = "SHOP_APP_ID"', 'app = "SHOP_APP_ID"\ntoken = "SHOP_TOKEN"', "main.secrets.token"),
        ('app = "SHOP_APP_ID"', 'app = "SHOP_APP_ID"\nkey2 = "SHOP_KEY"', "main.secrets.key2"),
        ("wait_seconds = 60\n", "wait = 60\n", "lookup.wait"),
        ('path = "/api/order/query"', 'path = "@127.0.0.1/"', "lookup.path"),
        ("[replay]", '[replay]\nbody = { a = "1" }', "replay"),
    ],
)
def test_a_profile_that_is_wrong_about_its_main_system_says_where(tmp_path: Path, old: str, new: str, key: str):
    text = PROFILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "x.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(WrongProfile) as wrong:
        read_profile(tmp_path / "x.toml")
    assert wrong.value.key == key
    assert any("\u4e00" <= one <= "\u9fff" for one in wrong.value.reason)


@pytest.mark.parametrize(("start", "end", "key"), [("[main]", "[lookup]", "main"), ("[lookup]", "[replay]", "lookup")])
def test_a_part_alone_is_refused(tmp_path: Path, start: str, end: str, key: str):
    text = PROFILE.read_text(encoding="utf-8")
    text = text[: text.index(f"\n{start}\n")] + text[text.index(f"\n{end}\n") :]
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WrongProfile) as wrong:
        read_profile(tmp_path / "x.toml")
    assert wrong.value.key == key


async def test_without_replay_an_order_is_looked_up_and_never_sent(tmp_path: Path):
    text = PROFILE.read_text(encoding="utf-8")
    rig = by_profile(tmp_path, (text[text.index("\n[replay]\n") :], "\n"))
    assert await rig.main.find(sent().names) == AbsentFromMain()
    outcome = await rig.main.create(sent())
    assert isinstance(outcome, OrderRefused)
    assert outcome.ours


async def test_marks_of_the_sample_do_not_depend_on_the_order_of_keys(rig: Rig):
    rig.fake.unlike = lambda said: json.loads(json.dumps(said, sort_keys=True))
    assert isinstance(await rig.home(sent()), ComesHome)


def test_a_profile_without_these_parts_has_no_main_system():
    assert read_profile(PROFILE.with_name("flat-form-yuan.toml")).main is None


async def test_a_token_that_never_changes_is_a_secret_like_others(tmp_path: Path):
    text = PROFILE.read_text(encoding="utf-8")
    start, end = text.index("\n[main.token]"), text.index("\n# 查单")
    rig = by_profile(
        tmp_path,
        (text[start:end], "\n"),
        ('secret = "SHOP_APP_SECRET"', 'token = "SHOP_TOKEN"'),
        secrets={"app": "lifeboat", "token": "fixed"},
    )
    rig.fake.token = "fixed"
    assert isinstance(await rig.home(sent()), ComesHome)
