"""A load of orders over keep-alive connections, from one core: as many as the server takes, or a fixed number a second.

``python -m benchmarks.load PORT --key KEY --path PATH --seconds S [--rate R]`` prints one JSON line. Every order has a key of its
own; latencies are from the moment a request is due, so a server that stalls cannot hide it.
"""

import argparse
import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Callable

import uvloop

CONNECTIONS = 64
BODY = (
    '{{"client_order_id":"{key}","phone":"138{phone:08d}","items":[{{"sku":"A-1001","name":"跑步鞋 42","quantity":1,'
    '"unit_price":"599.00"}}],"total":"599.00","freight":"0.00","recipient":{{"name":"张三","province":"浙江省","city":"杭州市",'
    '"district":"西湖区","address":"文三路 1 号"}}}}'
)


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way."""

    def __init__(self, done: Callable[["Connection", bytes], None]) -> None:
        self._done = done
        self._buffer = b""
        self.due_at = 0.0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def send(self, request: bytes, due_at: float) -> None:
        """Send one request."""
        self.due_at = due_at
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take an answer apart just enough to know it is whole."""
        data = self._buffer + data
        head = data.find(b"\r\n\r\n")
        if head < 0:
            self._buffer = data
            return
        at = data.lower().find(b"content-length:", 0, head)
        length = int(data[at + 15 : data.find(b"\r\n", at)])
        if len(data) < head + 4 + length:
            self._buffer = data
            return
        self._buffer = b""
        self._done(self, data[9:12])

    def connection_lost(self, _error: Exception | None) -> None:
        """Remember that it is gone."""
        self.lost = True


class Load:
    """Keeps the connections busy until the time is up."""

    def __init__(self, port: int, key: str, *, path: str, seconds: float, rate: float | None) -> None:
        self._port, self._seconds, self._rate = port, seconds, rate
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()
        self._run = os.urandom(4).hex()
        self._phones = int(self._run, 16)
        """Other customers in each run: those of the last one would look like doubles."""
        self._sent = 0
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._free: list[Connection] = []

    def _request(self) -> bytes:
        self._sent += 1
        body = BODY.format(
            key=f"B-{self._run}-{self._sent:08d}", phone=(self._phones + self._sent) % 100_000_000
        ).encode()
        return self._head + b"%d\r\n\r\n" % len(body) + body

    def _done(self, connection: Connection, status: bytes) -> None:
        now = time.perf_counter()
        self._latencies.append(now - connection.due_at)
        self._statuses[status.decode()] += 1
        if now >= self._end:
            return
        if self._rate is None:
            connection.send(self._request(), now)
        else:
            self._free.append(connection)

    async def run(self) -> dict[str, object]:
        """Load, and return what came of it."""
        loop = asyncio.get_running_loop()
        connections = [
            (await loop.create_connection(lambda: Connection(self._done), "127.0.0.1", self._port))[1]
            for _ in range(CONNECTIONS)
        ]
        began = time.perf_counter()
        self._end = began + self._seconds
        if self._rate is None:
            for connection in connections:
                connection.send(self._request(), time.perf_counter())
            await asyncio.sleep(self._seconds)
        else:
            self._free = list(connections)
            await self._paced(began)
        took = time.perf_counter() - began
        await asyncio.sleep(0.5)  # the last answers
        self._latencies.sort()
        answered = sum(self._statuses.values())
        return {
            "answered": answered,
            "sent": self._sent,
            "per_second": answered / took,
            "statuses": dict(self._statuses),
            "p50_ms": self._quantile(50),
            "p99_ms": self._quantile(99),
            "lost_connections": sum(c.lost for c in connections),
        }

    def _quantile(self, percent: int) -> float:
        """Return a latency in milliseconds, infinity where nothing was answered."""
        return self._latencies[len(self._latencies) * percent // 100] * 1000 if self._latencies else float("inf")

    async def _paced(self, began: float) -> None:
        n = 0
        while (now := time.perf_counter()) < self._end:
            while began + n / self._rate <= now and self._free:  # type: ignore[operator]
                self._free.pop().send(self._request(), began + n / self._rate)  # type: ignore[operator]
                n += 1
            await asyncio.sleep(0.0005)


def main() -> None:
    """Run one load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--key", default="none")
    parser.add_argument("--path", default="/v1/orders")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float)
    a = parser.parse_args()
    load = Load(a.port, a.key, path=a.path, seconds=a.seconds, rate=a.rate)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(load.run())))


if __name__ == "__main__":
    main()
