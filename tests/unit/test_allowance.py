"""What is allowed without an account comes back evenly, never goes beyond its share, and forgets the oldest first."""

from datetime import timedelta

from app.access.allowance import Allowance
from tests.deployment.facts import NOON
from tests.fakes.clock import ClockAt


def test_tries_come_back_evenly_and_each_key_has_its_own():
    clock = ClockAt(NOON)
    allowance = Allowance(3, every=60.0, now=clock.now)
    assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]
    assert allowance.take("b")
    clock.at += timedelta(seconds=20)
    assert allowance.allows("a")
    assert [allowance.take("a"), allowance.take("a")] == [True, False]
    clock.at += timedelta(hours=5)
    assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]


def test_a_clock_that_is_set_back_neither_gives_nor_takes():
    clock = ClockAt(NOON)
    allowance = Allowance(2, every=60.0, now=clock.now)
    assert allowance.take("a")
    clock.at -= timedelta(hours=1)
    assert [allowance.take("a"), allowance.take("a")] == [True, False]


def test_many_keys_make_the_oldest_forgotten():
    allowance = Allowance(1, every=60.0, now=ClockAt(NOON).now, most_keys=2)
    assert all(allowance.take(key) for key in "abc")
    assert allowance.take("a")
    assert not allowance.allows("c")
