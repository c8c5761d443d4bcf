"""What the door's INSERT promises, on both engines."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select

from app.store.commit.order_writer import NewOrder, OrderWriter, Stored
from app.store.tables import AcceptedCount, Incident, OrderRow
from tests.builders import REHEARSAL, TEN, ZONE, Deck, minutes, new_order, new_orders, seconds


def test_a_new_order_is_stored_with_what_the_door_knew(deck: Deck):
    new = new_order("SHOP-1")
    assert deck.take(new) == [Stored(TEN, "high", replayed=False, same_body=True)]
    (row,) = deck.all(select(OrderRow))
    assert (row.number, row.state, row.received_at, row.total_fen) == (new.number, "accepted", TEN, 59_900)
    assert (row.sealed, row.fingerprint, row.composed_at, row.batch_id) == (new.sealed, new.fingerprint, None, None)


def test_the_same_key_again_gets_the_first_answer(deck: Deck):
    """P2: same key, one order."""
    deck.take(new_order("SHOP-1"))
    deck.clock.at += minutes(5)
    assert deck.take(new_order("SHOP-1")) == [Stored(TEN, "high", replayed=True, same_body=True)]
    assert deck.count(OrderRow) == 1


def test_the_same_key_with_another_body_is_told_apart_and_changes_nothing(deck: Deck):
    """P2: another body under the same key is a conflict, and the first order stays what it was."""
    first = new_order("SHOP-1")
    deck.take(first)
    assert deck.take(new_order("SHOP-1", total="1.00")) == [Stored(TEN, "high", replayed=True, same_body=False)]
    (row,) = deck.all(select(OrderRow))
    assert (row.total_fen, row.sealed) == (59_900, first.sealed)


def test_twins_in_one_batch_are_one_order(deck: Deck):
    same, other, twin = new_order("SHOP-1"), new_order("SHOP-2"), new_order("SHOP-1", total="1.00")
    stored = deck.take(same, other, same, twin)
    assert [(s.replayed, s.same_body) for s in stored] == [(False, True), (False, True), (True, True), (True, False)]
    assert deck.count(OrderRow) == 2


@pytest.mark.parametrize("size", [1, 7, 8, 9, 31, 32, 33, 128, 1000])
def test_a_batch_of_any_size_is_stored_whole_and_answered_in_its_order(deck: Deck, size: int):
    orders = new_orders(size)
    moments = [TEN + seconds(n / 1000) for n in range(size)]
    stored = deck.writer.write(orders, moments)
    assert [s.received_at for s in stored] == moments
    assert not any(s.replayed for s in stored)
    assert {row.number: row.received_at for row in deck.all(select(OrderRow))} == dict(
        zip([o.number for o in orders], moments, strict=True)
    )


def test_a_replay_of_a_large_batch_with_some_new_ones_is_sorted_out(deck: Deck):
    orders = new_orders(300)
    deck.take(*orders[::2])
    stored = deck.take(*orders)
    assert [s.replayed for s in stored] == [n % 2 == 0 for n in range(300)]
    assert _tally(deck) == deck.count(OrderRow) == 300


def test_an_empty_batch_proves_that_a_commit_succeeds_and_leaves_no_order(deck: Deck):
    assert deck.writer.write([], []) == []
    assert deck.count(OrderRow) == deck.count(Incident) == 0


def test_two_writers_with_the_same_keys_make_one_order_of_each(deck: Deck):
    """P2, P4: whichever replica is first, both give the same answer, and no clash becomes an error."""
    orders = new_orders(240)
    halves = [orders[:160], list(reversed(orders[80:]))]
    answers: dict[str, list[Stored]] = {}

    def write(mine: list[NewOrder], shard: int) -> None:
        writer = OrderWriter(deck.engines, zone=ZONE, shard=shard)
        for start in range(0, len(mine), 16):
            part = mine[start : start + 16]
            for order, stored in zip(part, writer.write(part, [TEN + seconds(shard)] * len(part)), strict=True):
                answers.setdefault(order.number, []).append(stored)

    _together(*(lambda mine=mine, shard=shard: write(mine, shard) for shard, mine in enumerate(halves)))
    assert deck.count(OrderRow) == 240
    assert len(answers) == 240
    for both in answers.values():
        assert sum(not stored.replayed for stored in both) == 1
        assert len({stored.received_at for stored in both}) == 1
    assert _tally(deck) == 240


def test_the_first_order_opens_an_incident_and_later_ones_join_it(deck: Deck):
    deck.take(new_order("SHOP-1"))
    deck.clock.at += minutes(90)
    deck.take(new_order("SHOP-2"))
    (incident,) = deck.all(select(Incident))
    assert (incident.name, incident.drill, incident.opened_by, incident.opened_at) == (
        "E20261122-1",
        False,
        "door",
        TEN,
    )


def test_a_rehearsals_orders_have_an_incident_of_their_own(deck: Deck):
    deck.take(new_order("SHOP-1"), new_order("SHOP-2", caller=REHEARSAL))
    incidents = {row.drill: row for row in deck.all(select(Incident))}
    orders = {row.idempotency_key: row.incident_id for row in deck.all(select(OrderRow))}
    assert orders == {"SHOP-1": incidents[False].id, "SHOP-2": incidents[True].id}
    assert _tally(deck) == 2


def test_after_an_incident_was_closed_the_next_order_opens_another(deck: Deck):
    deck.take(new_order("SHOP-1"))
    with deck.store.writing() as uow:
        incident = uow.incidents.open_one(drill=False)
        assert incident is not None
        uow.incidents.close(incident, by="it", now=TEN)
    deck.take(new_order("SHOP-2"))
    assert [row.name for row in deck.all(select(Incident).order_by(Incident.id))] == ["E20261122-1", "E20261122-2"]


def test_many_first_orders_at_once_open_one_incident(deck: Deck):
    orders = new_orders(8)
    _together(
        *(lambda order=order: OrderWriter(deck.engines, zone=ZONE, shard=1).write([order], [TEN]) for order in orders)
    )
    assert deck.count(Incident) == 1
    assert deck.count(OrderRow) == _tally(deck) == 8


def test_the_tally_counts_exactly_the_rows_by_incident_and_over_all_shards(deck: Deck):
    """P7: what the door counted and what is there are two figures, and they agree."""
    for shard in (0, 1, 5):
        writer = OrderWriter(deck.engines, zone=ZONE, shard=shard)
        writer.write(new_orders(10, prefix=f"S{shard}-"), [TEN] * 10)
        writer.write(new_orders(10, prefix=f"S{shard}-"), [TEN] * 10)  # replays count nothing
    assert deck.count(AcceptedCount) == 3
    assert _tally(deck) == deck.count(OrderRow) == 30


def test_a_batch_that_fails_leaves_nothing_behind(deck: Deck):
    """P1: none of a batch that raised may be called accepted."""
    broken = new_order("SHOP-2")._replace(sealed=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)null"):
        deck.take(new_order("SHOP-1"), broken)
    assert deck.count(OrderRow) == deck.count(Incident) == _tally(deck) == 0


def test_a_lost_row_shows_in_the_ledger(deck: Deck):
    """P7: the tally is not counted from the rows it is to check."""
    deck.take(*new_orders(3))
    with deck.engines.writer.begin() as connection:
        connection.execute(delete(OrderRow).where(OrderRow.idempotency_key == "K1"))
    with deck.store.reading() as uow:
        incident = uow.incidents.latest()
        assert incident is not None
        ledger = uow.ledger.of(incident)
    assert (ledger.accepted, ledger.waiting, ledger.balanced) == (3, 2, False)


def _tally(deck: Deck) -> int:
    return sum(deck.all(select(AcceptedCount.accepted)))


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
