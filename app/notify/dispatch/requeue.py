"""Gives dead letters another try, because a person says so: some, those of a kind or since a time, or all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.channels.kinds import KINDS
from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.domain.states import MessageState
from app.domain.subject import Subject, kind_of
from app.store.unit_of_work import UnitOfWork

MOST = 10_000
"""Dead letters one call takes up; whatever is left waits for the next."""

KINDS_OF_MESSAGES: dict[str, frozenset[tuple[str, str]]] = {
    name: frozenset((s, c) for s in Subject for c in KINDS if kind_of(s, c) == name)
    for name in sorted({kind_of(subject, channel) for subject in Subject for channel in KINDS})
}
"""The (subject, channel) pairs of each public name."""


class MessageError(Refusal):
    """Messages cannot be queued again so; the message is for the person who tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """Which dead letters are meant: those of ``ids``, or those of a ``kind`` and given up ``since`` then; or all."""

    ids: tuple[int, ...] | None = None
    kind: str = ""
    since: datetime | None = None


def chosen_dead(uow: UnitOfWork, wanted: DeadLetters) -> list[int]:
    """Return which dead letters would be queued again, :data:`MOST` at most.

    Raises:
        MessageError: no messages are of that kind.
    """
    if wanted.ids is not None:
        known = (uow.messages.get(message_id) for message_id in dict.fromkeys(wanted.ids))
        return [message.id or 0 for message in known if message is not None and message.state == MessageState.DEAD]
    return uow.dead_letters.ids(kinds=_pairs(wanted.kind), since=wanted.since, limit=MOST)


def requeue_dead(uow: UnitOfWork, wanted: DeadLetters, *, by: Actor, now: datetime) -> int:
    """Queue dead letters again; return how many were dead still.

    Raises:
        MessageError: there is nothing to queue, or no messages are of that kind.
    """
    if wanted.ids == ():
        raise MessageError("请给出消息编号，或用 --all、--kind、--since。")
    chosen = chosen_dead(uow, wanted)
    if not chosen and wanted.ids is None:
        raise MessageError(
            "没有发送失败的消息。" if not (wanted.kind or wanted.since) else "没有这样的发送失败的消息。"
        )
    moved = uow.dead_letters.requeue(chosen, now=now)
    since = wanted.since.isoformat() if wanted.since else None
    which = {"ids": list(wanted.ids[:100]) if wanted.ids else None, "kind": wanted.kind or None, "since": since}
    told = {name: value for name, value in which.items() if value is not None}
    uow.audit.record("messages.retry", by=by, at=now, detail={"count": moved, **told})
    return moved


def _pairs(kind: str) -> Collection[tuple[str, str]] | None:
    if not kind:
        return None
    if kind not in KINDS_OF_MESSAGES:
        raise MessageError(f"没有“{kind}”这类消息，可选：{'、'.join(KINDS_OF_MESSAGES)}。")
    return KINDS_OF_MESSAGES[kind]
