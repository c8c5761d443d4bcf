"""Whom an alert is told to while nobody takes it on: the table, and when its steps are due."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.escalation import ESCALATIONS, Escalation, EscalationTarget, due_at, is_due
from tests.deployment.facts import TEN, minutes

ORANGE, RED = ESCALATIONS["orange"], ESCALATIONS["red"]


def test_nobody_is_woken_for_less_than_orange():
    assert set(ESCALATIONS) == {"orange", "red"}


def test_orange_asks_the_first_at_once_then_the_second_then_the_fallback_and_the_group():
    moments, at = [], minutes(0)
    for number in range(5):
        at += ORANGE.step(number).after
        moments.append((at, ORANGE.step(number).asks))
    assert moments == [
        (minutes(0), {EscalationTarget.FIRST}),
        (minutes(5), {EscalationTarget.SECOND}),
        (minutes(10), {EscalationTarget.FALLBACK, EscalationTarget.GROUPS}),
        (minutes(40), {EscalationTarget.FIRST, EscalationTarget.GROUPS}),
        (minutes(70), {EscalationTarget.FIRST, EscalationTarget.GROUPS}),
    ]


def test_red_asks_those_on_duty_after_five_minutes_and_every_lead_after_ten():
    assert [(RED.step(n).after, EscalationTarget.LEADS in RED.step(n).asks) for n in range(4)] == [
        (minutes(5), False),
        (minutes(5), True),
        (minutes(15), False),
        (minutes(15), False),
    ]
    assert EscalationTarget.GROUPS in RED.step(2).asks


def test_the_first_step_counts_from_the_groups_being_told():
    assert due_at(RED, 0, None, told_at=TEN) == TEN + minutes(5)
    assert due_at(RED, 1, TEN + minutes(7), told_at=TEN) == TEN + minutes(7)


@given(st.sampled_from([ORANGE, RED]), st.integers(0, 6), st.integers(-200_000, 200_000).map(minutes))
def test_no_setting_of_the_clock_makes_a_step_wait_for_longer_than_it_would(
    escalation: Escalation, number: int, leap: timedelta
):
    after = escalation.step(number).after
    written: datetime = TEN + after
    now = TEN + leap
    waits = written - now
    assert is_due(escalation, number, written, now=now) == (waits <= minutes(0) or waits > after)
