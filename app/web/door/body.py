"""Reads request bodies, counting bytes and time: a length that was announced is not believed, a drip is cut off.

Giving every request a timer of its own would cost an order more than sealing it does. So a body under way is only
noted, and one look a second finds those that have taken too long.
"""

import asyncio
import time
from collections.abc import Mapping

from starlette.types import Receive

from app.domain.problems import TooLarge, TooSlow

BODY_WITHIN = 20.0
"""Seconds for a body to arrive: a phone on a bad line, not a drip."""

Headers = tuple[tuple[bytes, bytes], ...]
Fields = Mapping[bytes, bytes]
"""Header fields by name; of a repeated one the last."""


class ClientGone(Exception):
    """The client hung up before its request was whole; there is nobody to answer."""


class BodyReader:
    """Reads bodies of at most ``limit`` bytes; every ``pace`` bytes that arrive give a body a second more."""

    def __init__(self, *, limit: int, within: float = BODY_WITHIN, pace: int = 0) -> None:
        self.limit = limit
        self._pace = pace
        self._within = within
        self._begun: dict[asyncio.Task[object], float] = {}
        self._overdue: set[asyncio.Task[object]] = set()

    async def read(self, fields: Fields, receive: Receive) -> bytes:
        """Read one body.

        Raises:
            TooLarge: it is longer than allowed.
            TooSlow: it drips.
            ClientGone: the client hung up.
        """
        announced = fields.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self.limit:
            raise too_large(self.limit)
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a coroutine that awaits always runs in a task
            raise RuntimeError("a body is read outside a task")
        self._begun[task] = time.monotonic()
        try:
            return await self._pieces(receive, task)
        except asyncio.CancelledError:
            if task not in self._overdue:
                raise
            task.uncancel()
            raise TooSlow from None
        finally:
            del self._begun[task]
            self._overdue.discard(task)

    def cut_off_overdue(self) -> int:
        """End the reading of bodies that have taken too long; return how many."""
        longest_ago = time.monotonic() - self._within
        overdue = [task for task, begun in self._begun.items() if begun < longest_ago and task not in self._overdue]
        for task in overdue:
            self._overdue.add(task)
            task.cancel()
        return len(overdue)

    async def _pieces(self, receive: Receive, task: asyncio.Task[object]) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > self.limit:
                raise too_large(self.limit)
            if self._pace:
                self._begun[task] += len(part) / self._pace
            if not message.get("more_body"):
                return b"".join([*parts, part]) if parts else part
            parts.append(part)


def too_large(limit: int) -> TooLarge:
    """Return the refusal of a body of more than ``limit`` bytes."""
    return TooLarge(f"请求体超过上限 {limit // 1024} KiB。")
