"""The fast path: an order whose head leaves no question is taken straight off the wire and answered there.

What uvicorn does for one ASGI request, a scope, a task, a cycle of events, costs more than validating and sealing an
order. So this protocol looks at the head of each request itself. ``POST /v1/orders`` under a key that is in memory is
read here, queued for the group commit, and answered as soon as it is on disk. Whatever is unusual goes to the ordinary
route (``api/orders.py``); both ask ``admission.py`` who may order, and answer with the words of ``receipt.py``.

It also watches the clock of every connection, in one look a second instead of a timer for each request: a head or a
body that drips is cut off, and a connection at rest is closed after a while.
"""

import asyncio
import http
from collections.abc import Iterable
from typing import Any, TypeAlias

import structlog

from app.domain.caller import Caller
from app.domain.problems import Busy, Problem, TooSlow
from app.web.door.admission import admit, known_caller
from app.web.door.body import BODY_WITHIN
from app.web.door.bounded import BoundedProtocol
from app.web.door.door import ORDERS, Door
from app.web.door.fast_order import FastOrder
from app.web.door.header_lines import LastLines, lines_of
from app.web.door.proxies import FROM_PROXY
from app.web.door.receipt import Answer

log = structlog.get_logger()

HEAD_WITHIN = 20.0
"""Seconds for a head to arrive; uvicorn itself would wait for ever."""

_URL = ORDERS.encode()
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus}
_CLOSE = b"connection: close\r\n"
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_ANYBODY = Caller("", "", "", drill=False)


_default_lines = LastLines()


class FastProtocol(BoundedProtocol):
    """One connection; see the module.

    ``cycle`` is the newest request, ``turn`` the one whose answer is due next; those in between stand in ``pipeline``.
    """

    cycle: Any  # a FastOrder here, uvicorn's own where a request goes to a route

    def __init__(self, *arguments: Any, door: Door, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self.door, self.largest_body = door, door.bodies.limit
        self.turn: Any = None
        self.from_proxy = False
        self._last_word: bytes | None = None
        """What is said before the connection is closed, once all that was whole has been answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """Take a new connection, and see whether it is one of our proxies'."""
        super().connection_made(transport)
        self.from_proxy = self.door.proxies.have(self.client)

    # ---- what the parser finds ---------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        """Choose the way; what was sent ahead, before the request in front of it has its answer, waits its turn."""
        self.in_head, self._body_bytes = False, 0
        behind = self.cycle is not None and not self.cycle.response_complete
        if not behind and self._crowded():
            self.turn = self.cycle = FastOrder(self, _ANYBODY, None, keep_alive=False)
            self.cycle.refuse(Busy())
            return
        if not behind and (chosen := self._fast_order()) is not None:
            self.turn = self.cycle = chosen
            return
        self.make_scope()
        if self.from_proxy:
            self.scope[FROM_PROXY] = True  # type: ignore[literal-required]  # ours, not ASGI's
        super().on_headers_complete()
        if not behind:
            self.turn = self.cycle

    def _crowded(self) -> bool:
        """Tell whether more connections or requests are open than we allow; uvicorn would name no time to come back."""
        limit = self.limit_concurrency
        return limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit)

    def _fast_order(self) -> FastOrder | None:
        """Return the order that begins here, None where anything about its head is unusual."""
        parser = self.parser
        if (
            self.url != _URL
            or parser.get_method() != b"POST"
            or parser.get_http_version() != "1.1"
            or parser.should_upgrade()
            or self.config.access_log
            or self.flow.write_paused
        ):
            return None
        fields = dict(self.headers)
        if b"expect" in fields:
            return None
        announced = fields.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self.largest_body:
            return None
        caller = known_caller(fields, self.door.access)
        if caller is None:
            return None
        try:
            idempotency_key = admit(fields, caller)
        except Problem:
            return None
        said = self.door.proxies.said(self.headers) if self.from_proxy else None
        return FastOrder(self, caller, idempotency_key, keep_alive=parser.should_keep_alive(), passed_on=said)

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        cycle = self.cycle
        if type(cycle) is not FastOrder:
            super().on_body(body)
            return
        self._body_bytes += len(body)
        if not cycle.response_complete:
            cycle.take(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        cycle = self.cycle
        if type(cycle) is not FastOrder:
            super().on_message_complete()
        elif not cycle.response_complete:
            cycle.queue()

    # ---- what the loop says ------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless what came before could not be read: nothing that follows can be told apart then."""
        if self._last_word is not None:
            return
        super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's own answers bool
        """Keep the connection while a whole request has no answer: that a client sends no more is no hang-up."""
        self._end_with(b"")
        return not self.transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request of this connection that nobody waits for its answer."""
        for cycle in (self.turn, *(waiting for waiting, _ in self.pipeline)):
            _abandon(cycle)
        self.pipeline.clear()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close where nothing is under way; what is has its answer first."""
        if self._last_word is None:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """End a connection that sends what is no request."""
        self._end_with(self._plain(400, msg.encode()))

    def cut_off(self, status: int) -> None:
        """End a connection whose request will never be whole."""
        self._end_with(self._plain(status))

    def _unset_keepalive_if_required(self) -> None:
        """Do nothing: there is no timer, see :meth:`look`."""

    def on_response_complete(self) -> None:
        """Go on with the next request of the connection, or begin to rest."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.since = self.loop.time()
        if self.pipeline:
            self.turn, app = self.pipeline.pop()
            self._start_asgi_task(self.turn, app)
        elif self._last_word is not None:
            self._say_last_word()
        if self.flow.read_paused and not self.pipeline:  # at most what one read brought is held
            self.flow.resume_reading()

    def write(self, answer: Answer, request_id: str, *, keep_alive: bool) -> None:
        """Write an order's answer, whole."""
        if self.transport.is_closing():  # it cannot be said any more; uvloop would raise
            return
        status, extra, body = answer
        self.transport.write(
            b"%b%b%b%bcontent-length: %d\r\nx-request-id: %b\r\n\r\n%b"
            % (
                _STATUS_LINES[status],
                _default_lines.of(self.server_state.default_headers),
                lines_of(extra),
                b"" if keep_alive else _CLOSE,
                len(body),
                request_id.encode(),
                body,
            )
        )
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def look(self, now: float) -> None:
        """Cut off a head or a body that drips and an answer nobody reads, and close what has rested long enough."""
        if self.is_unread(now):
            self.transport.abort()
            return
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            waited = now - self.since
            if self.in_head and waited > HEAD_WITHIN:
                self.cut_off(408)
            elif not self.in_head and waited > self.timeout_keep_alive:
                self.transport.close()
        elif type(cycle) is FastOrder and not cycle.whole and now - cycle.begun_at > BODY_WITHIN:
            cycle.keep_alive = False
            cycle.refuse(TooSlow())

    # ---- the end of a connection -------------------------------------------------------------------------------------

    def _end_with(self, last_word: bytes) -> None:
        """Close the connection with a last word, as soon as every request that came whole has its answer."""
        if self._last_word is not None or self.transport.is_closing():
            return
        self.in_head = False
        newest = self.cycle
        if newest is not None and not newest.response_complete and not _is_whole(newest):
            if getattr(newest, "response_started", False):
                last_word = b""  # it would stand in the middle of that answer
            _abandon(newest)
            if self.pipeline and self.pipeline[0][0] is newest:
                self.pipeline.popleft()
        self._last_word = last_word
        if self.turn is None or self.turn.response_complete or self.turn.disconnected:
            self._say_last_word()

    def _say_last_word(self) -> None:
        if self._last_word:
            self.transport.write(self._last_word)
        self.transport.close()

    def _plain(self, status: int, text: bytes = b"") -> bytes:
        """Return the whole answer to what is no request."""
        fields = (*self.server_state.default_headers, *((_PLAIN,) if text else ()))
        return b"%b%bcontent-length: %d\r\n%b\r\n%b" % (
            _STATUS_LINES[status],
            lines_of(fields),
            len(text),
            _CLOSE,
            text,
        )


def _is_whole(cycle: Any) -> bool:  # noqa: ANN401 - a FastOrder or uvicorn's own
    """Tell whether all of a request has arrived."""
    return cycle.whole if type(cycle) is FastOrder else not cycle.more_body


def _abandon(cycle: Any) -> None:  # noqa: ANN401 - a FastOrder or uvicorn's own
    """Tell a request that nobody waits for its answer, or that the rest of it will never come."""
    if cycle is not None and not cycle.response_complete:
        cycle.disconnected = True
        cycle.message_event.set()


Connections: TypeAlias = Iterable[Any]


def look_at_all(connections: Connections, now: float) -> None:
    """Look at every connection's clock; one that cannot be looked at is ended, and all others are looked at."""
    for connection in list(connections):
        if isinstance(connection, FastProtocol):
            try:
                connection.look(now)
            except Exception as error:
                connection.transport.abort()
                log.exception("connection_broke", reason=type(error).__name__)
