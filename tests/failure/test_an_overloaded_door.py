"""P12: more than the queue holds, bodies of a gigabyte, thousands of drips: refused in time, and it stays open."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.harness.away import Hold
from tests.harness.by_hand import head_of, orders_meanwhile, plain, send_at_once
from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger, read_ledger
from tests.harness.evidence import SqliteFile
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.processes import LOOPBACK
from tests.harness.shop import Errand, Shop
from tests.harness.trial import Trial
from tests.harness.waiting import PATIENCE

QUEUE = 5
BODY_LIMIT = 256 * 1024
GIGABYTE = 1024**3
PIECE = b"x" * 16 * 1024
ROOM = 16 * 1024 * 1024
"""Memory that a process may take and keep beside the bodies themselves."""

IN_THE_PIPES = 16 * 1024 * 1024
"""More than the buffers of two sockets hold: whoever could send this much was not refused at the limit."""

CUT = frozenset({b"", b"ConnectionResetError", b"BrokenPipeError"})
"""What is read where a connection was cut without a word, or with one that the cutting swallowed."""


# ---- more than the queue holds -----------------------------------------------------------------------------------------


def queue_full(home: Path, *, orders: int = 200) -> Trial:
    """Send orders all at once to a door that may keep five waiting, while its database is locked."""
    trial = Trial("P12", f"{orders} orders at once, a queue of {QUEUE}")
    with boat(home, command="web", queue_limit=str(QUEUE)) as lifeboat:
        todo = plain(orders, seed=121, prefix="Q")
        ledger = asyncio.run(_rush(trial, lifeboat, todo))
        lifeboat.wait_drained()
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
            await send_at_once(trial, lifeboat, shop.ledger, todo)  # each has its answer before the database is back
        trial.worst_refusal, trial.worst_answer = shop.ledger.slowest_refusal, shop.ledger.slowest_answer
        records = read_ledger(path)
        refused = [errand for errand in todo if not records[errand.key].ok]
        unknown = sum(record.unknown for record in records.values())
        kinds = {status for record in records.values() for status in record.refusals}
        trial.demand(not unknown, f"{unknown} orders had no answer")
        trial.demand(kinds == {503}, f"refused with {sorted(kinds)}")
        trial.notes.append(f"{len(refused)} of {len(todo)} refused, and taken at a retry")
        for errand in refused:
            trial.demand(await shop.pursue(errand), f"{errand.key} was not taken at a retry")
        trial.violations += shop.noted.wrong
    return path


# ---- bodies of a gigabyte ----------------------------------------------------------------------------------------------


def huge_bodies(home: Path, *, bodies: int = 20, deaf: int = IN_THE_PIPES) -> Trial:
    """Announce a gigabyte, or send it in chunks; each is refused at the limit, memory stays flat, others are served.

    Some are deaf: they send ``deaf`` bytes whatever they are told.
    """
    trial = Trial("P12", f"{bodies} bodies of 1 GB announced, {bodies} chunked, 2 deaf up to {deaf / 1024**2:.0f} MB")
    with boat(home, command="web") as lifeboat:
        assert lifeboat.process is not None
        web = psutil.Process(lifeboat.process.pid)

        async def play() -> None:
            await orders_meanwhile(trial, lifeboat, plain(10, seed=124, prefix="H"))  # what it needs, it has by now
            before = web.memory_info().rss
            listening = [asyncio.create_task(_stream(lifeboat, announced=n % 2 == 0)) for n in range(2 * bodies)]
            hard_of_hearing = [
                asyncio.create_task(_stream(lifeboat, announced=one, deaf=deaf)) for one in (True, False)
            ]
            await orders_meanwhile(trial, lifeboat, plain(10, seed=122, prefix="E"))
            for sent, said in await asyncio.gather(*listening):
                trial.demand(said.startswith(b"HTTP/1.1 413 "), f"after {sent} bytes it said {said[:80]!r}")
                trial.demand(sent < IN_THE_PIPES, f"{sent} bytes were taken of a body that may have {BODY_LIMIT}")
            for sent, said in await asyncio.gather(*hard_of_hearing):
                trial.demand(b" 413 " in said or b"Error" in said, f"a deaf one of {sent} bytes was told {said[:80]!r}")
                trial.notes.append(f"a deaf one got rid of {sent / 1024**2:.0f} MB")
            grown = web.memory_info().rss - before
            trial.demand(grown < 2 * bodies * BODY_LIMIT + ROOM, f"{grown} bytes more memory after bodies without end")
            trial.notes.append(f"{grown / 1024**2:.1f} MB more memory afterwards")

        asyncio.run(play())
    trial.trials += 2 * bodies + 2
    return trial


async def _stream(lifeboat: Boat, *, announced: bool, deaf: int = 0) -> tuple[int, bytes]:
    """Send a body without end until there is an answer and ``deaf`` bytes have gone; return how many, and the answer."""
    reader, writer = await asyncio.open_connection(LOOPBACK, lifeboat.port)
    writer.write(
        head_of(lifeboat, b"Content-Length: %d\r\n" % GIGABYTE if announced else b"Transfer-Encoding: chunked\r\n")
    )
    answer = asyncio.create_task(reader.readline())
    piece = PIECE if announced else b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
    most = min(max(deaf, IN_THE_PIPES), GIGABYTE - len(PIECE))
    sent = 0
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while sent < most and (sent < deaf or not answer.done()):
                writer.write(piece)
                sent += len(PIECE)
                await writer.drain()
                await asyncio.sleep(0 if answer.done() else 0.001)
    try:
        said = await asyncio.wait_for(answer, PATIENCE)
    except (OSError, TimeoutError) as error:
        said = type(error).__name__.encode()
    writer.transport.abort()
    return sent, said


# ---- drips -------------------------------------------------------------------------------------------------------------


@dataclass
class Drip:
    """One connection that sends a byte now and then."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    in_body: bool


def drips(home: Path, *, connections: int = 500, lasting: float = 3.0, until_cut: bool = False) -> Trial:
    """Keep hundreds of connections open that send byte by byte, half in their head, half in their body.

    With ``until_cut`` they go on until the door has cut off each of them.
    """
    trial = Trial("P12", f"{connections} connections that drip for {lasting:g} s")
    with boat(home, command="web") as lifeboat:
        asyncio.run(_drip(trial, lifeboat, connections=connections, lasting=lasting, until_cut=until_cut))
        trial.demand(lifeboat.readiness(), "/readyz fails after the drips")
    return trial


async def _drip(trial: Trial, lifeboat: Boat, *, connections: int, lasting: float, until_cut: bool) -> None:
    opened = [await _open(lifeboat, in_body=n % 2 == 0) for n in range(connections)]
    dripping = asyncio.create_task(_keep_dripping(opened))
    began, n = time.monotonic(), 0
    while not n or time.monotonic() < began + lasting:
        await orders_meanwhile(trial, lifeboat, plain(10, seed=1230 + n, prefix="T"))
        await asyncio.sleep(0.2)
        n += 1
    if until_cut:
        for part, in_body in (("bodies", True), ("heads", False)):
            said = await asyncio.gather(*(_said(drip) for drip in opened if drip.in_body == in_body))
            other = Counter(line[:40] for line in said if not line.startswith(b"HTTP/1.1 408 ") and line not in CUT)
            trial.demand(not other, f"{other.total()} of {len(said)} {part} were not cut off: {dict(other)}")
            trial.notes.append(f"{len(said) - other.total()} dripping {part} cut off")
    dripping.cancel()
    for drip in opened:
        drip.writer.transport.abort()


async def _open(lifeboat: Boat, *, in_body: bool) -> Drip:
    reader, writer = await asyncio.open_connection(LOOPBACK, lifeboat.port)
    head = head_of(lifeboat, b"Content-Length: 2000\r\n")
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
        return await asyncio.wait_for(drip.reader.readline(), PATIENCE)
    except (OSError, TimeoutError) as error:
        return type(error).__name__.encode()


@pytest.mark.parametrize("scenario", [queue_full, huge_bodies, drips])
def test_an_overloaded_door_refuses_in_time_and_stays_open(scenario: Callable[[Path], Trial], tmp_path: Path):
    scenario(tmp_path).prove()
