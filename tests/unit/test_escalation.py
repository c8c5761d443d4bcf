"""Whom an alert is told to while nobody takes it on: the table, and when its steps are due."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.escalation import (
    ESCALATIONS,
    Escalation,
    EscalationTarget,
    StepWays,
    WrongStep,
    due_at,
    escalations_of,
    is_due,
)
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


def test_without_a_word_every_step_uses_both_ways():
    assert escalations_of(()) == ESCALATIONS
    assert {ORANGE.step(n).ways.of({"email", "sms"}) for n in range(4)} == {("sms", "email")}


@pytest.mark.parametrize(
    ("written", "there_are", "used"),
    [
        ("sms", {"sms", "email"}, ("sms",)),
        ("email", {"sms"}, ()),
        ("email+sms", {"sms", "email"}, ("email", "sms")),
        ("sms>email", {"sms", "email"}, ("sms",)),
        ("sms>email", {"email"}, ("email",)),
        ("email>sms+group", {"sms", "email"}, ("email",)),
    ],
)
def test_a_step_uses_the_ways_that_are_written_in_their_order(written: str, there_are: set[str], used: tuple[str, ...]):
    step = escalations_of((f"orange.1={written}",))["orange"].step(0)
    assert step.ways.of(there_are) == used
    assert step.after == ORANGE.step(0).after


def test_groups_hear_of_the_steps_that_say_so_alone():
    changed = escalations_of(("orange.1=sms+group", "orange.3=sms", "red.again=group", "red.2=group"))
    assert changed["orange"].step(0).asks == {EscalationTarget.FIRST, EscalationTarget.GROUPS}
    assert changed["orange"].step(1) == ORANGE.step(1)
    assert changed["orange"].step(2).asks == {EscalationTarget.FALLBACK}
    assert changed["red"].step(1).asks == changed["red"].step(5).asks == {EscalationTarget.GROUPS}
    assert changed["red"].step(0) == RED.step(0)
    assert StepWays(()).of({"sms"}) == ()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("orange.1", "写法不对"),
        ("orange.1=fax", "写法不对"),
        ("orange.1=sms+sms", "写法不对"),
        ("orange.1=sms>email>group", "写法不对"),
        ("orange.1=group+sms", "写法不对"),
        ("orange.0=sms", "写法不对"),
        ("yellow.1=email", "级别只能是 orange、red"),
        ("orange.4=sms", "可写 1 到 3 或 again"),
        ("red.again=sms", "须含 group"),
    ],
)
def test_what_is_no_way_of_a_step_is_refused_with_a_sentence(written: str, why: str):
    with pytest.raises(WrongStep, match=why):
        escalations_of((written,))


def test_a_step_that_is_written_twice_is_refused():
    with pytest.raises(WrongStep, match="写了两次"):
        escalations_of(("red.1=sms", "red.1=email"))
