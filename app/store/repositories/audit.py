"""Who did what; rows are added and read, never changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.store.reach import STANDARD, Reach
from app.store.tables import Audit, AuditBlock
from app.store.tables.operations import UNCHAINED

CLOCKS_APART = timedelta(minutes=5)
"""How far two machines' clocks may be apart, so that a deed's time is not in the order of its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedFilter:
    """Which deeds are wanted; what is empty or None does not matter. ``until`` is the first moment not wanted."""

    actor: str = ""
    action: str = ""
    subjects: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeedPage:
    """Some deeds, newest first, and where to go on; ``unfinished`` if the look stopped for length."""

    deeds: tuple[Audit, ...]
    before: int | None
    unfinished: bool = False


class AuditRepository:
    """Writes down deeds and reads them back."""

    def __init__(self, session: Session, reach: Reach = STANDARD) -> None:
        self._session = session
        self._reach = reach

    def record(
        self,
        action: str,
        *,
        by: Actor,
        at: datetime,
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down one deed, in the transaction that does it."""
        deed = Audit(
            at=at,
            actor=by.name,
            way=by.way,
            action=action,
            subject=_text(subject),
            address=by.address,
            detail={_text(key): _storable(value) for key, value in (detail or {}).items()},
        )
        self._session.add(deed)

    def of(self, subject: str, action: str | None = None, *, limit: int = 200) -> list[Audit]:
        """Return what was done to ``subject``, oldest first."""
        query = select(Audit).where(Audit.subject == subject)
        if action is not None:
            query = query.where(Audit.action == action)
        return list(self._session.scalars(query.order_by(Audit.id).limit(limit)))

    def newest(self, subject: str, actions: Collection[str]) -> Audit | None:
        """Return the last of these deeds that was done to ``subject``."""
        query = select(Audit).where(Audit.subject == subject, Audit.action.in_(actions))
        return self._session.scalars(query.order_by(Audit.id.desc()).limit(1)).first()

    def of_each(self, subjects: Sequence[str], action: str, *, limit: int = 1000) -> dict[str, list[Audit]]:
        """Return what was done to each of a page of subjects, newest first, in one question."""
        query = select(Audit).where(Audit.subject.in_(subjects), Audit.action == action)
        found: dict[str, list[Audit]] = {}
        for deed in self._session.scalars(query.order_by(Audit.id.desc()).limit(limit)):
            found.setdefault(deed.subject, []).append(deed)
        return found

    def people(self, since: datetime, until: datetime, *, newest: int) -> list[tuple[str, int]]:
        """Return who did something between two moments and how often, the busiest first, among the ``newest`` deeds."""
        late = select(Audit.actor, Audit.at).order_by(Audit.id.desc()).limit(newest).subquery()
        deeds = func.count().label("deeds")
        mine = select(late.c.actor, deeds).where(late.c.at >= since, late.c.at <= until)
        found = self._session.execute(mine.group_by(late.c.actor).order_by(deeds.desc(), late.c.actor))
        return [(actor, count) for actor, count in found]

    def page(self, *, before: int | None = None, limit: int = 50) -> list[Audit]:
        """Return deeds, newest first."""
        query = select(Audit).order_by(Audit.id.desc()).limit(limit)
        return list(self._session.scalars(query if before is None else query.where(Audit.id < before)))

    def search(self, wanted: DeedFilter, *, before: int | None = None, limit: int = 50) -> DeedPage:
        """Return a page of the deeds that are wanted.

        By subject they are found by an index. Whatever else is asked for, one look goes back a stretch of rows at most,
        so that it costs the same however long the past is; times are bounds of ids, by bisection.
        """
        query = select(Audit)
        if wanted.actor:
            query = query.where(Audit.actor == wanted.actor)
        if wanted.action:
            query = query.where(Audit.action == wanted.action)
        if wanted.since is not None:
            query = query.where(Audit.at >= wanted.since)
        if wanted.until is not None:
            query = query.where(Audit.at < wanted.until)
        top, stop, floor = before, None, 1
        if wanted.subjects:
            query = query.where(Audit.subject.in_(wanted.subjects))
        else:
            floor = 1 if wanted.since is None else self._first_id_since(wanted.since - CLOCKS_APART)
            end = None if wanted.until is None else self._first_id_since(wanted.until + CLOCKS_APART)
            newest = (self._session.scalar(select(func.max(Audit.id))) or 0) + 1
            top = min(one for one in (before, end, newest) if one is not None)
            stop = max(top - self._reach.stretch, floor)
            query = query.where(Audit.id >= stop)
        if top is not None:
            query = query.where(Audit.id < top)
        found = self._session.scalars(query.order_by(Audit.id.desc()).limit(limit + 1)).all()
        if len(found) > limit:
            return DeedPage(tuple(found[:limit]), found[limit - 1].id)
        if stop is not None and stop > floor:
            return DeedPage(tuple(found), stop, unfinished=True)
        return DeedPage(tuple(found), None)

    def _first_id_since(self, moment: datetime) -> int:
        """Return about the first row id of the deeds at ``moment`` or later."""
        low, high = 1, (self._session.scalar(select(func.max(Audit.id))) or 0) + 1
        while low < high:
            middle = (low + high) // 2
            at = self._session.scalar(select(Audit.at).where(Audit.id >= middle).order_by(Audit.id).limit(1))
            if at is None or at >= moment:
                high = middle
            else:
                low = middle + 1
        return low

    # ---- the chain -------------------------------------------------------------------------------------------------

    def unchained(self, *, limit: int) -> list[Audit]:
        """Return deeds that no block holds yet, locked for the caller's transaction.

        Claimed by what is still missing and never by a range of ids: a deed that commits late is in the next block.
        """
        query = select(Audit).where(UNCHAINED.query).order_by(Audit.id).limit(limit)
        return list(self._session.scalars(query.with_for_update(skip_locked=True)))

    def last_block(self) -> AuditBlock | None:
        """Return the newest block of the chain."""
        return self._session.scalars(select(AuditBlock).order_by(AuditBlock.id.desc()).limit(1)).first()

    def newest_blocks(self, *, limit: int) -> list[AuditBlock]:
        """Return the newest blocks of the chain, newest first."""
        return list(self._session.scalars(select(AuditBlock).order_by(AuditBlock.id.desc()).limit(limit)))

    def add_block(self, deeds: Sequence[Audit], *, hash_: str, now: datetime) -> None:
        """Add a block that holds ``deeds``."""
        block = AuditBlock(deeds=len(deeds), hash=hash_, made_at=now)
        self._session.add(block)
        self._session.flush()
        for deed in deeds:
            deed.block_id, deed.chained_at = block.id, now
            self._session.add(deed)

    def blocks(self, *, after: int, limit: int = 100) -> list[AuditBlock]:
        """Return blocks in the order of the chain."""
        query = select(AuditBlock).where(AuditBlock.id > after).order_by(AuditBlock.id).limit(limit)
        return list(self._session.scalars(query))

    def in_block(self, block_id: int) -> list[Audit]:
        """Return the deeds of a block, in the order in which its hash covers them."""
        return list(self._session.scalars(select(Audit).where(Audit.block_id == block_id).order_by(Audit.id)))

    def unchained_count(self) -> int:
        """Return how many deeds no block holds yet."""
        return self._session.scalar(select(func.count()).select_from(Audit).where(UNCHAINED.query)) or 0


def _text(value: str) -> str:
    """Return a text that both engines can keep: of a file's name in a foreign encoding, what can be read."""
    return value.encode("utf-8", "replace").decode().replace("\0", "?")


def _storable(value: object) -> object:
    """Return a value of JSON whose texts both engines can keep."""
    match value:
        case str():
            return _text(value)
        case Mapping():
            return {_text(str(key)): _storable(one) for key, one in value.items()}
        case list() | tuple():
            return [_storable(one) for one in value]
        case _:
            return value
