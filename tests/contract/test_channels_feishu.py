"""What the Feishu robot makes of the provider's answers, and how it signs."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.channels.base import GroupNotice
from app.channels.group.feishu import MOST_BYTES, OUTCOMES, FeishuRobot, body_of, sign
from app.channels.group.webhook import encoded
from app.channels.kinds import FEISHU
from app.domain.outcome import Delivered, Outcome, Rejected, Throttled, Unreachable
from app.outbound.client import outbound_client
from tests.deployment.facts import TEN, minutes, seconds
from tests.fakes.clock import ClockAt
from tests.fakes.feishu import FeishuFake

SECRET = "lifeboat-feishu-test-1"
ADDRESS = "https://open.feishu.cn/open-apis/bot/v2/hook/t"
NOTICE = GroupNotice("LB1")

ANSWERS: dict[int, Outcome] = {
    11232: Throttled(seconds(1), "feishu:11232"),
    9499: Rejected("feishu:9499"),
    19001: Rejected("feishu:19001", blame="channel"),
    19002: Rejected("feishu:19002"),
    19021: Rejected("feishu:19021", blame="channel"),
    19022: Rejected("feishu:19022", blame="channel"),
    19024: Rejected("feishu:19024"),
    99991400: Throttled(seconds(60), "feishu:99991400"),
}


@pytest.fixture
def fake(clock: ClockAt) -> FeishuFake:
    def now() -> float:
        return clock.at.timestamp()

    return FeishuFake(robots={"t": SECRET}, keyword="订单救生艇", now=now)


@pytest.fixture
async def robot(fake: FeishuFake, clock: ClockAt) -> AsyncIterator[FeishuRobot]:
    robot = FeishuRobot(SecretStr(f"{ADDRESS}#{SECRET}"), _client(httpx.ASGITransport(fake.app())), clock=clock)
    yield robot
    await robot.aclose()


@pytest.fixture
def answering(clock: ClockAt) -> Callable[[httpx.Response], FeishuRobot]:
    """Make a robot whose every call is answered with what is given."""

    def make(answer: httpx.Response) -> FeishuRobot:
        return FeishuRobot(SecretStr(ADDRESS), _client(httpx.MockTransport(lambda _: answer)), clock=clock)

    return make


@pytest.mark.parametrize(
    ("timestamp", "secret", "expected"),
    [
        (100, "demo", "jquNHnVOwmDRfw+vqTIrY5dooJAgi5EcRtLsQE4wfXg="),
        (1795651200, SECRET, "r7X3UxGd4seVhWL+tFY3DV47HV59/qaaMFr5T6C2Rl4="),
        (1795651201, "救生艇-测试", "kZ0oJRLcTr/Zabv+o3faHC60bqcFXV+jqPv1zZvbLFg="),
        (1700000000, "mysecret", "Jp33/xXhCipDEpjyHvEyc7mRSyXWHbNz6J8+C3qQKNo="),
    ],
)
def test_the_signature_is_the_published_one(timestamp: int, secret: str, expected: str):
    assert sign(timestamp, secret) == expected


async def test_every_attempt_is_signed_at_its_own_moment(robot: FeishuRobot, clock: ClockAt):
    """A signature made once at the start would be refused after an hour."""
    for _ in range(3):
        assert await robot.send(NOTICE) == Delivered()
        clock.at += minutes(61)


async def test_a_robot_without_a_secret_signs_nothing(clock: ClockAt):
    fake = FeishuFake(robots={"t": ""})
    robot = FeishuRobot(SecretStr(ADDRESS), _client(httpx.ASGITransport(fake.app())), clock=clock)
    assert await robot.send(NOTICE) == Delivered()
    await robot.aclose()


async def test_people_are_mentioned_by_open_id_and_all_by_a_word(robot: FeishuRobot, fake: FeishuFake):
    assert await robot.send(GroupNotice("大单 LB1", ("ou_a1", "@all"))) == Delivered()
    (message,) = fake.accepted
    assert message["msg_type"] == "text"
    assert message["text"] == ('【订单救生艇】大单 LB1\n<at user_id="ou_a1">值班</at> <at user_id="all">所有人</at>')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('退款 <at user_id="all">所有人</at>', '退款 \uff1cat user_id="all">所有人\uff1c/at>'),
        ("<AT id=all>", "\uff1cAT id=all>"),
        ("<<at", "<\uff1cat"),
        ("[点我](https://x)", "[点我\uff3d(https://x)"),
        ("一\r二\x00三\n四", "一 二 三\n四"),
        ("半个 \ud83d", "半个 ?"),
    ],
)
async def test_untrusted_text_can_neither_ping_nor_link(robot: FeishuRobot, fake: FeishuFake, text: str, expected: str):
    assert await robot.send(GroupNotice(text)) == Delivered()
    assert fake.accepted[0]["text"] == "【订单救生艇】" + expected


@pytest.mark.parametrize("code", ANSWERS)
async def test_each_code_of_the_table_has_its_outcome(robot: FeishuRobot, fake: FeishuFake, code: int):
    fake.faults.order(str(code))
    assert await robot.send(NOTICE) == ANSWERS[code]
    assert not fake.accepted


def test_no_row_of_the_table_is_untested():
    assert set(ANSWERS) == set(OUTCOMES)


async def test_a_code_nobody_listed_is_tried_three_times_at_most(robot: FeishuRobot, fake: FeishuFake):
    fake.faults.order("200621")
    assert await robot.send(NOTICE) == Unreachable("feishu:200621", tries=3)


async def test_the_busier_it_is_the_longer_we_wait_and_success_forgets_it(robot: FeishuRobot, fake: FeishuFake):
    fake.faults.order(*["11232"] * 6)
    waits = [outcome.wait.total_seconds() async for outcome in _outcomes(robot, 6) if isinstance(outcome, Throttled)]
    assert waits == [1, 3, 9, 30, 60, 60]
    assert await robot.send(NOTICE) == Delivered()
    fake.faults.order("11232")
    assert await robot.send(NOTICE) == Throttled(seconds(1), "feishu:11232")


async def test_the_half_hour_is_waited_out(robot: FeishuRobot, fake: FeishuFake, clock: ClockAt):
    """It refuses for ten seconds from ten o'clock on, and takes the message after three waits."""
    fake.gasping = True
    refused = []
    while isinstance(outcome := await robot.send(NOTICE), Throttled):
        refused.append(clock.at - TEN)
        clock.at += outcome.wait
    assert outcome == Delivered()
    assert refused == [seconds(0), seconds(1), seconds(4)]


async def test_a_wrong_shape_that_speaks_of_too_many_requests_is_a_limit(robot: FeishuRobot, fake: FeishuFake):
    fake.faults.order("9499|too many request")
    assert await robot.send(NOTICE) == Throttled(seconds(60), "feishu:9499")


@pytest.mark.parametrize(("off", "reason"), [(51, "feishu:clock"), (-51, "feishu:clock"), (49, "feishu:19021")])
async def test_a_refused_signature_is_the_clocks_fault_or_the_secrets(
    robot: FeishuRobot, fake: FeishuFake, clock: ClockAt, off: int, reason: str
):
    theirs = clock.at.timestamp() + off * 60
    fake.now = lambda: theirs
    fake.faults.order("19021")
    assert await robot.send(NOTICE) == Rejected(reason, blame="channel")


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 22 Nov 2026 02:00:00"])
async def test_without_a_date_the_secret_is_to_blame(answering: Callable[..., FeishuRobot], date: str):
    answer = httpx.Response(200, json={"code": 19021, "msg": "x"}, headers={"Date": date} if date else {})
    assert await answering(answer).send(NOTICE) == Rejected("feishu:19021", blame="channel")


async def test_the_date_of_any_zone_is_understood(answering: Callable[..., FeishuRobot]):
    later = format_datetime(TEN + timedelta(hours=2))
    answer = httpx.Response(200, json={"code": 19021}, headers={"Date": later})
    assert await answering(answer).send(NOTICE) == Rejected("feishu:clock", blame="channel")


@pytest.mark.parametrize(
    ("header", "wait"), [("7", 7), ("600", 120), ("0", 60), ("", 60), ("soon", 60), ("9" * 30, 120)]
)
@pytest.mark.parametrize("status", [429, 400])
async def test_the_limiter_says_how_long(answering: Callable[..., FeishuRobot], header: str, wait: int, status: int):
    answer = httpx.Response(status, json={"code": 99991400}, headers={"x-ogw-ratelimit-reset": header})
    reason = "feishu:http_429" if status == 429 else "feishu:99991400"
    assert await answering(answer).send(NOTICE) == Throttled(seconds(wait), reason)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b'{"Extra":null,"StatusCode":0,"StatusMessage":"success"}', Delivered()),
        (200, b'{"code":19001,"StatusCode":0}', Rejected("feishu:19001", blame="channel")),
        (200, b'{"msg":"success"}', Unreachable("feishu:malformed")),
        (200, b'{"code":"0"}', Unreachable("feishu:malformed")),
        (200, b'{"code":false}', Unreachable("feishu:malformed")),
        (200, b'{"code":null,"StatusCode":0}', Unreachable("feishu:malformed")),
        (200, b"", Unreachable("feishu:malformed")),
        (200, b"\xff", Unreachable("feishu:malformed")),
        (502, b'{"code":0}', Unreachable("feishu:http_502")),
        (404, b'{"code":0}', Unreachable("feishu:http_404")),
        (400, b'{"code":9499}', Rejected("feishu:9499")),
        (429, b"<html>", Throttled(seconds(60), "feishu:http_429")),
    ],
)
async def test_only_the_code_of_a_good_answer_delivers(
    answering: Callable[..., FeishuRobot], status: int, body: bytes, outcome: Outcome
):
    assert await answering(httpx.Response(status, content=body)).send(NOTICE) == outcome


async def test_a_request_too_long_for_its_provider_is_rejected_unsent(robot: FeishuRobot, fake: FeishuFake):
    assert await robot.send(GroupNotice("订" * 7000)) == Rejected("feishu:too_long")
    assert fake.heard == []


@given(st.text(st.sampled_from('"\\\n\x01<at/](>@订\U0001f4a5a\ud83d'), min_size=1, max_size=200))
def test_whatever_is_as_long_as_its_kind_allows_fits_into_a_request(pattern: str):
    text = pattern * FEISHU.text_bytes
    while len(text.encode("utf-8", "replace")) > FEISHU.text_bytes:
        text = text[: len(text) * FEISHU.text_bytes // len(text.encode("utf-8", "replace"))]
    people = tuple(f"ou_{'x' * 60}" for _ in range(50))
    signed = {"timestamp": "1795651200", "sign": "x" * 44}
    assert len(encoded({**body_of(GroupNotice(text, people)), **signed})) <= MOST_BYTES


async def _outcomes(robot: FeishuRobot, count: int) -> AsyncIterator[Outcome]:
    for _ in range(count):
        yield await robot.send(NOTICE)


def _client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    """Return the client as the factory makes it, with another wire."""
    return outbound_client(transport=transport)
