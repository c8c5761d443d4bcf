"""Look-alikes are found within the window, whatever order they come in, and what is too old is forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batch.look_alikes import LookAlikes
from app.store.look_alike_index import LookAlikeIndex, Sighting

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("seen")


@pytest.fixture
def sightings(folder: Path) -> Iterator[LookAlikeIndex]:
    with LookAlikeIndex(folder, ".B1.") as seen:
        yield seen


@pytest.fixture
def seen(sightings: LookAlikeIndex) -> LookAlikes:
    return LookAlikes(TEN_MINUTES, sightings)


def test_the_same_mark_within_the_window_is_a_look_alike(seen: LookAlikes):
    seen.add([Sighting(b"m", after(0), "A")])
    assert seen.look(b"m", after(600), "B") == "A"
    assert seen.look(b"m", after(-600), "B") == "A"
    assert seen.look(b"m", after(601), "B") is None
    assert seen.look(b"n", after(0), "B") is None


def test_an_order_does_not_look_like_itself(seen: LookAlikes):
    seen.add([Sighting(b"m", after(0), "A")])
    assert seen.look(b"m", after(0), "A") is None


def test_an_order_does_not_look_like_one_that_was_held_or_closed_for_it(seen: LookAlikes):
    """Completed and judged anew, the first would wait for the second for ever."""
    seen.add([Sighting(b"m", after(1), "B", looks_like="A"), Sighting(b"m", after(2), "C", looks_like="B")])
    assert seen.look(b"m", after(0), "A") == "C"
    assert seen.look(b"m", after(2), "C") == "B"


def test_a_window_of_zero_switches_the_check_off(sightings: LookAlikeIndex):
    seen = LookAlikes(timedelta(), sightings)
    assert seen.uncovered([NOON]) is None
    seen.add([Sighting(b"m", NOON, "A")])
    assert seen.look(b"m", NOON, "B") is None


def test_it_asks_once_for_what_came_before_and_again_only_for_what_is_older(seen: LookAlikes):
    assert seen.uncovered([after(0), after(5)]) == (after(-600), None)
    assert seen.uncovered([after(60)]) is None
    assert seen.uncovered([after(-60), after(60)]) == (after(-660), after(-600))  # drained from the spool
    assert seen.uncovered([]) is None


def test_what_is_too_old_for_all_that_follow_is_forgotten(seen: LookAlikes, sightings: LookAlikeIndex):
    for start in range(0, 100_000, 500):
        moments = [after(start + i) for i in range(500)]
        seen.uncovered(moments)
        seen.add([Sighting(b"%d" % (start + i), at, str(i)) for i, at in enumerate(moments)])
    assert len(sightings) < 3500


def test_what_was_forgotten_is_asked_for_again_when_an_old_order_turns_up(seen: LookAlikes):
    seen.uncovered([after(0)])
    seen.add([Sighting(b"%d" % i, after(i), str(i)) for i in range(2000)])
    assert seen.uncovered([after(1999)]) is None
    assert seen.uncovered([after(0)]) == (after(-600), after(1399))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2000)), max_size=60), st.integers(1, 7))
def test_it_holds_exactly_those_that_a_slow_and_simple_check_holds(
    folder: Path, orders: list[tuple[int, int]], page: int
):
    """Fed in pages, with times in any order, it agrees with comparing each order to all before it."""
    rows = [Sighting(b"%d" % mark, after(second), str(i)) for i, (mark, second) in enumerate(orders)]
    expected = {
        number
        for i, (mark, at, number, _) in enumerate(rows)
        if any(mark == one.mark and abs(at - one.at) <= TEN_MINUTES for one in rows[:i])
    }
    held = set()
    with LookAlikeIndex(folder, ".B1.") as sightings:
        seen = LookAlikes(TEN_MINUTES, sightings)
        for start in range(0, len(rows), page):
            part = rows[start : start + page]
            if span := seen.uncovered([one.at for one in part]):
                since, until = span
                seen.add(row for row in rows[:start] if since <= row.at and (until is None or row.at < until))
            for row in part:
                if seen.look(row.mark, row.at, row.number):
                    held.add(row.number)
                seen.add([row])
    assert held == expected
