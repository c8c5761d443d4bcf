"""The drain may be cut off anywhere and done again: nothing is lost, and nothing doubled."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from pysqlite3 import dbapi2 as sqlite3

from app.intake.drain import PAGE, StoreRefuses, drain_once
from app.store.commit.order_writer import NewOrder, Stored
from app.store.spool.file import Spool, SpoolFull, digest_of
from tests.deployment.facts import TEN, seconds
from tests.deployment.orders import new_order, new_orders
from tests.fakes.clock import ClockAt

ROOM = 1 << 20


class CutOff(BaseException):
    """The process dies here."""


@dataclass
class FakeStore:
    """A store; ``poison`` are numbers it will not take, ``dies_after`` the write at which the process is cut off.

    ``cut_at`` are writes whose COMMIT is done and never answered.
    """

    kept: dict[str, tuple[NewOrder, datetime]] = field(default_factory=dict)
    poison: set[str] = field(default_factory=set)
    away: bool = False
    dies_after: int | None = None
    cut_at: set[int] = field(default_factory=set)
    writes: int = 0

    def write(self, batch: Sequence[NewOrder], moments: Sequence[datetime]) -> list[Stored]:
        self.writes += 1
        if self.away:
            raise OSError("away")
        if self.poison & {order.number for order in batch}:
            raise ValueError("poison")
        stored = [self._keep(order, at) for order, at in zip(batch, moments, strict=True)]
        if self.writes in self.cut_at:
            raise psycopg.OperationalError("server closed the connection unexpectedly")  # during COMMIT
        if self.writes == self.dies_after:
            raise CutOff  # committed, and the drain never hears of it
        return stored

    def _keep(self, order: NewOrder, at: datetime) -> Stored:
        new = order.number not in self.kept
        first, first_at = self.kept.setdefault(order.number, (order, at))
        return Stored(first_at, first.priority, replayed=not new, same_body=first.fingerprint == order.fingerprint)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "spool-0.db"


def _fill(path: Path, *orders: NewOrder) -> None:
    spool = Spool(path, max_bytes=ROOM)
    spool.write(orders, [TEN] * len(orders))
    spool.close()


def _drain(path: Path, store: FakeStore):
    return drain_once(path.parent, store=store, clock=ClockAt(TEN), max_bytes=ROOM)


def _left(path: Path) -> list[str]:
    spool = Spool(path, max_bytes=ROOM)
    numbers = spool.numbers()
    assert spool.depth() == len(numbers)
    spool.close()
    return numbers


def _aside(path: Path) -> list[tuple[str, str]]:
    spool = Spool(path, max_bytes=ROOM)
    found = spool.quarantined()
    spool.close()
    return found


def _edit(path: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(str(path))
    connection.execute(sql, values)
    connection.commit()
    connection.close()


def test_the_drain_brings_everything_home_under_the_same_numbers_and_times(path: Path):
    """P6: no loss, no duplicate; many pages and several processes' files."""
    mine, theirs = new_orders(2 * PAGE + 5), new_orders(3, prefix="T")
    _fill(path, *mine)
    _fill(path.with_name("spool-7.db"), *theirs)
    store = FakeStore()
    done = _drain(path, store)
    assert (done.brought, done.waiting, done.quarantined, done.damaged) == (2 * PAGE + 8, 0, 0, [])
    assert set(store.kept) == {order.number for order in [*mine, *theirs]}
    assert {at for _, at in store.kept.values()} == {TEN}
    assert _left(path) == []
    assert _drain(path, store).brought == 0


@pytest.mark.parametrize("dies_after", [1, 2, 3])
def test_a_drain_cut_off_after_any_commit_can_be_done_again(path: Path, dies_after: int):
    """P6: a record leaves the spool only after the store has committed it, so nothing is lost and nothing doubled."""
    orders = new_orders(2 * PAGE + 5)
    _fill(path, *orders)
    store = FakeStore(dies_after=dies_after)
    with pytest.raises(CutOff):
        _drain(path, store)
    assert len(_left(path)) == len(orders) - (dies_after - 1) * PAGE  # the page of the cut is still there
    done = _drain(path, store)
    assert done.brought == len(orders) - min(dies_after * PAGE, len(orders))
    assert list(store.kept) == [order.number for order in orders]
    assert _left(path) == []


def test_a_drain_cut_off_before_its_commit_keeps_every_record(path: Path):
    _fill(path, *new_orders(3))
    store = FakeStore(away=True)
    with pytest.raises(StoreRefuses):
        _drain(path, store)
    assert len(_left(path)) == 3
    assert _aside(path) == []
    store.away = False
    assert _drain(path, store).brought == 3


def test_an_order_that_contradicts_the_stored_one_is_kept_for_a_person(path: Path):
    """P2: two processes accepted two bodies under one key while they could not see each other."""
    _fill(path, new_order("A", total="1.00"), new_order("B"))
    store = FakeStore()
    store.write([new_order("A")], [TEN])
    done = _drain(path, store)
    assert (done.brought, done.waiting, done.quarantined) == (1, 0, 1)
    assert _aside(path) == [(new_order("A").number, "idempotency_conflict")]
    assert store.kept[new_order("A").number][0].total_fen == 59_900


def test_a_damaged_record_is_set_aside_and_holds_up_nobody(path: Path):
    """P6: a torn record does not stop the others."""
    _fill(path, *new_orders(3))
    victim = new_orders(3)[1].number
    _edit(path, "UPDATE spooled SET record = substr(record, 1, 50) WHERE number = ?", victim)
    store = FakeStore()
    done = _drain(path, store)
    assert (done.brought, done.waiting, done.quarantined) == (2, 0, 1)
    assert _aside(path) == [(victim, "damaged")]
    _fill(path, new_order("only"))
    _edit(path, "UPDATE spooled SET digest = x'00'")
    assert _drain(path, store).quarantined == 2


def test_a_damaged_record_in_a_full_spool_is_set_aside_and_the_rest_comes_home(path: Path):
    """P12: recovery without a person."""
    room = 16 * 4096
    spool = Spool(path, max_bytes=room)
    _fill_up(spool)
    full = spool.depth()
    spool.close()
    _edit(path, "UPDATE spooled SET digest = x'00' WHERE id = 1")
    done = drain_once(path.parent, store=FakeStore(), clock=ClockAt(TEN), max_bytes=room)
    assert (done.brought, done.waiting, done.quarantined) == (full - 1, 0, 1)


def _fill_up(spool: Spool) -> None:
    with suppress(SpoolFull):
        for order in new_orders(200):
            spool.write([order], [TEN])


def test_a_record_of_another_versions_shape_is_set_aside_and_holds_up_nobody(path: Path):
    """P13: an upgrade does not stop the drain."""
    import hashlib  # noqa: PLC0415 - only here

    _fill(path, *new_orders(2))
    record = json.dumps({"number": "N", "unheard_of": 1}).encode()
    _edit(path, "UPDATE spooled SET record = ?, digest = ? WHERE id = 1", record, hashlib.sha256(record).digest()[:16])
    done = _drain(path, FakeStore())
    assert (done.brought, done.quarantined) == (1, 1)


def test_a_retry_of_a_damaged_record_is_answered_and_not_refused(path: Path):
    _fill(path, new_order("A"))
    _edit(path, "UPDATE spooled SET digest = x'00'")
    spool = Spool(path, max_bytes=ROOM)
    (answer,) = spool.write([new_order("A")], [TEN + seconds(1)])
    spool.close()
    assert (answer.replayed, answer.same_body) == (True, True)


def test_a_record_the_store_will_not_take_blocks_no_other(path: Path):
    """Poison: one row of bad data must not hold up a hundred good ones."""
    orders = new_orders(5)
    _fill(path, *orders)
    store = FakeStore(poison={orders[2].number})
    done = _drain(path, store)
    assert (done.brought, done.waiting, done.quarantined) == (4, 0, 1)
    assert _aside(path) == [(orders[2].number, "refused: ValueError")]
    assert set(store.kept) == {order.number for order in orders} - {orders[2].number}


@pytest.mark.parametrize("cut_at", [1, 3, 4])
@pytest.mark.parametrize("poisoned", [False, True])
def test_a_connection_lost_during_a_commit_is_no_records_fault(path: Path, cut_at: int, *, poisoned: bool):
    """P3: nobody knows what became of the records; they stay, and the next pass tells."""
    orders = new_orders(5)
    _fill(path, *orders)
    store = FakeStore(poison={orders[4].number} if poisoned else set(), cut_at={cut_at})
    with suppress(StoreRefuses):
        _drain(path, store)
    done = _drain(path, store)
    assert (done.waiting, _aside(path)) == (0, [(orders[4].number, "refused: ValueError")] if poisoned else [])
    assert set(store.kept) == {order.number for order in orders if order.number not in store.poison}


def test_poison_beside_a_contradiction_is_sorted_out_one_by_one(path: Path):
    orders = [new_order("A", total="1.00"), new_order("B"), new_order("C")]
    _fill(path, *orders)
    store = FakeStore(poison={orders[1].number})
    store.write([new_order("A")], [TEN])
    done = _drain(path, store)
    assert (done.brought, done.quarantined) == (1, 2)
    assert dict(_aside(path)) == {orders[0].number: "idempotency_conflict", orders[1].number: "refused: ValueError"}


def test_a_damaged_file_is_set_aside_and_the_others_are_drained(path: Path):
    _fill(path.with_name("spool-1.db"), *new_orders(2))
    path.write_bytes(b"x" * 8192)
    done = _drain(path, FakeStore())
    assert done.brought == 2
    assert len(done.damaged) == 1
    assert (path.parent / done.damaged[0]).read_bytes() == b"x" * 8192


def test_nothing_to_drain_is_nothing_done(tmp_path: Path):
    assert _drain(tmp_path / "none" / "spool-0.db", FakeStore()).brought == 0


@pytest.mark.parametrize(
    ("column", "damaged"),
    [
        ("received_at", "CAST(x'32303236ff2d31312d32325430323a30303a30302b30303a3030' AS TEXT)"),  # no UTF-8 any more
        ("received_at", "'2026-11-22X02:00'"),
        ("received_at", "'2026-11-23T02:00:00+00:00'"),  # reads well, and is another day
        ("record", "CAST(replace(CAST(record AS TEXT), 'SHOP', 'SHOQ') AS BLOB)"),
        ("digest", "x'00'"),
    ],
)
def test_damage_in_any_column_costs_its_own_order_its_place_and_no_other(path: Path, column: str, damaged: str):
    """P6: a time that cannot be read must not stop the drain at its row for good."""
    orders = [new_order("A"), new_order("SHOP-B"), new_order("C")]
    _fill(path, *orders)
    _edit(path, f"UPDATE spooled SET {column} = {damaged} WHERE number = ?", orders[1].number)  # noqa: S608 - the test's own words
    store = FakeStore()
    done = _drain(path, store)
    assert (done.brought, done.waiting, done.quarantined) == (2, 0, 1)
    assert _aside(path) == [(orders[1].number, "damaged")]


def test_a_number_that_cannot_be_read_does_not_keep_its_order_from_coming_home(path: Path):
    """P6: the record holds the number too, and what looks at the file from outside must not take it for empty."""
    order = new_order("A")
    _fill(path, order)
    _edit(path, "UPDATE spooled SET number = CAST(x'4c42ff' AS TEXT)")
    assert len(Spool.peek(path)) == 1
    store = FakeStore()
    assert _drain(path, store).brought == 1
    assert list(store.kept) == [order.number]


def test_records_of_an_earlier_version_come_home(path: Path):
    """P13: their digest does not cover the time."""
    order = new_order("A")
    _fill(path, order)
    connection = sqlite3.connect(str(path))
    (record,) = connection.execute("SELECT record FROM spooled").fetchone()
    connection.close()
    _edit(path, "UPDATE spooled SET digest = ?", digest_of(record))
    assert _drain(path, FakeStore()).brought == 1


def test_a_file_that_cannot_be_opened_keeps_no_other_waiting(tmp_path: Path, clock: ClockAt):
    (tmp_path / "spool-0.db").mkdir()  # such as no process left behind, and no drain can open
    spool = Spool(tmp_path / "spool-1.db", max_bytes=ROOM)
    spool.open()
    spool.write([new_order("A")], [TEN])
    spool.close()
    store = FakeStore()
    assert drain_once(tmp_path, store=store, clock=clock, max_bytes=ROOM).brought == 1
    assert list(store.kept) == [new_order("A").number]


@pytest.mark.parametrize(
    ("column", "value"),
    [("record", "words"), ("record", None), ("received_at", None), ("received_at", "9999-12-31T23:59:59-12:00")],
)
def test_a_record_whose_parts_are_not_what_they_were_keeps_no_other_waiting(
    tmp_path: Path, clock: ClockAt, column: str, value: object
):
    first, second = new_order("A"), new_order("B")
    path = tmp_path / "spool-0.db"
    spool = Spool(path, max_bytes=ROOM)
    spool.open()
    spool.write([first, second], [TEN, TEN])
    spool.close()
    damaged = sqlite3.connect(path)
    with suppress(sqlite3.IntegrityError):  # a constraint that forbids it is as good
        damaged.execute(f"UPDATE spooled SET {column} = ? WHERE number = ?", (value, first.number))  # noqa: S608 - names of ours
        damaged.commit()
    damaged.close()
    store = FakeStore()
    drain_once(tmp_path, store=store, clock=clock, max_bytes=ROOM)
    assert second.number in store.kept
