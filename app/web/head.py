"""Bounds what comes before a body: the head of a request has a most of bytes and a most of seconds.

uvicorn bounds neither. A head without end grew a process by sixteen times what was sent, and connections that never
finish theirs count against ``limit_concurrency`` until nobody else is let in.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES: Final = 64 * 1024
"""Twice what nginx passes on. Looked at after each read, so that up to one read more is held."""

WITHIN: Final = 20.0
"""Seconds from the connection, or from the first byte of a further request, to the end of its head."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol with both bounds; a request whose head is whole at once pays one comparison."""

    _bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(WITHIN, self._cut_off)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._settle()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what was read, and look whether a head has been under way for too long."""
        super().data_received(data)
        if self.cycle is not None and self.cycle.scope is self.scope:  # the newest head is whole
            if self._deadline is not None:
                self._settle()
            return
        self._bytes += len(data)
        if self._deadline is None:
            self._deadline = self.loop.call_later(WITHIN, self._cut_off)
        if self._bytes > MOST_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self._cut_off()

    def _cut_off(self) -> None:
        self._settle()
        self.transport.close()

    def _settle(self) -> None:
        self._bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
