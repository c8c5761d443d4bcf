"""Aliyun SMS through its official SDK (facts/sms-aliyun.md): classified by code, settled by the record of the day."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from pydantic import SecretStr

from app.channels.base import Sms
from app.channels.failures import Failure, caused_by, reason_of, unlisted
from app.channels.sms.aliyun_codes import ruling_on
from app.channels.sms.request import MissingExtra, Templates, fill
from app.domain.clock import Clock
from app.domain.outcome import Delivered, Outcome, Rejected, Throttled, Unknown, Unreachable
from app.outbound.client import STANDARD, Timeouts

try:
    import aiohttp
    from alibabacloud_dysmsapi20170525.client import Client
    from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest, SendSmsRequest
    from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
    from alibabacloud_tea_openapi.utils_models import Config
    from darabonba.exceptions import UnretryableException
    from darabonba.runtime import RuntimeOptions
except ImportError:
    _INSTALLED = False
else:
    _INSTALLED = True

RECORDED_AFTER = timedelta(minutes=10)
"""A send that the provider's record still lacks by then was never taken; no lag is documented, minutes are seen."""

_SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_MIDNIGHT_MARGIN = timedelta(minutes=10)  # our clocks differ, and a send takes its time
_PAGE = 50
_MOST_PAGES = 20
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class AliyunAccount:
    """Who sends: a key, and an approved signature without 【】."""

    access_key_id: str
    access_key_secret: SecretStr
    sign_name: str
    endpoint: str = "dysmsapi.aliyuncs.com"
    protocol: str = "https"


class AliyunSms:
    """One account with Aliyun. Nothing its answers say beyond a code is kept: they may echo phone and coupon."""

    def __init__(
        self,
        account: AliyunAccount,
        templates: Templates,
        *,
        clock: Clock,
        timeouts: Timeouts = STANDARD,
        most_pages: int = _MOST_PAGES,
    ) -> None:
        if not _INSTALLED:
            raise MissingExtra("aliyun")
        self._sign_name = account.sign_name
        self._templates = templates
        self._clock = clock
        self._time_limit = timeouts.total.total_seconds()
        self._most_pages = most_pages
        self._client = Client(
            Config(
                access_key_id=account.access_key_id,
                access_key_secret=account.access_key_secret.get_secret_value(),
                endpoint=account.endpoint,
                protocol=account.protocol,
                connect_timeout=timeouts.connect // timedelta(milliseconds=1),
                read_timeout=timeouts.read // timedelta(milliseconds=1),
                retry_options=None,  # a second send by the SDK would be a second text message
            )
        )

    async def send(self, message: Sms) -> Outcome:
        """Send ``message`` with its reference as OutId, by which ``settle`` finds it again."""
        filled = fill(message, self._templates)
        if isinstance(filled, Rejected):
            return filled
        request = SendSmsRequest(
            phone_numbers=message.phone,
            sign_name=self._sign_name,
            template_code=filled.template_id,
            template_param=json.dumps(dict(filled.variables), ensure_ascii=False) if filled.variables else None,
            out_id=message.reference,
        )
        answer = await self._ask(self._client.send_sms_with_options_async, request)
        return answer if isinstance(answer, Failure) else Delivered(answer.biz_id or "")

    async def settle(self, message: Sms, sent_at: datetime) -> Outcome:
        """Look for the OutId of ``message`` in the record of its day, or of both days around midnight."""
        for day in _days_of(sent_at):
            if settled := await self._look_up(message, day):
                return settled
        if self._clock.now() - sent_at < RECORDED_AFTER:
            return Unknown("aliyun:not_recorded_yet")
        return Unreachable("aliyun:never_recorded")

    async def aclose(self) -> None:
        """Do nothing: the SDK opens a connection for each call."""

    async def _look_up(self, message: Sms, day: str) -> Delivered | Unknown | None:
        for page in range(1, self._most_pages + 1):
            request = QuerySendDetailsRequest(
                phone_number=message.phone, send_date=day, page_size=_PAGE, current_page=page
            )
            answer = await self._ask(self._client.query_send_details_with_options_async, request)
            if isinstance(answer, Failure):
                return Unknown(answer.reason)
            details = answer.sms_send_detail_dtos
            rows = (details and details.sms_send_detail_dto) or []
            if any(row.out_id == message.reference for row in rows):
                return Delivered()
            if len(rows) < _PAGE:
                return None
        return Unknown("aliyun:too_many_records")

    async def _ask(self, call: Callable[[Any, Any], Awaitable[Any]], request: Any) -> Any:  # noqa: ANN401 - untyped SDK
        """Return the body of a good answer, or the Failure."""
        try:
            async with asyncio.timeout(self._time_limit):
                answer = await call(request, RuntimeOptions())
        except TimeoutError:
            return Unknown("aliyun:timeout")
        except AlibabaCloudException as error:
            return self._refusal(error.code, status=error.status_code, wait=error.retry_after)
        except UnretryableException as error:
            return _lost(error.inner_exception)
        code = getattr(answer.body, "code", None)
        if code == "OK":
            return answer.body
        if code is None:
            return Unknown("aliyun:unreadable")
        return self._refusal(code, text=answer.body.message or "")

    def _refusal(self, code: str, *, text: str = "", status: int = 200, wait: int | None = None) -> Failure:
        reason = reason_of("aliyun", code)
        if wait is not None:  # x-acs-retry-after, in milliseconds
            return Throttled(timedelta(milliseconds=wait), reason)
        if ruling := ruling_on(code, text):
            return ruling.outcome(reason, self._clock.now())
        return Unknown(reason) if status >= _SERVER_ERROR else unlisted(reason)


def _lost(error: Exception) -> Failure:
    """Tell "surely not sent" from "no word since it was sent" by what the SDK has wrapped."""
    if caused_by(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)):
        return Unreachable("aliyun:connect")
    if caused_by(error, (TimeoutError,)):
        return Unknown("aliyun:timeout")
    if caused_by(error, (aiohttp.ClientError, OSError)):
        return Unknown("aliyun:reset")
    return Unknown("aliyun:unreadable")


def _days_of(sent_at: datetime) -> list[str]:
    around = (sent_at - _MIDNIGHT_MARGIN, sent_at + _MIDNIGHT_MARGIN)
    return sorted({moment.astimezone(_SHANGHAI).strftime("%Y%m%d") for moment in around})
