"""P6: whatever happens to the bytes of a spool file, an order in it is read, or named, or its page is called damaged."""

import shutil
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pysqlite3 import dbapi2 as sqlite

from app.store.commit.order_writer import NewOrder
from app.store.spool.file import Spool
from app.store.spool.recovery import Recovered, read_damaged
from tests.deployment.facts import TEN, seconds
from tests.deployment.orders import new_order, new_orders

ROOM = 1 << 24
PAGE = 4096
LONG = b"\x01\x02" * 5000
"""A payload that runs over several pages."""


@cache
def _orders() -> list[NewOrder]:
    """The same ones each time: sealing takes a fresh nonce."""
    return [*new_orders(30), *(order._replace(sealed_payload=LONG) for order in new_orders(4, prefix="L"))]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spool file as a drain left it halfway: records, one that was set aside, and pages that are free again."""
    path = tmp_path_factory.mktemp("wreck") / "spool-0.db"
    spool = Spool(path, max_bytes=ROOM)
    early = new_orders(40, prefix="E")
    spool.write([*early, new_order("aside"), *_orders()], [TEN + seconds(n) for n in range(41 + 34)])
    records = spool.oldest(41)
    spool.forget(records[:40])
    spool.quarantine(records[40], reason="idempotency_conflict", now=TEN)
    spool.close()
    return path


def _wrecked(whole: Path, folder: Path, *damage: tuple[int, bytes]) -> Recovered:
    path = folder / "spool-0.db.damaged-1"
    data = bytearray(whole.read_bytes())
    for at, garbage in damage:
        data[at : at + len(garbage)] = garbage
    path.write_bytes(data)
    return read_damaged(path)


def _nothing_slips(wreck: Recovered) -> None:
    """Check what must hold after any damage."""
    orders = {order.number: order for order in _orders()}
    for number, record in wreck.records.items():
        if number in orders:
            assert record.order == orders[number]
    silent = orders.keys() - wreck.records.keys() - wreck.unreadable
    assert not silent or wreck.damaged_pages


def test_a_whole_file_gives_everything_and_no_more_than_was_ever_in_it(whole: Path, tmp_path: Path):
    wreck = _wrecked(whole, tmp_path)
    expected = {order.number: order for order in _orders()}
    assert {n: wreck.records[n].order for n in expected} == expected
    ever = {*expected, new_order("aside").number, *(order.number for order in new_orders(40, prefix="E"))}
    assert wreck.records.keys() <= ever
    assert [(row.number, row.reason) for row in wreck.quarantined] == [
        (new_order("aside").number, "idempotency_conflict")
    ]
    assert (wreck.unreadable, wreck.damaged_pages) == (set(), 0)


def test_times_of_acceptance_come_out_as_they_went_in(whole: Path, tmp_path: Path):
    wreck = _wrecked(whole, tmp_path)
    assert [wreck.records[order.number].received_at for order in _orders()] == [
        TEN + seconds(41 + n) for n in range(34)
    ]


@pytest.mark.parametrize("damage", [(0, b"\xff" * 16), (100, b"\xff" * 60), (16, b"\x00\x00"), (0, b"\0" * PAGE)])
def test_a_ruined_first_page_costs_no_order(whole: Path, tmp_path: Path, damage: tuple[int, bytes]):
    """It holds the list of tables alone; SQLite itself reads nothing of such a file."""
    wreck = _wrecked(whole, tmp_path, damage)
    assert {order.number for order in _orders()} <= wreck.records.keys()
    assert wreck.unreadable == set()


def test_a_changed_byte_of_a_record_names_its_order_and_spares_the_others(whole: Path, tmp_path: Path):
    victim = _orders()[7]
    at = whole.read_bytes().index(f'"idempotency_key":"{victim.idempotency_key}"'.encode()) + 20
    wreck = _wrecked(whole, tmp_path, (at, b"\x01"))
    assert wreck.unreadable == {victim.number}
    assert {order.number for order in _orders()} - wreck.records.keys() == {victim.number}


def test_a_page_of_zeroes_is_counted_and_its_orders_are_named(whole: Path, tmp_path: Path):
    """The index by number stands on pages of its own and tells what was on the lost one."""
    data = whole.read_bytes()
    victim = _orders()[7]
    page = data.index(f'"idempotency_key":"{victim.idempotency_key}"'.encode()) // PAGE
    wreck = _wrecked(whole, tmp_path, (page * PAGE, b"\0" * PAGE))
    assert wreck.damaged_pages == 1
    assert victim.number in wreck.unreadable
    assert wreck.unreadable == {order.number for order in _orders()} - wreck.records.keys()


def test_a_file_that_ends_too_early_is_never_called_whole(whole: Path, tmp_path: Path):
    path = tmp_path / "spool-0.db.damaged-1"
    for end in range(PAGE, len(whole.read_bytes()), PAGE // 2):
        path.write_bytes(whole.read_bytes()[:end])
        _nothing_slips_unless_named_nowhere(read_damaged(path), end)


def _nothing_slips_unless_named_nowhere(wreck: Recovered, end: int) -> None:
    missing = {order.number for order in _orders()} - wreck.records.keys()
    assert not missing or wreck.unreadable or wreck.damaged_pages, end


def test_what_is_in_the_log_alone_is_read_too(tmp_path: Path):
    """A killed process leaves its newest orders there."""
    path = tmp_path / "spool-0.db"
    spool = Spool(path, max_bytes=ROOM)
    spool.write(_orders(), [TEN] * 34)
    copy = tmp_path / "spool-0.db.damaged-1"
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), copy.with_name(copy.name + suffix))
    spool.close()
    copy.write_bytes(b"\xff" * len(copy.read_bytes()))
    assert {order.number for order in _orders()} <= read_damaged(copy).records.keys()


def test_nothing_at_all_is_read_from_nothing(tmp_path: Path):
    path = tmp_path / "spool-0.db.damaged-1"
    path.write_bytes(b"")
    assert read_damaged(path) == Recovered()
    path.write_bytes(b"no database" * 1000)
    assert read_damaged(path).damaged_pages > 0


damages = st.lists(st.tuples(st.integers(0, 200_000), st.binary(min_size=1, max_size=PAGE)), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damages)
def test_after_any_damage_every_order_is_read_or_named_or_its_page_is(
    whole: Path, tmp_path: Path, damage: list[tuple[int, bytes]]
):
    size = len(whole.read_bytes())
    _nothing_slips(_wrecked(whole, tmp_path, *((at % size, garbage[: size - at % size]) for at, garbage in damage)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=40))
def test_after_a_single_flip_in_a_page_s_head_nothing_slips(whole: Path, tmp_path: Path, flips: list[tuple[int, int]]):
    """Counts and pointers are where a reader without digests would go astray."""
    data = whole.read_bytes()
    pages = len(data) // PAGE
    places = [(page % pages) * PAGE + at for page, at in flips]
    _nothing_slips(_wrecked(whole, tmp_path, *((at, bytes([data[at] ^ 0x40])) for at in places)))


def test_the_file_of_the_test_is_what_sqlite_calls_whole(whole: Path):
    connection = sqlite.connect(str(whole))
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 0
    connection.close()
