"""Renders what a client is told of its order, accepted or refused, byte for byte the same on every way in."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.domain.problems import Problem
from app.intake.accept import Accepted
from app.telemetry.metrics import Metrics
from app.web.door.body import Headers
from app.web.problems import MEDIA_TYPE, body_of, headers_of, status_of

log = structlog.get_logger()

REPLAYED: Headers = ((b"idempotent-replayed", b"true"),)
_JSON: Headers = ((b"content-type", b"application/json"),)
_JSON_REPLAYED: Headers = _JSON + REPLAYED


class Answer(NamedTuple):
    """A whole answer but for its length and its request's id."""

    status: int
    headers: Headers
    body: bytes


class AnswerResponse(Response):
    """Sends an answer, or nothing where the client has hung up before its request was whole."""

    def __init__(self, answer: Answer | None) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        if self._answer is not None:
            await send_answer(send, self._answer)


async def send_answer(send: Send, answer: Answer, *more: tuple[bytes, bytes]) -> None:
    """Send a whole answer with ``more`` header fields."""
    headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body)), *more]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


class OrderAnswers:
    """Renders receipts on the merchant's wall clock, and refusals, which it counts."""

    def __init__(self, *, zone: ZoneInfo, metrics: Metrics) -> None:
        self._zone = zone
        self._metrics = metrics
        self._last_moment: tuple[datetime | None, str] = (None, "")

    def receipt(self, accepted: Accepted) -> Answer:
        """Return the answer to an accepted order, and to a repeat of it."""
        number = accepted.number
        body = (
            f'{{"order_number":"{number}","status":"accepted","priority":"{accepted.priority}",'
            f'"received_at":"{self._moment(accepted.received_at)}",'
            f'"message":"订单已受理，单号 {number}，我们会尽快为您处理，请勿重复下单。"}}'
        ).encode()
        return Answer(200, _JSON_REPLAYED, body) if accepted.replayed else Answer(201, _JSON, body)

    def refusal(self, problem: Problem, request_id: str) -> Answer:
        """Return the answer to a refused order."""
        self.note_refusal(problem, request_id)
        extra = [(name.encode(), value.encode()) for name, value in headers_of(problem).items()]
        headers = ((b"content-type", MEDIA_TYPE.encode()), *extra)
        return Answer(status_of(problem), headers, body_of(problem, request_id=request_id))

    def note_refusal(self, problem: Problem, request_id: str, **where: str) -> None:
        """Count a refused order and name what was wrong with it in the log."""
        self._metrics.refusals.labels(problem.code).inc()
        pointers = [error.pointer for error in problem.errors][:10]
        log.info("order_refused", code=problem.code, request_id=request_id, pointers=pointers, **where)

    def _moment(self, at: datetime) -> str:
        """Return a moment as RFC 3339; orders of one commit share theirs."""
        known, text = self._last_moment
        if known is not at:
            text = at.astimezone(self._zone).isoformat()
            self._last_moment = at, text
        return text
