"""Sends orders by hand, each on a connection of its own: a client library's own queue would be what is measured."""

import asyncio
import json
import time
from dataclasses import dataclass

import httpx

from tests.harness.client_ledger import ClientLedger
from tests.harness.lifeboat_process import Boat
from tests.harness.processes import LOOPBACK, NO_CERTIFICATES
from tests.harness.shop import BUSY, Errand, errands
from tests.harness.trial import Trial
from tests.harness.waiting import PATIENCE


def head_of(lifeboat: Boat, more: bytes) -> bytes:
    """Return the head of an order that ``more`` header fields make complete."""
    return (
        b"POST /v1/orders HTTP/1.1\r\nHost: lifeboat.test\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\n%s\r\n" % (lifeboat.storefront_key.encode(), more)
    )


async def orders_meanwhile(trial: Trial, lifeboat: Boat, todo: list[Errand]) -> None:
    """Send orders, each on a connection of its own; each must be taken."""
    headers = {"authorization": f"Bearer {lifeboat.storefront_key}", "content-type": "application/json"}
    for errand in todo:
        began = time.monotonic()
        try:
            async with httpx.AsyncClient(
                headers=headers, timeout=PATIENCE, trust_env=False, verify=NO_CERTIFICATES
            ) as http:
                status = (await http.post(lifeboat.orders_url, content=errand.body)).status_code
        except httpx.HTTPError as error:
            trial.violations.append(f"{errand.key}: {type(error).__name__}")
            continue
        took = time.monotonic() - began
        trial.worst_answer = max(trial.worst_answer or 0.0, took)
        trial.trials += 1
        trial.demand(status == httpx.codes.CREATED, f"{errand.key}: {status}")


def plain(count: int, *, seed: int, prefix: str) -> list[Errand]:
    """Return the plain ones of so many errands."""
    return [errand for errand in errands(count, seed=seed, prefix=prefix) if errand.kind == "plain"]


@dataclass(frozen=True)
class Said:
    """An order that has been sent, and where its answer will be heard; ``broken`` where it could not be sent."""

    errand: Errand
    began: float
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    broken: str = ""


async def send_once(trial: Trial, lifeboat: Boat, ledger: ClientLedger, errand: Errand) -> None:
    """Send an order once and note what was answered."""
    await _hear(trial, ledger, await _say(lifeboat, ledger, errand))


async def send_at_once(trial: Trial, lifeboat: Boat, ledger: ClientLedger, todo: list[Errand]) -> None:
    """Send all of these while the door is held still, so that it surely meets them at the same moment."""
    with lifeboat.held_still():
        said = await asyncio.gather(*(_say(lifeboat, ledger, errand) for errand in todo))
    await asyncio.gather(*(_hear(trial, ledger, one) for one in said))


async def _say(lifeboat: Boat, ledger: ClientLedger, errand: Errand) -> Said:
    await ledger.attempt(errand.key, errand.body, phone=errand.phone, total=errand.total, high=errand.high)
    head = head_of(lifeboat, b"Connection: close\r\nContent-Length: %d\r\n" % len(errand.body))
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(LOOPBACK, lifeboat.port)
            writer.write(head + errand.body)
            await writer.drain()
    except (OSError, TimeoutError) as error:
        return Said(errand, began, broken=type(error).__name__)
    return Said(errand, began, reader, writer)


async def _hear(trial: Trial, ledger: ClientLedger, said: Said) -> None:
    errand = said.errand
    if said.reader is None or said.writer is None:
        ledger.unknown(errand.key, said.broken)
        return
    try:
        async with asyncio.timeout(PATIENCE):
            head, _, body = (await said.reader.read()).partition(b"\r\n\r\n")
        status = int(head[9:12])
    except (OSError, TimeoutError, ValueError) as error:
        ledger.unknown(errand.key, type(error).__name__)
        return
    finally:
        said.writer.close()
    took = time.monotonic() - said.began
    if status == httpx.codes.CREATED:
        ledger.ok(errand.key, errand.body, json.loads(body)["order_number"], status=status, took=took)
    else:
        ledger.refused(errand.key, status=status, took=took)
        if status in BUSY and b"\r\nretry-after: " not in head.lower():
            trial.violations.append(f"{errand.key}: refused without Retry-After: {head[:300]!r}")
