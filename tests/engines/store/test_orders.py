"""What the door's INSERT promises, on both engines."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select

from app.store.commit.order_writer import NewOrder, OrderWriter, Stored
from app.store.tables import AcceptedCount, Incident, OrderRow
from tests.deployment import Deployment
from tests.deployment.facts import REHEARSAL, TEN, ZONE, minutes, seconds
from tests.deployment.orders import new_order, new_orders


def test_a_new_order_is_stored_with_what_the_door_knew(deployment: Deployment):
    new = new_order("SHOP-1")
    assert deployment.door.take(new) == [Stored(TEN, "high", replayed=False, same_body=True)]
    (row,) = deployment.rows.all(select(OrderRow))
    assert (row.number, row.state, row.received_at, row.total_fen) == (new.number, "accepted", TEN, 59_900)
    assert (row.sealed, row.fingerprint, row.composed_at, row.batch_id) == (new.sealed, new.fingerprint, None, None)


def test_the_same_key_again_gets_the_first_answer(deployment: Deployment):
    """P2: same key, one order."""
    deployment.door.take(new_order("SHOP-1"))
    deployment.clock.at += minutes(5)
    assert deployment.door.take(new_order("SHOP-1")) == [Stored(TEN, "high", replayed=True, same_body=True)]
    assert deployment.rows.count(OrderRow) == 1


def test_the_same_key_with_another_body_is_told_apart_and_changes_nothing(deployment: Deployment):
    """P2: another body under the same key is a conflict, and the first order stays what it was."""
    first = new_order("SHOP-1")
    deployment.door.take(first)
    assert deployment.door.take(new_order("SHOP-1", total="1.00")) == [
        Stored(TEN, "high", replayed=True, same_body=False)
    ]
    (row,) = deployment.rows.all(select(OrderRow))
    assert (row.total_fen, row.sealed) == (59_900, first.sealed)


def test_twins_in_one_batch_are_one_order(deployment: Deployment):
    same, other, twin = new_order("SHOP-1"), new_order("SHOP-2"), new_order("SHOP-1", total="1.00")
    stored = deployment.door.take(same, other, same, twin)
    assert [(s.replayed, s.same_body) for s in stored] == [(False, True), (False, True), (True, True), (True, False)]
    assert deployment.rows.count(OrderRow) == 2


@pytest.mark.parametrize("size", [1, 7, 8, 9, 31, 32, 33, 128, 1000])
def test_a_batch_of_any_size_is_stored_whole_and_answered_in_its_order(deployment: Deployment, size: int):
    orders = new_orders(size)
    moments = [TEN + seconds(n / 1000) for n in range(size)]
    stored = deployment.door.writer.write(orders, moments)
    assert [s.received_at for s in stored] == moments
    assert not any(s.replayed for s in stored)
    assert {row.number: row.received_at for row in deployment.rows.all(select(OrderRow))} == dict(
        zip([o.number for o in orders], moments, strict=True)
    )


def test_a_replay_of_a_large_batch_with_some_new_ones_is_sorted_out(deployment: Deployment):
    orders = new_orders(300)
    deployment.door.take(*orders[::2])
    stored = deployment.door.take(*orders)
    assert [s.replayed for s in stored] == [n % 2 == 0 for n in range(300)]
    assert _tally(deployment) == deployment.rows.count(OrderRow) == 300


def test_an_empty_batch_proves_that_a_commit_succeeds_and_leaves_no_order(deployment: Deployment):
    assert deployment.door.writer.write([], []) == []
    assert deployment.rows.count(OrderRow) == deployment.rows.count(Incident) == 0


def test_two_writers_with_the_same_keys_make_one_order_of_each(deployment: Deployment):
    """P2, P4: whichever replica is first, both give the same answer, and no clash becomes an error."""
    orders = new_orders(240)
    halves = [orders[:160], list(reversed(orders[80:]))]
    answers: dict[str, list[Stored]] = {}

    def write(mine: list[NewOrder], shard: int) -> None:
        writer = OrderWriter(deployment.engines, zone=ZONE, shard=shard)
        for start in range(0, len(mine), 16):
            part = mine[start : start + 16]
            for order, stored in zip(part, writer.write(part, [TEN + seconds(shard)] * len(part)), strict=True):
                answers.setdefault(order.number, []).append(stored)

    _together(*(lambda mine=mine, shard=shard: write(mine, shard) for shard, mine in enumerate(halves)))
    assert deployment.rows.count(OrderRow) == 240
    assert len(answers) == 240
    for both in answers.values():
        assert sum(not stored.replayed for stored in both) == 1
        assert len({stored.received_at for stored in both}) == 1
    assert _tally(deployment) == 240


def test_the_first_order_opens_an_incident_and_later_ones_join_it(deployment: Deployment):
    deployment.door.take(new_order("SHOP-1"))
    deployment.clock.at += minutes(90)
    deployment.door.take(new_order("SHOP-2"))
    (incident,) = deployment.rows.all(select(Incident))
    assert (incident.name, incident.drill, incident.opened_by, incident.opened_at) == (
        "E20261122-1",
        False,
        "door",
        TEN,
    )


def test_a_rehearsals_orders_have_an_incident_of_their_own(deployment: Deployment):
    deployment.door.take(new_order("SHOP-1"), new_order("SHOP-2", caller=REHEARSAL))
    incidents = {row.drill: row for row in deployment.rows.all(select(Incident))}
    orders = {row.idempotency_key: row.incident_id for row in deployment.rows.all(select(OrderRow))}
    assert orders == {"SHOP-1": incidents[False].id, "SHOP-2": incidents[True].id}
    assert _tally(deployment) == 2


def test_after_an_incident_was_closed_the_next_order_opens_another(deployment: Deployment):
    deployment.door.take(new_order("SHOP-1"))
    with deployment.store.writing() as uow:
        incident = uow.incidents.open_one(drill=False)
        assert incident is not None
        uow.incidents.close(incident, by="it", now=TEN)
    deployment.door.take(new_order("SHOP-2"))
    assert [row.name for row in deployment.rows.all(select(Incident).order_by(Incident.id))] == [
        "E20261122-1",
        "E20261122-2",
    ]


def test_many_first_orders_at_once_open_one_incident(deployment: Deployment):
    orders = new_orders(8)
    _together(
        *(
            lambda order=order: OrderWriter(deployment.engines, zone=ZONE, shard=1).write([order], [TEN])
            for order in orders
        )
    )
    assert deployment.rows.count(Incident) == 1
    assert deployment.rows.count(OrderRow) == _tally(deployment) == 8


def test_the_tally_counts_exactly_the_rows_by_incident_and_over_all_shards(deployment: Deployment):
    """P7: what the door counted and what is there are two figures, and they agree."""
    for shard in (0, 1, 5):
        writer = OrderWriter(deployment.engines, zone=ZONE, shard=shard)
        writer.write(new_orders(10, prefix=f"S{shard}-"), [TEN] * 10)
        writer.write(new_orders(10, prefix=f"S{shard}-"), [TEN] * 10)  # replays count nothing
    assert deployment.rows.count(AcceptedCount) == 3
    assert _tally(deployment) == deployment.rows.count(OrderRow) == 30


def test_a_batch_that_fails_leaves_nothing_behind(deployment: Deployment):
    """P1: none of a batch that raised may be called accepted."""
    broken = new_order("SHOP-2")._replace(sealed=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)null"):
        deployment.door.take(new_order("SHOP-1"), broken)
    assert deployment.rows.count(OrderRow) == deployment.rows.count(Incident) == _tally(deployment) == 0


def test_a_lost_row_shows_in_the_ledger(deployment: Deployment):
    """P7: the tally is not counted from the rows it is to check."""
    deployment.door.take(*new_orders(3))
    with deployment.engines.writer.begin() as connection:
        connection.execute(delete(OrderRow).where(OrderRow.idempotency_key == "K1"))
    with deployment.store.reading() as uow:
        incident = uow.incidents.latest()
        assert incident is not None
        ledger = uow.ledger.of(incident)
    assert (ledger.accepted, ledger.waiting, ledger.balanced) == (3, 2, False)


def _tally(deployment: Deployment) -> int:
    return sum(deployment.rows.all(select(AcceptedCount.accepted)))


def _together(*deeds: Callable[[], object]) -> None:
    """Do all at once, each in a thread; an error in one fails the test."""
    start = threading.Barrier(len(deeds))
    errors: Counter[str] = Counter()

    def run(deed: Callable[[], object]) -> None:
        start.wait()
        try:
            deed()
        except Exception as error:  # noqa: BLE001 - told to the test below
            errors[repr(error)] += 1

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not errors
