"""The console's questions: the same answers on both engines, and none that reads a big table."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.domain.states import HeldKind
from app.store.database.engine import Engines
from app.store.reach import Reach
from app.store.repositories.inflow import InflowRepository
from app.store.repositories.overview import OrderFilter, OverviewRepository
from app.store.repositories.search import SearchRepository
from app.store.tables import Message
from tests.deployment import Deployment
from tests.deployment.facts import KEYS, TEN
from tests.deployment.orders import new_order, new_orders


def test_pages_go_backwards_and_come_to_an_end(deployment: Deployment):
    orders = new_orders(7)
    for order in orders:
        deployment.door.take(order)
    with deployment.store.reading() as uow:
        first = uow.overview.orders(OrderFilter(), size=3)
        second = uow.overview.orders(OrderFilter(), before=first.before, size=3)
        third = uow.overview.orders(OrderFilter(), before=second.before, size=3)
    assert [row.number for page in (first, second, third) for row in page.rows] == [o.number for o in reversed(orders)]
    assert third.before is None


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (OrderFilter(state="accepted", incident_id=1), 4),
        (OrderFilter(state="accepted"), 4),
        (OrderFilter(state="held"), 1),
        (OrderFilter(priority="high"), 3),
        (OrderFilter(priority="high", state="held"), 0),
        (OrderFilter(since=TEN), 5),
        (OrderFilter(since=TEN + timedelta(hours=1)), 0),
        (OrderFilter(incident_id=2), 0),
        (OrderFilter(batch_id=1), 0),
    ],
)
def test_filters_choose_the_orders_they_name(deployment: Deployment, wanted: OrderFilter, count: int):
    for n in range(5):
        deployment.door.take(new_order(str(n), total="900.00" if n < 3 else "10.00"))
    with deployment.store.writing() as uow:
        uow.orders.hold([5], kind=HeldKind.LOOK_ALIKE, looks_like=None, reason="-")
    with deployment.store.reading() as uow:
        assert len(uow.overview.orders(wanted).rows) == count


def test_orders_are_found_by_beginning_customer_and_shop_number(deployment: Deployment):
    new = new_order("SHOP-1", phone="13912345678")
    deployment.door.take(new, *new_orders(5))
    for composed in (False, True):
        if composed:
            with deployment.store.writing() as uow:
                uow.orders.claim_uncomposed(limit=10, now=TEN)
        with deployment.store.reading() as uow:
            assert [r.number for r in uow.search.of_customer(KEYS.phone_index("13912345678"))] == [new.number]
            assert [r.number for r in uow.search.beginning(new.number[:9])] == [new.number]
            assert [r.number for r in uow.search.numbered([new.number, "LB0"])] == [new.number]
            assert new.number in {r.number for r in uow.search.of_shop_number("SHOP-1")}


def test_the_first_order_since_a_moment_is_found_by_halves(deployment: Deployment):
    for hour in range(20):
        deployment.clock.at = TEN + timedelta(hours=hour)
        deployment.door.take(new_order(str(hour)))
    with deployment.store.reading() as uow:
        for hour in range(20):
            assert uow.overview.first_id_since(TEN + timedelta(hours=hour, minutes=-1)) == hour + 1
        assert uow.overview.first_id_since(TEN + timedelta(days=3)) == 21


def test_a_stretch_is_split_where_nothing_can_appear_any_more(deployment: Deployment):
    deployment.door.take(*(new_order(str(n), total="900.00") for n in range(3)))
    deployment.clock.at += timedelta(minutes=5)
    deployment.door.take(*(new_order(f"x{n}", total="900.00") for n in range(2)))
    with deployment.store.reading() as uow:
        part = uow.inflow.range_counts(1, after_id=1, up_to_id=5, today=TEN, settled_before=TEN + timedelta(minutes=1))
        empty = uow.inflow.range_counts(1, after_id=9, up_to_id=9, today=TEN, settled_before=TEN)
    assert (part.settled_id, part.settled_high, part.settled_today) == (3, 2, 2)
    assert (part.fresh_high, part.fresh_today) == (2, 2)
    assert (part.settled_fen, part.fresh_fen) == (180_000, 180_000)
    assert (empty.settled_id, empty.settled_high, empty.fresh_high) == (9, 0, 0)


def test_figures_count_what_is_open_and_stop_at_a_limit(deployment: Deployment):
    deployment.door.take(*new_orders(6))
    with deployment.store.writing() as uow:
        uow.orders.hold([1, 2], kind=HeldKind.LOOK_ALIKE, looks_like=None, reason="-")
        for n, state in enumerate(("pending", "sending", "settling", "sent", "dead")):
            uow.messages.add(
                Message(
                    once=str(n), subject="notice", channel="sms", state=state, content={}, created_at=TEN, due_at=TEN
                )
            )
    with deployment.store.reading() as uow:
        figures = uow.overview
        counts = (
            figures.waiting_count(1),
            figures.held_count(),
            figures.open_message_counts(TEN),
            figures.dead_message_count(),
        )
        assert counts == (4, 2, (3, 0, 0), 1)
        assert [m.state for m in figures.messages(("pending", "sending")).rows] == ["sending", "pending"]
        assert [m.state for m in figures.messages(("dead",)).rows] == ["dead"]
        assert len(figures.messages(()).rows) == 5
        assert figures.order_numbers([]) == figures.batch_names([]) == figures.incident_names([]) == {}
    deployment.store.reach = Reach(count_at_most=3)
    with deployment.store.reading() as uow:
        assert uow.overview.waiting_count(1) == 3


QUESTIONS = {
    "waiting": lambda o: o.waiting_count(1),
    "held": lambda o: o.held_count(),
    "open messages": lambda o: o.open_message_counts(TEN),
    "all orders": lambda o: o.orders(OrderFilter()),
    "of an incident": lambda o: o.orders(OrderFilter(incident_id=1)),
    "by state": lambda o: o.orders(OrderFilter(state="imported", incident_id=1)),
    "high": lambda o: o.orders(OrderFilter(priority="high")),
    "of a shop": lambda o: o.orders(OrderFilter(client_id="c1", from_fen=1, to_fen=9)),
    "until": lambda o: o.orders(OrderFilter(since=TEN, until=TEN)),
    "unpaid": lambda o: o.orders(OrderFilter(held_kind="unpaid")),
    "newer": lambda o: o.newer(OrderFilter(client_id="c1"), after_id=9, at_most=99),
    "today": lambda o: o.orders(OrderFilter(since=TEN)),
    "waiting list": lambda o: o.orders(OrderFilter(state="accepted", incident_id=1)),
    "held list": lambda o: o.orders(OrderFilter(state="held")),
    "of a batch": lambda o: o.orders(OrderFilter(batch_id=1)),
    "messages": lambda o: o.messages(()),
    "sent messages": lambda o: o.messages(("sent",)),
    "waiting messages": lambda o: o.messages(("pending",)),
    "stuck messages": lambda o: o.messages(("pending",), stuck_at=TEN),
}


SEARCHES = {
    "by number": lambda s: s.numbered(["LB1"]),
    "by beginning": lambda s: s.beginning("LB1"),
    "by the number's end": lambda s: s.ending("ABC123"),
    "by both ends": lambda s: s.ending("ABC123", last4="8000"),
    "of a buyer": lambda s: s.of_buyer("LB1", last4="8000"),
    "of a customer": lambda s: s.of_customer(b"x"),
    "by the phone's end": lambda s: s.of_last4("8000"),
    "by shop number": lambda s: s.of_shop_number("x"),
    "by the main system's number": lambda s: s.of_main_number("x"),
    "what is sealed": lambda s: s.sealed([1]),
}


STRETCHES = {
    "figures": lambda o: o.range_counts(1, after_id=0, up_to_id=9, today=TEN, settled_before=TEN),
    "minutes": lambda o: o.minutes(1, after_id=0, up_to_id=9),
    "the last minute": lambda o: o.count_since(1, TEN, after_id=0),
}


@pytest.mark.parametrize("name", [*QUESTIONS, *SEARCHES, *STRETCHES])
def test_no_question_reads_a_whole_table(sqlite: Engines, name: str):
    """Each step of SQLite's plan searches an index or a stretch of row ids; none scans orders or messages."""
    with sqlite.reader.connect() as connection:
        with _statements(sqlite) as asked:
            if name in QUESTIONS:
                QUESTIONS[name](OverviewRepository(Session(connection)))
            elif name in SEARCHES:
                SEARCHES[name](SearchRepository(Session(connection)))
            else:
                STRETCHES[name](InflowRepository(Session(connection)))
        assert asked
        for statement, values in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            for step in plan:
                whole = step.detail.startswith(("SCAN orders", "SCAN message", "SCAN main_number"))
                assert not whole or "USING INDEX" in step.detail or "COVERING INDEX" in step.detail, (
                    statement,
                    step.detail,
                )


@contextmanager
def _statements(engines: Engines) -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_connection: object, _cursor: object, statement: str, values: tuple[object, ...], *_rest: object) -> None:
        asked.append((statement, values))

    event.listen(engines.reader, "before_cursor_execute", note)
    yield asked
    event.remove(engines.reader, "before_cursor_execute", note)
