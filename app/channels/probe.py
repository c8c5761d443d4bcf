"""Calls what is not ours to send to: a dependency, to see whether it answers, and a dead man's switch elsewhere.

Only hosts of the allow-list are called, at most five seconds, without redirects; every failure is a code and never an
exception, and no code holds an address: that of a switch is its password.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from datetime import timedelta

import httpx

from app.domain.dependency import Dependency, Probed, WrongAddress, host_of
from app.outbound.client import Timeouts, outbound_client

WITHIN = timedelta(seconds=5)
TIMEOUTS = Timeouts(connect=WITHIN, read=WITHIN, write=WITHIN, pool=WITHIN, total=WITHIN)
BROKEN = 500
"""From this status on a dependency is not well; one that asks who we are, or moved a page, has answered."""


async def probe_all(
    dependencies: Sequence[Dependency],
    *,
    hosts: Collection[str],
    transport: httpx.AsyncBaseTransport | None = None,
    within: timedelta = WITHIN,
    broken: int = BROKEN,
) -> list[Probed]:
    """Call all dependencies at once, each for at most ``within``; from the status ``broken`` on one is not well."""
    async with outbound_client(TIMEOUTS, transport=transport) as client:
        return list(await asyncio.gather(*(_probe(one, client, hosts, within, broken) for one in dependencies)))


async def _probe(
    one: Dependency, client: httpx.AsyncClient, hosts: Collection[str], within: timedelta, broken: int
) -> Probed:
    if one.host not in hosts:
        return Probed(one.name, None, "host_not_allowed")
    began = time.monotonic()
    try:
        async with asyncio.timeout(within.total_seconds()):
            reason = await (_connect(one) if one.kind == "tcp" else _get(one.url, client, broken=broken))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:  # TimeoutError is an OSError
        reason = _code(error)
    return Probed(one.name, None if reason else round((time.monotonic() - began) * 1000), reason)


async def _connect(one: Dependency) -> str:
    _, writer = await asyncio.open_connection(one.host, one.port)
    writer.close()
    return ""


async def _get(url: str, client: httpx.AsyncClient, *, broken: int) -> str:
    async with client.stream("GET", url) as answer:  # its body is nobody's business, however long it is
        return f"http_{answer.status_code}" if answer.status_code >= broken else ""


async def ping(
    url: str,
    *,
    hosts: Collection[str],
    transport: httpx.AsyncBaseTransport | None = None,
    within: timedelta = WITHIN,
) -> str:
    """Tell a dead man's switch that we are alive; return why it was not told, empty if it was."""
    try:
        if host_of(url)[0] not in hosts:
            return "host_not_allowed"
        async with outbound_client(TIMEOUTS, transport=transport) as client, asyncio.timeout(within.total_seconds()):
            return await _get(url, client, broken=httpx.codes.MULTIPLE_CHOICES)
    except WrongAddress:
        return "bad_url"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return _code(error)


def _code(error: Exception) -> str:
    match error:
        case TimeoutError() | httpx.TimeoutException():
            return "timeout"
        case httpx.ConnectError() | ConnectionError():
            return "connect"
        case _:
            return type(error).__name__[:40]
