"""What the WeCom robot makes of the provider's answers, against a server that behaves as facts/ says."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from app.channels.base import GroupNotice
from app.channels.group.wecom import OUTCOMES, WecomRobot, fits
from app.domain.harmless_text import harmless_text
from app.domain.outcome import Delivered, Outcome, Rejected, Throttled, Unknown, Unreachable
from app.outbound.client import Timeouts, outbound_client
from tests.fakes.clock import LoopClock, until
from tests.fakes.serving import Stage, closed_port, serve
from tests.fakes.wecom import WecomFake

KEY = "7f3e-robot-key"
PATH = f"/cgi-bin/webhook/send?key={KEY}"
IMPATIENT = Timeouts(read=timedelta(seconds=0.3))
SILENT = ("hang", "slow_body")  # endings of the faults that only a time limit ends

ANSWERS: dict[int, Outcome] = {
    -1: Unreachable("wecom:-1"),
    45033: Unreachable("wecom:45033"),
    45009: Throttled(timedelta(seconds=60), "wecom:45009"),
    93000: Rejected("wecom:93000", blame="channel"),
    93004: Rejected("wecom:93004", blame="channel"),
    93008: Rejected("wecom:93008", blame="channel"),
    60020: Rejected("wecom:60020", blame="channel"),
    **{
        code: Rejected(f"wecom:{code}")
        for code in (40004, 40005, 40006, 40007, 40008, 40009, 40033, 40035, 40058, 44004, 45002, 45008, 45034)
    },
}


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    stage = Stage()
    with serve(stage) as url:
        yield stage, url


@pytest.fixture(autouse=True)
def fake(stage: tuple[Stage, str]) -> WecomFake:
    fake = WecomFake(keys={KEY})
    stage[0].app = fake.app()
    return fake


@pytest.fixture
async def robot(stage: tuple[Stage, str]) -> AsyncIterator[WecomRobot]:
    robot = WecomRobot(SecretStr(stage[1] + PATH), outbound_client())
    yield robot
    await robot.aclose()


@pytest.fixture(autouse=True)
def key_stays_out_of_the_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level("DEBUG")
    yield
    assert KEY not in "".join(record.getMessage() for record in caplog.get_records("call"))


async def test_a_notice_without_mentions_arrives_as_markdown(robot: WecomRobot, fake: WecomFake):
    assert await robot.send(GroupNotice("**新订单** LB1")) == Delivered()
    [message] = fake.accepted
    assert (message["msgtype"], message["content"]) == ("markdown", "**新订单** LB1")


async def test_mentions_make_it_text_and_phones_are_told_from_user_ids(robot: WecomRobot, fake: WecomFake):
    mentions = ("zhangsan", "13800138000", "@all", "1380013800")
    assert await robot.send(GroupNotice("大单 LB1", mentions)) == Delivered()
    [message] = fake.accepted
    assert message["msgtype"] == "text"
    assert message["mentioned_list"] == ["zhangsan", "@all", "1380013800"]
    assert message["mentioned_mobile_list"] == ["13800138000"]


async def test_only_phones_mentioned_leaves_the_list_of_user_ids_out(robot: WecomRobot, fake: WecomFake):
    await robot.send(GroupNotice("大单 LB1", ("13800138000",)))
    assert "mentioned_list" not in fake.accepted[0]


@pytest.mark.parametrize(
    ("longest", "too_long"),
    [
        (GroupNotice("订" * 1365 + "."), GroupNotice("订" * 1365 + "..")),
        (GroupNotice("订" * 682 + "..", ("@all",)), GroupNotice("订" * 682 + "...", ("@all",))),
    ],
    ids=["markdown", "text"],
)
async def test_the_limit_counts_bytes_and_a_longer_notice_is_rejected_unsent(
    robot: WecomRobot, fake: WecomFake, longest: GroupNotice, too_long: GroupNotice
):
    assert fits(longest)
    assert await robot.send(longest) == Delivered()
    assert not fits(too_long)
    assert await robot.send(too_long) == Rejected("wecom:too_long")
    assert len(fake.calls[KEY]) == 1


async def test_half_a_character_is_sent_as_a_question_mark(robot: WecomRobot, fake: WecomFake):
    assert await robot.send(GroupNotice("商品 \ud83d")) == Delivered()
    assert fake.accepted[0]["content"] == "商品 ?"


@pytest.mark.parametrize("errcode", ANSWERS)
async def test_each_errcode_of_the_table_has_its_outcome(robot: WecomRobot, fake: WecomFake, errcode: int):
    fake.faults.order(str(errcode))
    assert await robot.send(GroupNotice("LB1")) == ANSWERS[errcode]
    assert not fake.accepted


def test_no_row_of_the_table_is_untested():
    assert set(ANSWERS) == set(OUTCOMES)


async def test_an_errcode_nobody_listed_is_tried_again(robot: WecomRobot, fake: WecomFake):
    fake.faults.order("301024")
    assert await robot.send(GroupNotice("LB1")) == Unreachable("wecom:301024", tries=3)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("html502", Unreachable("wecom:http_502")),
        ("not_json", Unreachable("wecom:malformed")),
        ("hang", Unknown("wecom:timeout")),
        ("slow_body", Unknown("wecom:timeout")),
        ("reset", Unknown("wecom:reset")),
        ("accept_then_hang", Unknown("wecom:timeout")),
        ("accept_then_reset", Unknown("wecom:reset")),
    ],
)
async def test_a_broken_answer_is_told_apart_from_none(
    stage: tuple[Stage, str], fake: WecomFake, fault: str, outcome: Outcome
):
    fake.faults.order(fault)
    client = outbound_client(IMPATIENT) if fault.endswith(SILENT) else outbound_client()
    robot = WecomRobot(SecretStr(stage[1] + PATH), client)
    assert await robot.send(GroupNotice("LB1")) == outcome
    await robot.aclose()
    await until(
        lambda: len(fake.accepted) >= fault.startswith("accept_then")
    )  # we may have given up before it was read
    assert len(fake.accepted) == fault.startswith("accept_then")


@pytest.mark.parametrize(
    "body", [b"[]", b'{"errmsg":"ok"}', b'{"errcode":"0"}', b'{"errcode":false}', b'{"errcode":null}', b"", b"\xff"]
)
async def test_an_answer_without_a_number_for_an_errcode_delivers_nothing(body: bytes):
    robot = WecomRobot(SecretStr("https://robot.test" + PATH), _answering(httpx.Response(200, content=body)))
    assert await robot.send(GroupNotice("LB1")) == Unreachable("wecom:malformed")
    await robot.aclose()


async def test_the_errcode_counts_whatever_the_status():
    answer = httpx.Response(500, json={"errcode": 45009, "errmsg": "api freq out of limit"})
    robot = WecomRobot(SecretStr("https://robot.test" + PATH), _answering(answer))
    assert await robot.send(GroupNotice("LB1")) == Throttled(timedelta(seconds=60), "wecom:45009")
    await robot.aclose()


async def test_a_redirect_is_not_followed_and_no_proxy_is_asked():
    client = _answering(httpx.Response(302, headers={"Location": "https://elsewhere.test/"}))
    assert not client.trust_env
    robot = WecomRobot(SecretStr("https://robot.test" + PATH), client)
    assert await robot.send(GroupNotice("LB1")) == Unreachable("wecom:http_302")
    await robot.aclose()


async def test_nobody_listening_means_surely_not_sent():
    with closed_port() as port:
        robot = WecomRobot(SecretStr(f"http://127.0.0.1:{port}{PATH}"), outbound_client())
        assert await robot.send(GroupNotice("LB1")) == Unreachable("wecom:connect")
        await robot.aclose()


@pytest.mark.parametrize("webhook", [f"ftp://robot.test{PATH}", f"https://robot.test:port{PATH}", PATH])
async def test_a_webhook_that_is_no_address_is_the_channels_fault(webhook: str):
    robot = WecomRobot(SecretStr(webhook), outbound_client())
    assert await robot.send(GroupNotice("LB1")) == Rejected("wecom:bad_url", blame="channel")
    await robot.aclose()


async def test_a_call_ends_at_its_time_limit_whatever_trickles_in(stage: tuple[Stage, str], fake: WecomFake):
    fake.faults.order("accept_then_hang")
    limit, time = timedelta(seconds=20), LoopClock()
    robot = WecomRobot(SecretStr(stage[1] + PATH), outbound_client(), time_limit=limit)
    sending = asyncio.create_task(robot.send(GroupNotice("LB1")))
    await until(lambda: fake.accepted)
    await time.turn(limit.total_seconds())
    assert await sending == Unknown("wecom:timeout")
    assert len(fake.accepted) == 1
    await robot.aclose()


async def test_the_twenty_first_message_of_a_minute_is_throttled(robot: WecomRobot):
    outcomes = [await robot.send(GroupNotice(f"LB{n}")) for n in range(21)]
    assert outcomes[:20] == [Delivered()] * 20
    assert outcomes[20] == Throttled(timedelta(seconds=60), "wecom:45009")


def test_the_webhook_shows_in_no_repr():
    robot = WecomRobot(SecretStr("https://robot.test" + PATH), outbound_client())
    assert KEY not in repr(robot) + repr(vars(robot))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("跑步鞋 [新款](42)", "跑步鞋 [新款] (42)"),
        ("<@all> 退款", "\uff1c@all> 退款"),
        ("<<@@all>", "\uff1c\uff1c@@all>"),
        ('<FONT color="warning">红</FONT>', '\uff1cFONT color="warning">红\uff1c/FONT>'),
        ("a`b`c", "a'b'c"),
        ("一\r\n> 二\u2028三\x0b四\x85五", "一 > 二 三 四 五"),
        ("点]\u200b(http://x)", "点] (http://x)"),
        ("\u202e反\ud83d", "反"),
        ("  多  空 \u3000格 ", "多 空 格"),
    ],
)
def test_untrusted_text_can_neither_ping_nor_colour_nor_link(text: str, expected: str):
    assert harmless_text(text) == expected


def _answering(answer: httpx.Response) -> httpx.AsyncClient:
    """Return the client as the factory makes it, with ``answer`` for every call."""
    return outbound_client(transport=httpx.MockTransport(lambda _: answer))
