"""Shares of clients: what was stored is counted, whoever is over waits for as long as it is told, and nobody else does."""

from dataclasses import dataclass, replace

import pytest

from app.bootstrap.order_path import quotas_of
from app.domain.problems import QuotaExceeded
from app.intake.quotas import ClientQuotas, Share
from app.settings import load
from app.store.commit.order_writer import NewOrder, Stored
from tests.deployment.facts import SHOP, TEN
from tests.deployment.orders import new_order, new_orders

NEW = Stored(TEN, "normal", replayed=False, same_body=True)
AGAIN = Stored(TEN, "normal", replayed=True, same_body=True)
OTHER = replace(SHOP, client_id="c2")


@dataclass
class Seconds:
    """A clock that stands still until it is told otherwise."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def stored(quotas: ClientQuotas, *orders: NewOrder, as_: Stored = NEW) -> None:
    quotas.count(orders, [as_] * len(orders))


def wait(quotas: ClientQuotas, client: str = SHOP.client_id, *, profile: str | None = None, key: str = "x") -> int:
    """Return how many seconds a client is told to wait with this order, 0 if it may come in."""
    try:
        quotas.ask(new_order(key)._replace(client_id=client, profile=profile))
    except QuotaExceeded as problem:
        return problem.retry_after or -1
    return 0


@pytest.fixture
def clock() -> Seconds:  # type: ignore[override]
    return Seconds()


def test_a_client_may_send_its_share_at_once_and_then_waits_alone(clock: Seconds):
    quotas = ClientQuotas(Share(orders=10), monotonic=clock)
    for order in new_orders(10):
        assert wait(quotas) == 0
        stored(quotas, order)
    assert wait(quotas) == 6  # a tenth of a minute, for one more
    assert wait(quotas, OTHER.client_id) == 0


def test_whoever_waits_as_long_as_told_may_go_on(clock: Seconds):
    quotas = ClientQuotas(Share(orders=10), monotonic=clock)
    stored(quotas, *new_orders(10))
    clock.now += 5.9
    assert wait(quotas) == 1
    clock.now += 0.1
    assert wait(quotas) == 0
    stored(quotas, new_order("one more"))
    assert wait(quotas) == 6
    clock.now += 600
    for order in new_orders(10):  # no more is saved up than one share
        assert wait(quotas) == 0
        stored(quotas, order)
    assert wait(quotas) == 6


def test_repeats_and_contradictions_are_never_counted(clock: Seconds):
    quotas = ClientQuotas(Share(orders=3, size=10_000), monotonic=clock)
    stored(quotas, *new_orders(100), as_=AGAIN)
    stored(quotas, *new_orders(100), as_=AGAIN._replace(same_body=False))
    assert wait(quotas) == 0
    stored(quotas, *new_orders(3))
    assert wait(quotas) == 20


def test_what_was_under_way_still_got_in_and_nobody_waits_longer_than_a_minute_for_it(clock: Seconds):
    quotas = ClientQuotas(Share(orders=10), monotonic=clock)
    stored(quotas, *new_orders(500))
    assert wait(quotas) == 60


def test_a_repeat_of_what_was_stored_of_late_gets_in_whatever_is_left(clock: Seconds):
    """P3: one retry settles it, also for a client that has used up its share."""
    quotas = ClientQuotas(Share(orders=10), monotonic=clock)
    stored(quotas, *new_orders(10))
    assert (wait(quotas, key="K0"), wait(quotas, key="K9"), wait(quotas, key="another")) == (0, 0, 6)
    stored(quotas, *new_orders(10_000, prefix="L"))
    assert (wait(quotas, key="K9"), wait(quotas, key="L0")) == (60, 0)


def test_bytes_are_counted_as_they_are_kept(clock: Seconds):
    order = new_order()
    with_original = order._replace(sealed_payload=b"x" * 600)
    quotas = ClientQuotas(Share(size=len(order.sealed) + 600), monotonic=clock)
    stored(quotas, order)
    assert wait(quotas) == 0
    stored(quotas, with_original)
    assert wait(quotas) > 0
    assert wait(quotas, OTHER.client_id) == 0


def test_a_path_without_a_key_has_a_share_of_its_own(clock: Seconds):
    """Whoever floods it must not use up the share of the client that it names."""
    quotas = ClientQuotas(
        Share(orders=100), keyless_share=Share(orders=2), keyless=frozenset({"open"}), monotonic=clock
    )
    flood = [order._replace(profile="open") for order in new_orders(50)]
    stored(quotas, *flood)
    assert wait(quotas, profile="open") == 60
    assert wait(quotas) == wait(quotas, profile="with-a-key") == 0


def test_without_limits_nothing_is_counted(clock: Seconds):
    quotas = ClientQuotas(monotonic=clock)
    stored(quotas, *new_orders(1000))
    assert wait(quotas) == 0


@pytest.mark.parametrize(
    ("with_a_key", "without", "effective"), [(60_000, 6_000, 6_000), (10, 6_000, 10), (0, 6_000, 6_000), (10, 0, 0)]
)
def test_no_path_without_a_key_may_send_more_than_a_client_with_one(with_a_key: int, without: int, effective: int):
    chosen = {"client_orders_per_minute": with_a_key, "keyless_orders_per_minute": without}
    quotas = quotas_of(load(_env_file=None, **chosen), keyless={"open"})
    far_too_many = 2 * effective or 10_000  # so that it waits long, on however slow a machine
    quotas.count([new_order()._replace(profile="open")] * far_too_many, [NEW] * far_too_many)
    assert (wait(quotas, profile="open") > 0) is (effective > 0)
