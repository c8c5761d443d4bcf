"""P14: a client that sends rubbish behind its orders keeps nobody else's order, and no stop, waiting."""

import asyncio
import json
import signal
from pathlib import Path

import uvloop

from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.evidence import SqliteFile
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.processes import LOOPBACK
from tests.harness.trial import Trial

ATTACKS = 200
NEIGHBOURS = 8
UNANSWERED = 40.0
"""Seconds after which nobody is still at it: a store and a spool that hang are given up after three and a half."""

RUBBISH = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\ngarbage\r\n\r\n"


def garbage_behind_orders(home: Path, *, attacks: int = ATTACKS) -> Trial:
    """Send conflicts with rubbish behind them, again and again, beside the orders of others; count whom nobody answers."""
    trial = Trial("P14", f"{attacks} orders with rubbish behind them, beside {NEIGHBOURS} clients at work")
    with boat(home, command="web") as web:
        mallory = json.loads(web.cli("clients", "add", "mallory", "--json"))["key"]
        ledger = ClientLedger(home / "ledger.jsonl")
        uvloop.run(_play(trial, web, mallory, ledger, attacks=attacks))
        code = web.stop()
        trial.demand(code in {0, -signal.SIGTERM}, f"it ends with {code}")
        ledger.close()
        found = check_orders(ledger.path, SqliteFile(web.database), data_dir=web.data_dir, exports=web.exports)
        trial.take(found)
        log = (home / "log.txt").read_text(encoding="utf-8")
        trial.demand("Exception in callback" not in log, "a callback of the loop has raised")
    return trial


async def _play(trial: Trial, web: Boat, mallory: str, ledger: ClientLedger, *, attacks: int) -> None:
    own = _order(mallory, "K", phone=1)
    ledger.attempt_now("K", own.partition(b"\r\n\r\n")[2])
    first = await _ask(web, own)
    trial.demand(first.startswith(b"HTTP/1.1 201"), f"the attacker's own order is answered {first[:40]!r}")
    over = asyncio.Event()
    neighbours = [asyncio.create_task(_neighbour(trial, web, ledger, f"N{n}", over=over)) for n in range(NEIGHBOURS)]
    for n in range(attacks):
        said = await _ask(web, _order(mallory, "K", phone=n + 2) + RUBBISH)
        trial.demand(said.startswith(b"HTTP/1.1 422"), f"a conflict with rubbish behind it is answered {said[:40]!r}")
    over.set()
    trial.trials += attacks + sum(await asyncio.gather(*neighbours))


async def _neighbour(trial: Trial, web: Boat, ledger: ClientLedger, name: str, *, over: asyncio.Event) -> int:
    """Send one order after another on one connection until the attacker has done; return how many."""
    reader, writer = await asyncio.open_connection(LOOPBACK, web.port)
    n = 0
    while not over.is_set():
        key = f"{name}-{n}"
        request = _order(web.storefront_key, key, phone=n)
        body = request.partition(b"\r\n\r\n")[2]
        ledger.attempt_now(key, body)
        writer.write(request)
        try:
            async with asyncio.timeout(UNANSWERED):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                answer = json.loads(await reader.readexactly(length))
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            trial.violations.append(f"{key} has no answer: {type(error).__name__}")
            break
        ledger.ok(key, body, answer["order_number"], status=int(head[9:12]))
        n += 1
    writer.close()
    return n


async def _ask(web: Boat, request: bytes) -> bytes:
    """Send these bytes, and read until the other side closes, or has said what is asked for here."""
    reader, writer = await asyncio.open_connection(LOOPBACK, web.port)
    writer.write(request)
    try:
        async with asyncio.timeout(UNANSWERED):
            return await reader.readuntil(b"\r\n\r\n")
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
        return b""
    finally:
        writer.close()


def _order(key: str, order: str, *, phone: int) -> bytes:
    body = {"client_order_id": order, "phone": f"139{phone:08d}", "items": [{"sku": "A", "quantity": 1}]}
    sent = json.dumps(body).encode()
    head = f"POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(sent)}\r\n\r\n"
    return head.encode() + sent


def test_rubbish_behind_an_order_is_its_clients_own_trouble(tmp_path: Path):
    garbage_behind_orders(tmp_path).prove()
