"""How we call out: no proxies from the environment, no redirects, and never without a time limit."""

import logging
from dataclasses import dataclass
from datetime import timedelta

import httpx


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long one call may take; ``total`` bounds what the others cannot (name look-up, an answer byte by byte).

    A lease on a message must be longer than ``total``.
    """

    connect: timedelta = timedelta(seconds=3)
    read: timedelta = timedelta(seconds=8)
    write: timedelta = timedelta(seconds=5)
    pool: timedelta = timedelta(seconds=2)
    total: timedelta = timedelta(seconds=20)


STANDARD = Timeouts()


def outbound_client(
    timeouts: Timeouts = STANDARD, *, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Return a client for one provider, on the network or on another ``transport``; the caller closes it."""
    for name in ("httpx", "httpcore"):  # they log the URLs they call, and a robot's URL is its password
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        transport=transport,
        timeout=httpx.Timeout(
            connect=timeouts.connect.total_seconds(),
            read=timeouts.read.total_seconds(),
            write=timeouts.write.total_seconds(),
            pool=timeouts.pool.total_seconds(),
        ),
        limits=httpx.Limits(max_connections=10, max_keepalive_connections=5),
    )
