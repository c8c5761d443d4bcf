"""A stranger may look orders up now and then, and nobody may try one number often."""

import pytest

from app.access import lookups
from app.access.lookups import LOOKS_A_MINUTE, MISSES_AN_HOUR, Lookups


class Monotonic:
    """A clock that a test moves."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Monotonic:
    return Monotonic()


@pytest.fixture
def asked(clock: Monotonic) -> Lookups:
    return Lookups(monotonic=clock)


def test_one_network_may_look_so_often_a_minute_and_then_waits(asked: Lookups, clock: Monotonic):
    waits = [asked.ask("203.0.113.7", f"N{n}") for n in range(LOOKS_A_MINUTE)]
    assert waits == [0.0] * LOOKS_A_MINUTE
    assert 0 < asked.ask("203.0.113.7", "N") <= 60 / LOOKS_A_MINUTE
    assert asked.ask("203.0.113.8", "N") == 0
    clock.at += 60
    assert asked.ask("203.0.113.7", "N") == 0


def test_addresses_of_one_ipv6_network_share(asked: Lookups):
    for n in range(LOOKS_A_MINUTE):
        assert asked.ask(f"2001:db8::{n:x}", "N") == 0
    assert asked.ask("2001:db8::ffff", "N") > 0


def test_misses_of_one_number_count_from_wherever_they_come(asked: Lookups, clock: Monotonic):
    for n in range(MISSES_AN_HOUR):
        assert asked.ask(f"198.51.100.{n}", "V2MRZL") == 0
        asked.missed("V2MRZL")
    assert asked.ask("203.0.113.7", "V2MRZL") > 60
    assert asked.ask("203.0.113.7", "OTHERS") == 0
    clock.at += 3600
    assert asked.ask("203.0.113.7", "V2MRZL") == 0


def test_what_is_found_costs_a_number_nothing(asked: Lookups):
    for n in range(5 * MISSES_AN_HOUR):
        assert asked.ask(f"198.51.100.{n}", "V2MRZL") == 0


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch, clock: Monotonic):
    monkeypatch.setattr(lookups, "MOST_REMEMBERED", 3)
    asked = Lookups(monotonic=clock)
    for number in ("A", "B", "C", "D"):
        for _ in range(MISSES_AN_HOUR):
            asked.missed(number)
    assert [asked.ask("203.0.113.7", number) > 0 for number in "ABCD"] == [False, True, True, True]


def test_a_clock_that_stands_still_fills_nothing(asked: Lookups):
    for _ in range(3 * LOOKS_A_MINUTE):
        asked.ask("203.0.113.7", "N")
    assert asked.ask("203.0.113.7", "N") > 0
