"""Gives dead letters another try, because a person says so."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.domain.states import MessageState
from app.store.unit_of_work import UnitOfWork

MOST = 10_000
"""Dead letters one call takes up; whatever is left waits for the next."""


class MessageError(Refusal):
    """Messages cannot be queued again so; the message is for the person who tried."""


def requeue_dead(uow: UnitOfWork, ids: Sequence[int] | None, *, by: Actor, now: datetime) -> int:
    """Queue dead letters again, all of them if ``ids`` is None; return how many were dead still.

    Raises:
        MessageError: there is nothing to queue.
    """
    chosen = [m.id or 0 for m in uow.messages.in_state(MessageState.DEAD, limit=MOST)] if ids is None else list(ids)
    if not chosen:
        raise MessageError("请给出消息编号，或用 --all。" if ids is not None else "没有死信。")
    moved = sum(uow.messages.requeue(message_id, now=now) for message_id in chosen)
    uow.audit.record("messages.retry", by=by, at=now, detail={"count": moved})
    return moved
