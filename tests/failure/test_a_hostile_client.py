"""P12: requests no decent client would send, byte by byte over a socket: each is answered, none with a 5xx, none leads elsewhere."""

import json
import socket
import time
from contextlib import suppress
from pathlib import Path

from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.evidence import SqliteFile
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.processes import LOOPBACK
from tests.harness.trial import Trial
from tests.harness.waiting import PATIENCE

MIB = 1024 * 1024
MOST_TAKEN = 8 * MIB
"""What the buffers of two sockets hold, and then some."""

MOST_GROWN = 64 * MIB
PROBLEM = b"application/problem+json"

ODD_ADDRESSES = (
    "/v1/orders/", "/v1//orders", "//v1/orders", "/V1/ORDERS", "/v1/orders%2F", "/v1/orders%00", "/v1/orders;a=1",
    "/v1/./orders", "/v1/orders/../batches", "/v1/orders/%00", "/v1/orders/%FF%FE", "/v1/orders/..%2F..%2Fetc%2Fpasswd",
    "/v1/batches/..%2F..%2Fdata%2Flifeboat.db/file", "/v1/batches/%2e%2e%2flifeboat.db/file?format=manifest",
    "/v1/batches/x/file?format=../../etc/passwd", "/v1/batches/%F0%9F%98%80", "/v1/batches?cursor=99999999999999999999",
    "/v1/batches?cursor=-1&limit=1e9", "/v1/batches?incident=%00", "/v1/ledger?incident=%00%FF", "/nowhere", "*",
    "/console/static/../../../../etc/passwd", "/console/static/..%2F..%2F..%2Fsettings.py", "/.env", "/data/lifeboat.db",
)  # fmt: skip
METHODS = ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "CONNECT")
NO_HTTP = (
    b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n",
    b"get /livez HTTP/1.1\r\n\r\n", b"GET /livez HTTP/9.9\r\n\r\n", b"GET /livez HTTP/1.1\r\nno colon here\r\n\r\n",
    b"POST /v1/orders HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"POST /v1/orders HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/orders HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST /v1/orders HTTP/1.1\r\nX: a\x00b\r\n\r\n",
)  # fmt: skip


def odd_requests(home: Path) -> Trial:
    """Send each odd request with a good key; afterwards there are exactly the orders that were answered with 201."""
    trial = Trial("P12", "odd addresses, methods, fields and bytes")
    with boat(home, command="web") as web:
        keys = {"ops": web.ops_headers["authorization"], "intake": f"Bearer {web.storefront_key}"}
        for address in ODD_ADDRESSES:
            for method, who in {"GET": "ops", "POST": "intake"}.items():
                _refused(trial, _ask(web, method, address, keys[who]), f"{method} {address}")
        for method in METHODS:
            answer = _ask(web, method, "/v1/orders", keys["intake"])
            trial.demand(answer.status == 405, f"{method} of orders is answered {answer.status}")
            trial.demand(answer.field(b"allow") == b"POST", f"{method} of orders allows {answer.field(b'allow')!r}")
            trial.trials += 1
        for nonsense in NO_HTTP:
            answer = _send(web, nonsense)
            trial.demand(answer.status == 400, f"{nonsense[:40]!r} is answered {answer.status}")
            trial.trials += 1
        _fields(trial, web, keys["intake"], home)
        trial.demand(web.readiness(), "/readyz fails afterwards")
        wrong = web.errors()
        trial.demand(not wrong, f"the log has {len(wrong)} errors, e.g. {wrong[:1]}")
    return trial


def _fields(trial: Trial, web: Boat, key: str, home: Path) -> None:
    """Send orders with repeated, huge and contradicting fields; the last of two counts, at both routes alike."""
    json_kind, stranger = ("Content-Type", "application/json"), ("Authorization", "Bearer nobody")
    cases = [
        ([json_kind, ("Idempotency-Key", "one"), ("Idempotency-Key", "two")], 201),
        ([stranger, json_kind], 201),
        ([json_kind, ("X-Large", "a" * 30_000)], 201),
        ([json_kind, *((f"X-{n}", "a") for n in range(500))], 201),
        ([json_kind, ("Expect", "100-continue")], 201),
        ([json_kind, ("Upgrade", "websocket"), ("Connection", "upgrade, close")], 400),  # what follows is no body then
        ([json_kind, ("Content-Encoding", "gzip")], 415),
        ([json_kind, ("Content-Type", "text/plain")], 415),
        ([json_kind, ("Idempotency-Key", "")], 400),
        ([json_kind, ("Idempotency-Key", "ü")], 400),
    ]
    ledger = ClientLedger(home / "ledger.jsonl")
    for n, (fields, expected) in enumerate(cases):
        body = {"phone": f"138{n:08d}", "client_order_id": f"F{n}", "items": [{"sku": "A", "quantity": 1}]}
        sent = json.dumps(body).encode()
        name = {0: "two"}.get(n, f"F{n}")  # of what is repeated, the last counts
        ledger.attempt_now(name, sent)
        answer = _ask(web, "POST", "/v1/orders", key, fields, sent)
        trial.demand(answer.status == expected, f"{fields[:3]} is answered {answer.status}, not {expected}")
        if answer.status == 201:
            ledger.ok(name, sent, json.loads(answer.body)["order_number"], status=201)
        trial.trials += 1
    found = check_orders(home / "ledger.jsonl", SqliteFile(web.database), data_dir=web.data_dir, exports=web.exports)
    trial.take(found)


def endless_head(home: Path) -> Trial:
    """Send heads that never end, as one field or as many; each is cut off, and the process stays as large as it was."""
    trial = Trial("P12", "request heads without end")
    with boat(home, command="web") as web:
        assert web.process is not None
        before = _memory(web.process.pid)
        for name, piece in {"value": b"a" * 65_536, "fields": b"x: y\r\n" * 10_000, "url": b"a" * 65_536}.items():
            start = b"POST /" if name == "url" else b"POST /v1/orders HTTP/1.1\r\nX: "
            taken = _pour(web, start, piece)
            trial.demand(taken < MOST_TAKEN, f"{taken} bytes of a head ({name}) were taken")
            trial.trials += 1
        grown = _memory(web.process.pid) - before
        trial.demand(grown < MOST_GROWN, f"the process grew by {grown // MIB} MiB")
        trial.demand(web.readiness(), "/readyz fails afterwards")
        trial.notes.append(f"grown by {grown / MIB:.1f} MiB")
    return trial


def _pour(web: Boat, start: bytes, piece: bytes) -> int:
    """Send until it is refused; return how much was taken."""
    taken = 0
    with socket.create_connection((LOOPBACK, web.port), timeout=PATIENCE) as connection, suppress(OSError):
        connection.sendall(start)
        while taken < 2 * MOST_TAKEN:
            connection.sendall(piece)
            taken += len(piece)
    return taken


def _memory(pid: int) -> int:
    """Return the resident bytes of a process."""
    (line,) = [text for text in Path(f"/proc/{pid}/status").read_text().splitlines() if text.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


class Answer:
    """What came back over a socket; ``status`` is 0 where that was nothing."""

    def __init__(self, raw: bytes, took: float) -> None:
        raw = raw.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        self.status = int(lines[0][9:12]) if raw else 0
        self._fields = [line.partition(b": ")[::2] for line in lines[1:]]
        self.took = took

    def field(self, name: bytes) -> bytes:
        return next((value for key, value in self._fields if key.lower() == name), b"")


def _ask(
    web: Boat, method: str, address: str, key: str, fields: "list[tuple[str, str]] | tuple[()]" = (), body: bytes = b""
) -> Answer:
    all_fields = [("Host", "elsewhere.example"), *fields, ("Authorization", key), ("Content-Length", str(len(body)))]
    if "Connection" not in dict(fields):
        all_fields.append(("Connection", "close"))
    head = f"{method} {address} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in all_fields)
    return _send(web, head.encode("latin-1") + b"\r\n" + body)


def _send(web: Boat, data: bytes) -> Answer:
    """Send bytes, then read until the other side closes."""
    began, raw = time.monotonic(), b""
    with socket.create_connection((LOOPBACK, web.port), timeout=PATIENCE) as connection:
        connection.sendall(data)
        with suppress(ConnectionResetError):  # it closed while we were still sending; what it said before counts
            while piece := connection.recv(65_536):
                raw += piece
    return Answer(raw, time.monotonic() - began)


def _refused(trial: Trial, answer: Answer, what: str) -> None:
    trial.trials += 1
    trial.worst_refusal = max(trial.worst_refusal or 0.0, answer.took)
    trial.demand(400 <= answer.status < 500, f"{what} is answered {answer.status}")
    trial.demand(not answer.field(b"location"), f"{what} leads to {answer.field(b'location')!r}")
    kind = answer.field(b"content-type")
    of_console = what.partition(" ")[2].startswith("/console")
    trial.demand(of_console or kind == PROBLEM, f"{what} is refused as {kind!r}")
    trial.demand(b"root:" not in answer.body and b"SQLite format" not in answer.body, f"{what} gives a file away")


def test_odd_requests_are_refused_in_one_shape_and_lead_nowhere(tmp_path: Path):
    odd_requests(tmp_path).prove()


def test_a_request_head_without_end_is_cut_off(tmp_path: Path):
    endless_head(tmp_path).prove()
