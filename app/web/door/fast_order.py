"""One order on the fast path: read off its connection, queued for the group commit, answered once it is on disk."""

import asyncio
from typing import Protocol

import structlog

from app.domain.caller import Caller
from app.domain.passed_on import PassedOn
from app.domain.problems import InternalError, Problem
from app.intake.accept import accepted_as, refusal_of
from app.intake.schemas import read_order
from app.store.commit.order_writer import NewOrder, Stored
from app.web.door.body import too_large
from app.web.door.door import Door
from app.web.door.receipt import Answer

log = structlog.get_logger()


class OrderConnection(Protocol):
    """The connection an order came by."""

    door: Door
    largest_body: int
    since: float
    transport: asyncio.Transport

    def write(self, answer: Answer, request_id: str, *, keep_alive: bool) -> None:
        """Write an order's answer, whole."""
        ...


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
        "_passed_on",
        "_size",
        "begun_at",
        "disconnected",
        "keep_alive",
        "response_complete",
        "whole",
    )

    message_event = _Nobody()

    def __init__(
        self,
        connection: OrderConnection,
        caller: Caller,
        idempotency_key: str | None,
        *,
        keep_alive: bool,
        passed_on: PassedOn | None = None,
    ) -> None:
        self._connection, self._caller, self._idempotency_key = connection, caller, idempotency_key
        self._passed_on = passed_on
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
                read_order(body),
                self._caller,
                idempotency_key=self._idempotency_key,
                waiter=self,
                passed_on=self._passed_on,
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
        except Exception as error:  # noqa: BLE001 - this client's trouble is not that of all who share the commit
            self._broke(error)

    def set_exception(self, error: Exception) -> None:
        """Answer: nothing could take the order."""
        self.refuse(refusal_of(error))

    def refuse(self, problem: Problem) -> None:
        """Answer with a problem."""
        try:
            door = self._connection.door
            request_id = next(door.request_ids)
            self._answer(door.answers.refusal(problem, request_id), request_id)
        except Exception as error:  # noqa: BLE001 - this client's trouble is not that of all who share the commit
            self._broke(error)

    def _answer(self, answer: Answer, request_id: str) -> None:
        if not (self.response_complete or self.disconnected):
            self.response_complete = True
            self._connection.write(answer, request_id, keep_alive=self.keep_alive)

    def _broke(self, error: Exception) -> None:
        """End the connection: without an answer its client asks again, and whoever shares the commit hears nothing."""
        self._connection.transport.abort()
        log.error("answer_broke", reason=type(error).__name__, exc_info=error)
