"""What probes of dependencies found, in windows of ten minutes, and how our own pings of a dead man's switch went."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain.dependency import Probed
from app.store.statements import insert_new
from app.store.tables import DependencyWindow, OutgoingPing

WINDOW = timedelta(minutes=10)
KEPT = timedelta(days=8)
"""With one probe a minute and twenty dependencies this is some twenty thousand rows, and never more."""

MOST_LATENCIES = 30
"""Kept of a window: two leaders for a moment probe twice."""


class DependencyRepository:
    """Keeps windows of probes, and the two pings."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, probe: Probed, *, at: datetime) -> None:
        """Add what a probe found to its window."""
        begins_at = datetime.fromtimestamp(at.timestamp() // WINDOW.total_seconds() * WINDOW.total_seconds(), at.tzinfo)
        blank = {"probes": 0, "errors": 0, "latencies_ms": [], "reason": ""}
        key = {"name": probe.name, "begins_at": begins_at}
        insert_new(self._session, DependencyWindow, [{**key, **blank}], unique=("name", "begins_at"))
        mine = select(DependencyWindow).where(
            DependencyWindow.name == probe.name, DependencyWindow.begins_at == begins_at
        )
        window = self._session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one()
        window.probes += 1
        if probe.ms is not None:
            window.latencies_ms = [*window.latencies_ms, probe.ms][-MOST_LATENCIES:]
            window.last_ok_at = at
        else:
            window.errors += 1
            window.reason = probe.reason[:80]
            window.first_error_at = window.first_error_at or at
        self._session.add(window)

    def windows(self, since: datetime, until: datetime) -> list[DependencyWindow]:
        """Return the windows that begin between two moments, oldest first."""
        w = DependencyWindow
        query = select(w).where(w.begins_at >= since, w.begins_at <= until).order_by(w.begins_at, w.name)
        return list(self._session.scalars(query))

    def forget_before(self, moment: datetime) -> int:
        """Forget windows that began before then; return how many."""
        return self._session.execute(delete(DependencyWindow).where(DependencyWindow.begins_at < moment)).rowcount

    def note_ping(self, name: str, *, at: datetime, reason: str) -> None:
        """Write down how a ping of ours went; an empty reason means that it was confirmed."""
        insert_new(self._session, OutgoingPing, [{"name": name, "tried_at": at, "reason": ""}], unique=("name",))
        row = self._session.get_one(OutgoingPing, name, populate_existing=True)
        row.tried_at, row.reason = at, reason[:80]
        row.ok_at = row.ok_at if reason else at
        self._session.add(row)

    def pings(self) -> dict[str, OutgoingPing]:
        """Return how our pings went last, by name."""
        return {row.name: row for row in self._session.scalars(select(OutgoingPing))}
