"""What every kind of group robot promises, against servers that behave as facts/ says."""

import importlib
import random
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from app.channels.base import GroupNotice
from app.channels.kinds import GROUPS, KINDS
from app.domain.outcome import Delivered, Rejected, Throttled, Unknown, Unreachable
from app.notify.contents import AlertContent, BatchContent, DigestContent, HighDigestContent, OrderContent
from app.notify.dispatch.group import notice_of
from app.outbound.client import Timeouts, outbound_client
from tests.contract.robots import CASES, NOTICE, SECRET, TOKEN, Case, RobotAndServer
from tests.fakes.clock import ClockAt
from tests.fakes.serving import Stage, closed_port, serve

IMPATIENT = Timeouts(read=timedelta(seconds=0.3))


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    stage = Stage()
    with serve(stage) as url:
        yield stage, url


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def pair(
    stage: tuple[Stage, str], case: Case, clock: ClockAt, caplog: pytest.LogCaptureFixture
) -> Iterator[RobotAndServer]:
    """Whatever happens in a test, no secret shows in a log, an outcome or the robot itself."""

    def now() -> float:
        return clock.at.timestamp()

    caplog.set_level("DEBUG")
    fake = case.fake(now)
    stage[0].app = fake.app()  # type: ignore[attr-defined]
    pair = RobotAndServer(case, fake, stage[1], clock)
    yield pair
    shown = "".join(record.getMessage() for record in caplog.get_records("call")) + repr(pair.outcomes)
    shown += "".join(repr(robot) + repr(vars(robot)) for robot in pair.opened)
    assert TOKEN not in shown
    assert SECRET not in shown


def test_every_kind_of_group_is_tried_here():
    assert [case.name for case in CASES] == [kind.name for kind in GROUPS]


async def test_the_registry_opens_it(case: Case, clock: ClockAt):
    robot = importlib.import_module(KINDS[case.name].module).open_robot(SecretStr("https://x" + case.address), clock)
    assert isinstance(robot, case.robot)
    await robot.aclose()


# ---- outcomes


async def test_a_message_is_delivered_with_and_without_mentions(pair: RobotAndServer):
    assert await pair.sent() == Delivered()
    assert await pair.sent(GroupNotice("【高优处理】LB2", (pair.case.person,))) == Delivered()
    first, second = (str(message) for message in pair.fake.accepted)
    assert "【新订单】LB1" in first
    assert pair.case.person in second
    assert pair.case.person not in first


async def test_a_limit_names_its_wait(pair: RobotAndServer):
    code, wait = pair.case.throttled
    pair.fake.faults.order(code)
    assert await pair.sent() == Throttled(wait, f"{pair.case.name}:{code}")


async def test_a_message_at_fault_is_told_from_a_channel_at_fault(pair: RobotAndServer):
    pair.fake.faults.order(pair.case.rejected, pair.case.at_fault)
    assert await pair.sent() == Rejected(f"{pair.case.name}:{pair.case.rejected}")
    assert await pair.sent() == Rejected(f"{pair.case.name}:{pair.case.at_fault}", blame="channel")
    assert not pair.fake.accepted


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("html502", "http_502"),
        ("html200", "malformed"),
        ("not_json", "malformed"),
        ("json_list", "malformed"),
        ("empty_object", "malformed"),
    ],
)
async def test_a_good_status_without_a_code_delivers_nothing(pair: RobotAndServer, fault: str, reason: str):
    pair.fake.faults.order(fault)
    assert await pair.sent() == Unreachable(f"{pair.case.name}:{reason}")


async def test_nobody_listening_means_surely_not_sent(pair: RobotAndServer):
    with closed_port() as port:
        async with pair.robot(url=f"http://127.0.0.1:{port}") as robot:
            assert await robot.send(NOTICE) == Unreachable(f"{pair.case.name}:connect")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("hang", "timeout"),
        ("slow_body", "timeout"),
        ("reset", "reset"),
        ("accept_then_hang", "timeout"),
        ("accept_then_reset", "reset"),
    ],
)
async def test_no_answer_is_an_unknown_outcome(pair: RobotAndServer, fault: str, reason: str):
    pair.fake.faults.order(fault)
    http = outbound_client(IMPATIENT if reason == "timeout" else Timeouts())
    assert await pair.sent(http=http) == Unknown(f"{pair.case.name}:{reason}")
    assert len(pair.fake.accepted) == fault.startswith("accept_then")


async def test_a_call_ends_at_its_time_limit_whatever_trickles_in(pair: RobotAndServer):
    pair.fake.faults.order("accept_then_hang")
    async with pair.robot(time_limit=timedelta(seconds=0.6)) as robot:
        assert await robot.send(NOTICE) == Unknown(f"{pair.case.name}:timeout")
    assert len(pair.fake.accepted) == 1


# ---- the wire


async def test_a_redirect_is_not_followed_and_no_proxy_is_asked(pair: RobotAndServer):
    asked: list[str] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://elsewhere.test/"})

    client = outbound_client(transport=httpx.MockTransport(redirect))
    assert not client.trust_env
    assert await pair.sent(http=client) == Unreachable(f"{pair.case.name}:http_302")
    assert asked == ["127.0.0.1"]


@pytest.mark.parametrize("base", ["ftp://robot.test", "https://robot.test:port", ""])
async def test_an_address_that_is_none_is_the_channels_fault(pair: RobotAndServer, base: str):
    robot = pair.case.open(base, outbound_client(), pair.clock)
    assert await robot.send(NOTICE) == Rejected(f"{pair.case.name}:bad_url", blame="channel")
    await robot.aclose()


# ---- what it says

ORDER = OrderContent(
    number="LB1", client_order_id="S-1", priority="high", total=100, pieces=1, goods="鞋 ×1", phone="138****8000",
    client="旗舰店", at="2026-11-22 10:00:00",
)  # fmt: skip
BATCH = BatchContent(batch="B1", kind="regular", orders=1, rows=1, total=1, high=0, held=0, sha256="f" * 64, url="u")
DIGEST = DigestContent(
    count=2, total=1, unpriced=0, first_at=ORDER.at, last_at=ORDER.at, lines=("LB1 138****8000", "LB2")
)
CONTENTS = (
    ORDER,
    HighDigestContent(high=(ORDER, ORDER)),
    DIGEST,
    BATCH,
    AlertContent(sentence="批次逾期"),
    AlertContent(sentence="批次逾期", ended=True),
)


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
@pytest.mark.parametrize("mentioning", [True, False])
async def test_every_message_holds_the_keyword_also_the_all_clear(
    pair: RobotAndServer, content: OrderContent, *, mentioning: bool
):
    """A keyword that stands in alerts alone lets every alarm through, and never the end of one."""
    people = (pair.case.person,) if mentioning else ()
    notice = notice_of(content, people, kind=KINDS[pair.case.name])
    assert await pair.sent(notice) == Delivered()
    (message,) = pair.fake.accepted
    said = str(message.get("content", message.get("text")))
    assert said.startswith(KINDS[pair.case.name].opening + notice.content.splitlines()[0])


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
async def test_no_title_shows_anything_of_a_customer(pair: RobotAndServer, content: OrderContent):
    await pair.sent(notice_of(content, (), kind=KINDS[pair.case.name]))
    title = str(pair.fake.accepted[0].get("title", ""))
    assert not [private for private in ("鞋", "8000", "旗舰店", "S-1") if private in title]


HOSTILE = ('"', "\\", "\n", "\x01", "<at", "](", "![", "[", "订", "\U0001f4a5", "\ud83d", "\n#", "\n<", '"\n', "a")


@pytest.mark.parametrize("mentioning", [True, False])
async def test_a_message_as_long_as_its_kind_allows_is_taken_whatever_it_is_made_of(
    pair: RobotAndServer, *, mentioning: bool
):
    kind = KINDS[pair.case.name]
    limit = kind.text_bytes if mentioning else kind.rich_bytes
    people = (pair.case.person,) * 50 if mentioning else ()
    chance = random.Random(7)
    for pattern in (*HOSTILE, *("".join(chance.choices(HOSTILE, k=40)) for _ in range(20))):
        text = "首" + pattern * limit
        while len(text.encode("utf-8", "replace")) > limit:
            text = text[: len(text) * limit // len(text.encode("utf-8", "replace"))]
        assert await pair.sent(GroupNotice(text, people)) == Delivered(), repr(pattern)
        pair.clock.at += timedelta(seconds=5)
