"""The spool keeps orders, on disk, while the store is away."""

from pathlib import Path

import pytest

from app.store.commit.order_writer import NewOrder, Stored
from app.store.spool.file import Spool, SpoolDamaged, SpoolFull, spool_files
from tests.deployment.facts import REHEARSAL, TEN, seconds
from tests.deployment.orders import new_order, new_orders

ROOM = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "spool-0.db"


def _fill(path: Path, *orders: NewOrder) -> None:
    spool = Spool(path, max_bytes=ROOM)
    spool.write(orders, [TEN] * len(orders))
    spool.close()


def _left(path: Path) -> list[str]:
    spool = Spool(path, max_bytes=ROOM)
    numbers = spool.numbers()
    assert spool.depth() == len(numbers)
    spool.close()
    return numbers


def test_a_record_comes_back_as_it_went(path: Path):
    orders = [new_order("A"), new_order("B", caller=REHEARSAL)._replace(sealed_payload=b"\x00\xff", total_fen=None)]
    spool = Spool(path, max_bytes=ROOM)
    assert spool.write(orders, [TEN, TEN + seconds(1)]) == [
        Stored(TEN, "high", replayed=False, same_body=True),
        Stored(TEN + seconds(1), "high", replayed=False, same_body=True),
    ]
    spool.close()
    again = Spool(path, max_bytes=ROOM)
    records = again.oldest(10)
    again.close()
    assert [record.order for record in records] == orders
    assert [record.received_at for record in records] == [TEN, TEN + seconds(1)]


def test_the_spool_answers_a_retry_as_the_store_would(path: Path):
    """P2, also while the store is away."""
    _fill(path, new_order("A"))
    spool = Spool(path, max_bytes=ROOM)
    answers = spool.write([new_order("A"), new_order("A", total="1.00")], [TEN + seconds(9)] * 2)
    assert answers == [
        Stored(TEN, "high", replayed=True, same_body=True),
        Stored(TEN, "high", replayed=True, same_body=False),
    ]
    assert spool.depth() == 1
    spool.close()


def test_the_spool_is_as_durable_as_the_store(path: Path):
    """P1"""
    spool = Spool(path, max_bytes=ROOM)
    spool.open()
    spool.open()
    found = [spool._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]  # noqa: SLF001 - the promise itself
    assert found == ["wal", 2]
    assert path.stat().st_mode & 0o777 == 0o600
    spool.close()
    spool.close()


def test_a_full_spool_takes_all_of_a_batch_or_nothing_and_takes_again_when_there_is_room(path: Path):
    """P6, P12"""
    spool = Spool(path, max_bytes=16 * 4096)
    taken = []
    for order in new_orders(200):
        try:
            spool.write([order], [TEN])
        except SpoolFull:
            break
        taken.append(order.number)
    assert 5 < len(taken) < 200
    with pytest.raises(SpoolFull):
        spool.write(new_orders(50, prefix="X"), [TEN] * 50)
    assert spool.numbers() == taken
    spool.forget(spool.oldest(8))
    spool.write([new_order("room")], [TEN])
    assert spool.numbers() == [*taken[8:], new_order("room").number]
    spool.close()


def test_a_record_that_cannot_be_packed_leaves_nothing_of_its_batch(path: Path):
    spool = Spool(path, max_bytes=ROOM)
    spool.write([], [])
    with pytest.raises(TypeError):
        spool.write([new_order("A"), new_order("B")._replace(total_fen=object())], [TEN] * 2)  # type: ignore[arg-type]
    spool.write([new_order("C")], [TEN])
    assert spool.numbers() == [new_order("C").number]
    spool.close()


def test_a_damaged_file_is_set_aside_and_a_new_one_takes_its_place(path: Path):
    """P6: a damaged file neither stops the start nor is thrown away."""
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    spool = Spool(path, max_bytes=ROOM)
    with pytest.raises(SpoolDamaged) as damage:
        spool.open()
    assert Path(str(damage.value)).read_bytes() == b"not a database" * 1000
    spool.write([new_order()], [TEN])
    spool.close()
    assert _left(path) == [new_order().number]
    assert spool_files(path.parent) == [path]


def test_a_spool_whose_file_was_set_aside_by_another_begins_a_new_one(path: Path):
    """P6: what went on into the old file would be accepted and never drained."""
    spool = Spool(path, max_bytes=ROOM)
    spool.write([new_order("A")], [TEN])
    for part in path.parent.glob("spool-0.db*"):
        part.rename(part.with_name(part.name.replace("spool-0.db", "spool-0.db.damaged-1")))
    spool.write([new_order("B")], [TEN])
    spool.close()
    assert _left(path) == [new_order("B").number]


def test_peeking_tells_numbers_and_drills_without_touching_the_file(path: Path):
    _fill(path, new_order("A"), new_order("B", caller=REHEARSAL))
    assert Spool.peek(path) == [(new_order("A").number, False), (new_order("B", caller=REHEARSAL).number, True)]
    assert Spool.peek(path.with_name("spool-9.db")) == []
    broken = path.with_name("spool-1.db")
    broken.write_bytes(b"x" * 5000)
    assert Spool.peek(broken) == []
    assert broken.exists()
