"""``lifeboat main``: what is wrong is said before an outage, and an order is looked up, from fakes on a port of this machine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.main_systems import PROFILE
from tests.deployment.main_files import JUSHUITAN
from tests.deployment.orders import new_order
from tests.fakes.main_http import MainHttpFake
from tests.fakes.main_jushuitan import MainJushuitanFake
from tests.fakes.main_wire import TakenOrder
from tests.fakes.serving import serve
from tests.integration.conftest import Run


def _json(run: Run, *said: str, code: int = 0) -> Any:
    return json.loads(run("main", *said, "--json", code=code).stdout)


def test_without_a_main_system_it_says_where_one_is_described(run: Run):
    assert "docs/main-system.zh-CN.md" in run("main", "check", code=2).output
    assert "docs/main-system.zh-CN.md" in run("main", "find", "LB1", code=2).output


def test_a_check_that_is_well_is_remembered(run: Run, jst: MainJushuitanFake):
    assert "还没有试通" in run("doctor", code=0).output
    (item,) = _json(run, "check")["items"]
    assert (item["name"], item["ok"]) == ("jushuitan", True)
    assert item["tried_at"].endswith("+08:00")
    assert [one["what"] for one in item["checks"]] == ["access", "clock", "shop"]
    assert {one["verdict"] for one in item["checks"]} == {"well"}
    assert "试通" in run("doctor", code=0).output
    assert "还没有试通" not in run("doctor", code=0).output
    assert jst.created == {}


def test_what_is_wrong_is_a_sentence_with_their_own_words_and_is_no_longer_tried(run: Run, jst: MainJushuitanFake):
    _json(run, "check")
    jst.secret = "another"
    shown = run("main", "check", code=1).output
    assert "密钥、账号或签名不对" in shown
    assert "签名错误" in shown
    (item,) = _json(run, "check", code=1)["items"]
    assert (item["ok"], item["tried_at"], item["checks"][0]["code"]) == (False, None, "key")
    assert "lb-" not in shown


def test_a_shop_that_is_not_there_is_named(run: Run, jst: MainJushuitanFake):
    jst.shops = (101,)
    assert "102" in run("main", "check", code=1).output


def test_a_secret_that_is_nowhere_and_a_wrong_file_are_told(
    run: Run, jst: MainJushuitanFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("JST_TOKEN")
    assert "JST_TOKEN" in run("main", "check", code=2).output
    (tmp_path / "token").write_text("lb-token-01\n", encoding="utf-8")
    monkeypatch.setenv("JST_TOKEN_FILE", str(tmp_path / "token"))
    run("main", "check")
    (tmp_path / "erp.toml").write_text(JUSHUITAN.replace("app_key", "appkey"), encoding="utf-8")
    assert "erp.toml 第 3 行 access.app_key：缺少必填的配置项" in run("main", "check", code=2).output


def test_an_order_is_looked_up_and_compared(run: Run, jst: MainJushuitanFake, take: Callable[..., list[str]]):
    (number,) = take(new_order())
    assert _json(run, "find", number) == {"number": number, "system": "jushuitan", "result": "absent"}
    content = {"pay_amount": 1, "pay": {}, "items": []}
    jst.taken[number] = TakenOrder(number, "9000001", content)
    found = _json(run, "find", number.lower(), code=1)
    assert (found["result"], found["main_order_numbers"], found["void"]) == ("exists", ["9000001"], False)
    assert found["differs"]
    assert "主系统里有" in run("main", "find", number, code=1).output


def test_a_number_that_is_none_of_ours_is_asked_for_as_it_is(run: Run, jst: MainJushuitanFake):
    content = {"pay_amount": "5.00", "pay": {}, "items": []}
    jst.taken["SHOP-1"] = TakenOrder("SHOP-1", "9000002", content)
    found = _json(run, "find", "SHOP-1")
    assert (found["main_order_numbers"], found["total"], found["differs"]) == (["9000002"], "5.00", None)


def test_a_main_system_is_chosen_by_its_name(run: Run, jst: MainJushuitanFake):
    assert _json(run, "find", "SHOP-1", "--system", "jushuitan")["result"] == "absent"
    assert "现有：jushuitan" in run("main", "find", "SHOP-1", "--system", "wangdiantong", code=2).output


def test_what_does_not_answer_is_unknown_and_for_a_person(run: Run, jst: MainJushuitanFake):
    jst.throttles_at = 1
    assert _json(run, "find", "SHOP-1", code=1)["result"] == "throttled"
    jst.token = "another"
    refused = _json(run, "find", "SHOP-1", code=1)
    assert (refused["result"], refused["code"]) == ("refused_auth", "token")


def test_a_profile_with_a_main_system_is_checked_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "profiles"
    folder.mkdir()
    monkeypatch.setenv("LIFEBOAT_PROFILES_DIR", str(folder))
    monkeypatch.setenv("SHOP_APP_ID", "lifeboat")
    monkeypatch.setenv("SHOP_APP_SECRET", "lb-app-secret")
    fake = MainHttpFake()
    text = PROFILE.read_text(encoding="utf-8")
    (folder / "shop.toml").write_text(text, encoding="utf-8")
    assert "LIFEBOAT_OUTBOUND_HOSTS" in run("main", "check", code=2).output
    with serve(fake.app()) as url:
        (folder / "shop.toml").write_text(text.replace("https://erp.example.com", url), encoding="utf-8")
        (item,) = _json(run, "check")["items"]
        assert (item["name"], item["kind"], item["ok"]) == ("nested-json-fen", "http", True)
        (folder / "shop.toml").write_text(
            text.replace("https://erp.example.com", url).replace('absent = "body.code', 'absent = "body.kode'),
            encoding="utf-8",
        )
        assert "没有被任何标记认出" in run("main", "check", code=1).output


def test_in_english_it_says_the_same(run: Run, jst: MainJushuitanFake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIFEBOAT_LANG", "en")
    shown = run("main", "check").output
    assert "The main system's API" in shown
    assert "key, address and look-up" in shown
    assert "does not have it" in run("main", "find", "SHOP-1").output


@pytest.mark.parametrize(
    ("to", "answer", "status", "code", "told"),
    [
        ("replay", {"code": 0, "data": {"orderId": 7, "tradeNo": "T1"}}, 200, 0, "created"),
        ("replay", {"code": 1062}, 200, 0, "exists"),
        ("replay", {"code": 4001, "msg": "商品不存在"}, 200, 0, "refused_data"),
        ("replay", {"code": 4010}, 200, 0, "refused_auth"),
        ("replay", {"code": 0, "data": {"orderId": 7, "tradeNo": "T1"}}, 500, 1, "unknown"),
        ("replay", {"code": 0, "data": {"orderId": 7, "tradeNo": "T2"}}, 200, 1, "unknown"),
        ("lookup", {"code": 0, "data": {"orders": []}}, 200, 0, "absent"),
        ("lookup", {"code": 4290}, 200, 0, "throttled"),
        (
            "lookup",
            {"code": 0, "data": {"orders": [{"tradeNo": "T1", "orderId": "9", "payAmount": 100, "details": []}]}},
            200,
            0,
            "exists",
        ),
        ("lookup", {"ok": True}, 200, 1, "unknown"),
    ],
)
def test_an_answer_in_a_file_shows_what_it_would_be_taken_for(
    run: Run, tmp_path: Path, to: str, answer: object, status: int, code: int, told: str
):
    (tmp_path / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    asked = ("profile", "answer", str(PROFILE), str(tmp_path / "answer.json"), "--to", to, "--number", "T1")
    found = json.loads(run(*asked, "--status", str(status), "--json", code=code).stdout)
    assert found["result"] == told
    assert run(*asked, "--status", str(status), code=code).output.strip()


def test_an_answer_that_cannot_be_judged_is_told_why(run: Run, tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text("<html>", encoding="utf-8")
    asked = ("--to", "replay", "--number", "T1")
    assert "不是 JSON" in run("profile", "answer", str(PROFILE), str(page), *asked, code=1).output
    without = PROFILE.with_name("flat-form-yuan.toml")
    assert "[replay]" in run("profile", "answer", str(without), str(page), *asked, code=2).output
