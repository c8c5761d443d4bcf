"""The channel of those who have no provider yet, and what all providers check before they are asked."""

from datetime import UTC, datetime

import pytest

from app.channels.base import Sms
from app.channels.sms.dry_run import DryRunSms
from app.channels.sms.request import Filled, MissingExtra, ProviderTemplate, fill
from app.domain.outcome import Rejected, Simulated

MESSAGE = Sms("msg-1", "13800138000", "notice", "您的订单 LB1 已收到", {"order_number": "LB1", "coupon": "AB12"})


async def test_a_dry_run_never_claims_delivery():
    channel = DryRunSms()
    assert await channel.send(MESSAGE) == Simulated()
    assert await channel.settle(MESSAGE, datetime(2026, 11, 22, tzinfo=UTC)) == Simulated()
    await channel.aclose()


@pytest.mark.parametrize(
    ("phone", "reason"),
    [
        ("13800138000-6762", "sms:privacy_number"),
        ("138****8000", "sms:bad_number"),
        ("1380013800", "sms:bad_number"),
        ("13800138000\n", "sms:bad_number"),
        ("\uff11\uff13800138000", "sms:bad_number"),
    ],
)
async def test_a_number_no_text_can_reach_is_rejected_even_in_a_dry_run(phone: str, reason: str):
    message = Sms("msg-1", phone, "notice", "…")
    assert await DryRunSms().send(message) == Rejected(reason)
    assert fill(message, {}) == Rejected(reason)


def test_a_template_takes_the_values_it_names_in_its_own_order():
    templates = {"notice": ProviderTemplate("SMS_1", (("code", "coupon"), ("number", "order_number")))}
    assert fill(MESSAGE, templates) == Filled("SMS_1", (("code", "AB12"), ("number", "LB1")))


def test_a_kind_without_a_template_is_the_channels_fault():
    assert fill(MESSAGE, {}) == Rejected("sms:template_missing", blame="channel")


def test_a_message_that_lacks_a_value_of_its_template_is_rejected():
    assert fill(MESSAGE, {"notice": ProviderTemplate("SMS_1", (("n", "order_tail"),))}) == Rejected("sms:value_missing")


def test_the_error_for_a_missing_sdk_says_what_to_install():
    assert "pip install 'lifeboat[aliyun]'" in str(MissingExtra("aliyun"))


def test_a_message_shows_nothing_of_its_customer_in_its_repr():
    assert repr(MESSAGE) == "Sms(reference='msg-1', template='notice')"
