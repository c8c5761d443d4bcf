"""The door itself: one ASGI step in front of everything else, because every microsecond here is taken from an order.

It reads the body, knows the key by heart, and hands the order to the intake. All other requests go on to FastAPI, which
documents this route in its OpenAPI (see orders.py) and answers it the same way if it ever gets there.
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.idempotency import key_of_header
from app.domain.problems import Forbidden, InternalError, Problem, Unauthenticated, UnsupportedMedia
from app.intake.accept import Accepted, Caller, Intake
from app.intake.schemas import read_order
from app.store.commit.order_writer import NewOrder
from app.store.commit.writer_thread import Waiter
from app.telemetry.metrics import Metrics
from app.web.auth import Access, bearer_of
from app.web.door.body import BodyReader, ClientGone, Fields, Headers
from app.web.problems import MEDIA_TYPE, body_of, headers_of, status_of

log = structlog.get_logger()

ORDERS = "/v1/orders"
Answer = tuple[int, Headers, bytes]

_JSON_HEADERS: Headers = [(b"content-type", b"application/json")]
_REPLAYED_HEADERS: Headers = [*_JSON_HEADERS, (b"idempotent-replayed", b"true")]


class Door:
    """Answers ``POST /v1/orders``; everything else goes to ``inner``."""

    def __init__(
        self,
        inner: ASGIApp,
        *,
        intake: Intake,
        access: Access,
        metrics: Metrics,
        bodies: BodyReader,
        zone: ZoneInfo,
        drop_in: Mapping[str, ASGIApp],
    ) -> None:
        self._inner = inner
        self._drop_in = drop_in
        self._intake = intake
        self._access = access
        self._metrics = metrics
        self._bodies = bodies
        self._zone = zone
        self._request_ids = request_ids()
        self._last_moment: tuple[datetime | None, str] = (None, "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == ORDERS:
            await self.take_order(scope, receive, send)
        elif scope["type"] == "http" and (door := self._drop_in.get(scope["path"])) is not None:
            await door(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def take_order(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept one canonical order and answer."""
        headers = scope["headers"]
        request_id = next(self._request_ids)
        try:
            status, extra, body = await self._accept(headers, receive)
        except Problem as problem:
            status, extra, body = self.refusal(problem, request_id)
        except ClientGone:
            return
        except Exception as error:
            log.error("door_broke", request_id=request_id, reason=type(error).__name__, exc_info=True)  # noqa: G201
            status, extra, body = self.refusal(InternalError(), request_id)
        await send_answer(send, (status, extra, body), request_id)

    async def _accept(self, headers: Headers, receive: Receive) -> Answer:
        fields = dict(headers)
        token = bearer_of(fields)
        if token is None:
            raise Unauthenticated
        caller = self._access.find(token) or await self._access.caller(token)
        key = key_of(fields, caller)
        body = await self._bodies.read(fields, receive)
        return self.receipt_of(await self._intake.accept(read_order(body), caller, key=key))

    def known(self, fields: Fields) -> Caller | None:
        """Return who holds the key of a request, as far as we know it by heart."""
        token = bearer_of(fields)
        return None if token is None else self._access.find(token)

    def prepare(self, body: bytes, caller: Caller, *, key: str | None) -> NewOrder:
        """Check, number and seal the order in ``body``.

        Raises:
            Problem: it is not in order.
        """
        return self._intake.prepare(read_order(body), caller, key=key)

    def hand_over(self, new: NewOrder, waiting: Waiter) -> None:
        """Queue an order for the disk; ``waiting`` hears what becomes of it.

        Raises:
            Busy: the queue is full.
        """
        self._intake.hand_over(new, waiting)

    def receipt_of(self, accepted: Accepted) -> Answer:
        """Return the whole answer to an accepted order."""
        if accepted.replayed:
            return 200, _REPLAYED_HEADERS, self.receipt(accepted)
        return 201, _JSON_HEADERS, self.receipt(accepted)

    def next_request_id(self) -> str:
        """Return the id by which the next request is found in the log."""
        return next(self._request_ids)

    def receipt(self, accepted: Accepted) -> bytes:
        """Return what the client is told of an accepted order."""
        number = accepted.number
        return (
            f'{{"order_number":"{number}","status":"accepted","priority":"{accepted.priority}",'
            f'"received_at":"{self.moment(accepted.received_at)}",'
            f'"message":"订单已受理，单号 {number}，我们会尽快为您处理，请勿重复下单。"}}'
        ).encode()

    def moment(self, at: datetime) -> str:
        """Return a moment as RFC 3339 on the merchant's wall clock; orders of one commit share theirs."""
        known, text = self._last_moment
        if known is not at:
            text = at.astimezone(self._zone).isoformat()
            self._last_moment = at, text
        return text

    def refusal(self, problem: Problem, request_id: str) -> Answer:
        """Return a problem as an answer, counted and logged."""
        self._metrics.refusals.labels(problem.code).inc()
        log.info(
            "order_refused", code=problem.code, request_id=request_id, pointers=[e.pointer for e in problem.errors][:10]
        )
        extra = [(name.encode(), value.encode()) for name, value in headers_of(problem).items()]
        return (
            status_of(problem),
            [(b"content-type", MEDIA_TYPE.encode()), *extra],
            body_of(problem, request_id=request_id),
        )


def request_ids() -> Iterator[str]:
    """Yield ids by which requests are found in the log: one random word a process, then a count."""
    process = os.urandom(4).hex()
    return (f"{process}-{n:x}" for n in itertools.count(1))


async def send_answer(send: Send, answer: Answer, request_id: str) -> None:
    """Send a whole answer."""
    status, extra, body = answer
    headers = [*extra, (b"content-length", b"%d" % len(body)), (b"x-request-id", request_id.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def key_of(fields: Fields, caller: Caller) -> str | None:
    """Return the idempotency key of a canonical order's head, None where it names none.

    Raises:
        Problem: the head says that nothing of this request may become an order.
    """
    if caller.scope != "intake":
        raise Forbidden("该密钥没有下单权限，请使用 intake 密钥。")
    if not _is_json(fields.get(b"content-type", b"application/json")) or b"content-encoding" in fields:
        raise UnsupportedMedia
    return key_in(fields)


def key_in(fields: Fields) -> str | None:
    """Return the idempotency key among header fields.

    Raises:
        BadIdempotencyKey: there is one, and it has not the published form.
    """
    value = fields.get(b"idempotency-key")
    return None if value is None else key_of_header(value.decode("latin-1"))


def _is_json(content_type: bytes) -> bool:
    if content_type == b"application/json":
        return True
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))
