"""The fake Feishu is worth something only if it is as strict as facts/ says the real one is."""

import json
from typing import Any

import httpx
import pytest

from tests.fakes.feishu import FeishuFake

NOW = 1795651200.0
SECRET = "lifeboat-feishu-test-1"
PATH = "/open-apis/bot/v2/hook/t"


def _text(content: str, **more: Any) -> dict[str, Any]:
    return {"msg_type": "text", "content": {"text": content}, **more}


async def _code(fake: FeishuFake, body: bytes | dict[str, Any], *, path: str = PATH) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(fake.app()), base_url="http://fake.test") as client:
        answer = await client.post(path, content=content)
    assert answer.status_code == 200
    return int(answer.json()["code"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (_text("x"), 0),
        ({"msg_type": "post", "content": {"post": {"zh_cn": {"title": "x", "content": []}}}}, 0),
        ({"msg_type": "interactive", "card": {"elements": []}}, 0),
        ({"msg_type": "interactive", "content": {}}, 9499),
        ({"msg_type": "poem", "content": {}}, 19002),
        ({"msgtype": "text", "text": {"content": "x"}}, 19002),
        ({"msg_type": "text", "content": '{"text":"x"}'}, 9499),
        ({"msg_type": "text", "content": {}}, 9499),
        (b"not json", 9499),
        (b"[]", 9499),
    ],
)
async def test_a_body_against_the_rules_is_refused(body: bytes | dict[str, Any], code: int):
    assert await _code(FeishuFake(), body) == code


async def test_a_request_of_more_than_twenty_kilobytes_is_refused():
    around = len(json.dumps(_text("")).encode())
    assert await _code(FeishuFake(), _text("x" * (20_480 - around))) == 0
    assert await _code(FeishuFake(), _text("x" * (20_481 - around))) == 9499


async def test_a_token_nobody_has_is_refused_before_anything_else_is_looked_at():
    assert await _code(FeishuFake(robots={"other": ""}), b"not json") == 19001


@pytest.mark.parametrize(
    ("secret", "timestamp", "sign", "code"),
    [
        ("demo", "100", "jquNHnVOwmDRfw+vqTIrY5dooJAgi5EcRtLsQE4wfXg=", 0),
        (SECRET, "1795651200", "r7X3UxGd4seVhWL+tFY3DV47HV59/qaaMFr5T6C2Rl4=", 0),
        ("救生艇-测试", "1795651201", "kZ0oJRLcTr/Zabv+o3faHC60bqcFXV+jqPv1zZvbLFg=", 0),
        (SECRET, "1795651200", "/exwy2gIhK5w03QkBsE2Ygi7sdG4W3h/Rk4VHKqyGh8=", 19021),  # signed as for DingTalk
        (SECRET, "1795651201", "r7X3UxGd4seVhWL+tFY3DV47HV59/qaaMFr5T6C2Rl4=", 19021),
        (SECRET, "", "", 19021),
    ],
)
async def test_only_the_right_signature_is_taken(secret: str, timestamp: str, sign: str, code: int):
    fake = FeishuFake(robots={"t": secret}, now=lambda: float(timestamp or NOW))
    assert await _code(fake, _text("x", timestamp=timestamp, sign=sign)) == code


@pytest.mark.parametrize(("off", "code"), [(3600, 0), (3601, 19021), (-3601, 19021)])
async def test_a_signature_holds_for_an_hour(off: int, code: int):
    fake = FeishuFake(robots={"t": SECRET}, now=lambda: NOW + off)
    signed = _text("x", timestamp="1795651200", sign="r7X3UxGd4seVhWL+tFY3DV47HV59/qaaMFr5T6C2Rl4=")
    assert await _code(fake, signed) == code


async def test_the_keyword_must_stand_in_a_text():
    fake = FeishuFake(keyword="救生艇")
    assert await _code(fake, _text("【订单救生艇】x")) == 0
    assert await _code(fake, _text("x")) == 19024
    link = {"tag": "a", "text": "x", "href": "https://x/救生艇"}
    assert await _code(fake, {"msg_type": "post", "content": {"post": {"zh_cn": {"content": [[link]]}}}}) == 19024
    assert await _code(FeishuFake(our_address=False), _text("x")) == 19022


async def test_five_a_second_and_a_hundred_a_minute():
    at = [NOW]
    fake = FeishuFake(now=lambda: at[0])
    assert [await _code(fake, _text("x")) for _ in range(6)] == [0] * 5 + [11232]
    assert await _code(fake, _text("x"), path=PATH + "2") == 0
    for n in range(95):
        at[0] = NOW + 1 + n / 4
        assert await _code(fake, _text("x")) == 0
    at[0] = NOW + 59
    assert await _code(fake, _text("x")) == 11232
    at[0] = NOW + 60
    assert await _code(fake, _text("x")) == 0


@pytest.mark.parametrize(
    ("second", "code"), [(0, 11232), (9.9, 11232), (10, 0), (600, 0), (1800, 11232), (1799, 0), (3605, 11232)]
)
async def test_it_gasps_on_the_half_hours(second: float, code: int):
    hour = NOW - NOW % 3600
    assert await _code(FeishuFake(gasping=True, now=lambda: hour + second), _text("x")) == code
