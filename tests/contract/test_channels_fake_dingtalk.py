"""The fake DingTalk is worth something only if it is as strict as facts/ says the real one is."""

import json
from typing import Any

import httpx
import pytest

from tests.fakes.dingtalk import DingtalkFake

NOW_MS = 1795651200000
SECRET = "SEC-lifeboat-test-1"
PATH = "/robot/send?access_token=t"


def _text(content: str, **more: Any) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content}, **more}


def _client(fake: DingtalkFake) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(fake.app()), base_url="http://fake.test")


async def _answer(fake: DingtalkFake, body: bytes | dict[str, Any], *, path: str = PATH) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    async with _client(fake) as client:
        answer = await client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def _errcode(fake: DingtalkFake, body: bytes | dict[str, Any], *, path: str = PATH) -> int:
    return int((await _answer(fake, body, path=path))["errcode"])


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (_text("x"), 0),
        (_text("x", at={"atMobiles": ["13800138000"], "isAtAll": False}), 0),
        (_text("x", at={"atMobiles": ["13800138000"] * 51}), 400401),
        (_text("x", at=[]), 400401),
        (_text(""), 400401),
        ({"msgtype": "text", "text": "x"}, 400401),
        ({"msgtype": "markdown", "markdown": {"title": "t", "text": "x"}}, 0),
        ({"msgtype": "markdown", "markdown": {"text": "x"}}, 400402),
        ({"msgtype": "markdown", "markdown": {"title": "t"}}, 400403),
        ({"msgtype": "actionCard", "actionCard": {"title": "t", "text": "x"}}, 0),
        ({"msgtype": "poem", "poem": {}}, 400105),
        ({"msg_type": "text", "content": {"text": "x"}}, 400105),
        (b"not json", 400105),
        (b"[]", 400105),
    ],
)
async def test_a_body_against_the_rules_is_refused(body: bytes | dict[str, Any], errcode: int):
    assert await _errcode(DingtalkFake(), body) == errcode


async def test_a_body_of_more_than_twenty_thousand_bytes_is_refused():
    around = len(json.dumps(_text("")).encode())
    assert await _errcode(DingtalkFake(), _text("x" * (20_000 - around))) == 0
    assert await _errcode(DingtalkFake(), _text("x" * (20_001 - around))) == 460101


async def test_only_json_that_is_posted_is_taken():
    async with _client(DingtalkFake()) as client:
        assert (await client.get(PATH)).json()["errcode"] == 43002
        assert (await client.post(PATH, content=b"{}")).json()["errcode"] == 43004


async def test_a_token_that_is_missing_or_nobodys_is_refused_before_the_content_is_looked_at():
    fake = DingtalkFake(robots={"other": ""})
    assert await _errcode(fake, b"not json", path="/robot/send") == 40035
    assert await _errcode(fake, b"not json") == 300005


@pytest.mark.parametrize(
    ("timestamp", "sign", "errmsg"),
    [
        ("1795651200000", "wmz0XpTm8BF6R4tw8WsLan5WyJVZ0JffumX6SPuT6sg%3D", "ok"),
        ("1795651200001", "0qVwCvtKFfhwYYQ8%2BLza5jgCnLLtz%2FF4mIpFX4iipBk%3D", "ok"),
        ("1795651200001", "0qVwCvtKFfhwYYQ8+Lza5jgCnLLtz/F4mIpFX4iipBk=", "sign not match"),  # a bare + is a space
        ("1795651200001", "0qVwCvtKFfhwYYQ8%252BLza5jgCnLLtz%252FF4mIpFX4iipBk%253D", "sign not match"),
        ("1795651200", "6Wsz51pPnli%2Fd%2BEa6QGRL%2Bpbi7tkjxFmWFb4nFCQ5s4%3D", "invalid timestamp"),  # seconds
        ("1795651200000", "6Wsz51pPnli%2Fd%2BEa6QGRL%2Bpbi7tkjxFmWFb4nFCQ5s4%3D", "sign not match"),
        ("", "", "invalid timestamp"),
    ],
)
async def test_only_the_right_signature_is_taken(timestamp: str, sign: str, errmsg: str):
    fake = DingtalkFake(robots={"t": SECRET}, now=lambda: NOW_MS / 1000)
    answer = await _answer(fake, _text("x"), path=f"{PATH}&timestamp={timestamp}&sign={sign}")
    assert (answer["errcode"] == 0) is (errmsg == "ok")
    assert answer["errmsg"].startswith(errmsg)


@pytest.mark.parametrize(("off", "errcode"), [(3600, 0), (3601, 310000), (-3601, 310000)])
async def test_a_signature_holds_for_an_hour(off: int, errcode: int):
    fake = DingtalkFake(robots={"t": SECRET}, now=lambda: NOW_MS / 1000 + off)
    signed = f"{PATH}&timestamp={NOW_MS}&sign=wmz0XpTm8BF6R4tw8WsLan5WyJVZ0JffumX6SPuT6sg%3D"
    assert await _errcode(fake, _text("x"), path=signed) == errcode


async def test_safety_settings_refuse_by_one_code_in_either_language():
    said = [
        (await _answer(fake, _text("x")))["errmsg"]
        for chinese in (False, True)
        for fake in (DingtalkFake(keyword="救生艇", chinese=chinese), DingtalkFake(our_address=False, chinese=chinese))
    ]
    assert [text.partition(",")[0].partition(";")[0] for text in said] == [
        "keywords not in content",
        "ip 203.0.113.7 not in whitelist",
        "description:关键词不匹配",
        "description:ip 203.0.113.7 不在白名单中",
    ]


async def test_words_may_be_forbidden_and_the_months_quota_spent():
    assert await _errcode(DingtalkFake(forbidden="代开"), _text("代开发票")) == 430104
    assert await _errcode(DingtalkFake(quota_spent=True), _text("x")) == 90030


@pytest.mark.parametrize("too_fast", [130101, 410100, 660026])
async def test_twenty_a_minute_and_then_ten_minutes_of_silence(too_fast: int):
    at = [1000.0]
    fake = DingtalkFake(now=lambda: at[0], too_fast=too_fast)
    assert [await _errcode(fake, _text("x")) for _ in range(21)] == [0] * 20 + [too_fast]
    assert await _errcode(fake, _text("x"), path=PATH + "2") == 0
    at[0] = 1599.0
    assert await _errcode(fake, _text("x")) == too_fast
    at[0] = 1600.0
    assert await _errcode(fake, _text("x")) == 0


async def test_codes_may_be_strings_and_a_ban_has_none():
    assert await _answer(DingtalkFake(strings=True), _text("x")) == {"errcode": "0", "errmsg": "ok"}
    fake = DingtalkFake()
    fake.faults.order("punish")
    assert "errcode" not in await _answer(fake, _text("x"))
