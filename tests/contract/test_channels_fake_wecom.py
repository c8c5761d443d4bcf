"""The fake WeCom is worth something only if it is as strict as facts/ says the real one is."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from starlette.applications import Starlette

from tests.fakes.wecom import WecomFake
from tests.harness.processes import free_port


class TestWecom:
    @pytest.mark.parametrize("penalty", [True, False])
    async def test_twenty_a_minute_and_robot_then_a_minutes_pause(self, *, penalty: bool):
        at = [1000.0]
        fake = WecomFake(keys={"a", "b"}, penalty=penalty, now=lambda: at[0])
        async with _client(fake.app()) as client:
            for _ in range(20):
                assert await _wecom(client, _text("x"), key="a") == 0
            at[0] = 1030.0
            assert await _wecom(client, _text("x"), key="a") == 45009
            assert await _wecom(client, _text("x"), key="b") == 0
            at[0] = 1060.0
            assert await _wecom(client, _text("x"), key="a") == (45009 if penalty else 0)
            at[0] = 1090.0
            assert await _wecom(client, _text("x"), key="a") == 0
            worst = (await client.get("/_worst_minute")).json()
        assert worst == {"calls": 21, "accepted": 20}

    @pytest.mark.parametrize(
        ("body", "errcode"),
        [
            (b"not json", 40008),
            (b"[]", 40008),
            ({"msgtype": "poem", "poem": {}}, 40008),
            ({"msgtype": "text"}, 44004),
            ({"msgtype": "text", "text": {"content": ""}}, 44004),
            ({"msgtype": "text", "text": {"content": "x" * 2049}}, 40058),
            ({"msgtype": "text", "text": {"content": "x", "mentioned_list": "@all"}}, 40008),
            ({"msgtype": "markdown", "markdown": {"content": "订" * 1366}}, 40058),
            ({"msgtype": "markdown_v2", "markdown_v2": {"content": "x"}}, 0),
            ({"msgtype": "news", "news": {"articles": []}}, 40058),
            ({"msgtype": "news", "news": {"articles": [{"title": "t", "url": "u"}] * 9}}, 45008),
            ({"msgtype": "news", "news": {"articles": [{"title": "t"}]}}, 40058),
            ({"msgtype": "news", "news": {"articles": [{"title": "t", "url": "u"}]}}, 0),
            ({"msgtype": "image", "image": {"base64": "?", "md5": ""}}, 40035),
            ({"msgtype": "image", "image": {"base64": "", "md5": ""}}, 44004),
            ({"msgtype": "image", "image": {"base64": "eA==", "md5": "wrong"}}, 40035),
            ({"msgtype": "image", "image": {"base64": "eA==", "md5": "9dd4e461268c8034f5c8564e155c67a6"}}, 0),
            ({"msgtype": "file", "file": {"media_id": "nobody's"}}, 40007),
            ({"msgtype": "template_card", "template_card": {"card_type": "text_notice"}}, 40058),
            ({"msgtype": "template_card", "template_card": {"card_type": "", "main_title": 1, "card_action": 1}}, 0),
        ],
    )
    async def test_a_body_against_the_rules_is_refused(self, body: bytes | dict[str, object], errcode: int):
        async with _client(WecomFake().app()) as client:
            assert await _wecom(client, body) == errcode

    async def test_an_image_above_two_megabytes_is_refused(self):
        raw = bytes(2 * 1024 * 1024 + 1)
        image = {"base64": base64.b64encode(raw).decode(), "md5": ""}
        async with _client(WecomFake().app()) as client:
            assert await _wecom(client, {"msgtype": "image", "image": image}) == 40009

    async def test_a_file_goes_to_the_robot_that_uploaded_it_for_three_days(self):
        at = [1000.0]
        fake = WecomFake(now=lambda: at[0])
        async with _client(fake.app()) as client:
            answer = await client.post(
                "/cgi-bin/webhook/upload_media?key=a&type=file", files={"media": ("a.csv", b"123456")}
            )
            file = {"msgtype": "file", "file": {"media_id": answer.json()["media_id"]}}
            assert await _wecom(client, file, key="a") == 0
            assert await _wecom(client, file, key="b") == 40007
            at[0] += 3 * 24 * 3600
            assert await _wecom(client, file, key="a") == 40007

    @pytest.mark.parametrize(
        ("query", "content", "errcode"),
        [("type=file", b"123456", 40058), ("key=a&type=poem", b"123456", 40004), ("key=a&type=file", b"12345", 40006)],
    )
    async def test_an_upload_against_the_rules_is_refused(self, query: str, content: bytes, errcode: int):
        async with _client(WecomFake().app()) as client:
            answer = await client.post(f"/cgi-bin/webhook/upload_media?{query}", files={"media": ("a", content)})
        assert answer.json()["errcode"] == errcode

    async def test_a_key_nobody_has_is_refused_in_words_headers_and_status_200(self):
        async with _client(WecomFake(keys={"a"}).app()) as client:
            answer = await client.post("/cgi-bin/webhook/send?key=b", json=_text("x"))
        assert (answer.status_code, answer.headers["Error-Code"]) == (200, "93000")
        assert answer.json()["errmsg"].startswith("invalid webhook url, hint: [")


def test_as_a_process_the_fakes_are_ordered_and_asked_over_http():
    began = time.time()
    with _process() as (wecom, feishu, dingtalk, _aliyun, tencent):
        faults = httpx.post(f"{wecom}/_faults", json={"next": ["-1"], "every": None}).json()
        assert faults == {"next": ["-1"], "every": None}
        errcodes = [
            httpx.post(f"{wecom}/cgi-bin/webhook/send?key=any", json=_text(f"订单 {n}")).json()["errcode"]
            for n in range(2)
        ]
        assert errcodes == [-1, 0]
        [accepted] = httpx.get(f"{wecom}/_accepted").json()
        assert (accepted["key"], accepted["msgtype"], accepted["content"]) == ("any", "text", "订单 1")
        assert began <= accepted["received_at"] <= time.time()
        assert httpx.get(f"{wecom}/_worst_minute").json() == {"calls": 2, "accepted": 1}
        assert httpx.get(f"{tencent}/_accepted").json() == []
        said = {"msg_type": "text", "content": {"text": "订单"}}
        assert httpx.post(f"{feishu}/open-apis/bot/v2/hook/any", json=said).json()["code"] == 0
        assert httpx.post(f"{dingtalk}/robot/send?access_token=any", json=_text("订单")).json()["errcode"] == 0


@contextmanager
def _process() -> Iterator[tuple[str, ...]]:
    names = ("--wecom-port", "--feishu-port", "--dingtalk-port", "--aliyun-port", "--tencent-port")
    ports = tuple(free_port() for _ in names)
    arguments = [word for name, port in zip(names, ports, strict=True) for word in (name, str(port))]
    command = [sys.executable, "-m", "tests.fakes", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline()) == {"ready": sorted(ports)}
        yield tuple(f"http://127.0.0.1:{port}" for port in ports)
        process.terminate()


def _text(content: str) -> dict[str, object]:
    return {"msgtype": "text", "text": {"content": content}}


def _client(app: Starlette, base_url: str = "http://fake.test") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)


async def _wecom(client: httpx.AsyncClient, body: bytes | dict[str, object], *, key: str = "any") -> int:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await client.post(f"/cgi-bin/webhook/send?key={key}", content=content)
    return int(answer.json()["errcode"])
