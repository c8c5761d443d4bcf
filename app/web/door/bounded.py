"""A connection that nobody can make hold more than its share: of memory, by what is sent; of time, by what is not read.

uvicorn bounds neither. Heads and what stands beside a body (trailers, extensions of chunks) are counted in bytes;
fields after the head are dropped, since a proxy may let them through unseen; while requests wait for their answers
nothing more is read; and a client that takes no byte of its answer is cut off.
"""

import os
import socket
import struct
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
"""Bytes of a head, or of what comes beside a body; the parser would keep any number."""

NO_REQUEST = "Invalid HTTP request received."

UNREAD_FOR = 20.0
"""Seconds in which a client has to acknowledge a byte of what waits for it."""

_END_OF_HEAD = b"\r\n\r\n"
_TCP_INFO_BYTES = 128 + 8
_BYTES_ACKED = 120
"""Where ``struct tcp_info`` of Linux holds ``tcpi_bytes_acked`` (linux/tcp.h, since 4.1)."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection; see the module. ``cut_off`` says how it ends."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self.since = self.loop.time()
        self.in_head = False
        self._began = False
        self._body_bytes = 0
        """Of the newest body, in this read."""
        self._beside_body = 0
        """Bytes of a head, or since the last piece of a body."""
        self._taken = -1
        self._taken_at = 0.0

    def on_message_begin(self) -> None:
        """Begin a head, and count from here."""
        self.url = b""
        self.headers = []
        self.since = self.loop.time()
        self.in_head = self._began = True

    def make_scope(self) -> None:
        """Make what a route wants to know of the head that is now complete."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        self.expect_100_continue = any(n == b"expect" and v.lower() == b"100-continue" for n, v in headers)
        self.headers.extend(headers)  # the very list that the scope holds

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of a head; what comes after the body is none of ours."""
        if self.in_head:
            self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and count what is no body."""
        self._began, self._body_bytes = False, 0
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.logger.warning(NO_REQUEST)
            self.send_400_response(NO_REQUEST)
        except httptools.HttpParserUpgrade:
            self._unsupported_upgrade_warning()
        if not self._began and not self._body_bytes:
            self._beside_body += len(data)
        elif self.in_head:  # it began in this read, behind the head, and perhaps the body, of what came before
            self._beside_body = len(data) - (data.rfind(_END_OF_HEAD) + len(_END_OF_HEAD)) - self._body_bytes
        else:
            self._beside_body = 0
        if self._beside_body > LARGEST_HEAD:
            self.cut_off(431)

    def cut_off(self, status: int) -> None:
        """End a connection whose request will never be whole."""
        raise NotImplementedError

    def is_unread(self, now: float) -> bool:
        """Tell whether something has waited to be sent for :data:`UNREAD_FOR` and no byte of it was acknowledged."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent:
            self._taken = -1
            return False
        taken = self._acknowledged()
        if taken != self._taken:
            self._taken, self._taken_at = taken, now
        return now - self._taken_at > UNREAD_FOR

    def _acknowledged(self) -> int:
        """Return how many bytes the other side has acknowledged; 0 where the system does not say."""
        connection = self.transport.get_extra_info("socket")
        try:
            with socket.socket(fileno=os.dup(connection.fileno())) as ours:
                told = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
            return int(struct.unpack_from("Q", told, _BYTES_ACKED)[0])
        except (OSError, AttributeError, struct.error):
            return 0
