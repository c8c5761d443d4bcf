"""How the main system stands after a look, as a table: what falls at once, what has to last, and what nobody can tell."""

from datetime import datetime

import pytest

from app.domain.dependency import Probed
from app.domain.main_health import Answers, MainHealth, MainState, after_look, answers_of, is_in_force, is_recent
from tests.deployment.facts import TEN, hours, minutes, seconds

WINDOW = seconds(20)
WELL, ILL, UNCLEAR = Answers.WELL, Answers.ILL, Answers.UNCLEAR
UP, DOWN, UNKNOWN = MainState.UP, MainState.DOWN, MainState.UNKNOWN


def looked(
    *answers: Answers, start: MainState = UNKNOWN, sent_at: datetime | None = None, every: float = 5
) -> list[MainState]:
    """Return how the main system stands after each of these looks."""
    known, states = MainHealth(state=start), []
    for n, one in enumerate(answers):
        now = TEN + seconds(every * n)
        known = after_look(known, one, sent_at=sent_at, window=WINDOW, now=now)
        states.append(known.state)
    return states


@pytest.mark.parametrize(
    ("health", "lookup", "found"),
    [
        (Probed("health", 3), None, WELL),
        (Probed("health", 3), Probed("lookup", 9), WELL),
        (Probed("health", 3), Probed("lookup", None, "timeout"), UNCLEAR),
        (Probed("health", None, "connect"), Probed("lookup", 9), ILL),
        (Probed("health", None, "connect"), None, ILL),
    ],
)
def test_what_one_look_found(health: Probed, lookup: Probed | None, found: Answers):
    assert answers_of(health, lookup) is found


def test_it_counts_as_up_once_all_of_it_has_answered_for_a_window():
    assert looked(*[WELL] * 5) == [UNKNOWN] * 4 + [UP]


def test_one_lost_probe_is_nothing_and_a_window_of_them_is_down():
    assert looked(*[WELL] * 5, ILL, WELL) == [UNKNOWN] * 4 + [UP] * 3
    assert looked(*[ILL] * 5, start=UP) == [UP] * 4 + [DOWN]


def test_an_order_that_had_been_sent_outweighs_a_health_address_that_answers_at_once():
    assert looked(*[WELL] * 3, start=UP, sent_at=TEN - seconds(1)) == [DOWN] * 3


def test_it_is_back_only_a_whole_window_after_the_last_such_order():
    """Its last order came at ten: at 10:00:20 it still counts, at 10:00:25 nothing speaks against it any more."""
    assert looked(*[WELL] * 6, start=DOWN, sent_at=TEN) == [DOWN] * 5 + [UP]


def test_without_a_look_up_that_works_it_is_not_back_and_not_down_either():
    assert looked(*[UNCLEAR] * 6, start=DOWN) == [DOWN] * 6
    assert looked(*[UNCLEAR] * 6, start=UP) == [UP] * 4 + [UNKNOWN] * 2
    assert looked(*[UNCLEAR] * 6) == [UNKNOWN] * 6


def test_whatever_flaps_stays_as_it_was():
    assert looked(*[WELL, ILL] * 6, start=DOWN) == [DOWN] * 12
    assert looked(*[WELL, ILL] * 6, start=UP) == [UP] * 12


def test_ill_and_unclear_by_turns_is_one_time_without_health():
    assert looked(*[ILL, UNCLEAR] * 3, start=UP)[4:] == [DOWN, DOWN]


def test_a_time_without_looks_is_no_time_of_health():
    """The worker was away for two minutes: what it found before says nothing of them; its state stays."""
    known = MainHealth(state=DOWN, answers=WELL, since=TEN, looked_at=TEN + seconds(15))
    again = after_look(known, WELL, sent_at=None, window=WINDOW, now=TEN + minutes(2))
    assert (again.state, again.since) == (DOWN, TEN + minutes(2))


def test_a_clock_that_was_set_back_ends_no_outage():
    known = MainHealth(state=DOWN, answers=WELL, since=TEN, looked_at=TEN + seconds(15))
    again = after_look(known, WELL, sent_at=None, window=WINDOW, now=TEN - hours(1))
    assert (again.state, again.since) == (DOWN, TEN - hours(1))


@pytest.mark.parametrize(("ago", "recent"), [(0, True), (20, True), (21, False), (-20, True), (-21, False)])
def test_an_order_counts_for_a_window_on_either_side_of_the_clock(ago: float, recent: bool):  # noqa: FBT001 - a table
    assert is_recent(TEN - seconds(ago), window=WINDOW, now=TEN) is recent
    assert not is_recent(None, window=WINDOW, now=TEN)


@pytest.mark.parametrize(
    ("until", "holds"), [(None, False), (TEN, False), (TEN + seconds(1), True), (TEN + hours(24.1), False)]
)
def test_a_persons_word_holds_until_then_and_never_for_more_than_a_day(until: datetime | None, holds: bool):  # noqa: FBT001 - a table
    assert is_in_force(until, now=TEN) is holds
