"""What each code of Aliyun's means (facts/sms-aliyun.md §5): whom it concerns, what follows, for how long. Only data.

A code that stands nowhere here concerns its message alone: an unlisted refusal is tried again, a failure of the gateway
(5xx) is an unknown outcome. Once several different numbers got it in a row, the channel is taken to be at fault.
"""

from collections.abc import Mapping
from datetime import timedelta

from app.channels.failures import (
    ACCOUNT_REFUSED,
    NUMBER_REFUSED,
    PERHAPS_SENT,
    PROVIDER_FAILED,
    TEXT_REFUSED,
    Ruling,
    number_waits,
    provider_waits,
)

FLOW_CONTROL: tuple[tuple[str, timedelta], ...] = (
    ("分钟级", timedelta(minutes=1)),
    ("小时级", timedelta(hours=1)),
    ("天级", timedelta(days=1)),  # also 号码天级; a rolling day
)
"""One code says "too often to this number" and only its text says how often; where the text is new, an hour."""

OUTCOMES: Mapping[str, Ruling] = {
    # one number: so many of a template a minute, hour, day; each number counts by itself
    "isv.BUSINESS_LIMIT_CONTROL": number_waits(timedelta(hours=1)),  # unless FLOW_CONTROL knows better
    **dict.fromkeys(
        (
            "isv.MOBILE_NUMBER_ILLEGAL",
            "isv.MOBILE_COUNT_OVER_LIMIT",
            "isv.SMS_TEST_NUMBER_LIMIT",  # a test signature reaches the numbers that were bound to it
            "MissingPhoneNumbers",
        ),
        NUMBER_REFUSED,
    ),
    # one text: its words and values
    **dict.fromkeys(
        (
            "isv.BLACK_KEY_CONTROL_LIMIT",
            "isv.SMS_CONTENT_ILLEGAL",
            "isv.TEMPLATE_PARAMS_ILLEGAL",
            "isv.PARAM_LENGTH_LIMIT",
            "isv.PARAM_NOT_SUPPORT_URL",
            "isv.INVALID_JSON_PARAM",
            "isv.INVALID_PARAMETERS",
        ),
        TEXT_REFUSED,
    ),
    # the provider
    **dict.fromkeys(("Throttling", "Throttling.User", "Throttling.Api"), provider_waits(timedelta(seconds=5))),
    **dict.fromkeys(("isp.SYSTEM_ERROR", "ServiceUnavailable", "InternalError"), PROVIDER_FAILED),
    "SignatureNonceUsed": PERHAPS_SENT,  # identical bytes arrived twice: the first may have been sent
    # money, caps and rights of the account
    **dict.fromkeys(
        (
            "isv.AMOUNT_NOT_ENOUGH",
            "isv.OUT_OF_SERVICE",
            "isv.DAY_LIMIT_CONTROL",  # set in its console; whoever raises it need not wait for midnight
            "isv.MONTH_LIMIT_CONTROL",
            "isp.RAM_PERMISSION_DENY",
            "isv.ACCOUNT_NOT_EXISTS",
            "isv.ACCOUNT_ABNORMAL",
            "isv.PRODUCT_UN_SUBSCRIPT",
            "isv.PRODUCT_UNSUBSCRIBE",
            "isv.SECURITY_FROZEN_ACCOUNT",
            "isv.DENY_IP_RANGE",
        ),
        ACCOUNT_REFUSED,
    ),
    # signature and template as they are set up
    **dict.fromkeys(
        (
            "isv.TEMPLATE_MISSING_PARAMETERS",
            "isv.SMS_TEMPLATE_ILLEGAL",
            "isv.SMS_SIGNATURE_ILLEGAL",
            "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
            "isv.SIGN_STATE_ILLEGAL",
            "isv.SMS_SIGN_ILLEGAL",
            "isv.EXTEND_CODE_ERROR",
            "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",  # the template is one for other countries
            "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT",
        ),
        ACCOUNT_REFUSED,
    ),
    # keys, clock and call
    **dict.fromkeys(
        (
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId.NotFound",
            "InvalidAccessKeyId.Inactive",
            "Forbidden.RAM",
            "InvalidTimeStamp.Expired",
            "MissingSignName",
            "MissingTemplateCode",
            "InvalidVersion",
            "InvalidAction.NotFound",
        ),
        ACCOUNT_REFUSED,
    ),
}


def ruling_on(code: str, text: str = "") -> Ruling | None:
    """Return the ruling on a code, whose text may say how long to wait; None if no row lists it."""
    if code == "isv.BUSINESS_LIMIT_CONTROL":
        return next((number_waits(wait) for level, wait in FLOW_CONTROL if level in text), OUTCOMES[code])
    return OUTCOMES.get(code)
