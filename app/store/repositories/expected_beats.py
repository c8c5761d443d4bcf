"""Heartbeats that others owe us: named, heard of, removed; each change of one holds its row."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain.heartbeat import Beat
from app.store.statements import insert_new
from app.store.tables import ExpectedBeat

MOST = 200
"""Heartbeats of a deployment; a job is no order."""


class ExpectedBeatRepository:
    """Keeps what is owed and what was heard."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[ExpectedBeat]:
        """Return every heartbeat by its name."""
        return list(self._session.scalars(select(ExpectedBeat).order_by(ExpectedBeat.name).limit(MOST)))

    def locked(self, name: str) -> ExpectedBeat | None:
        """Return a heartbeat as it stands, held for the caller's transaction."""
        return self._session.get(ExpectedBeat, name, with_for_update=True, populate_existing=True)

    def named(self, row: ExpectedBeat) -> ExpectedBeat:
        """Return the heartbeat of a name, locked: the one there is by now, or this one, added."""
        insert_new(self._session, ExpectedBeat, [row.model_dump()], unique=("name",))
        return self._session.get_one(ExpectedBeat, row.name, with_for_update=True, populate_existing=True)

    def keep(self, row: ExpectedBeat, beat: Beat) -> None:
        """Write down how a heartbeat stands that was locked."""
        row.every_s, row.grace_s = _seconds(beat.every), _seconds(beat.grace)
        row.most_failures, row.failures = beat.most_failures, beat.failures
        row.due_at, row.started_at = beat.due_at, beat.started_at
        self._session.add(row)

    def remove(self, name: str) -> bool:
        """Forget a heartbeat; False if there is none of that name."""
        return bool(self._session.execute(delete(ExpectedBeat).where(ExpectedBeat.name == name)).rowcount)


def beat_of(row: ExpectedBeat) -> Beat:
    """Return a heartbeat as the rules of time see it."""
    return Beat(
        every=timedelta(seconds=row.every_s),
        grace=timedelta(seconds=row.grace_s),
        most_failures=row.most_failures,
        due_at=row.due_at,
        started_at=row.started_at,
        failures=row.failures,
    )


def _seconds(time: timedelta) -> int:
    return int(time / timedelta(seconds=1))
