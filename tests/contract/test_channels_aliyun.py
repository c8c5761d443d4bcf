"""What the Aliyun channel makes of every answer: the official SDK against a server that behaves as facts/ says."""

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from app.channels.base import Sms
from app.channels.sms import aliyun as module
from app.channels.sms.aliyun import AliyunAccount, AliyunSms
from app.channels.sms.aliyun_codes import OUTCOMES
from app.channels.sms.request import MissingExtra, ProviderTemplate
from app.domain.outcome import Deferred, Delivered, Outcome, Rejected, Throttled, Unknown, Unreachable
from app.outbound.client import STANDARD, Timeouts
from tests.fakes.aliyun import AliyunFake
from tests.fakes.clock import ClockAt, LoopClock, until
from tests.fakes.serving import Stage, closed_port, serve

PHONE = "13800138000"
SECRETS = ("testsecret", PHONE, "AB12")
IMPATIENT = Timeouts(read=timedelta(seconds=0.3))
SILENT = ("hang", "slow_body")  # endings of the faults that only a time limit ends
TEMPLATES = {
    "notice": ProviderTemplate("SMS_100000001", (("number", "order_number"),)),
    "coupon": ProviderTemplate("SMS_154950909", (("code", "coupon"),)),
    "combined": ProviderTemplate("SMS_100000004"),
}
NOTICE = Sms("msg-0001", PHONE, "notice", "您的订单 LB1 已收到", {"order_number": "LB1"})

FOR_A_WHILE: dict[str, Outcome] = {
    "Throttling": Throttled(timedelta(seconds=5), "aliyun:Throttling"),
    "Throttling.User": Throttled(timedelta(seconds=5), "aliyun:Throttling.User"),
    "Throttling.Api": Throttled(timedelta(seconds=5), "aliyun:Throttling.Api"),
    "isv.BUSINESS_LIMIT_CONTROL": Deferred(timedelta(hours=1), "aliyun:isv.BUSINESS_LIMIT_CONTROL"),
    "isp.SYSTEM_ERROR": Unreachable("aliyun:isp.SYSTEM_ERROR"),
    "ServiceUnavailable": Unreachable("aliyun:ServiceUnavailable"),
    "InternalError": Unreachable("aliyun:InternalError"),
    "SignatureNonceUsed": Unknown("aliyun:SignatureNonceUsed"),
}
OF_THE_MESSAGE = (
    "isv.MOBILE_NUMBER_ILLEGAL isv.MOBILE_COUNT_OVER_LIMIT isv.BLACK_KEY_CONTROL_LIMIT isv.TEMPLATE_PARAMS_ILLEGAL "
    "isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL isv.INVALID_JSON_PARAM isv.INVALID_PARAMETERS MissingPhoneNumbers "
    "isv.SMS_CONTENT_ILLEGAL isv.SMS_TEST_NUMBER_LIMIT"
)
OF_THE_CHANNEL = (
    "isv.AMOUNT_NOT_ENOUGH isv.OUT_OF_SERVICE isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL isp.RAM_PERMISSION_DENY "
    "isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE "
    "isv.SECURITY_FROZEN_ACCOUNT isv.DENY_IP_RANGE isv.TEMPLATE_MISSING_PARAMETERS isv.SMS_TEMPLATE_ILLEGAL "
    "isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGNATURE_SCENE_ILLEGAL isv.SIGN_STATE_ILLEGAL isv.SMS_SIGN_ILLEGAL "
    "isv.EXTEND_CODE_ERROR isv.DOMESTIC_NUMBER_NOT_SUPPORTED "
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT SignatureDoesNotMatch InvalidAccessKeyId.NotFound "
    "InvalidAccessKeyId.Inactive Forbidden.RAM InvalidTimeStamp.Expired MissingSignName MissingTemplateCode "
    "InvalidVersion InvalidAction.NotFound"
)
ANSWERS: dict[str, Outcome] = {
    **FOR_A_WHILE,
    **{code: Rejected(f"aliyun:{code}") for code in OF_THE_MESSAGE.split()},
    **{code: Rejected(f"aliyun:{code}", blame="channel") for code in OF_THE_CHANNEL.split()},
}


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    stage = Stage()
    with serve(stage) as url:
        yield stage, url


@pytest.fixture(autouse=True)
def fake(stage: tuple[Stage, str], clock: ClockAt) -> AliyunFake:
    began = clock.now().timestamp()  # the channel's clock stands, so a message must not come in a second later
    fake = AliyunFake(now=lambda: began)
    stage[0].app = fake.app()
    return fake


@pytest.fixture
def clock() -> ClockAt:
    return ClockAt(datetime.now(UTC))


def channel_at(url: str, clock: ClockAt, *, timeouts: Timeouts = STANDARD, secret: str = SECRETS[0]) -> AliyunSms:
    endpoint = url.removeprefix("http://")
    account = AliyunAccount("testid", SecretStr(secret), "测试商城", endpoint=endpoint, protocol="http")
    return AliyunSms(account, TEMPLATES, clock=clock, timeouts=timeouts)


@pytest.fixture
def channel(stage: tuple[Stage, str], clock: ClockAt) -> AliyunSms:
    return channel_at(stage[1], clock)


@pytest.fixture(autouse=True)
def nothing_private_is_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    caplog.set_level("DEBUG")
    yield
    logged = "".join(record.getMessage() for record in caplog.get_records("call")) + "".join(capfd.readouterr())
    assert not any(secret in logged for secret in SECRETS)


async def test_a_notice_arrives_with_its_template_its_values_and_our_reference(channel: AliyunSms, fake: AliyunFake):
    outcome = await channel.send(NOTICE)
    [message] = fake.accepted
    assert outcome == Delivered(str(message["biz_id"]))
    assert (message["phone"], message["sign_name"], message["out_id"]) == (PHONE, "测试商城", "msg-0001")
    assert (message["template"], message["values"]) == ("SMS_100000001", {"number": "LB1"})
    await channel.aclose()


async def test_signs_that_urls_treat_specially_survive(channel: AliyunSms, fake: AliyunFake):
    message = Sms("a:b/c+d &=%", PHONE, "coupon", "…", {"coupon": "AB12 *~+/%:&='\"券"})
    assert isinstance(await channel.send(message), Delivered)
    assert fake.accepted[0]["values"] == {"code": "AB12 *~+/%:&='\"券"}
    assert fake.accepted[0]["out_id"] == "a:b/c+d &=%"


async def test_a_template_without_variables_is_sent_without_values(channel: AliyunSms, fake: AliyunFake):
    assert isinstance(await channel.send(Sms("m", PHONE, "combined", "…")), Delivered)
    assert fake.accepted[0]["values"] == {}


@pytest.mark.parametrize("code", ANSWERS)
async def test_each_code_of_the_table_has_its_outcome(channel: AliyunSms, fake: AliyunFake, code: str):
    fake.faults.order(f"{code}|server string to sign is: {PHONE} AB12")
    assert await channel.send(NOTICE) == ANSWERS[code]
    assert not fake.accepted


def test_no_row_of_the_table_is_untested():
    assert set(ANSWERS) == set(OUTCOMES)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("触发分钟级流控Permits:1", timedelta(minutes=1)),
        ("触发小时级流控Permits:5", timedelta(hours=1)),
        ("触发天级流控Permits:10", timedelta(days=1)),
        ("触发号码天级流控Permits:40", timedelta(days=1)),
        ("触发新级别流控Permits:3", timedelta(hours=1)),
        ("", timedelta(hours=1)),
    ],
)
async def test_the_text_of_a_flow_control_says_how_long_to_wait(
    channel: AliyunSms, fake: AliyunFake, text: str, wait: timedelta
):
    fake.faults.order(f"isv.BUSINESS_LIMIT_CONTROL|{text}")
    assert await channel.send(NOTICE) == Deferred(wait, "aliyun:isv.BUSINESS_LIMIT_CONTROL")


async def test_a_second_code_within_a_minute_meets_the_providers_own_limit(channel: AliyunSms, fake: AliyunFake):
    coupon = Sms("msg-0002", PHONE, "coupon", "…", {"coupon": "AB12"})
    assert isinstance(await channel.send(coupon), Delivered)
    assert await channel.send(coupon) == Deferred(timedelta(minutes=1), "aliyun:isv.BUSINESS_LIMIT_CONTROL")
    assert len(fake.accepted) == 1


async def test_the_gateways_own_waiting_time_is_kept(channel: AliyunSms, fake: AliyunFake):
    fake.retry_after_ms = 1500
    fake.faults.order("Throttling.User")
    assert await channel.send(NOTICE) == Throttled(timedelta(milliseconds=1500), "aliyun:Throttling.User")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("isv.SOMETHING_NEW", Unreachable("aliyun:isv.SOMETHING_NEW", tries=3)),
        ("InvalidSomethingNew", Unreachable("aliyun:InvalidSomethingNew", tries=3)),
        ("InternalError.New", Unreachable("aliyun:InternalError.New", tries=3)),
        (f"phone {PHONE}", Unreachable("aliyun:unreadable", tries=3)),
    ],
)
async def test_a_refusal_nobody_listed_is_tried_again_and_only_a_code_is_repeated(
    channel: AliyunSms, fake: AliyunFake, fault: str, outcome: Outcome
):
    fake.faults.order(fault)
    assert await channel.send(NOTICE) == outcome


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("html502", Unknown("aliyun:unreadable")),
        ("not_json", Unknown("aliyun:unreadable")),
        ("accept_then_GatewayTimeout", Unknown("aliyun:GatewayTimeout")),
        ("hang", Unknown("aliyun:timeout")),
        ("slow_body", Unknown("aliyun:timeout")),
        ("reset", Unknown("aliyun:reset")),
        ("accept_then_hang", Unknown("aliyun:timeout")),
        ("accept_then_reset", Unknown("aliyun:reset")),
    ],
)
async def test_no_clear_answer_is_an_unknown_outcome(
    stage: tuple[Stage, str], fake: AliyunFake, clock: ClockAt, fault: str, outcome: Outcome
):
    fake.faults.order(fault)
    channel = channel_at(stage[1], clock, timeouts=IMPATIENT if fault.endswith(SILENT) else STANDARD)
    assert await channel.send(NOTICE) == outcome
    await until(
        lambda: len(fake.accepted) >= fault.startswith("accept_then")
    )  # we may have given up before it was read
    assert len(fake.accepted) == fault.startswith("accept_then")


async def test_an_answer_without_a_code_is_unknown(channel: AliyunSms, fake: AliyunFake):
    fake.faults.order("json_list")
    assert await channel.send(NOTICE) == Unknown("aliyun:unreadable")


async def test_nobody_listening_means_surely_not_sent(clock: ClockAt):
    with closed_port() as port:
        outcome = await channel_at(f"http://127.0.0.1:{port}", clock).send(NOTICE)
    assert outcome == Unreachable("aliyun:connect")


async def test_a_call_ends_at_its_time_limit_whatever_trickles_in(
    stage: tuple[Stage, str], fake: AliyunFake, clock: ClockAt
):
    fake.faults.order("accept_then_hang")
    patient, time = Timeouts(read=timedelta(seconds=30)), LoopClock()
    sending = asyncio.create_task(channel_at(stage[1], clock, timeouts=patient).send(NOTICE))
    await until(lambda: fake.accepted)
    await time.turn(patient.total.total_seconds())
    assert await sending == Unknown("aliyun:timeout")


async def test_a_wrong_secret_is_the_channels_fault_and_its_echo_is_dropped(
    stage: tuple[Stage, str], fake: AliyunFake, clock: ClockAt
):
    outcome = await channel_at(stage[1], clock, secret="other").send(NOTICE)
    assert outcome == Rejected("aliyun:SignatureDoesNotMatch", blame="channel")
    assert not fake.accepted


async def test_a_privacy_number_or_a_missing_template_is_refused_without_a_call(
    stage: tuple[Stage, str], fake: AliyunFake, clock: ClockAt
):
    channel = channel_at(stage[1], clock)
    privacy = Sms("m", f"{PHONE}-6762", "notice", "…", {"order_number": "LB1"})
    assert await channel.send(privacy) == Rejected("sms:privacy_number")
    assert not fake.gate.nonces


def test_no_secret_shows_in_a_repr(channel: AliyunSms):
    account = AliyunAccount("testid", SecretStr("testsecret"), "测试商城")
    assert "testsecret" not in repr(account) + repr(channel) + repr(vars(channel))


def test_without_the_sdk_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "alibabacloud_dysmsapi20170525.client", None)
    spec = importlib.util.spec_from_file_location("aliyun_without_sdk", module.__file__)
    assert spec
    assert spec.loader
    bare = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "aliyun_without_sdk", bare)  # dataclasses look their module up
    spec.loader.exec_module(bare)
    with pytest.raises(MissingExtra, match=r"lifeboat\[aliyun\]"):
        bare.AliyunSms(None, {}, clock=None)
