"""How an unknown outcome is settled with Aliyun: by the record of the day, through the official SDK."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from app.channels.base import Sms
from app.channels.sms.aliyun import AliyunAccount, AliyunSms
from app.channels.sms.request import ProviderTemplate
from app.domain.outcome import Delivered, Unknown, Unreachable
from tests.fakes.aliyun import AliyunFake
from tests.fakes.clock import ClockAt
from tests.fakes.serving import Stage, serve

PHONE = "13800138000"
NOTICE = Sms("msg-0001", PHONE, "notice", "您的订单 LB1 已收到", {"order_number": "LB1"})


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    stage = Stage()
    with serve(stage) as url:
        yield stage, url


@pytest.fixture(autouse=True)
def fake(stage: tuple[Stage, str]) -> AliyunFake:
    fake = AliyunFake()
    stage[0].app = fake.app()
    return fake


@pytest.fixture
def clock() -> ClockAt:
    return ClockAt(datetime.now(UTC))


@pytest.fixture
def channel(stage: tuple[Stage, str], clock: ClockAt) -> AliyunSms:
    return _channel(stage, clock)


def _channel(stage: tuple[Stage, str], clock: ClockAt, **bounds: int) -> AliyunSms:
    endpoint = stage[1].removeprefix("http://")
    account = AliyunAccount("testid", SecretStr("testsecret"), "测试商城", endpoint=endpoint, protocol="http")
    templates = {"notice": ProviderTemplate("SMS_100000001", (("number", "order_number"),))}
    return AliyunSms(account, templates, clock=clock, **bounds)


async def test_a_send_that_was_recorded_settles_as_delivered(channel: AliyunSms, fake: AliyunFake, clock: ClockAt):
    fake.faults.order("accept_then_reset")
    assert await channel.send(NOTICE) == Unknown("aliyun:reset")
    assert await channel.settle(NOTICE, clock.now()) == Delivered()


async def test_another_message_to_the_same_number_settles_nothing(channel: AliyunSms, clock: ClockAt):
    other = Sms("msg-0002", PHONE, "notice", "…", {"order_number": "LB2"})
    await channel.send(other)
    assert await channel.settle(NOTICE, clock.now()) == Unknown("aliyun:not_recorded_yet")


async def test_what_the_record_still_lacks_after_ten_minutes_was_never_taken(
    channel: AliyunSms, fake: AliyunFake, clock: ClockAt
):
    fake.faults.order("reset")
    sent_at = clock.now()
    assert await channel.send(NOTICE) == Unknown("aliyun:reset")
    clock.at = sent_at + timedelta(minutes=9, seconds=59)
    assert await channel.settle(NOTICE, sent_at) == Unknown("aliyun:not_recorded_yet")
    clock.at = sent_at + timedelta(minutes=10)
    assert await channel.settle(NOTICE, sent_at) == Unreachable("aliyun:never_recorded")


@pytest.mark.parametrize("minutes", [-3, 3], ids=["before midnight", "after midnight"])
async def test_around_midnight_both_days_are_looked_through(
    channel: AliyunSms, fake: AliyunFake, clock: ClockAt, minutes: int
):
    midnight = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # in Shanghai
    sent_at = midnight + timedelta(minutes=minutes)
    _record(fake, "msg-0001", at=midnight - timedelta(minutes=minutes))
    clock.at = sent_at + timedelta(minutes=30)
    assert await channel.settle(NOTICE, sent_at) == Delivered()


async def test_at_noon_one_day_is_looked_through(channel: AliyunSms, fake: AliyunFake, clock: ClockAt):
    clock.at = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
    assert await channel.settle(NOTICE, clock.now() - timedelta(hours=1)) == Unreachable("aliyun:never_recorded")
    assert len(fake.gate.nonces) == 1


async def test_the_record_is_read_page_by_page(channel: AliyunSms, fake: AliyunFake, clock: ClockAt):
    sent_at = clock.at = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
    _record(fake, "msg-0001", at=sent_at)
    for n in range(100):
        _record(fake, f"other-{n}", at=sent_at)
    assert await channel.settle(NOTICE, sent_at) == Delivered()
    assert len(fake.gate.nonces) == 3


async def test_a_record_without_end_settles_nothing(stage: tuple[Stage, str], fake: AliyunFake, clock: ClockAt):
    sent_at = clock.now() - timedelta(days=1)
    for n in range(50):
        _record(fake, f"other-{n}", at=sent_at)
    assert await _channel(stage, clock, most_pages=1).settle(NOTICE, sent_at) == Unknown("aliyun:too_many_records")


@pytest.mark.parametrize("fault", ["Throttling.User", "reset", "isp.SYSTEM_ERROR"])
async def test_a_question_without_an_answer_settles_nothing(
    channel: AliyunSms, fake: AliyunFake, clock: ClockAt, fault: str
):
    fake.faults.order(every=fault)
    assert isinstance(await channel.settle(NOTICE, clock.now() - timedelta(hours=1)), Unknown)


def _record(fake: AliyunFake, out_id: str, *, at: datetime) -> None:
    fake.accepted.append(
        {"received_at": at.timestamp(), "phone": PHONE, "template": "SMS_100000001", "out_id": out_id, "send_status": 3}
    )
