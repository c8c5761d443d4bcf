"""P7: batches claim by row and never by range."""

from app.batch.maker import Outcome, Published
from app.domain.states import OrderState
from tests.contract.batch_fixtures import TEN, World, a_world, minutes  # noqa: F401 - a fixture

HALF_PAST = TEN + minutes(30)


def published(outcomes: list[Outcome]) -> Published:
    (outcome,) = outcomes
    assert isinstance(outcome, Published), outcome
    return outcome


def test_an_order_that_waits_below_the_newest_batched_one_comes_out(world: World):
    """A person releases it late, or its transaction began early and committed late: its row id is behind the batch."""
    early, late = world.some(2)
    with world.store.writing() as uow:
        uow.orders.hold([uow.orders.numbered(early).id], looks_like=None, reason="一看")
    assert world.numbers_in(published(world.maker().run_once(HALF_PAST)).name) == [late]
    with world.store.writing() as uow:
        uow.orders.move([uow.orders.numbered(early).id], OrderState.ACCEPTED, released_at=HALF_PAST)
    assert world.numbers_in(published(world.maker().run_once(HALF_PAST, forced=True)).name) == [early]
    assert world.balanced()
