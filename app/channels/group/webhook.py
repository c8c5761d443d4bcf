"""Posts to a robot's webhook: the provider's answer, or the outcome that stands for none.

The address is the robot's password. An exception's text may repeat it, so nothing of it goes any further.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from app.channels.failures import Failure, channel_fault
from app.domain.outcome import Unknown, Unreachable

JSON = {"Content-Type": "application/json"}

CLOCK_TOLERANCE = timedelta(minutes=50)
"""Providers that check signatures allow an hour; a clock this far from theirs is what they refused."""


def encoded(body: Mapping[str, object]) -> bytes:
    """Return a body as it goes over the wire; half a character becomes a question mark."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


async def post(
    http: httpx.AsyncClient,
    address: str,
    content: bytes,
    *,
    provider: str,
    time_limit: float,
    headers: Mapping[str, str] = JSON,
) -> httpx.Response | Failure:
    """Post ``content`` within ``time_limit`` seconds."""
    try:
        async with asyncio.timeout(time_limit):
            return await http.post(address, content=content, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return _failure(provider, error)


def object_in(answer: httpx.Response) -> Mapping[str, Any]:
    """Return the JSON object an answer holds; an empty one if it holds something else, or cannot be read."""
    try:
        said = json.loads(answer.content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def without_code(provider: str, answer: httpx.Response) -> Unreachable:
    """Return the outcome of an answer that says nothing about the message: an error page of something on the way."""
    ok = answer.status_code == httpx.codes.OK
    return Unreachable(f"{provider}:malformed" if ok else f"{provider}:http_{answer.status_code}")


def clock_is_off(answer: httpx.Response, now: datetime) -> bool:
    """Tell whether ``now`` is so far from the provider's clock that it refuses what was signed then."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return False
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return abs(theirs - now) > CLOCK_TOLERANCE


def _failure(provider: str, error: Exception) -> Failure:
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Unreachable(f"{provider}:connect")
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return channel_fault(f"{provider}:bad_url")
        case httpx.TimeoutException() | TimeoutError():
            return Unknown(f"{provider}:timeout")
        case _:
            return Unknown(f"{provider}:reset")
