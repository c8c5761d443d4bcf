"""Asks another program's API, and returns what it said as JSON or why nothing was heard: never an exception.

Addresses and bodies hold keys, so nothing of them goes any further than the call.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NoReturn

import httpx

from app.outbound.api_call import ApiAnswer, ApiCall, NoAnswer

LARGEST = 32 * 1024 * 1024
"""Bytes of an answer; a page of the longest orders that were seen is a hundredth of it."""


async def ask(http: httpx.AsyncClient, call: ApiCall, *, time_limit: timedelta) -> ApiAnswer | NoAnswer:
    """Make one call within a time limit."""
    try:
        async with asyncio.timeout(time_limit.total_seconds()):
            return await _ask(http, call)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol):
        return NoAnswer("unreachable")
    except (httpx.TimeoutException, TimeoutError):
        return NoAnswer("timeout")
    except httpx.HTTPError:
        return NoAnswer("unreachable")
    except UnicodeEncodeError:  # a value that no header can hold
        return NoAnswer("our_call")


async def _ask(http: httpx.AsyncClient, call: ApiCall) -> ApiAnswer | NoAnswer:
    request = http.build_request(
        call.method, call.url, params=dict(call.query) or None, content=call.body, headers=dict(call.headers)
    )
    answer = await http.send(request, stream=True)
    try:
        at = _date(answer.headers.get("Date", ""))
        content = bytearray()
        async for piece in answer.aiter_bytes():
            content += piece
            if len(content) > LARGEST:
                return NoAnswer("too_large", at)
    finally:
        await answer.aclose()
    try:
        said = json.loads(bytes(content), parse_constant=_refuse)
    except (ValueError, RecursionError):
        ok = answer.status_code == httpx.codes.OK
        return NoAnswer("not_json" if ok else f"http_{answer.status_code}", at)
    return ApiAnswer(said, answer.status_code, at)


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _refuse(_constant: str) -> NoReturn:
    raise ValueError
