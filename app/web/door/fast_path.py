"""The fast path: an order whose head leaves no question is taken straight off the wire and answered there.

What uvicorn does for one ASGI request, a scope, a task, a cycle of events, costs more than validating and sealing an
order. So this protocol looks at the head of each request itself. ``POST /v1/orders`` under a key that is in memory is
read here, queued for the group commit, and answered as soon as it is on disk. Whatever is unusual goes to the ordinary
route (``api/orders.py``); both ask ``admission.py`` who may order, and answer with the words of ``receipt.py``.

It also watches the clock of every connection, in one look a second instead of a timer for each request: a head or a
body that drips is cut off, and a connection at rest is closed after a while.
"""

import http
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.domain.caller import Caller
from app.domain.problems import Busy, InternalError, Problem, TooSlow
from app.intake.accept import accepted_as, refusal_of
from app.intake.schemas import read_order
from app.store.commit.order_writer import NewOrder, Stored
from app.web.door.admission import admit, known_caller
from app.web.door.body import BODY_WITHIN, too_large
from app.web.door.door import ORDERS, Door
from app.web.door.receipt import Answer

log = structlog.get_logger()

HEAD_WITHIN = 20.0
"""Seconds for a head to arrive; uvicorn itself would wait for ever."""

LARGEST_HEAD = 64 * 1024
"""Bytes; the parser would keep a head of any size."""

_URL = ORDERS.encode()
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus}
_CLOSE = b"connection: close\r\n"
_ANYBODY = Caller("", "", "", drill=False)


@lru_cache(maxsize=64)
def _lines(fields: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % field for field in fields)


class _Nobody:
    """Stands for the event that wakes a coroutine: here none is asleep."""

    def set(self) -> None:
        """Wake nobody."""


class FastOrder:
    """One order on its way: to uvicorn one of its request cycles, to the group commit somebody who waits."""

    __slots__ = (
        "_caller",
        "_connection",
        "_idempotency_key",
        "_new",
        "_parts",
        "_size",
        "begun_at",
        "disconnected",
        "keep_alive",
        "response_complete",
        "whole",
    )

    message_event = _Nobody()

    def __init__(
        self, connection: "FastProtocol", caller: Caller, idempotency_key: str | None, *, keep_alive: bool
    ) -> None:
        self._connection, self._caller, self._idempotency_key = connection, caller, idempotency_key
        self._new: NewOrder
        self._parts: list[bytes] = []
        self._size = 0
        self.begun_at = connection.since
        self.keep_alive = keep_alive
        self.disconnected = self.response_complete = self.whole = False

    def take(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._size += len(piece)
        if self._size > self._connection.largest_body:
            self.refuse(too_large(self._connection.largest_body))
        else:
            self._parts.append(piece)

    def queue(self) -> None:
        """Queue the whole body as an order."""
        self.whole = True
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        try:
            self._new = self._connection.door.intake.queue(
                read_order(body), self._caller, idempotency_key=self._idempotency_key, waiter=self
            )
        except Problem as problem:
            self.refuse(problem)
        except Exception as error:
            log.error("door_broke", reason=type(error).__name__, exc_info=True)  # noqa: G201
            self.refuse(InternalError())

    def done(self) -> bool:
        """Tell whether the client has gone; its order stays."""
        return self.disconnected

    def set_result(self, stored: Stored) -> None:
        """Answer: the order is on disk."""
        try:
            door = self._connection.door
            self._answer(door.answers.receipt(accepted_as(self._new, stored)), next(door.request_ids))
        except Problem as problem:
            self.refuse(problem)
        except Exception as error:  # one client's trouble must not become that of all who share the commit
            log.error("answer_broke", reason=type(error).__name__, exc_info=True)  # noqa: G201
            self._connection.transport.abort()

    def set_exception(self, error: Exception) -> None:
        """Answer: nothing could take the order."""
        self.refuse(refusal_of(error))

    def refuse(self, problem: Problem) -> None:
        """Answer with a problem."""
        door = self._connection.door
        request_id = next(door.request_ids)
        self._answer(door.answers.refusal(problem, request_id), request_id)

    def _answer(self, answer: Answer, request_id: str) -> None:
        if not self.response_complete:
            self.response_complete = True
            self._connection.write(answer, request_id, keep_alive=self.keep_alive)


class FastProtocol(HttpToolsProtocol):
    """One connection; see the module."""

    cycle: Any  # a FastOrder here, uvicorn's own where a request goes to a route

    def __init__(self, *arguments: Any, door: Door, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self.door, self.largest_body = door, door.bodies.limit
        self.since = self.loop.time()
        self.in_head = False
        self._head_size = 0

    # ---- what the parser finds ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a head; a scope is made only for a request that goes to a route."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self.since = self.loop.time()
        self.in_head, self._head_size = True, 0

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self.in_head = False
        if self._crowded() and not self._answers_another():
            self.cycle = FastOrder(self, _ANYBODY, None, keep_alive=False)
            self.cycle.refuse(Busy())
            return
        if (chosen := self._fast_order()) is not None:
            self.cycle = chosen
            return
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)  # the very list that the scope holds
        super().on_headers_complete()

    def _answers_another(self) -> bool:
        """Tell whether an earlier request of this connection has no answer yet: what was sent ahead waits its turn."""
        return self.cycle is not None and not self.cycle.response_complete

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
            or self.expect_100_continue
            or self.config.access_log
            or self.flow.write_paused
            or self._answers_another()
        ):
            return None
        fields = dict(self.headers)
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
        return FastOrder(self, caller, idempotency_key, keep_alive=parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        cycle = self.cycle
        if type(cycle) is not FastOrder:
            super().on_body(body)
        elif not cycle.response_complete:
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
        """Feed the parser."""
        super().data_received(data)
        if self.in_head:
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD:
                self.cut_off(431)

    def _unset_keepalive_if_required(self) -> None:
        """Do nothing: there is no timer, see :meth:`look`."""

    def on_response_complete(self) -> None:
        """Go on with the next request of the connection, or begin to rest."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.since = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    def write(self, answer: Answer, request_id: str, *, keep_alive: bool) -> None:
        """Write an order's answer, whole."""
        status, extra, body = answer
        self.transport.write(
            b"%b%b%b%bcontent-length: %d\r\nx-request-id: %b\r\n\r\n%b"
            % (
                _STATUS_LINES[status],
                _lines(tuple(self.server_state.default_headers)),  # the same for a second
                _lines(tuple(extra)),
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
        """Cut off a head or a body that drips, and close what has rested long enough."""
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

    def cut_off(self, status: int) -> None:
        """End a connection whose head will never be a request."""
        self.in_head = False
        self.transport.write(_STATUS_LINES[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


Connections: TypeAlias = Iterable[Any]


def look_at_all(connections: Connections, now: float) -> None:
    """Look at every connection's clock."""
    for connection in list(connections):
        if isinstance(connection, FastProtocol):
            connection.look(now)
