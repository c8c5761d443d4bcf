"""The shop's own record: what it is about to send is on disk before a byte of it leaves."""

import asyncio
import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class KeyRecord:
    """All a shop knows of one key."""

    key: str
    tries: int = 0
    bodies: set[str] = field(default_factory=set)
    ok_bodies: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    created: int = 0
    replayed: int = 0
    refusals: list[int] = field(default_factory=list)
    unknown: int = 0
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the shop was told that the order is taken."""
        return bool(self.numbers)


class ClientLedger:
    """Appends one line of JSON for each attempt and each outcome; attempts are flushed before they are made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._flushing: asyncio.Task[None] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self.taken = 0
        self.slowest_answer = 0.0
        self.slowest_refusal = 0.0

    async def attempt(self, key: str, body: bytes, **about: object) -> None:
        """Write down that ``body`` is about to be sent under ``key``, and flush it."""
        self._append({"event": "try", "key": key, "body": body_hash(body), **about})
        await self._flushed()

    def attempt_now(self, key: str, body: bytes, **about: object) -> None:
        """Do the same without an event loop."""
        self._append({"event": "try", "key": key, "body": body_hash(body), **about})
        os.fdatasync(self._descriptor)

    def ok(self, key: str, body: bytes, number: str, *, status: int, took: float = 0.0) -> None:
        """Write down an answer that says the order is taken."""
        self.taken += 1
        self.slowest_answer = max(self.slowest_answer, took)
        self._append({"event": "ok", "key": key, "body": body_hash(body), "number": number, "status": status})

    def refused(self, key: str, *, status: int, took: float = 0.0) -> None:
        """Write down an answer that says it is not."""
        self.slowest_refusal = max(self.slowest_refusal, took)
        self._append({"event": "refused", "key": key, "status": status})

    def unknown(self, key: str, why: str) -> None:
        """Write down that there was no answer: nobody knows."""
        self._append({"event": "unknown", "key": key, "why": why})

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _append(self, line: dict[str, object]) -> None:
        os.write(self._descriptor, (json.dumps({"at": time.time(), **line}, ensure_ascii=False) + "\n").encode())

    async def _flushed(self) -> None:
        """Wait for a flush that begins after now; one flush serves all who wait for it."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._flush_after(self._flushing))
        await asyncio.shield(self._waiting)

    async def _flush_after(self, earlier: "asyncio.Task[None] | None") -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        self._flushing, self._waiting = asyncio.current_task(), None
        await asyncio.to_thread(os.fdatasync, self._descriptor)


def body_hash(body: bytes) -> str:
    """Return how a body is named in the ledger."""
    return hashlib.sha256(body).hexdigest()[:24]


def read_ledger(path: Path) -> dict[str, KeyRecord]:
    """Return what the ledger's file says, by key."""
    records: dict[str, KeyRecord] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        record = records.setdefault(entry["key"], KeyRecord(entry["key"]))
        match entry["event"]:
            case "try":
                record.tries += 1
                record.bodies.add(entry["body"])
                record.about |= {k: v for k, v in entry.items() if k not in {"at", "event", "key", "body"}}
            case "ok":
                record.numbers.add(entry["number"])
                record.ok_bodies.add(entry["body"])
                record.created += entry["status"] == 201
                record.replayed += entry["status"] == 200
            case "refused":
                record.refusals.append(entry["status"])
            case "unknown":
                record.unknown += 1
    return records
