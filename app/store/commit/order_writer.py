"""Writes accepted orders, a whole batch in one transaction, and tells each whether it is new or was here before."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from app.domain.names import incident_name
from app.domain.order import Priority
from app.domain.passed_on import PassedOn
from app.store.commit.insert_orders import ROWS_AT_ONCE, Cursor, Row, insert_postgresql, insert_sqlite
from app.store.commit.passed_on_rows import gravest, note_passed_on
from app.store.database.engine import Engines
from app.store.database.room import TO_RETURN, DiskFull, free_bytes
from app.store.database.sqlite import begin_at_once
from app.store.statements import chunks
from app.store.tables.incident import OPEN


class NewOrder(NamedTuple):
    """An order as the door hands it over, in the column order of the INSERT up to ``drill``."""

    number: str
    client_id: str
    idempotency_key: str
    client_order_id: str | None
    profile: str | None
    fingerprint: bytes
    look_alike: bytes
    phone_index: bytes
    phone_last4: str
    total_fen: int | None
    priority: Priority
    sealed: bytes
    sealed_payload: bytes | None
    drill: bool  # decides the incident too
    passed_on: PassedOn | None = None  # what a proxy said of this attempt, where the main system may have the order


class Stored(NamedTuple):
    """What the store holds under an order's number after the write."""

    received_at: datetime
    priority: Priority
    replayed: bool
    same_body: bool


@dataclass(frozen=True, slots=True)
class Existing:
    """The row that was there first."""

    fingerprint: bytes
    received_at: datetime
    priority: Priority


_READ_AT_ONCE = 100
_COLUMNS = NewOrder._fields.index("drill") + 1


class OrderWriter:
    """The one place that inserts orders; used by the door and by the drain of the spool."""

    def __init__(
        self,
        engines: Engines,
        *,
        zone: ZoneInfo,
        shard: int | None = None,
        room: Callable[[Engine], int] = free_bytes,
    ) -> None:
        self._room = room
        self._engine = engines.writer
        self._sqlite = engines.is_sqlite
        self._mark = "?" if engines.is_sqlite else "%s"
        self._zone = zone
        # SQLite has one writer anyway; on PostgreSQL replicas must not queue for one counter row.
        self._shard = (0 if engines.is_sqlite else os.getpid() % 64) if shard is None else shard

    def write(self, batch: Sequence[NewOrder], moments: Sequence[datetime]) -> list[Stored]:
        """Write ``batch`` in one transaction; ``moments`` are their times of acceptance, aware UTC.

        When this returns, every order is on disk. Whatever it raises, none of the batch may be called accepted.
        An empty batch commits a mark of its own and so tells whether orders could be committed, not just the next one.
        """
        if not batch:
            self._prove_it_commits()
            return []
        first: dict[str, int] = {}
        for i, new in enumerate(batch):
            first.setdefault(new.number, i)
        with self._transaction() as cursor:
            incidents = {
                drill: self._incident(cursor, drill=drill, now=moments[0]) for drill in {new.drill for new in batch}
            }
            written = {at: self._moment(at) for at in set(moments)}  # the door gives a whole batch one moment
            # Sorted, so that two replicas with the same keys wait for each other instead of deadlocking.
            in_order = sorted(first)
            if len(incidents) > 1:
                in_order.sort(key=lambda number: batch[first[number]].drill)
            rows = [
                (*batch[i][:_COLUMNS], "accepted", incidents[batch[i].drill], written[moments[i]])
                for i in (first[number] for number in in_order)
            ]
            won = self._insert(cursor, rows)
            lost = [number for number in first if number not in won] if len(won) < len(first) else ()
            existing = self._read(cursor, lost) if lost else {}
            for drill, incident in incidents.items():
                self._count(cursor, incident, sum(batch[first[number]].drill is drill for number in won))
            if said := gravest((new.number, new.passed_on) for new in batch if new.passed_on is not None):
                at = {number: (what, written[moments[first[number]]]) for number, what in said.items()}
                note_passed_on(cursor, at, mark=self._mark)
        return list(_answers(batch, moments, first=first, existing=existing))

    @contextmanager
    def _transaction(self) -> Iterator[Cursor]:
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            if self._sqlite:
                begin_at_once(cursor)
            yield cursor
            connection.commit()
            cursor.close()
        except BaseException:
            connection.invalidate()  # whatever state it is in, nobody uses it again; closing it rolls back
            raise
        finally:
            connection.close()

    def _insert(self, cursor: Cursor, rows: Sequence[Row]) -> set[str]:
        """Insert what is not there yet; return the numbers of the rows that are new."""
        if self._sqlite:
            return {number for part in chunks(rows, ROWS_AT_ONCE) for number in insert_sqlite(cursor, part)}
        return insert_postgresql(cursor, rows)

    def _read(self, cursor: Cursor, numbers: Sequence[str]) -> dict[str, Existing]:
        found = {}
        for part in chunks(numbers, _READ_AT_ONCE):
            marks = ", ".join([self._mark] * len(part))
            cursor.execute(
                f"SELECT number, fingerprint, received_at, priority FROM orders WHERE number IN ({marks})", tuple(part)
            )
            for number, fingerprint, received_at, priority in cursor.fetchall():
                at = (
                    datetime.fromisoformat(received_at).replace(tzinfo=UTC)
                    if self._sqlite
                    else received_at.astimezone(UTC)
                )
                found[number] = Existing(bytes(fingerprint), at, cast("Priority", priority))
        return found

    def _incident(self, cursor: Cursor, *, drill: bool, now: datetime) -> int:
        # FOR SHARE: closing an incident waits for the orders that are on their way into it. It also makes a transaction
        # of replays alone one that writes, so that its commit waits for the standby as that of the orders did.
        sql = f"SELECT id FROM incident WHERE drill = {self._mark} AND {OPEN.index}" + (
            "" if self._sqlite else " FOR SHARE"
        )
        found = cursor.execute(sql, (drill,)).fetchone()
        if found is None:
            self._open_incident(cursor, drill=drill, now=now)
            found = cursor.execute(sql, (drill,)).fetchone()
        return int(found[0])

    def _open_incident(self, cursor: Cursor, *, drill: bool, now: datetime) -> None:
        """Open one for the first order; where another replica was first, theirs serves."""
        m = self._mark
        (serial,) = cursor.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM incident").fetchone()
        values = (
            incident_name(now, serial, drill=drill, zone=self._zone),
            drill,
            "首单自动开启",
            "door",
            self._moment(now),
        )
        cursor.execute(
            f"INSERT INTO incident (name, drill, reason, opened_by, opened_at) "
            f"VALUES ({m}, {m}, {m}, {m}, {m}) ON CONFLICT DO NOTHING",
            values,
        )

    def _count(self, cursor: Cursor, incident: int, orders: int) -> None:
        if orders == 0:
            return
        m = self._mark
        cursor.execute(
            f"INSERT INTO tally (incident_id, shard, accepted) VALUES ({m}, {m}, {m}) "
            "ON CONFLICT (incident_id, shard) DO UPDATE SET accepted = tally.accepted + excluded.accepted",
            (incident, self._shard, orders),
        )

    def _prove_it_commits(self) -> None:
        if self._sqlite and self._room(self._engine) < TO_RETURN:
            raise DiskFull  # else the store would come back for one commit, and be away with the next
        with self._transaction() as cursor:
            cursor.execute(
                f"INSERT INTO instance (name, value) VALUES ('probe', {self._mark}) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (os.urandom(8).hex(),),
            )

    def _moment(self, at: datetime) -> object:
        return at.strftime("%Y-%m-%d %H:%M:%S.%f") if self._sqlite else at


def _answers(
    batch: Sequence[NewOrder],
    moments: Sequence[datetime],
    *,
    first: Mapping[str, int],
    existing: Mapping[str, Existing],
) -> Iterator[Stored]:
    """Yield what each order of a batch is told; new orders of one moment and priority are told the same."""
    fresh: dict[tuple[datetime, Priority], Stored] = {}
    for i, new in enumerate(batch):
        winner = first[new.number]
        earlier = existing.get(new.number)
        if earlier is None and winner == i:
            at = moments[i]
            told = fresh.get((at, new.priority))
            if told is None:
                told = fresh[at, new.priority] = Stored(at, new.priority, replayed=False, same_body=True)
            yield told
            continue
        if earlier is None:  # twice in this batch
            earlier = Existing(batch[winner].fingerprint, moments[winner], batch[winner].priority)
        same = earlier.fingerprint == new.fingerprint
        yield Stored(earlier.received_at, earlier.priority, replayed=True, same_body=same)
