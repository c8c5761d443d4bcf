"""A door that does to orders what lines and overloaded machines do, one act of a script after another.

It keeps orders by their key as the real one does, and notes who came before the time that was asked for, or with other
bytes under the same key.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.fakes.serving import LOOPBACK

Act = Literal[
    "take", "cut", "hang", "busy", "busy until", "throttle", "store and cut", "store and hang", "store and halve"
]


@dataclass
class ScriptedDoor:
    """What is played at each POST and at each GET; afterwards everything is taken and answered."""

    posts: list[Act | int] = field(default_factory=list)
    asks: list[int] = field(default_factory=list)
    """The status of each GET, 200 for the truth."""
    orders: dict[str, str] = field(default_factory=dict)
    """The number of each order by its key."""
    bodies: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    too_early: list[float] = field(default_factory=list)
    url: str = ""
    _not_before: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def open(self) -> Iterator["ScriptedDoor"]:
        door = self

        class Handler(_Handler):
            script = door

        server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        server.daemon_threads = True
        self.url = f"http://{LOOPBACK}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def post(self, body: bytes, key: str) -> tuple[Act | int, str]:
        """Note what came; return what is to be played, and the number of the order."""
        with self._lock:
            if (early := self._not_before - time.monotonic()) > 0:
                self.too_early.append(early)
            self.bodies.append(body)
            self.keys.append(key)
            act = self.posts.pop(0) if self.posts else "take"
            if act in ("busy", "busy until", "throttle"):
                self._not_before = time.monotonic() + 1
            if act == "take" or str(act).startswith("store"):
                self.orders.setdefault(key, f"LB{len(self.orders) + 1:013d}")
            return act, self.orders.get(key, "")

    def ask(self, theirs: str) -> tuple[int, list[dict[str, str]]]:
        with self._lock:
            status = self.asks.pop(0) if self.asks else 200
            number = self.orders.get(theirs)
        return status, [{"order_number": number, "client_order_id": theirs}] if number else []

    def hang(self) -> None:
        """Say nothing until everything is over."""
        self._over.wait()


class _Handler(BaseHTTPRequestHandler):
    script: ScriptedDoor
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        act, number = self.script.post(body, self.headers.get("idempotency-key", ""))
        self.close_connection = True
        match act:
            case "take":
                self._say(201, {"order_number": number, "status": "accepted"})
            case "busy" | "throttle":
                self._say(503 if act == "busy" else 429, {"code": "busy"}, retry_after="1")
            case "busy until":
                self._say(503, {"code": "busy"}, retry_after=formatdate(time.time() + 2, usegmt=True))
            case "hang" | "store and hang":
                self.script.hang()
            case "store and halve":
                whole = json.dumps({"status": "accepted", "order_number": number}).encode()
                self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%b" % (len(whole), whole[:20]))
            case int(status):
                self._say(status, {"code": "idempotency_conflict"})
            case _:  # cut: not a word, whether or not the order was stored
                pass

    def do_GET(self) -> None:
        self.close_connection = True
        status, items = self.script.ask(parse_qs(urlsplit(self.path).query)["client_order_id"][0])
        self._say(status, {"items": items, "next": None} if status == 200 else {"code": "store_away"})

    def _say(self, status: int, said: dict[str, Any], *, retry_after: str = "") -> None:
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("connection", "close")
        if retry_after:
            self.send_header("retry-after", retry_after)
        self.end_headers()
        self.wfile.write(data)
