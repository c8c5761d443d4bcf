"""P12: more orders than the queue holds, a body without end, hundreds of drips: refused in time, and the door stays open."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.failure.harness.away import Hold
from tests.failure.harness.checker import check_orders
from tests.failure.harness.client_ledger import ClientLedger, read_ledger
from tests.failure.harness.evidence import SqliteFile, spooled
from tests.failure.harness.lifeboat_process import LOOPBACK, Boat, boat, until
from tests.failure.harness.shop import Errand, Shop, errands
from tests.failure.harness.trial import Trial

WITHIN = 10.0
"""Seconds within which everybody has an answer, be it a refusal."""

QUEUE = 5
BODY_LIMIT = 256 * 1024
PIECE = b"x" * 16 * 1024
IN_THE_PIPES = 16 * 1024 * 1024
"""More than the buffers of two sockets hold: whoever could send this much was not refused at the limit."""

DRAINED_WITHIN = 40.0
BODY_WITHIN = 20.0


# ---- more than the queue holds -----------------------------------------------------------------------------------------


def queue_full(home: Path, *, orders: int = 200) -> Trial:
    """Send orders all at once to a door that may keep five waiting, while its database is locked."""
    trial = Trial("P12", f"{orders} orders at once, a queue of {QUEUE}")
    with boat(home, command="web", queue_limit=str(QUEUE)) as lifeboat:
        todo = _plain(orders, seed=121, prefix="Q")
        ledger = asyncio.run(_rush(trial, lifeboat, todo))
        until(lambda: not spooled(lifeboat.data_dir / "spool"), within=DRAINED_WITHIN, why="the spool does not drain")
        store = SqliteFile(lifeboat.database)
        found = check_orders(ledger, store, data_dir=lifeboat.data_dir, exports=lifeboat.exports)
        trial.trials = found.attempted
        trial.take(found)
        trial.demand(found.stored == len(todo), f"{found.stored} orders stored of {len(todo)}")
    return trial


async def _rush(trial: Trial, lifeboat: Boat, todo: list[Errand]) -> Path:
    path = lifeboat.home / "ledger.jsonl"
    async with Shop([lifeboat.orders_url], lifeboat.storefront_key, ClientLedger(path)) as shop:
        with Hold(lifeboat.database):
            await asyncio.gather(*(_send(lifeboat, shop.ledger, errand) for errand in todo))
        trial.worst_refusal, trial.worst_answer = shop.ledger.slowest_refusal, shop.ledger.slowest_answer
        records = read_ledger(path)
        refused = [errand for errand in todo if not records[errand.key].ok]
        unknown = sum(record.unknown for record in records.values())
        kinds = {status for record in records.values() for status in record.refusals}
        trial.demand(not unknown, f"{unknown} orders had no answer")
        trial.demand(kinds == {503}, f"refused with {sorted(kinds)}")
        trial.demand(trial.worst_refusal <= WITHIN, f"a refusal took {trial.worst_refusal:.1f} s")
        trial.demand(trial.worst_answer <= WITHIN, f"an answer took {trial.worst_answer:.1f} s")
        trial.notes.append(f"{len(refused)} of {len(todo)} refused, and taken at a retry")
        for errand in refused:
            trial.demand(await shop.pursue(errand), f"{errand.key} was not taken at a retry")
        trial.violations += shop.noted.wrong
    return path


async def _send(lifeboat: Boat, ledger: ClientLedger, errand: Errand) -> None:
    """Send an order once, by hand: with a thousand connections a client library's own queue would be what is measured."""
    await ledger.attempt(errand.key, errand.body, phone=errand.phone, total=errand.total, high=errand.high)
    began = time.monotonic()
    try:
        async with asyncio.timeout(2 * WITHIN):
            reader, writer = await asyncio.open_connection(LOOPBACK, lifeboat.port)
            writer.write(
                _head(lifeboat, b"Connection: close\r\nContent-Length: %d\r\n" % len(errand.body)) + errand.body
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


# ---- a body without end ------------------------------------------------------------------------------------------------


def endless_body(home: Path, *, bodies: int = 20) -> Trial:
    """Send chunked bodies that never end; each is refused at the limit, and the door serves others meanwhile."""
    trial = Trial("P12", f"{bodies} chunked bodies without end")
    with boat(home, command="web") as lifeboat:

        async def play() -> None:
            streams = [asyncio.create_task(_stream(lifeboat)) for _ in range(bodies)]
            await _orders_meanwhile(trial, lifeboat, _plain(10, seed=122, prefix="E"))
            for sent, said in await asyncio.gather(*streams):
                trial.demand(said.startswith(b"HTTP/1.1 413 "), f"after {sent} bytes it said {said[:80]!r}")
                trial.demand(sent < IN_THE_PIPES, f"{sent} bytes were taken of a body that may have {BODY_LIMIT}")

        asyncio.run(play())
    trial.trials += bodies
    return trial


async def _stream(lifeboat: Boat) -> tuple[int, bytes]:
    """Send until there is an answer; return how much was sent and what was said."""
    reader, writer = await asyncio.open_connection(LOOPBACK, lifeboat.port)
    writer.write(_head(lifeboat, b"Transfer-Encoding: chunked\r\n"))
    answer = asyncio.create_task(reader.readline())
    sent = 0
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(2 * WITHIN):
            while not answer.done() and sent < IN_THE_PIPES:
                writer.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
                sent += len(PIECE)
                await asyncio.wait({answer, asyncio.ensure_future(_drained(writer))}, return_when="FIRST_COMPLETED")
    try:
        said = await asyncio.wait_for(answer, WITHIN)
    except (OSError, TimeoutError) as error:
        said = type(error).__name__.encode()
    writer.transport.abort()
    return sent, said


async def _drained(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        await writer.drain()
    await asyncio.sleep(0.001)


# ---- drips -------------------------------------------------------------------------------------------------------------


@dataclass
class Drip:
    """One connection that sends a byte now and then."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    in_body: bool


def drips(home: Path, *, connections: int = 500, lasting: float = 3.0) -> Trial:
    """Keep hundreds of connections open that send byte by byte, half in their head, half in their body."""
    trial = Trial("P12", f"{connections} connections that drip for {lasting:g} s")
    with boat(home, command="web") as lifeboat:
        asyncio.run(_drip(trial, lifeboat, connections=connections, lasting=lasting))
        trial.demand(lifeboat.readiness(), "/readyz fails after the drips")
    return trial


async def _drip(trial: Trial, lifeboat: Boat, *, connections: int, lasting: float) -> None:
    opened = [await _open(lifeboat, in_body=n % 2 == 0) for n in range(connections)]
    dripping = asyncio.create_task(_keep_dripping(opened))
    began, n = time.monotonic(), 0
    while not n or time.monotonic() < began + lasting:
        await _orders_meanwhile(trial, lifeboat, _plain(10, seed=1230 + n, prefix="T"))
        await asyncio.sleep(0.2)
        n += 1
    dripping.cancel()
    if lasting > BODY_WITHIN + 5:
        said = [await _said(drip) for drip in opened if drip.in_body]
        cut = sum(line.startswith(b"HTTP/1.1 408 ") for line in said)
        trial.demand(cut == len(said), f"{cut} of {len(said)} bodies that drip were cut off")
        kept = sum([await _said(drip) == b"TimeoutError" for drip in opened if not drip.in_body])
        trial.demand(not kept, f"{kept} connections whose head drips are still open")
        trial.notes.append(f"{cut} dripping bodies cut off with 408, {connections - len(said)} dripping heads closed")
    for drip in opened:
        drip.writer.transport.abort()


async def _open(lifeboat: Boat, *, in_body: bool) -> Drip:
    reader, writer = await asyncio.open_connection(LOOPBACK, lifeboat.port)
    head = _head(lifeboat, b"Content-Length: 2000\r\n")
    writer.write(head + b'{"' if in_body else head[:-4] + b"\r\nX-Slow: ")
    return Drip(reader, writer, in_body)


async def _keep_dripping(opened: list[Drip]) -> None:
    while True:
        for drip in opened:
            if not drip.writer.transport.is_closing():
                drip.writer.write(b"a")
        await asyncio.sleep(0.5)


async def _said(drip: Drip) -> bytes:
    try:
        return await asyncio.wait_for(drip.reader.readline(), 1.0)
    except (OSError, TimeoutError) as error:
        return type(error).__name__.encode()


# ---- common ------------------------------------------------------------------------------------------------------------


def _head(lifeboat: Boat, more: bytes) -> bytes:
    return (
        b"POST /v1/orders HTTP/1.1\r\nHost: lifeboat.test\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\n%s\r\n" % (lifeboat.storefront_key.encode(), more)
    )


async def _orders_meanwhile(trial: Trial, lifeboat: Boat, todo: list[Errand]) -> None:
    """Send orders, each on a connection of its own; each must be taken in time."""
    headers = {"authorization": f"Bearer {lifeboat.storefront_key}", "content-type": "application/json"}
    for errand in todo:
        began = time.monotonic()
        try:
            async with httpx.AsyncClient(headers=headers, timeout=2 * WITHIN, trust_env=False) as http:
                status = (await http.post(lifeboat.orders_url, content=errand.body)).status_code
        except httpx.HTTPError as error:
            trial.violations.append(f"{errand.key}: {type(error).__name__}")
            continue
        took = time.monotonic() - began
        trial.worst_answer = max(trial.worst_answer or 0.0, took)
        trial.trials += 1
        trial.demand(status == httpx.codes.CREATED, f"{errand.key}: {status}")
        trial.demand(took <= WITHIN, f"{errand.key}: answered after {took:.1f} s")


def _plain(count: int, *, seed: int, prefix: str) -> list[Errand]:
    return [errand for errand in errands(count, seed=seed, prefix=prefix) if errand.kind == "plain"]


@pytest.mark.parametrize("scenario", [queue_full, endless_body, drips])
def test_an_overloaded_door_refuses_in_time_and_stays_open(scenario: Callable[[Path], Trial], tmp_path: Path):
    scenario(tmp_path).prove()
