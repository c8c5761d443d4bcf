"""Goods by SKU: each order is counted once, whoever dies and whoever works beside it, and anew where it ends."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from app.bootstrap import situation_of
from app.domain.states import HeldKind, OrderState
from app.notify import compose
from app.reconcile.goods import count_ended_goods
from app.reconcile.stock import list_stock
from app.store.repositories.goods import SkuLine
from app.store.tables import OrderRow, SkuNote
from app.watch.rules.stock_short import STOCK_SHORT
from tests.deployment import Deployment
from tests.deployment.facts import IT, REHEARSAL
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order, new_orders
from tests.engines.dying import Killed

SHOE = [{"sku": "SHOE", "name": "跑步鞋", "quantity": 2}]


def _figures(deployment: Deployment, sku: str = "SHOE", incident_id: int = 1) -> tuple[int, int, int, int]:
    """Return pieces (accepted, held, home, closed)."""
    with deployment.store.reading() as uow:
        held, _ = uow.goods.held(incident_id, at_most=100)
        found = {one.sku: one for one in uow.goods.by_sku(incident_id, limit=100)}
        line = found.get(sku, SkuLine(sku, "", 0, 0, 0, None))
        return line.accepted, held[sku], line.home, line.closed


def _orders_counted(deployment: Deployment) -> int:
    with deployment.store.reading() as uow:
        return uow.goods.orders_counted(1).accepted


def _move(deployment: Deployment, number: str, to: OrderState, **also: object) -> None:
    with deployment.store.writing() as uow:
        assert uow.orders.move([deployment.rows.order_id(number)], to, **also) == 1


def test_the_lines_of_an_order_are_summed_by_sku(deployment: Deployment):
    lines = [*SHOE, {"sku": "SOCK", "quantity": 5}, {"sku": "SHOE", "quantity": 1}]
    deployment.notices.composed(new_order("A", items=lines), new_order("B", items=SHOE, phone="13900139000"))
    assert _figures(deployment) == (5, 0, 0, 0)
    assert _figures(deployment, "SOCK") == (5, 0, 0, 0)
    assert _orders_counted(deployment) == 2
    with deployment.store.reading() as uow:
        assert [one.name for one in uow.goods.by_sku(1, limit=9)] == ["跑步鞋", ""]


def test_an_order_that_nobody_has_composed_yet_is_not_counted_at_the_door(deployment: Deployment):
    deployment.door.take(new_order("A", items=SHOE))
    assert _figures(deployment) == (0, 0, 0, 0)


def test_composing_again_counts_nothing_twice(deployment: Deployment):
    deployment.notices.composed(new_order("A", items=SHOE))
    deployment.notices.composed()
    deployment.door.take(new_order("A", items=SHOE))  # a replay
    deployment.notices.composed()
    assert _figures(deployment) == (2, 0, 0, 0)


def test_a_drills_goods_stand_in_its_own_incident(deployment: Deployment):
    deployment.notices.composed(new_order("A", items=SHOE), new_order("D", items=SHOE, caller=REHEARSAL))
    assert _figures(deployment, incident_id=1) == (2, 0, 0, 0)
    assert _figures(deployment, incident_id=2) == (2, 0, 0, 0)


def test_an_order_goes_from_held_to_its_end(deployment: Deployment):
    order = new_order("A", items=SHOE)
    deployment.notices.composed(order)
    with deployment.store.writing() as uow:
        uow.orders.hold([1], kind=HeldKind.INCOMPLETE, looks_like=None, reason="x")
    assert _figures(deployment) == (2, 2, 0, 0)
    _move(deployment, order.number, OrderState.ACCEPTED)
    assert _figures(deployment) == (2, 0, 0, 0)
    _move(deployment, order.number, OrderState.CANCELLED)
    assert count_ended_goods(deployment.store) == 1
    assert _figures(deployment) == (2, 0, 0, 2)
    assert count_ended_goods(deployment.store) == 0


def test_an_order_comes_home_and_a_correction_takes_it_back(deployment: Deployment):
    order = new_order("A", items=SHOE)
    deployment.notices.composed(order)
    deployment.maker.publish([order.number])
    _move(deployment, order.number, OrderState.IMPORTED)
    count_ended_goods(deployment.store)
    assert _figures(deployment) == (2, 0, 2, 0)
    with deployment.store.writing() as uow:
        uow.orders.move([1], OrderState.BATCHED, lambda _before, _after: True)
    count_ended_goods(deployment.store)
    assert _figures(deployment) == (2, 0, 0, 0)


def test_what_the_main_system_calls_a_duplicate_is_home_and_what_a_person_does_is_not(deployment: Deployment):
    said, decided = new_orders(2, items=SHOE)
    deployment.notices.composed(said, decided)
    deployment.maker.publish([said.number])
    _move(deployment, said.number, OrderState.DUPLICATE)
    with deployment.store.writing() as uow:
        uow.orders.hold(
            [deployment.rows.order_id(decided.number)], kind=HeldKind.LOOK_ALIKE, looks_like=said.number, reason="x"
        )
    _move(deployment, decided.number, OrderState.DUPLICATE)
    count_ended_goods(deployment.store)
    assert _figures(deployment) == (4, 0, 2, 2)


def test_an_order_that_ended_before_it_was_composed_is_counted_where_it_stands(deployment: Deployment):
    order = new_order("A", items=SHOE)
    deployment.door.take(order)
    _move(deployment, order.number, OrderState.CANCELLED)
    count_ended_goods(deployment.store)
    assert _figures(deployment) == (0, 0, 0, 0)
    deployment.notices.composed()
    count_ended_goods(deployment.store)
    assert _figures(deployment) == (2, 0, 0, 2)


def test_many_changes_of_one_order_are_counted_as_its_last(deployment: Deployment):
    order = new_order("A", items=SHOE)
    deployment.notices.composed(order)
    for to in (OrderState.CANCELLED, OrderState.BATCHED, OrderState.REJECTED, OrderState.IMPORTED):
        with deployment.store.writing() as uow:
            uow.orders.move([1], to, lambda _before, _after: True)
    assert count_ended_goods(deployment.store) == 4
    assert _figures(deployment) == (2, 0, 2, 0)


# ---- who dies, and who works beside -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dies_at", ["order_goods", "sku_count"])
def test_a_composer_that_is_killed_between_counting_and_commit_counts_once_in_the_end(
    deployment: Deployment, dies_at: str
):
    def die(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(f"INSERT INTO {dies_at}"):
            raise Killed

    deployment.door.take(*new_orders(5, items=SHOE))
    event.listen(deployment.engines.writer, "after_cursor_execute", die)
    with pytest.raises(Killed):
        deployment.notices.composer().run_once()
    event.remove(deployment.engines.writer, "after_cursor_execute", die)
    assert _figures(deployment) == (0, 0, 0, 0)
    deployment.notices.composed()
    assert _figures(deployment) == (10, 0, 0, 0)
    assert _orders_counted(deployment) == 5


def test_a_pass_that_is_killed_before_its_notes_are_gone_counts_once_in_the_end(deployment: Deployment):
    def die(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("DELETE FROM sku_note"):
            raise Killed

    order = new_order("A", items=SHOE)
    deployment.notices.composed(order)
    _move(deployment, order.number, OrderState.CANCELLED)
    event.listen(deployment.engines.writer, "before_cursor_execute", die)
    with pytest.raises(Killed):
        count_ended_goods(deployment.store)
    event.remove(deployment.engines.writer, "before_cursor_execute", die)
    assert deployment.rows.count(SkuNote) == 1
    count_ended_goods(deployment.store)
    assert _figures(deployment) == (2, 0, 0, 2)


def _pieces(orders: list[list[dict[str, Any]]]) -> dict[str, int]:
    found = Counter[str]()
    for items in orders:
        for item in items:
            found[item["sku"]] += item["quantity"]
    return dict(found)


def test_workers_that_compose_and_settle_at_once_count_each_order_once(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compose, "PAGE", 7)
    goods: list[list[dict[str, Any]]] = [
        [{"sku": f"S{n % 5}", "quantity": 1}, {"sku": f"S{(n * 3) % 5}", "quantity": 2}] for n in range(80)
    ]
    orders = [new_order(f"K{n}", phone=f"138{n:08d}", items=items) for n, items in enumerate(goods)]
    deployment.door.take(*orders)
    to_cancel = [deployment.rows.order_id(order.number) for order in orders[::2]]
    errors: list[Exception] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    def composes() -> None:
        composer = deployment.notices.composer(a_policy())
        while composer.run_once():
            count_ended_goods(deployment.store)

    def cancels() -> None:
        for order_id in to_cancel:
            with deployment.store.writing() as uow:
                assert uow.orders.move([order_id], OrderState.CANCELLED) == 1
            count_ended_goods(deployment.store)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (composes, composes, cancels)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    deployment.notices.composed()
    while count_ended_goods(deployment.store):
        pass
    accepted, closed = _pieces(goods), _pieces(goods[::2])
    with deployment.store.reading() as uow:
        lines = uow.goods.by_sku(1, limit=99)
        assert {one.sku: one.accepted for one in lines} == accepted
        assert {one.sku: one.closed for one in lines if one.closed} == closed
        assert (uow.goods.orders_counted(1).accepted, uow.goods.orders_counted(1).closed) == (80, 40)


def test_an_order_that_cannot_be_read_is_named_and_passed_over(deployment: Deployment):
    good, broken = new_orders(2, items=SHOE)
    deployment.door.take(good, broken)
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(OrderRow).where(OrderRow.number == broken.number).values(sealed=b"nonsense"))
    deployment.notices.composed()
    assert _figures(deployment) == (2, 0, 0, 0)
    _move(deployment, broken.number, OrderState.CANCELLED)
    count_ended_goods(deployment.store)
    assert _figures(deployment) == (2, 0, 0, 0)
    with deployment.store.reading() as uow:
        assert uow.goods.unread(1, limit=9) == [broken.number]
        assert uow.goods.orders_counted(1).accepted == 1


def test_pages_walk_through_all_skus_by_what_was_ordered_most(deployment: Deployment):
    ordered = {"A": 3, "B": 9, "C": 3, "D": 1}
    deployment.notices.composed(new_order("A", items=[{"sku": s, "quantity": n} for s, n in ordered.items()]))
    with deployment.store.reading() as uow:
        found, below = list[str](), None
        while page := uow.goods.most_sold(1, below=below, limit=1):
            found.append(page[0].sku)
            below = (page[0].accepted, page[0].sku)
    assert found == ["B", "C", "A", "D"]


# ---- the stock list -----------------------------------------------------------------------------------------------------


def _listed(deployment: Deployment, **stock: int) -> None:
    with deployment.store.writing() as uow:
        list_stock(uow, stock, by=IT, now=deployment.clock.now())


def _troubles(deployment: Deployment) -> list[str]:
    return [trouble.text for trouble in STOCK_SHORT.find(situation_of(deployment.boat))]


@pytest.mark.parametrize(
    ("stock", "told"),
    [(23, ""), (22, "1 个已达库存的 90%"), (20, "1 个已达库存的 90%"), (19, "1 个商品已超卖"), (0, "1 个商品已超卖")],
)
def test_a_sku_is_told_from_ninety_percent_of_its_stock(deployment: Deployment, stock: int, told: str):
    deployment.notices.composed(new_order("A", items=[{"sku": "SHOE", "quantity": 20}]))
    _listed(deployment, SHOE=stock)
    found = _troubles(deployment)
    assert (f"{told}：SHOE（售 20/库存 {stock}）" in found[0]) if told else (found == [])


def test_what_is_cancelled_is_no_longer_sold(deployment: Deployment):
    order = new_order("A", items=SHOE)
    deployment.notices.composed(order)
    _listed(deployment, SHOE=2)
    assert _troubles(deployment)
    _move(deployment, order.number, OrderState.CANCELLED)
    count_ended_goods(deployment.store)
    assert _troubles(deployment) == []


def test_a_sku_without_a_line_in_the_list_is_told_by_nobody(deployment: Deployment):
    deployment.notices.composed(new_order("A", items=SHOE))
    assert _troubles(deployment) == []
    _listed(deployment, SOCK=0)
    assert _troubles(deployment) == []


def test_a_list_takes_the_place_of_the_one_before_and_is_recorded(deployment: Deployment):
    _listed(deployment, A=1, B=2, C=3)
    deployment.clock.at += timedelta(hours=1)
    _listed(deployment, B=2, C=4, D=5)
    with deployment.store.reading() as uow:
        assert uow.goods.stock() == {"B": 2, "C": 4, "D": 5}
        deed = uow.audit.page(limit=1)[0]
    assert (deed.action, deed.actor) == ("stock.list", "it")
    assert deed.detail == {"skus": 3, "added": 1, "changed": 1, "dropped": 1}
