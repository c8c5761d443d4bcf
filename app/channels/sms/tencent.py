"""Tencent Cloud SMS through its official SDK in worker threads (facts/sms-tencent.md)."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from app.channels.base import Sms
from app.channels.failures import Failure, MakeFailure, caused_by, channel_fault, reason_of, throttled
from app.channels.sms.request import MissingExtra, Templates, fill
from app.domain.clock import Clock
from app.domain.outcome import Delivered, Outcome, Rejected, Unknown, Unreachable
from app.outbound import STANDARD, Timeouts

try:
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.exception import TencentCloudSDKException
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.sms.v20210111.models import PullSmsSendStatusByPhoneNumberRequest, SendSmsRequest
    from tencentcloud.sms.v20210111.sms_client import SmsClient
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
    from urllib3.exceptions import TimeoutError as SocketTimeoutError
except ImportError:
    _INSTALLED = False
else:
    _INSTALLED = True

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

OUTCOMES: Mapping[str, MakeFailure] = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": throttled(_MINUTE),
    "LimitExceeded.DeliveryFrequencyLimit": throttled(_MINUTE),
    "LimitExceeded.PhoneNumberOneHourLimit": throttled(_HOUR),
    "LimitExceeded.PhoneNumberDailyLimit": throttled(_DAY),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": throttled(_DAY),
    # caps of the account: gone at Beijing midnight
    "LimitExceeded.AppDailyLimit": throttled(_HOUR),
    "LimitExceeded.AppMainlandChinaDailyLimit": throttled(_HOUR),
    "LimitExceeded.DailyLimit": throttled(_HOUR),
    "LimitExceeded.PhoneNumberCountLimit": Rejected,
    "LimitExceeded": throttled(_MINUTE),
    "RequestLimitExceeded": throttled(timedelta(seconds=5)),
    # between their gateway and the carriers something may have been sent
    "InternalError.Timeout": Unknown,
    "InternalError.SendAndRecvFail": Unknown,
    "InternalError.RequestTimeException": channel_fault,  # our clock is wrong
    "InternalError.SigFieldMissing": channel_fault,
    "InternalError.SigVerificationFail": channel_fault,
    "InternalError.RestApiInterfaceNotExist": channel_fault,
    "InternalError": Unreachable,
    "FailedOperation.ContainSensitiveWord": Rejected,
    "FailedOperation.PhoneNumberInBlacklist": Rejected,
    "FailedOperation.PhoneNumberParseFail": Rejected,
    "FailedOperation.FailResolvePacket": Rejected,
    "FailedOperation.JsonParseFail": Rejected,
    "FailedOperation.MarketingSendTimeConstraint": throttled(_HOUR),  # marketing only from 8:00 to 22:00
    "FailedOperation.InsufficientBalanceInSmsPackage": channel_fault,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": channel_fault,
    "FailedOperation.TemplateIncorrectOrUnapproved": channel_fault,
    "FailedOperation.TemplateUnapprovedOrNotExist": channel_fault,
    "FailedOperation.SignatureIncorrectOrUnapproved": channel_fault,
    "FailedOperation.MissingSignature": channel_fault,
    "InvalidParameterValue.SdkAppIdNotExist": channel_fault,
    "InvalidParameterValue.TemplateParameterLengthLimit": channel_fault,  # six characters for young accounts
    "InvalidParameterValue.UnsupportedTemplateVariable": channel_fault,
    "InvalidParameterValue": Rejected,  # the number, an address in a variable, the length, the format
    "InvalidParameter": Rejected,  # among them a forbidden word
    "MissingParameter": Rejected,
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": Rejected,
    "UnsupportedOperation": channel_fault,  # region, or a template for other countries
    "UnauthorizedOperation": channel_fault,  # arrears, address list, rights, a disabled application
    "AuthFailure": channel_fault,
    "InvalidAction": channel_fault,
    "NoSuchVersion": channel_fault,
}
"""What a code means, by its full name or else by the part before the dot; an unlisted one is tried again."""

_WINDOW = (timedelta(minutes=1), timedelta(minutes=10))  # before and after the send: clocks differ, queues take time
_MOST_ROWS = 100
_THREADS = 8  # of our own: a hung provider must not use up the threads the database needs


@dataclass(frozen=True, slots=True)
class TencentAccount:
    """Who sends: a key, an SMS application, and the text of an approved signature."""

    secret_id: str
    secret_key: SecretStr
    sdk_app_id: str
    sign_name: str
    region: str = "ap-guangzhou"
    endpoint: str = "sms.tencentcloudapi.com"
    protocol: str = "https"


class TencentSms:
    """One account with Tencent Cloud."""

    def __init__(
        self,
        account: TencentAccount,
        templates: Templates,
        *,
        clock: Clock,
        timeouts: Timeouts = STANDARD,
        threads: int = _THREADS,
    ) -> None:
        if not _INSTALLED:
            raise MissingExtra("tencent")
        logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)  # below, it prints whole requests
        self._account = account
        self._templates = templates
        self._clock = clock
        self._time_limit = timeouts.total.total_seconds()
        self._credential = Credential(account.secret_id, account.secret_key.get_secret_value())
        self._profile = ClientProfile(
            httpProfile=HttpProfile(
                protocol=account.protocol,
                endpoint=account.endpoint,
                reqTimeout=(timeouts.connect.total_seconds(), timeouts.read.total_seconds()),
            )
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="tencent-sms")

    async def send(self, message: Sms) -> Outcome:
        """Send ``message`` with its reference as SessionContext."""
        filled = fill(message, self._templates)
        if isinstance(filled, Rejected):
            return filled
        request = SendSmsRequest()
        request.PhoneNumberSet = [_e164(message.phone)]
        request.SmsSdkAppId = self._account.sdk_app_id
        request.SignName = self._account.sign_name
        request.TemplateId = filled.template_id
        request.TemplateParamSet = [value for _, value in filled.variables]
        request.SessionContext = message.reference
        answer = await self._ask(lambda client: client.SendSms(request), request)
        if isinstance(answer, Failure):
            return answer
        statuses = answer.SendStatusSet or []
        if len(statuses) != 1:
            return Unknown("tencent:unreadable")
        if statuses[0].Code == "Ok":
            return Delivered(statuses[0].SerialNo or "")
        return _refusal(statuses[0].Code)

    async def settle(self, message: Sms, sent_at: datetime) -> Outcome:
        """Look for a text to this number about that time.

        The record knows our reference only where support has switched that on; otherwise any text to this number in
        the window counts. It lists what carriers have confirmed, so that a missing one proves nothing: a phone may be
        off for days. A person decides then.
        """
        before, after = _WINDOW
        request = PullSmsSendStatusByPhoneNumberRequest()
        request.SmsSdkAppId = self._account.sdk_app_id
        request.PhoneNumber = _e164(message.phone)
        request.BeginTime = int((sent_at - before).timestamp())
        request.EndTime = int(min(sent_at + after, self._clock.now()).timestamp())
        request.Offset = 0
        request.Limit = _MOST_ROWS
        answer = await self._ask(lambda client: client.PullSmsSendStatusByPhoneNumber(request), request)
        if isinstance(answer, Failure):
            return Unknown(answer.reason)
        for row in answer.PullSmsSendStatusSet or []:
            if row.SessionContext in {None, "", message.reference}:
                return Delivered(row.SerialNo or "")
        return Unknown("tencent:not_confirmed")

    async def aclose(self) -> None:
        """Let the threads end once their calls have."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, call: Callable[[Any], Any], request: Any) -> Any:  # noqa: ANN401 - untyped SDK
        """Return the answer of a call that was taken as a whole, or the Failure.

        Each call has its own client and connection: one that the provider has closed meanwhile would look as if our
        request had been lost on the way.
        """
        request.headers = {"Connection": "close"}
        client = SmsClient(self._credential, self._account.region, self._profile)
        job = self._threads.submit(_call, call, client)
        try:
            async with asyncio.timeout(self._time_limit):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            return Unreachable("tencent:busy") if job.cancelled() else Unknown("tencent:timeout")


def _call(call: Callable[[Any], Any], client: Any) -> Any:  # noqa: ANN401 - untyped SDK
    """Run in a worker thread: the answer, or the Failure."""
    try:
        return call(client)
    except TencentCloudSDKException as error:
        return _refusal(error.code) if error.requestId else _lost(error)


def _refusal(code: str) -> Failure:
    family, _, _ = code.partition(".")
    verdict = OUTCOMES.get(code) or OUTCOMES.get(family, Unreachable)
    return verdict(reason_of("tencent", code))


def _lost(error: Any) -> Failure:  # noqa: ANN401 - untyped SDK
    """Tell "surely not sent" from "no word since it was sent" by what the SDK has wrapped; it keeps only the text."""
    if caused_by(error, (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)):
        return Unreachable("tencent:connect")
    if caused_by(error, (SocketTimeoutError, TimeoutError)):
        return Unknown("tencent:timeout")
    if error.code == "ServerNetworkError":
        return Unknown("tencent:http")
    if caused_by(error, (ValueError, LookupError, TypeError)):
        return Unknown("tencent:unreadable")
    return Unknown("tencent:reset")


def _e164(phone: str) -> str:
    return f"+86{phone}"
