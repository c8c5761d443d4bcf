"""What each code of Tencent's means (facts/sms-tencent.md §4): whom it concerns, what follows, for how long. Only data.

A code counts by its full name, or else by the part before the dot. One that has neither concerns its message alone and
is tried again. Once several different numbers got it in a row, the channel is taken to be at fault.
"""

from collections.abc import Mapping
from datetime import time, timedelta

from app.channels.failures import (
    ACCOUNT_REFUSED,
    NUMBER_REFUSED,
    PERHAPS_SENT,
    PROVIDER_FAILED,
    TEXT_REFUSED,
    Ruling,
    message_waits,
    number_waits,
    provider_waits,
)

_MIDNIGHT = time(0, 5)  # their day is a calendar day; clocks differ
_MORNING = time(8, 5)

OUTCOMES: Mapping[str, Ruling] = {
    # one number
    "LimitExceeded.PhoneNumberThirtySecondLimit": number_waits(timedelta(minutes=1)),
    "LimitExceeded.DeliveryFrequencyLimit": number_waits(timedelta(minutes=1)),
    "LimitExceeded.PhoneNumberOneHourLimit": number_waits(timedelta(hours=1)),
    "LimitExceeded.PhoneNumberDailyLimit": number_waits(_MIDNIGHT),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": number_waits(_MIDNIGHT),
    "LimitExceeded.PhoneNumberCountLimit": NUMBER_REFUSED,
    "LimitExceeded": number_waits(timedelta(minutes=1)),
    "FailedOperation.PhoneNumberInBlacklist": NUMBER_REFUSED,
    "FailedOperation.PhoneNumberParseFail": NUMBER_REFUSED,
    "InvalidParameterValue.IncorrectPhoneNumber": NUMBER_REFUSED,
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": NUMBER_REFUSED,
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": NUMBER_REFUSED,
    # one text
    "FailedOperation.ContainSensitiveWord": TEXT_REFUSED,
    "FailedOperation.FailResolvePacket": TEXT_REFUSED,
    "FailedOperation.JsonParseFail": TEXT_REFUSED,
    "FailedOperation.MarketingSendTimeConstraint": message_waits(_MORNING),  # marketing only from 8:00 to 22:00
    "InvalidParameterValue": TEXT_REFUSED,  # an address in a variable, the length of one, its format
    "InvalidParameter": TEXT_REFUSED,  # among them a forbidden word
    "MissingParameter": TEXT_REFUSED,
    # the provider
    "RequestLimitExceeded": provider_waits(timedelta(seconds=5)),
    "InternalError": PROVIDER_FAILED,
    # between their gateway and the carriers something may have been sent
    "InternalError.Timeout": PERHAPS_SENT,
    "InternalError.SendAndRecvFail": PERHAPS_SENT,
    # caps and money of the account; whoever raises a cap need not wait for midnight
    "LimitExceeded.AppDailyLimit": ACCOUNT_REFUSED,
    "LimitExceeded.AppMainlandChinaDailyLimit": ACCOUNT_REFUSED,
    "LimitExceeded.DailyLimit": ACCOUNT_REFUSED,
    "FailedOperation.InsufficientBalanceInSmsPackage": ACCOUNT_REFUSED,
    # signature and template as they are set up
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": ACCOUNT_REFUSED,
    "FailedOperation.TemplateIncorrectOrUnapproved": ACCOUNT_REFUSED,
    "FailedOperation.TemplateUnapprovedOrNotExist": ACCOUNT_REFUSED,
    "FailedOperation.SignatureIncorrectOrUnapproved": ACCOUNT_REFUSED,
    "FailedOperation.MissingSignature": ACCOUNT_REFUSED,
    "InvalidParameterValue.SdkAppIdNotExist": ACCOUNT_REFUSED,
    "InvalidParameterValue.UnsupportedTemplateVariable": ACCOUNT_REFUSED,
    # rights, keys, clock and call
    "InternalError.RequestTimeException": ACCOUNT_REFUSED,  # our clock is wrong
    "InternalError.SigFieldMissing": ACCOUNT_REFUSED,
    "InternalError.SigVerificationFail": ACCOUNT_REFUSED,
    "InternalError.RestApiInterfaceNotExist": ACCOUNT_REFUSED,
    "UnsupportedOperation": ACCOUNT_REFUSED,  # region, or a template for other countries
    "UnauthorizedOperation": ACCOUNT_REFUSED,  # arrears, address list, rights, a disabled application
    "AuthFailure": ACCOUNT_REFUSED,
    "InvalidAction": ACCOUNT_REFUSED,
    "NoSuchVersion": ACCOUNT_REFUSED,
}


def ruling_on(code: str) -> Ruling | None:
    """Return the ruling on a code or on its family; None if no row lists either."""
    return OUTCOMES.get(code) or OUTCOMES.get(code.partition(".")[0])
