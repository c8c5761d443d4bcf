"""An alert begins once its trouble has lasted, ends once it has been over for a while, and in the dark does neither."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.alert_life import (
    FLAPS_AT,
    QUIET_AFTER_FLAPPING,
    AlertLife,
    AlertPatience,
    Sight,
    after,
    is_flapping,
)
from app.domain.states import AlertState

TEN = datetime(2026, 11, 11, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENT = AlertPatience(hold=timedelta(minutes=3), clear=timedelta(minutes=5))
W, B, C = Sight.WRONG, Sight.BETWEEN, Sight.WELL


def lived(sights: Sequence[Sight], patience: AlertPatience = PATIENT, life: AlertLife | None = None) -> list[str]:
    """Return the states after one look a minute; ``none`` where there is no episode."""
    states = []
    for n, sight in enumerate(sights):
        life = after(life, sight, now=TEN + n * MINUTE, patience=patience)
        states.append(str(life.state) if life else "none")
    return states


def test_a_trouble_that_passes_in_time_is_forgotten():
    assert lived([W, W, B]) == ["pending", "pending", "none"]


def test_a_trouble_that_has_lasted_fires_and_ends_once_it_has_been_over_for_a_while():
    assert lived([W] * 4 + [C] * 6) == ["pending"] * 3 + ["firing"] + ["recovering"] * 5 + ["resolved"]


def test_between_the_lines_an_alert_neither_begins_nor_ends():
    assert lived([B] * 9) == ["none"] * 9
    assert lived([W] * 4 + [B] * 9)[-1] == "firing"
    assert lived([W] * 4 + [C] * 4 + [B] + [C] * 5)[-1] == "recovering"  # the wait has begun anew


@pytest.mark.parametrize("U", [Sight.UNSEEN, Sight.RESTING])
def test_in_the_dark_nothing_begins_and_nothing_ends(U: Sight):  # noqa: N803 - as the others are called
    assert lived([U] * 9) == ["none"] * 9
    assert lived([W, W] + [U] * 9 + [W, W, W])[-1] == "pending"
    assert lived([W] * 4 + [U] * 60)[-1] == "firing"
    assert lived([W] * 4 + [C] + [U] * 60 + [C] * 5)[-1] == "recovering"


def test_without_patience_it_begins_and_ends_at_once():
    assert lived([W, C], AlertPatience()) == ["firing", "resolved"]


def test_who_had_it_in_hand_has_it_again_when_it_comes_back():
    held = AlertLife(state=AlertState.ACKNOWLEDGED, firing_since=TEN, acknowledged=True)
    assert lived([C, C, W], life=held) == ["recovering", "recovering", "acknowledged"]


def test_what_is_over_stays_over():
    assert lived([W], life=AlertLife(state=AlertState.RESOLVED)) == ["resolved"]


def test_a_clock_set_back_delays_an_alert_by_its_patience_at_most():
    ahead = AlertLife(state=AlertState.PENDING, pending_since=TEN + timedelta(hours=1))
    assert lived([W] * 4, life=ahead) == ["pending"] * 3 + ["firing"]
    ahead = AlertLife(state=AlertState.RECOVERING, firing_since=TEN, clear_since=TEN + timedelta(hours=1))
    assert lived([C] * 6, life=ahead) == ["recovering"] * 5 + ["resolved"]


def test_one_that_flaps_stays_until_it_has_been_quiet_for_long():
    assert [is_flapping(earlier) for earlier in range(FLAPS_AT + 1)] == [False, False, False, True, True]
    quiet = QUIET_AFTER_FLAPPING // MINUTE
    flapping = AlertLife(state=AlertState.FIRING, firing_since=TEN, flapping=True)
    assert lived([C] * (quiet + 1), AlertPatience(), flapping) == ["recovering"] * quiet + ["resolved"]


@given(
    sights=st.lists(st.sampled_from(Sight), max_size=60),
    hold=st.integers(0, 8),
    clear=st.integers(0, 8),
    cut=st.integers(0, 60),
)
def test_whatever_is_seen_it_fires_after_its_hold_alone_and_ends_after_its_wait_alone(
    sights: list[Sight], hold: int, clear: int, cut: int
):
    patience = AlertPatience(hold=hold * MINUTE, clear=clear * MINUTE)
    life: AlertLife | None = None
    wrong_for = well_for = 0  # looks in a row, as an onlooker counts them
    for n, sight in enumerate(sights):
        before = life
        life = after(life, sight, now=TEN + n * MINUTE, patience=patience)
        if n == cut:  # a restart knows what the row says, and nothing else
            life = life and AlertLife(**{name: getattr(life, name) for name in AlertLife.__slots__})
        wrong_for = wrong_for + 1 if sight is W else 0
        well_for = well_for + 1 if sight is C else 0
        if life is not None and life.state is AlertState.FIRING and (before is None or before.firing_since is None):
            assert wrong_for > hold
        if life is not None and life.state is AlertState.RESOLVED:
            assert well_for > clear
            life = None
        if before is not None and before.firing_since is not None:
            assert life is None or life.firing_since == before.firing_since
        if sight is W:
            assert life is not None
