"""Tencent Cloud SMS through its official SDK in worker threads (facts/sms-tencent.md)."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from app.channels.base import Sms
from app.channels.failures import Failure, caused_by, reason_of, unlisted
from app.channels.sms.request import MissingExtra, Templates, fill
from app.channels.sms.tencent_codes import ruling_on
from app.domain.clock import Clock
from app.domain.outcome import Delivered, Outcome, Rejected, Unknown, Unreachable
from app.outbound.client import STANDARD, Timeouts

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
        return _refusal(statuses[0].Code, self._clock.now())

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
        job = self._threads.submit(_call, call, client, self._clock.now())
        try:
            async with asyncio.timeout(self._time_limit):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            return Unreachable("tencent:busy") if job.cancelled() else Unknown("tencent:timeout")


def _call(call: Callable[[Any], Any], client: Any, now: datetime) -> Any:  # noqa: ANN401 - untyped SDK
    """Run in a worker thread: the answer, or the Failure."""
    try:
        return call(client)
    except TencentCloudSDKException as error:
        return _refusal(error.code, now) if error.requestId else _lost(error)


def _refusal(code: str, now: datetime) -> Failure:
    reason = reason_of("tencent", code)
    ruling = ruling_on(code)
    return ruling.outcome(reason, now) if ruling else unlisted(reason)


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
