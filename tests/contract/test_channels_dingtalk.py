"""What the DingTalk robot makes of the provider's answers, and how it signs."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.channels.base import GroupNotice
from app.channels.group.dingtalk import MOST_BYTES, OUTCOMES, UNSAFE, DingtalkRobot, body_of, sign
from app.channels.group.webhook import encoded
from app.channels.kinds import DINGTALK
from app.domain.outcome import Blame, Delivered, Outcome, Rejected, Throttled, Unreachable
from app.outbound.client import outbound_client
from tests.deployment.facts import minutes, seconds
from tests.fakes.clock import ClockAt
from tests.fakes.dingtalk import DingtalkFake

SECRET = "SEC-lifeboat-test-1"
ADDRESS = "https://oapi.dingtalk.com/robot/send?access_token=t"
NOTICE = GroupNotice("LB1")
HOSTILE = GroupNotice("【新订单】LB1\n商品：代开发票", bare="【新订单】LB1\n商品：（略）", reference="lb-1")

ANSWERS: dict[int, Outcome] = {
    -1: Throttled(seconds(1), "dingtalk:-1"),
    **{code: Throttled(minutes(10), f"dingtalk:{code}") for code in (130101, 410100, 660026, 450101)},
    **{
        code: Rejected(f"dingtalk:{code}", blame="channel")
        for code in (90030, 310000, 300001, 300005, 400101, 400013, 400102, 400106)
    },
    **{
        code: Rejected(f"dingtalk:{code}")
        for code in (40035, 43002, 43004, 400105, 400401, 400402, 400403, 430101, 430102, 430103, 430104, 460101)
    },
}


@pytest.fixture
def fake(clock: ClockAt) -> DingtalkFake:
    def now() -> float:
        return clock.at.timestamp()

    return DingtalkFake(robots={"t": SECRET}, keyword="订单救生艇", now=now)


@pytest.fixture
async def robot(fake: DingtalkFake, clock: ClockAt) -> AsyncIterator[DingtalkRobot]:
    robot = DingtalkRobot(SecretStr(f"{ADDRESS}#{SECRET}"), _client(httpx.ASGITransport(fake.app())), clock=clock)
    yield robot
    await robot.aclose()


@pytest.fixture
def answering(clock: ClockAt) -> Callable[[httpx.Response], DingtalkRobot]:
    """Make a robot whose every call is answered with what is given."""

    def make(answer: httpx.Response) -> DingtalkRobot:
        return DingtalkRobot(SecretStr(ADDRESS), _client(httpx.MockTransport(lambda _: answer)), clock=clock)

    return make


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (1795651200000, "wmz0XpTm8BF6R4tw8WsLan5WyJVZ0JffumX6SPuT6sg="),
        (1795651200001, "0qVwCvtKFfhwYYQ8+Lza5jgCnLLtz/F4mIpFX4iipBk="),
    ],
)
def test_the_signature_is_the_published_one(timestamp: int, expected: str):
    assert sign(timestamp, SECRET) == expected


async def test_every_attempt_is_signed_at_its_own_moment_and_encoded_once(robot: DingtalkRobot, clock: ClockAt):
    """Among many signatures there are some with + and / in them."""
    for _ in range(20):
        assert await robot.send(NOTICE) == Delivered()
        clock.at += minutes(61)


async def test_a_robot_without_a_secret_signs_nothing(clock: ClockAt):
    fake = DingtalkFake(robots={"t": ""})
    robot = DingtalkRobot(SecretStr(ADDRESS), _client(httpx.ASGITransport(fake.app())), clock=clock)
    assert await robot.send(NOTICE) == Delivered()
    await robot.aclose()


async def test_without_mentions_it_is_markdown_whose_lines_break(robot: DingtalkRobot, fake: DingtalkFake):
    assert await robot.send(GroupNotice("【新订单】LB1\n金额：¥1.00\n\n商品：鞋", reference="lb-7-1")) == Delivered()
    (message,) = fake.accepted
    assert (message["msgtype"], message["title"]) == ("markdown", "【订单救生艇】【新订单】LB1")
    assert message["text"] == "【订单救生艇】【新订单】LB1  \n金额：¥1.00  \n商品：鞋"
    assert message["msgUuid"] == "lb-7-1"


async def test_mentions_stand_in_the_words_and_beside_them(robot: DingtalkRobot, fake: DingtalkFake):
    assert await robot.send(GroupNotice("大单 LB1", ("13800138000", "13900139000"))) == Delivered()
    assert await robot.send(GroupNotice("大单 LB2", ("@all",))) == Delivered()
    one, two = fake.accepted
    assert one["msgtype"] == two["msgtype"] == "text"
    assert one["content"] == "【订单救生艇】大单 LB1\n@13800138000 @13900139000"
    assert one["at"] == {"atMobiles": ["13800138000", "13900139000"], "atUserIds": [], "isAtAll": False}
    assert two["content"] == "【订单救生艇】大单 LB2\n@所有人"
    assert two["at"] == {"atMobiles": [], "atUserIds": [], "isAtAll": True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("鞋\n# 大字\n> 引\n- 项\n## 再", "鞋  \n大字  \n引  \n项  \n再"),
        ("鞋\n#>- # 大字", "鞋  \n大字"),
        ("鞋\n===\n---\n下", "鞋  \n下"),
        ("![](https://x/1.png)", "!\uff3b\uff3d(https://x/1.png)"),
        ("[点我](https://x)", "\uff3b点我\uff3d(https://x)"),
        ("!![[]]((x))", "!!\uff3b\uff3b\uff3d\uff3d((x))"),
        ("<font color=red>红</font>", "\uff1cfont color=red>红\uff1c/font>"),
        ("a`b`", "a'b'"),
        ("一\r二\x00三", "一 二 三"),
        ("半个 \ud83d", "半个 ?"),
        ("@13800138000 @所有人", "@13800138000 @所有人"),
    ],
)
async def test_untrusted_text_can_neither_ping_nor_colour_nor_link(
    robot: DingtalkRobot, fake: DingtalkFake, text: str, expected: str
):
    assert await robot.send(GroupNotice(text)) == Delivered()
    assert fake.accepted[0]["text"] == "【订单救生艇】" + expected
    assert fake.accepted[0]["at"] == {}


async def test_a_title_is_the_first_line_and_not_long(robot: DingtalkRobot, fake: DingtalkFake):
    assert await robot.send(GroupNotice("【告警】" + "长" * 100 + "\n手机：138****8000")) == Delivered()
    assert fake.accepted[0]["title"] == ("【订单救生艇】【告警】" + "长" * 100)[:64]


@pytest.mark.parametrize("code", ANSWERS)
async def test_each_errcode_of_the_table_has_its_outcome(robot: DingtalkRobot, fake: DingtalkFake, code: int):
    fake.faults.order(str(code))
    assert await robot.send(NOTICE) == ANSWERS[code]
    assert not fake.accepted


def test_no_row_of_the_table_is_untested():
    assert set(ANSWERS) == set(OUTCOMES)


async def test_an_errcode_nobody_listed_is_tried_three_times_at_most(robot: DingtalkRobot, fake: DingtalkFake):
    fake.faults.order("400300")
    assert await robot.send(NOTICE) == Unreachable("dingtalk:400300", tries=3)


async def test_a_busy_provider_is_asked_three_times_soon_and_then_ever_more_slowly(
    robot: DingtalkRobot, fake: DingtalkFake
):
    fake.faults.order(*["-1"] * 5)
    outcomes = [await robot.send(NOTICE) for _ in range(5)]
    assert outcomes[:3] == [Throttled(seconds(s), "dingtalk:-1") for s in (1, 3, 9)]
    assert outcomes[3:] == [Unreachable("dingtalk:-1")] * 2
    assert await robot.send(NOTICE) == Delivered()
    fake.faults.order("-1")
    assert await robot.send(NOTICE) == Throttled(seconds(1), "dingtalk:-1")


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize(
    ("setting", "reason"),
    [("keyword", "keyword"), ("sign", "sign"), ("time", "timestamp"), ("address", "ip:203.0.113.7")],
)
async def test_which_of_the_four_safety_settings_refused_is_said(
    robot: DingtalkRobot, fake: DingtalkFake, setting: str, reason: str, *, chinese: bool
):
    """Of a message that lacks the keyword, the message alone is to blame."""
    fake.chinese = chinese
    fake.faults.order(setting)
    blame: Blame = "message" if setting == "keyword" else "channel"
    assert await robot.send(NOTICE) == Rejected(f"dingtalk:310000:{reason}", blame=blame)


@pytest.mark.parametrize(
    ("errmsg", "reason"),
    [("ip 999.0.113.7 not in whitelist", "310000:ip"), ("ip ::1 not in whitelist", "310000:ip"), ("?", "310000")],
)
async def test_of_the_words_of_an_answer_nothing_but_an_address_is_repeated(
    robot: DingtalkRobot, fake: DingtalkFake, errmsg: str, reason: str
):
    fake.faults.order(f"310000|{errmsg}")
    assert await robot.send(NOTICE) == Rejected(f"dingtalk:{reason}", blame="channel")


@pytest.mark.parametrize("setting", ["sign", "time"])
@pytest.mark.parametrize("off", [51, -51])
async def test_a_clock_that_is_off_is_named_as_the_cause(
    robot: DingtalkRobot, fake: DingtalkFake, clock: ClockAt, setting: str, off: int
):
    theirs = clock.at.timestamp() + off * 60
    fake.now = lambda: theirs
    fake.faults.order(setting)
    assert await robot.send(NOTICE) == Rejected("dingtalk:310000:clock", blame="channel")


async def test_codes_that_are_strings_are_read(robot: DingtalkRobot, fake: DingtalkFake):
    fake.strings = True
    assert await robot.send(NOTICE) == Delivered()
    fake.faults.order("130101")
    assert await robot.send(NOTICE) == Throttled(minutes(10), "dingtalk:130101")


async def test_a_ban_of_our_address_is_waited_out(robot: DingtalkRobot, fake: DingtalkFake):
    fake.faults.order("punish")
    assert await robot.send(NOTICE) == Throttled(minutes(5), "dingtalk:punish")


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"errcode": 0}, Delivered()),
        (200, {"errcode": 130101, "punish": "deny"}, Throttled(minutes(10), "dingtalk:130101")),
        (200, {"errmsg": "ok"}, Unreachable("dingtalk:malformed")),
        (200, {"errcode": ""}, Unreachable("dingtalk:malformed")),
        (200, {"errcode": "ok"}, Unreachable("dingtalk:malformed")),
        (200, {"errcode": False}, Unreachable("dingtalk:malformed")),
        (200, {"errcode": None}, Unreachable("dingtalk:malformed")),
        (200, {"errcode": 0.0}, Unreachable("dingtalk:malformed")),
        (200, {"code": 0}, Unreachable("dingtalk:malformed")),
        (502, {"errcode": 0}, Unreachable("dingtalk:http_502")),
        (404, {"errcode": 0}, Unreachable("dingtalk:http_404")),
        (400, {"errcode": 300005}, Rejected("dingtalk:300005", blame="channel")),
    ],
)
async def test_only_the_errcode_of_a_good_answer_delivers(
    answering: Callable[..., DingtalkRobot], status: int, body: dict[str, Any], outcome: Outcome
):
    assert await answering(httpx.Response(status, json=body)).send(NOTICE) == outcome


async def test_a_message_whose_words_are_refused_goes_without_what_strangers_wrote(
    robot: DingtalkRobot, fake: DingtalkFake
):
    fake.forbidden = "代开"
    assert await robot.send(HOSTILE) == Delivered()
    (message,) = fake.accepted
    assert message["text"] == "【订单救生艇】【新订单】LB1  \n商品：（略）"
    assert message["msgUuid"] == "lb-1-bare"


async def test_a_second_call_is_announced_before_it_is_made(robot: DingtalkRobot, fake: DingtalkFake):
    heard = []

    async def again(outcome: Outcome) -> None:
        heard.append((len(fake.heard), outcome))

    fake.forbidden = "代开"
    assert await robot.send(replace(HOSTILE, again=again)) == Delivered()
    assert await robot.send(replace(NOTICE, again=again)) == Delivered()
    ((calls, outcome),) = heard
    assert calls == 1
    assert isinstance(outcome, Rejected)


@pytest.mark.parametrize("code", UNSAFE)
async def test_a_message_refused_without_them_too_is_rejected(robot: DingtalkRobot, fake: DingtalkFake, code: int):
    fake.faults.order(every=str(code))
    assert await robot.send(HOSTILE) == Rejected(f"dingtalk:{code}")
    assert len(fake.heard) == 2
    assert await robot.send(NOTICE) == Rejected(f"dingtalk:{code}")
    assert len(fake.heard) == 3


async def test_a_body_too_long_for_its_provider_is_rejected_unsent(robot: DingtalkRobot, fake: DingtalkFake):
    assert await robot.send(GroupNotice("订" * 7000)) == Rejected("dingtalk:too_long")
    assert fake.heard == []


@given(st.text(st.sampled_from('"\\\n\x01<[]`#](!@订\U0001f4a5a\ud83d'), min_size=1, max_size=200), st.booleans())
def test_whatever_is_as_long_as_its_kind_allows_fits_into_a_request(pattern: str, mentioning: bool):  # noqa: FBT001
    text = pattern * DINGTALK.text_bytes
    while len(text.encode("utf-8", "replace")) > DINGTALK.text_bytes:
        text = text[: len(text) * DINGTALK.text_bytes // len(text.encode("utf-8", "replace"))]
    people = ("13800138000",) * 50 if mentioning else ()
    assert len(encoded(body_of(GroupNotice(text, people, reference="lb-1-2" * 8)))) <= MOST_BYTES


def _client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    """Return the client as the factory makes it, with another wire."""
    return outbound_client(transport=transport)
