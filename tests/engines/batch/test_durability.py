"""P7: batches claim by row and never by range."""

import threading
from typing import Any

import pytest

from app.domain.states import HeldKind, OrderState
from app.store.commit.order_writer import OrderWriter
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, TEN, ZONE, minutes
from tests.deployment.maker import published


def test_an_order_that_waits_below_the_newest_batched_one_comes_out(deployment: Deployment):
    """A person releases it late, or its transaction began early and committed late: its row id is behind the batch."""
    early, late = deployment.door.some(2)
    with deployment.store.writing() as uow:
        uow.orders.hold([uow.orders.numbered(early).id], kind=HeldKind.LOOK_ALIKE, looks_like=None, reason="一看")
    assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST)).name) == [late]
    with deployment.store.writing() as uow:
        uow.orders.move([uow.orders.numbered(early).id], OrderState.ACCEPTED, released_at=HALF_PAST)
    assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST, by=IT)).name) == [early]
    assert deployment.rows.balanced()


class Slow(OrderWriter):
    """Has inserted its orders, and takes long to commit."""

    inserted, may_commit = threading.Event(), threading.Event()

    def _count(self, cursor: Any, incident: int, orders: int) -> None:
        self.inserted.set()
        assert self.may_commit.wait(30)
        super()._count(cursor, incident, orders)


@pytest.mark.parametrize("engines", ["postgresql"], indirect=True)
def test_an_order_that_commits_after_a_batch_was_made_is_in_the_next_one(deployment: Deployment):
    """Only PostgreSQL lets two transactions write at once; the later row commits first, and the batch goes past."""
    deployment.door.some(1)  # the incident is open
    published(deployment.maker.run(HALF_PAST))
    late = deployment.door.new()
    slow = Slow(deployment.engines, zone=ZONE, shard=1)
    writing = threading.Thread(target=slow.write, args=([late], [TEN]))
    writing.start()
    try:
        assert slow.inserted.wait(30)
        (early,) = deployment.door.some(1)
        assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST)).name) == [early]
        assert deployment.rows.balanced()
    finally:
        slow.may_commit.set()
        writing.join(30)
    assert deployment.rows.order(late.number).id < deployment.rows.order(early).id
    assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST + minutes(30))).name) == [late.number]
    assert deployment.rows.balanced()
