"""What the pool of coupons holds, who was given one, and what an import would do; on both engines."""

from app.notify.coupons import look_at_codes
from tests.deployment import Deployment
from tests.deployment.facts import TEN, minutes
from tests.deployment.orders import new_orders


def _give(deployment: Deployment, count: int) -> None:
    for n, order in enumerate(new_orders(count)):
        deployment.door.take(order)
        with deployment.store.writing() as uow:
            assert uow.coupons.give(
                incident_id=1,
                phone_index=f"{n:016}".encode(),
                order_id=deployment.rows.order_id(order.number),
                client_id="c1",
                now=TEN + minutes(n),
            )


def test_who_was_given_a_code_is_listed_newest_first_page_by_page(deployment: Deployment):
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(9)))
    _give(deployment, 5)
    with deployment.store.reading() as uow:
        first = uow.coupons.given_page(limit=3)
        rest = uow.coupons.given_page(before=first[-1].coupon.id, limit=3)
        none = uow.coupons.given_page(before=rest[-1].coupon.id, limit=3)
    assert [one.coupon.code for one in (*first, *rest)] == ["C-4", "C-3", "C-2", "C-1", "C-0"]
    assert none == []
    assert [one.order_number for one in first] == [order.number for order in reversed(new_orders(5)[2:])]


def test_what_is_left_is_counted_by_its_worth_and_no_further_than_asked(deployment: Deployment):
    deployment.notices.add_coupons("A", "B", "C", worth="20 元")
    deployment.notices.add_coupons("D", worth="5 元")
    _give(deployment, 1)
    with deployment.store.reading() as uow:
        assert uow.coupons.free_by_worth(at_most=100) == {"20 元": 2, "5 元": 1}
        assert sum(uow.coupons.free_by_worth(at_most=2).values()) == 2
        assert (uow.coupons.given(at_most=100), uow.coupons.given(at_most=0)) == (1, 0)


def test_an_import_is_looked_at_before_anything_changes(deployment: Deployment):
    deployment.notices.add_coupons("A")
    with deployment.store.reading() as uow:
        found = look_at_codes(uow, [("A", "20 元"), ("B", "20 元"), ("B", "20 元"), ("C", "")])
        assert uow.coupons.total() == 1
    assert (found.new, found.known, found.twice, found.worths) == (2, 1, 1, ("20 元", ""))
