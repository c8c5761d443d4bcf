"""Sends orders by hand, each on a connection of its own: a client library's own queue would be what is measured."""

import asyncio
import json
import time

import httpx

from tests.harness.client_ledger import ClientLedger
from tests.harness.lifeboat_process import Boat
from tests.harness.processes import LOOPBACK, NO_CERTIFICATES
from tests.harness.shop import BUSY, Errand, errands
from tests.harness.trial import Trial

WITHIN = 10.0
"""Seconds within which everybody has an answer, be it a refusal."""


def head_of(lifeboat: Boat, more: bytes) -> bytes:
    """Return the head of an order that ``more`` header fields make complete."""
    return (
        b"POST /v1/orders HTTP/1.1\r\nHost: lifeboat.test\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\n%s\r\n" % (lifeboat.storefront_key.encode(), more)
    )


async def orders_meanwhile(trial: Trial, lifeboat: Boat, todo: list[Errand]) -> None:
    """Send orders, each on a connection of its own; each must be taken in time."""
    headers = {"authorization": f"Bearer {lifeboat.storefront_key}", "content-type": "application/json"}
    for errand in todo:
        began = time.monotonic()
        try:
            async with httpx.AsyncClient(
                headers=headers, timeout=2 * WITHIN, trust_env=False, verify=NO_CERTIFICATES
            ) as http:
                status = (await http.post(lifeboat.orders_url, content=errand.body)).status_code
        except httpx.HTTPError as error:
            trial.violations.append(f"{errand.key}: {type(error).__name__}")
            continue
        took = time.monotonic() - began
        trial.worst_answer = max(trial.worst_answer or 0.0, took)
        trial.trials += 1
        trial.demand(status == httpx.codes.CREATED, f"{errand.key}: {status}")
        trial.demand(took <= WITHIN, f"{errand.key}: answered after {took:.1f} s")


def plain(count: int, *, seed: int, prefix: str) -> list[Errand]:
    """Return the plain ones of so many errands."""
    return [errand for errand in errands(count, seed=seed, prefix=prefix) if errand.kind == "plain"]


async def send_once(trial: Trial, lifeboat: Boat, ledger: ClientLedger, errand: Errand) -> None:
    """Send an order once, by hand: with a thousand connections a client library's own queue would be what is measured."""
    await ledger.attempt(errand.key, errand.body, phone=errand.phone, total=errand.total, high=errand.high)
    began = time.monotonic()
    try:
        async with asyncio.timeout(3 * WITHIN):
            reader, writer = await asyncio.open_connection(LOOPBACK, lifeboat.port)
            writer.write(
                head_of(lifeboat, b"Connection: close\r\nContent-Length: %d\r\n" % len(errand.body)) + errand.body
            )
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
        status = int(head[9:12])
    except (OSError, TimeoutError, ValueError) as error:
        ledger.unknown(errand.key, type(error).__name__)
        return
    took = time.monotonic() - began
    if status == httpx.codes.CREATED:
        ledger.ok(errand.key, errand.body, json.loads(body)["order_number"], status=status, took=took)
    else:
        ledger.refused(errand.key, status=status, took=took)
        if status in BUSY and b"\r\nretry-after: " not in head.lower():
            trial.violations.append(f"{errand.key}: refused without Retry-After: {head[:300]!r}")
