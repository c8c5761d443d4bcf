"""P11: nobody waits an hour, or a day, for a lease that was written before the clock was set back; on both engines."""

from datetime import timedelta

import pytest

from app.batch.maker import Published
from app.store.unit_of_work import Store
from app.worker.leader import LASTS
from tests.deployment import Deployment
from tests.deployment.facts import TEN, minutes
from tests.engines.dying import LEFT_OPEN, all_orders_are_out_once, dies

BACK = [timedelta(hours=1), timedelta(days=1)]


def _takes(store: Store, holder: str, *, now: object) -> bool:
    with store.writing() as uow:
        return uow.leases.take("leader", holder=holder, now=now, until=now + LASTS)  # type: ignore[arg-type, operator]


@pytest.mark.parametrize("back", BACK)
def test_a_lease_from_before_the_clock_was_set_back_is_as_good_as_expired(store: Store, back: timedelta):
    assert _takes(store, "dead", now=TEN)
    assert not _takes(store, "next", now=TEN + LASTS - timedelta(seconds=1))
    assert _takes(store, "next", now=TEN - back)
    assert not _takes(store, "third", now=TEN - back + timedelta(seconds=1))


@LEFT_OPEN
@pytest.mark.parametrize("back", BACK)
def test_a_batch_begun_before_the_clock_was_set_back_is_ended_by_the_next_maker(
    deployment: Deployment, back: timedelta
):
    numbers = deployment.door.some(3)
    now = TEN + minutes(30)
    assert dies(deployment, 6, lambda store, disk: deployment.maker.build(store=store, disk=disk).run_once(now))
    assert deployment.maker.run(now + minutes(1)) == []  # its lease runs: hands off
    (outcome,) = deployment.maker.run(now - back)
    assert isinstance(outcome, Published)
    assert all_orders_are_out_once(deployment, numbers)
