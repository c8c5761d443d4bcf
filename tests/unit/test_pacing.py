from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.channels.kinds import WECOM
from app.domain.send_budget import Pace
from tests.deployment.facts import TEN, seconds
from tests.fakes.channels import most_within

GAPS = st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=120)


@given(GAPS, st.integers(1, 18))
def test_no_window_ever_holds_more_than_the_limit(gaps: list[float], limit: int):
    """Whoever sends whatever is free at any moments stays within the limit of every window, not only of aligned ones."""
    pace = Pace(limit=limit, window=seconds(62))
    sent: list[datetime] = []
    now = TEN
    for gap in gaps:
        now += timedelta(seconds=gap)
        sent += [now] * pace.free(sent, now=now)
    assert most_within(sent, seconds(62)) == limit  # reached, and never exceeded


@given(st.lists(st.floats(-200, 200, allow_nan=False), max_size=40))
def test_what_is_free_is_the_limit_less_what_was_sent_in_the_window(offsets: list[float]):
    sent = [TEN + timedelta(seconds=offset) for offset in offsets]
    used = sum(1 for at in sent if at > TEN - seconds(62))
    assert WECOM.pace.free(sent, now=TEN) == max(18 - used, 0)


def test_a_place_comes_back_when_its_window_has_passed_and_not_before():
    full = [TEN] * 18
    assert WECOM.pace.free(full, now=TEN + seconds(61.999)) == 0
    assert WECOM.pace.free(full, now=TEN + seconds(62)) == 18


def test_after_the_clock_was_set_back_we_wait_rather_than_send_too_much():
    """P11"""
    assert WECOM.pace.free([TEN] * 18, now=TEN - timedelta(hours=1)) == 0
