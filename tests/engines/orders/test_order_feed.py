"""The list of a storefront's orders misses none, whoever commits when, and is found by indexes alone."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.domain.states import OrderState
from app.store.database.engine import Engines
from app.store.repositories.order_feed import OrderFeedRepository
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, SHOP, TEN, minutes, seconds

MINE = SHOP.client_id


def listed(
    deployment: Deployment,
    *,
    now: datetime = TEN,
    after: tuple[datetime, int] | None = None,
    since: datetime | None = None,
) -> list[tuple[str, datetime, int]]:
    """Return what one list has after placing all there is: number, time and place."""
    with deployment.store.writing() as uow:
        while not uow.order_feed.place(MINE, now=now, limit=2):
            pass
    with deployment.store.reading() as uow:
        assert not uow.order_feed.has_unplaced(MINE)
        return [
            (one.row.number, one.changed_at, one.place)
            for one in uow.order_feed.page(MINE, since=since, after=after, limit=100)
        ]


def numbers(found: list[tuple[str, datetime, int]]) -> list[str]:
    return [number for number, _, _ in found]


def test_orders_come_as_they_came_in_and_again_when_they_change(deployment: Deployment):
    first, second, third = deployment.door.some(3)
    before = listed(deployment)
    assert numbers(before) == [first, second, third]
    with deployment.store.writing() as uow:
        uow.orders.move([deployment.rows.order_id(second)], OrderState.CANCELLED, now=HALF_PAST)
    after = listed(deployment, now=HALF_PAST, after=before[-1][1:])
    assert numbers(after) == [second]
    assert numbers(listed(deployment, now=HALF_PAST)) == [first, third, second]


def test_a_first_list_since_a_time_has_what_changed_from_then_on(deployment: Deployment):
    early = deployment.door.post(key="A", at=TEN)
    late = deployment.door.post(key="B", at=TEN + minutes(120))
    found = listed(deployment, now=TEN + minutes(180), since=TEN + minutes(60))
    assert numbers(found) == [late]
    assert numbers(listed(deployment, now=TEN + minutes(180), since=TEN)) == [early, late]


def test_an_order_that_is_composed_batched_and_brought_home_is_listed_each_time(deployment: Deployment):
    (number,) = deployment.door.some(1)
    place = listed(deployment)[-1][1:]
    with deployment.store.writing() as uow:
        uow.orders.claim_uncomposed(limit=10, now=TEN + minutes(1))
    for moment, act in (
        (HALF_PAST, lambda: deployment.maker.run(HALF_PAST)),
        (HALF_PAST + minutes(9), lambda: _home(deployment, number)),
    ):
        act()
        found = listed(deployment, now=moment, after=place)
        assert numbers(found) == [number]
        assert found[-1][1] >= moment - minutes(30)
        place = found[-1][1:]


def _home(deployment: Deployment, number: str) -> None:
    with deployment.store.writing() as uow:
        order_id = deployment.rows.order_id(number)
        uow.orders.move([order_id], OrderState.IMPORTED, now=HALF_PAST + minutes(9))


def test_whoever_lists_by_time_misses_nothing_that_was_committed_late(deployment: Deployment):
    deployment.door.post(key="A", at=TEN)
    last = listed(deployment, now=TEN + minutes(10))[-1][1]
    drained = deployment.door.post(key="B", at=TEN - minutes(60))  # it lay in a spool for more than an hour
    found = listed(deployment, now=TEN + minutes(20), since=last)
    assert drained in numbers(found)
    assert found[-1][1] >= TEN + minutes(10)


def test_times_and_places_never_go_back_also_where_a_clock_does(deployment: Deployment):
    for n, at in enumerate((TEN, TEN + minutes(50), TEN + minutes(10))):
        deployment.door.post(key=f"K{n}", at=at)
        listed(deployment, now=at)
    found = [one[1:] for one in listed(deployment, now=TEN)]
    assert found == sorted(found)


def test_another_storefronts_orders_are_not_listed(deployment: Deployment):
    deployment.door.some(2)
    with deployment.store.writing() as uow:
        assert uow.order_feed.place("c2", now=TEN, limit=10)
    with deployment.store.reading() as uow:
        assert uow.order_feed.page("c2", since=None, after=None, limit=10) == []
        assert uow.order_feed.of_shop("c2", "K1", number="LBX", after_id=0, limit=10) == []


def test_an_order_is_found_by_the_shops_number_before_and_after_it_is_composed(deployment: Deployment):
    new = deployment.door.new("header-key", client_order_id="SHOP-7")
    (number,) = deployment.door.take_in_turn(new)
    for _ in range(2):
        with deployment.store.writing() as uow:
            (row,) = uow.order_feed.of_shop(MINE, "SHOP-7", number="LBX", after_id=0, limit=10)
            assert row.number == number
            uow.orders.claim_uncomposed(limit=10, now=TEN)


def test_a_change_that_commits_after_a_later_one_is_not_missed(postgresql: Engines, tmp_path: Path):
    deployment = Deployment(tmp_path, engines=postgresql).emptied(tmp_path)
    first, second = deployment.door.some(2)
    place = listed(deployment)[-1][1:]
    with deployment.store.writing() as slow:
        slow.orders.move([deployment.rows.order_id(first)], OrderState.CANCELLED, now=TEN + seconds(5))
        slow.flush()
        with deployment.store.writing() as fast:
            fast.results.add_main_numbers({deployment.rows.order_id(second): ("SO-1",)}, now=TEN + seconds(9))
        found = listed_now(deployment, place)
        assert numbers(found) == [second]
        place = found[-1][1:]
    found = listed_now(deployment, place)
    assert numbers(found) == [first]


def listed_now(deployment: Deployment, place: tuple[datetime, int]) -> list[tuple[str, datetime, int]]:
    """Return what is listed although somebody holds an order: it is left to the next list, and nobody waits."""
    with deployment.store.writing() as uow:
        uow.order_feed.place(MINE, now=TEN + seconds(10), limit=100)
    with deployment.store.reading() as uow:
        found = uow.order_feed.page(MINE, since=None, after=place, limit=100)
        return [(one.row.number, one.changed_at, one.place) for one in found]


# ---- no question walks over all orders ---------------------------------------------------------------------------------


@pytest.fixture
def many(deployment: Deployment) -> Deployment:
    """Some thousand orders, almost all composed and placed, with what the planner knows of them."""
    deployment.door.many(3000)
    with deployment.store.writing() as uow:
        while uow.orders.claim_uncomposed(limit=1000, now=TEN):
            pass
        while not uow.order_feed.place(MINE, now=TEN, limit=1000):
            pass
    deployment.door.some(3)
    with deployment.engines.writer.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    return deployment


def _plans(deployment: Deployment) -> Iterator[str]:
    asked: list[tuple[str, object]] = []
    engine = deployment.engines.writer

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        with Session(engine) as session:
            feed = OrderFeedRepository(session)
            feed.has_unplaced(MINE)
            feed.page(MINE, since=TEN, after=(TEN, 5), limit=50)
            feed.page(MINE, since=None, after=None, limit=50)
            feed.of_shop(MINE, "K7", number="LBX", after_id=0, limit=50)
            feed.changed_at([1, 2])
            feed.place(MINE, now=TEN, limit=500)
            session.rollback()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if deployment.engines.is_sqlite else "EXPLAIN"
    with engine.connect() as connection:
        for statement, parameters in asked:
            if statement.lstrip().upper().startswith("SELECT"):
                rows = connection.exec_driver_sql(f"{explain} {statement}", parameters)
                yield statement + "\n" + "\n".join(" ".join(map(str, row)) for row in rows)


def test_no_question_of_a_list_walks_over_all_orders(many: Deployment):
    plans = list(_plans(many))
    assert len(plans) > 6
    for plan in plans:
        assert "Seq Scan on order_place" not in plan, plan
        assert "Seq Scan on orders" not in plan, plan
        assert "SCAN orders\n" not in plan + "\n", plan
        assert "SCAN order_place\n" not in plan + "\n", plan
    assert any("order_placed" in plan for plan in plans)
    assert any("order_of_shop" in plan for plan in plans)
