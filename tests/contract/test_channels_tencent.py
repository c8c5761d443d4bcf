"""What the Tencent channel makes of every answer: the official SDK against a server that behaves as facts/ says."""

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import SecretStr

from app.channels.base import Sms
from app.channels.sms import tencent as module
from app.channels.sms.request import MissingExtra, ProviderTemplate
from app.channels.sms.tencent import TencentAccount, TencentSms
from app.channels.sms.tencent_codes import OUTCOMES
from app.domain.outcome import Deferred, Delivered, Outcome, Rejected, Throttled, Unknown, Unreachable
from app.outbound.client import STANDARD, Timeouts
from tests.fakes.clock import ClockAt, LoopClock, until
from tests.fakes.serving import Stage, closed_port, serve
from tests.fakes.tencent import PER_NUMBER, TencentFake

PHONE = "13800138000"
SECRETS = ("SKEXAMPLE", PHONE, "AB12")
IMPATIENT = Timeouts(read=timedelta(seconds=0.3))
SILENT = ("hang", "slow_body")  # endings of the faults that only a time limit ends
TEMPLATES = {
    "notice": ProviderTemplate("449739", (("number", "order_number"),)),
    "coupon": ProviderTemplate("449740", (("code", "coupon"),)),
    "combined": ProviderTemplate("449741", (("second comes first", "coupon"), ("", "order_number"))),
}
NOTICE = Sms("msg-0001", PHONE, "notice", "您的订单 LB1 已收到", {"order_number": "LB1"})

BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 26, 23, 0, tzinfo=BEIJING)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AFTER_MIDNIGHT = datetime(2026, 11, 27, 0, 5, tzinfo=BEIJING) - NOW
OF_A_NUMBER = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": MINUTE,
    "LimitExceeded.DeliveryFrequencyLimit": MINUTE,
    "LimitExceeded.PhoneNumberOneHourLimit": HOUR,
    "LimitExceeded.PhoneNumberDailyLimit": AFTER_MIDNIGHT,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": AFTER_MIDNIGHT,
    "LimitExceeded": MINUTE,
    "LimitExceeded.SomethingNew": MINUTE,
}
OF_THE_PROVIDER = {
    "RequestLimitExceeded": timedelta(seconds=5),
    "RequestLimitExceeded.UinLimitExceeded": timedelta(seconds=5),
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": timedelta(seconds=5),
    "RequestLimitExceeded.IPLimitExceeded": timedelta(seconds=5),
}
MARKETING = "FailedOperation.MarketingSendTimeConstraint"
MORNING = datetime(2026, 11, 27, 8, 5, tzinfo=BEIJING) - NOW
UNKNOWN = "InternalError.Timeout InternalError.SendAndRecvFail"
AGAIN = "InternalError InternalError.OtherError InternalError.UnknownError InternalError.ParseBackendResponseFail"
UNLISTED = "FailedOperation.OtherError SomethingNew"
OF_THE_MESSAGE = (
    "LimitExceeded.PhoneNumberCountLimit FailedOperation.ContainSensitiveWord FailedOperation.PhoneNumberInBlacklist "
    "FailedOperation.PhoneNumberParseFail FailedOperation.FailResolvePacket FailedOperation.JsonParseFail "
    "InvalidParameterValue InvalidParameterValue.IncorrectPhoneNumber InvalidParameterValue.ContentLengthLimit "
    "InvalidParameterValue.TemplateParameterFormatError InvalidParameterValue.ProhibitedUseUrlInTemplateParameter "
    "InvalidParameter InvalidParameter.DirtyWordFound MissingParameter MissingParameter.EmptyPhoneNumberSet "
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber InvalidParameterValue.TemplateParameterLengthLimit "
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"
)
OF_THE_CHANNEL = (
    "InternalError.RequestTimeException InternalError.SigFieldMissing InternalError.SigVerificationFail "
    "InternalError.RestApiInterfaceNotExist FailedOperation.InsufficientBalanceInSmsPackage "
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate FailedOperation.TemplateIncorrectOrUnapproved "
    "FailedOperation.TemplateUnapprovedOrNotExist FailedOperation.SignatureIncorrectOrUnapproved "
    "FailedOperation.MissingSignature InvalidParameterValue.SdkAppIdNotExist "
    "InvalidParameterValue.UnsupportedTemplateVariable LimitExceeded.AppDailyLimit LimitExceeded.DailyLimit "
    "LimitExceeded.AppMainlandChinaDailyLimit UnsupportedOperation.GlobalTemplateToChineseMainlandPhone "
    "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny UnauthorizedOperation.SdkAppIdIsDisabled "
    "UnsupportedOperation UnsupportedOperation.UnsupportedRegion UnauthorizedOperation "
    "UnauthorizedOperation.ServiceSuspendDueToArrears UnauthorizedOperation.RequestIpNotInWhitelist "
    "AuthFailure AuthFailure.SignatureExpire AuthFailure.SecretIdNotFound InvalidAction NoSuchVersion"
)
ANSWERS: dict[str, Outcome] = {
    **{code: Deferred(wait, f"tencent:{code}") for code, wait in OF_A_NUMBER.items()},
    **{code: Throttled(wait, f"tencent:{code}") for code, wait in OF_THE_PROVIDER.items()},
    MARKETING: Deferred(MORNING, f"tencent:{MARKETING}", party="message"),
    **{code: Unknown(f"tencent:{code}") for code in UNKNOWN.split()},
    **{code: Unreachable(f"tencent:{code}") for code in AGAIN.split()},
    **{code: Unreachable(f"tencent:{code}", tries=3) for code in UNLISTED.split()},
    **{code: Rejected(f"tencent:{code}") for code in OF_THE_MESSAGE.split()},
    **{code: Rejected(f"tencent:{code}", blame="channel") for code in OF_THE_CHANNEL.split()},
}


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    stage = Stage()
    with serve(stage) as url:
        yield stage, url


@pytest.fixture(autouse=True)
def fake(stage: tuple[Stage, str], clock: ClockAt) -> TencentFake:
    began = clock.now().timestamp()  # the channel's clock stands, so a message must not come in a second later
    fake = TencentFake(now=lambda: began)
    stage[0].app = fake.app()
    return fake


@pytest.fixture
def clock() -> ClockAt:
    return ClockAt(datetime.now(UTC))


@asynccontextmanager
async def channel_at(
    url: str, clock: ClockAt, *, timeouts: Timeouts = STANDARD, secret: str = SECRETS[0], **bounds: int
) -> AsyncIterator[TencentSms]:
    account = TencentAccount(
        "AKIDEXAMPLE",
        SecretStr(secret),
        "1400006666",
        "测试商城",
        endpoint=url.removeprefix("http://"),
        protocol="http",
    )
    channel = TencentSms(account, TEMPLATES, clock=clock, timeouts=timeouts, **bounds)
    yield channel
    await channel.aclose()


@pytest.fixture
async def channel(stage: tuple[Stage, str], clock: ClockAt) -> AsyncIterator[TencentSms]:
    async with channel_at(stage[1], clock) as channel:
        yield channel


@pytest.fixture(autouse=True)
def nothing_private_is_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    caplog.set_level("DEBUG")
    yield
    logged = "".join(record.getMessage() for record in caplog.get_records("call")) + "".join(capfd.readouterr())
    assert not any(secret in logged for secret in SECRETS)


async def test_a_notice_arrives_with_its_template_its_values_and_our_reference(channel: TencentSms, fake: TencentFake):
    outcome = await channel.send(NOTICE)
    [message] = fake.accepted
    assert outcome == Delivered(str(message["serial"]))
    assert (message["phone"], message["sign_name"], message["session"]) == (PHONE, "测试商城", "msg-0001")
    assert (message["template"], message["values"]) == ("449739", ["LB1"])


async def test_values_go_by_their_order_and_not_by_their_names(channel: TencentSms, fake: TencentFake):
    combined = Sms("m", PHONE, "combined", "…", {"order_number": "LB1", "coupon": "AB12"})
    assert isinstance(await channel.send(combined), Delivered)
    assert fake.accepted[0]["values"] == ["AB12", "LB1"]


@pytest.mark.parametrize("scope", ["", PER_NUMBER], ids=["the whole call", "the number"])
@pytest.mark.parametrize("code", ANSWERS)
async def test_each_code_of_the_table_has_its_outcome(
    channel: TencentSms, fake: TencentFake, clock: ClockAt, code: str, scope: str
):
    clock.at = NOW
    fake.faults.order(scope + code)
    assert await channel.send(NOTICE) == ANSWERS[code]
    assert not fake.accepted


def test_no_row_of_the_table_is_untested():
    assert set(OUTCOMES) <= set(ANSWERS)


async def test_only_what_looks_like_a_code_is_repeated(channel: TencentSms, fake: TencentFake):
    fake.faults.order(f"{PER_NUMBER}{PHONE} is not reachable")
    assert await channel.send(NOTICE) == Unreachable("tencent:unreadable", tries=3)


async def test_the_same_text_within_thirty_seconds_meets_the_providers_own_limit(
    channel: TencentSms, fake: TencentFake
):
    assert isinstance(await channel.send(NOTICE), Delivered)
    outcome = await channel.send(NOTICE)
    assert outcome == Deferred(MINUTE, "tencent:LimitExceeded.PhoneNumberThirtySecondLimit")
    assert len(fake.accepted) == 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("html502", Unknown("tencent:http")),
        ("not_json", Unknown("tencent:unreadable")),
        ("json_list", Unknown("tencent:unreadable")),
        ("hang", Unknown("tencent:timeout")),
        ("slow_body", Unknown("tencent:timeout")),
        ("reset", Unknown("tencent:reset")),
        ("accept_then_hang", Unknown("tencent:timeout")),
        ("accept_then_reset", Unknown("tencent:reset")),
        ("accept_then_InternalError.Timeout", Unknown("tencent:InternalError.Timeout")),
    ],
)
async def test_no_clear_answer_is_an_unknown_outcome(
    stage: tuple[Stage, str], fake: TencentFake, clock: ClockAt, fault: str, outcome: Outcome
):
    fake.faults.order(fault)
    timeouts = IMPATIENT if fault.endswith(SILENT) else STANDARD
    async with channel_at(stage[1], clock, timeouts=timeouts) as channel:
        assert await channel.send(NOTICE) == outcome
    await until(
        lambda: len(fake.accepted) >= fault.startswith("accept_then")
    )  # we may have given up before it was read
    assert len(fake.accepted) == fault.startswith("accept_then")


async def test_an_answer_that_names_no_number_is_unknown(channel: TencentSms, fake: TencentFake):
    fake.faults.order("no_status")
    assert await channel.send(NOTICE) == Unknown("tencent:unreadable")


async def test_nobody_listening_means_surely_not_sent(clock: ClockAt):
    with closed_port() as port:
        async with channel_at(f"http://127.0.0.1:{port}", clock) as channel:
            assert await channel.send(NOTICE) == Unreachable("tencent:connect")


async def test_a_call_ends_at_its_time_limit_and_one_still_in_the_queue_was_surely_not_sent(
    stage: tuple[Stage, str], fake: TencentFake, clock: ClockAt
):
    fake.faults.order("accept_then_hang")
    patient, time = Timeouts(read=timedelta(seconds=30)), LoopClock()
    async with channel_at(stage[1], clock, timeouts=patient, threads=1) as channel:
        taken = asyncio.create_task(channel.send(NOTICE))
        await until(lambda: fake.accepted)
        in_the_queue = asyncio.create_task(channel.send(NOTICE))
        await time.turn(0)  # it is in the queue by now
        await time.turn(patient.total.total_seconds())
        assert await taken == Unknown("tencent:timeout")
        assert await in_the_queue == Unreachable("tencent:busy")
    assert len(fake.accepted) == 1


async def test_a_wrong_secret_is_the_channels_fault(stage: tuple[Stage, str], fake: TencentFake, clock: ClockAt):
    async with channel_at(stage[1], clock, secret="other") as channel:
        assert await channel.send(NOTICE) == Rejected("tencent:AuthFailure.SignatureFailure", blame="channel")
    assert not fake.accepted


async def test_a_privacy_number_is_refused_without_a_call(channel: TencentSms, fake: TencentFake):
    fake.faults.order("reset")
    privacy = Sms("m", f"{PHONE}-6762", "notice", "…", {"order_number": "LB1"})
    assert await channel.send(privacy) == Rejected("sms:privacy_number")
    assert fake.faults.next


async def test_a_send_that_a_carrier_confirmed_settles_as_delivered(
    channel: TencentSms, fake: TencentFake, clock: ClockAt
):
    fake.faults.order("accept_then_reset")
    assert await channel.send(NOTICE) == Unknown("tencent:reset")
    assert await channel.settle(NOTICE, clock.now()) == Delivered(str(fake.accepted[0]["serial"]))


async def test_where_the_record_shows_references_another_message_settles_nothing(
    channel: TencentSms, fake: TencentFake, clock: ClockAt
):
    fake.shows_session = True
    await channel.send(Sms("msg-0002", PHONE, "notice", "…", {"order_number": "LB2"}))
    assert await channel.settle(NOTICE, clock.now()) == Unknown("tencent:not_confirmed")
    await channel.send(NOTICE)
    assert await channel.settle(NOTICE, clock.now()) == Delivered(str(fake.accepted[1]["serial"]))


@pytest.mark.parametrize(("ago", "found"), [(timedelta(minutes=2), False), (timedelta(minutes=-9), True)])
async def test_only_about_the_time_of_the_send_is_looked_through(
    channel: TencentSms, fake: TencentFake, clock: ClockAt, ago: timedelta, *, found: bool
):
    sent_at = clock.now() - timedelta(hours=1)
    assert isinstance(await channel.send(NOTICE), Delivered)
    fake.accepted[0]["received_at"] = (sent_at - ago).timestamp()
    assert isinstance(await channel.settle(NOTICE, sent_at), Delivered if found else Unknown)


async def test_what_no_carrier_has_confirmed_stays_unknown(channel: TencentSms, fake: TencentFake, clock: ClockAt):
    sent_at = clock.now()
    await channel.send(NOTICE)
    fake.accepted[0]["report"] = None
    clock.at += timedelta(days=1)
    assert await channel.settle(NOTICE, sent_at) == Unknown("tencent:not_confirmed")


@pytest.mark.parametrize("fault", ["RequestLimitExceeded", "reset", "AuthFailure.SignatureFailure"])
async def test_a_question_without_an_answer_settles_nothing(
    channel: TencentSms, fake: TencentFake, clock: ClockAt, fault: str
):
    fake.faults.order(fault)
    assert isinstance(await channel.settle(NOTICE, clock.now()), Unknown)


def test_no_secret_shows_in_a_repr(clock: ClockAt):
    account = TencentAccount("AKIDEXAMPLE", SecretStr("SKEXAMPLE"), "1400006666", "测试商城")
    channel = TencentSms(account, TEMPLATES, clock=clock)
    assert "SKEXAMPLE" not in repr(account) + repr(channel) + repr(vars(channel))


def test_without_the_sdk_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tencentcloud.common.credential", None)
    spec = importlib.util.spec_from_file_location("tencent_without_sdk", module.__file__)
    assert spec
    assert spec.loader
    bare = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "tencent_without_sdk", bare)  # dataclasses look their module up
    spec.loader.exec_module(bare)
    with pytest.raises(MissingExtra, match=r"lifeboat\[tencent\]"):
        bare.TencentSms(None, {}, clock=None)
