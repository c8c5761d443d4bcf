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
from app.outbound import Timeouts, outbound_client
from tests.contract.robots import CASES, NOTICE, SECRET, TOKEN, Case, World
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
def world(stage: tuple[Stage, str], case: Case, clock: ClockAt, caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    """Whatever happens in a test, no secret shows in a log, an outcome or the robot itself."""

    def now() -> float:
        return clock.at.timestamp()

    caplog.set_level("DEBUG")
    fake = case.fake(now)
    stage[0].app = fake.app()  # type: ignore[attr-defined]
    world = World(case, fake, stage[1], clock)
    yield world
    shown = "".join(record.getMessage() for record in caplog.get_records("call")) + repr(world.outcomes)
    shown += "".join(repr(robot) + repr(vars(robot)) for robot in world.opened)
    assert TOKEN not in shown
    assert SECRET not in shown


def test_every_kind_of_group_is_tried_here():
    assert [case.name for case in CASES] == [kind.name for kind in GROUPS]


async def test_the_registry_opens_it(case: Case, clock: ClockAt):
    robot = importlib.import_module(KINDS[case.name].module).open_robot(SecretStr("https://x" + case.address), clock)
    assert isinstance(robot, case.robot)
    await robot.aclose()


# ---- outcomes


async def test_a_message_is_delivered_with_and_without_mentions(world: World):
    assert await world.sent() == Delivered()
    assert await world.sent(GroupNotice("【高优处理】LB2", (world.case.person,))) == Delivered()
    first, second = (str(message) for message in world.fake.accepted)
    assert "【新订单】LB1" in first
    assert world.case.person in second
    assert world.case.person not in first


async def test_a_limit_names_its_wait(world: World):
    code, wait = world.case.throttled
    world.fake.faults.order(code)
    assert await world.sent() == Throttled(wait, f"{world.case.name}:{code}")


async def test_a_message_at_fault_is_told_from_a_channel_at_fault(world: World):
    world.fake.faults.order(world.case.rejected, world.case.at_fault)
    assert await world.sent() == Rejected(f"{world.case.name}:{world.case.rejected}")
    assert await world.sent() == Rejected(f"{world.case.name}:{world.case.at_fault}", blame="channel")
    assert not world.fake.accepted


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
async def test_a_good_status_without_a_code_delivers_nothing(world: World, fault: str, reason: str):
    world.fake.faults.order(fault)
    assert await world.sent() == Unreachable(f"{world.case.name}:{reason}")


async def test_nobody_listening_means_surely_not_sent(world: World):
    with closed_port() as port:
        async with world.robot(url=f"http://127.0.0.1:{port}") as robot:
            assert await robot.send(NOTICE) == Unreachable(f"{world.case.name}:connect")


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
async def test_no_answer_is_an_unknown_outcome(world: World, fault: str, reason: str):
    world.fake.faults.order(fault)
    http = outbound_client(IMPATIENT if reason == "timeout" else Timeouts())
    assert await world.sent(http=http) == Unknown(f"{world.case.name}:{reason}")
    assert len(world.fake.accepted) == fault.startswith("accept_then")


async def test_a_call_ends_at_its_time_limit_whatever_trickles_in(world: World):
    world.fake.faults.order("accept_then_hang")
    async with world.robot(time_limit=timedelta(seconds=0.6)) as robot:
        assert await robot.send(NOTICE) == Unknown(f"{world.case.name}:timeout")
    assert len(world.fake.accepted) == 1


# ---- the wire


async def test_a_redirect_is_not_followed_and_no_proxy_is_asked(world: World):
    asked: list[str] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://elsewhere.test/"})

    client = outbound_client()
    assert not client.trust_env
    client._transport = httpx.MockTransport(redirect)  # noqa: SLF001 - the wire alone is replaced
    assert await world.sent(http=client) == Unreachable(f"{world.case.name}:http_302")
    assert asked == ["127.0.0.1"]


@pytest.mark.parametrize("base", ["ftp://robot.test", "https://robot.test:port", ""])
async def test_an_address_that_is_none_is_the_channels_fault(world: World, base: str):
    robot = world.case.open(base, outbound_client(), world.clock)
    assert await robot.send(NOTICE) == Rejected(f"{world.case.name}:bad_url", blame="channel")
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
    world: World, content: OrderContent, *, mentioning: bool
):
    """A keyword that stands in alerts alone lets every alarm through, and never the end of one."""
    people = (world.case.person,) if mentioning else ()
    notice = notice_of(content, people, kind=KINDS[world.case.name])
    assert await world.sent(notice) == Delivered()
    (message,) = world.fake.accepted
    said = str(message.get("content", message.get("text")))
    assert said.startswith(KINDS[world.case.name].opening + notice.content.splitlines()[0])


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
async def test_no_title_shows_anything_of_a_customer(world: World, content: OrderContent):
    await world.sent(notice_of(content, (), kind=KINDS[world.case.name]))
    title = str(world.fake.accepted[0].get("title", ""))
    assert not [private for private in ("鞋", "8000", "旗舰店", "S-1") if private in title]


HOSTILE = ('"', "\\", "\n", "\x01", "<at", "](", "![", "[", "订", "\U0001f4a5", "\ud83d", "\n#", "\n<", '"\n', "a")


@pytest.mark.parametrize("mentioning", [True, False])
async def test_a_message_as_long_as_its_kind_allows_is_taken_whatever_it_is_made_of(world: World, *, mentioning: bool):
    kind = KINDS[world.case.name]
    limit = kind.text_bytes if mentioning else kind.rich_bytes
    people = (world.case.person,) * 50 if mentioning else ()
    chance = random.Random(7)
    for pattern in (*HOSTILE, *("".join(chance.choices(HOSTILE, k=40)) for _ in range(20))):
        text = "首" + pattern * limit
        while len(text.encode("utf-8", "replace")) > limit:
            text = text[: len(text) * limit // len(text.encode("utf-8", "replace"))]
        assert await world.sent(GroupNotice(text, people)) == Delivered(), repr(pattern)
        world.clock.at += timedelta(seconds=5)
