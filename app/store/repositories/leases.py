"""Roles that one process holds at a time."""

from datetime import UTC, datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app.store.statements import insert_new
from app.store.tables import Lease

LEADER = "leader"
"""The lease of the worker that makes batches and sweeps."""


class LeaseRepository:
    """Takes and gives up leases by guarded update."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, name: str, *, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew a lease; False while somebody else holds it.

        A lease that claims to last longer than a fresh one would was written before the clock was set back; it is as
        good as expired.
        """
        insert_new(self._session, Lease, [{"name": name, "holder": holder, "until": until}], unique=("name",))
        longest = until + (until - now)
        free = or_(Lease.holder == holder, Lease.until < now, Lease.until > longest)
        statement = update(Lease).where(Lease.name == name, free).values(holder=holder, until=until)
        return self._session.execute(statement).rowcount == 1

    def serialise(self, name: str) -> None:
        """Wait for every other transaction that does something under ``name``, and make the next ones wait for ours.

        SQLite's writers stand in line anyway.
        """
        epoch = datetime.fromtimestamp(0, UTC)
        insert_new(self._session, Lease, [{"name": name, "holder": "", "until": epoch}], unique=("name",))
        self._session.execute(select(Lease.name).where(Lease.name == name).with_for_update())

    def give_up(self, name: str, *, holder: str) -> None:
        """Give up a lease, so that another need not wait for its end."""
        self._session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))

    def get(self, name: str) -> Lease | None:
        """Return a lease, held or run out."""
        return self._session.scalars(select(Lease).where(Lease.name == name)).first()
