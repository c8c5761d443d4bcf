"""Who is on duty: an override wins, a gap is seen, and what the list says of a moment is what the moment says itself."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.roster import FIRST, PLACES, SECOND, DutyChange, Turn, changes, gaps, holding, stretches

START = datetime(2026, 11, 22, tzinfo=UTC)
PEOPLE = (1, 2, 3)
EVERYBODY = frozenset(PEOPLE)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def turn(who: int, start: float, end: float, *, place: int = FIRST, override: bool = False, n: int = 1) -> Turn:
    return Turn(id=n, who=who, place=place, starts_at=at(start), ends_at=at(end), override=override)


@st.composite
def rosters(draw: st.DrawFn) -> list[Turn]:
    made = []
    for n in range(draw(st.integers(0, 8))):
        begin = draw(st.integers(0, 46))
        end = draw(st.integers(begin + 1, 48))
        who, place = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(PLACES))
        made.append(turn(who, begin, end, place=place, override=draw(st.booleans()), n=n + 1))
    return made


able = st.frozensets(st.sampled_from(PEOPLE))
hours = st.floats(0, 48, allow_nan=False)


@given(rosters(), able, hours, st.sampled_from(PLACES))
def test_an_override_wins_and_of_two_the_last_made(turns: list[Turn], able: frozenset[int], hour: float, place: int):
    covering = [
        one for one in turns if one.place == place and one.starts_at <= at(hour) < one.ends_at and one.who in able
    ]
    overrides = [one for one in covering if one.override]
    found = holding(turns, place, at(hour), able=able)
    if overrides:
        assert found == max(overrides, key=lambda one: one.id)
    elif covering:
        assert found in covering
        assert found.starts_at == max(one.starts_at for one in covering)
    else:
        assert found is None


@given(rosters(), able, st.sampled_from(PLACES), st.integers(0, 24), st.integers(25, 60))
def test_stretches_follow_without_a_break_and_say_what_each_moment_says(
    turns: list[Turn], able: frozenset[int], place: int, since: int, until: int
):
    found = stretches(turns, place, since=at(since), until=at(until), able=able)
    assert (found[0].starts_at, found[-1].ends_at) == (at(since), at(until))
    for one, other in pairwise(found):
        assert one.ends_at == other.starts_at
        assert one.turn != other.turn
    for hour in range(since, until):
        (one,) = [one for one in found if one.starts_at <= at(hour + 0.5) < one.ends_at]
        assert one.turn == holding(turns, place, at(hour + 0.5), able=able)


@given(rosters(), able)
def test_gaps_are_exactly_the_time_nobody_covers(turns: list[Turn], able: frozenset[int]):
    uncovered = {
        hour
        for hour in range(60)
        if not any(one.place == FIRST and one.who in able and one.starts_at <= at(hour) < one.ends_at for one in turns)
    }
    found = gaps(turns, since=at(0), until=at(60), able=able)
    assert {h for one in found for h in range(60) if one.starts_at <= at(h) < one.ends_at} == uncovered
    assert all(one.turn is None for one in found)


@given(rosters(), able, st.integers(0, 20), st.integers(21, 50))
def test_a_change_is_where_somebody_else_takes_over_and_nowhere_else(
    turns: list[Turn], able: frozenset[int], since: int, until: int
):
    def who(place: int, hour: float) -> int | None:
        found = holding(turns, place, at(hour), able=able)
        return found.who if found else None

    expected = {
        DutyChange(at(hour), place, who(place, hour - 0.5), who(place, hour))
        for place in PLACES
        for hour in range(since + 1, until + 1)
        if who(place, hour - 0.5) != who(place, hour)
    }
    assert set(changes(turns, since=at(since), until=at(until), able=able)) == expected


def test_an_end_is_not_part_of_a_turn_and_a_beginning_is():
    turns = [turn(1, 0, 8), turn(2, 8, 16, n=2)]
    assert [holding(turns, FIRST, at(hour), able=EVERYBODY).who for hour in (0, 7.99, 8)] == [1, 1, 2]  # type: ignore[union-attr]
    assert holding(turns, FIRST, at(16), able=EVERYBODY) is None
    assert holding(turns, SECOND, at(1), able=EVERYBODY) is None


def test_one_person_whose_turns_follow_each_other_hands_over_to_nobody():
    turns = [turn(1, 0, 8), turn(1, 8, 16, n=2)]
    assert list(changes(turns, since=at(1), until=at(10), able=EVERYBODY)) == []
    assert stretches(turns, FIRST, since=at(0), until=at(0), able=EVERYBODY) == []
