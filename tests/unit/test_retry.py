from datetime import datetime, timedelta

import pytest

from app.domain.outcome import Deferred, Delivered, Outcome, Rejected, Simulated, Throttled, Unknown, Unreachable
from app.domain.retry import (
    GROUP_DELAYS,
    SETTLE_DELAYS,
    SMS_DELAYS,
    DryRun,
    GiveUp,
    NextStep,
    RetryAt,
    Sent,
    SettleAt,
    after_settling,
    next_step,
    while_worth,
)
from app.domain.worth import worth_until
from tests.deployment.facts import TEN, minutes, seconds

DELAYS = (seconds(1), seconds(3), seconds(9))


@pytest.mark.parametrize(
    ("outcome", "attempts", "follows"),
    [
        (Delivered("r1"), 1, Sent("r1")),
        (Simulated(), 1, DryRun()),
        (Rejected("bad"), 1, GiveUp("bad")),
        (Rejected("key", blame="channel"), 1, GiveUp("key")),
        (Throttled(minutes(1), "busy"), 99, RetryAt(TEN + minutes(1), "busy", counted=False)),
        (Unreachable("off"), 1, RetryAt(TEN + seconds(1), "off")),
        (Unreachable("off"), 2, RetryAt(TEN + seconds(3), "off")),
        (Unreachable("off"), 3, RetryAt(TEN + seconds(9), "off")),
        (Unreachable("off"), 4, GiveUp("off (4 attempts)")),
        (Unreachable("code 7", tries=3), 2, RetryAt(TEN + seconds(3), "code 7")),
        (Unreachable("code 7", tries=3), 3, GiveUp("code 7 (3 attempts)")),
        (Unreachable("code 7", tries=9), 4, GiveUp("code 7 (4 attempts)")),
        (Deferred(minutes(1), "limit"), 1, RetryAt(TEN + minutes(1), "limit")),
        (Deferred(minutes(1), "hour", party="message"), 3, RetryAt(TEN + minutes(1), "hour")),
        (Deferred(minutes(1), "limit"), 4, GiveUp("limit (4 attempts)")),
        (Unknown("cut"), 1, RetryAt(TEN + seconds(1), "cut")),
        (Unknown("cut"), 4, GiveUp("cut (4 attempts)")),
    ],
)
def test_what_follows_an_attempt(outcome: Outcome, attempts: int, follows: NextStep):
    assert next_step(outcome, attempts=attempts, delays=DELAYS, now=TEN) == follows


@pytest.mark.parametrize("attempts", [1, 4, 99])
def test_a_text_message_of_unknown_fate_is_asked_about_and_not_sent_again(attempts: int):
    """P9: at most one duplicate for an ambiguous time-out; of a text message none on a guess."""
    follows = next_step(Unknown("cut"), attempts=attempts, delays=DELAYS, now=TEN, settles=True)
    assert follows == SettleAt(TEN + SETTLE_DELAYS[0], "cut")


def test_jitter_stretches_a_delay_by_up_to_a_half():
    def at(jitter: float) -> NextStep:
        return next_step(Unreachable("off"), attempts=3, delays=DELAYS, now=TEN, jitter=jitter)

    assert at(0) == RetryAt(TEN + seconds(9), "off")
    assert at(1) == RetryAt(TEN + seconds(13.5), "off")


@pytest.mark.parametrize(
    ("outcome", "asked", "follows"),
    [
        (Delivered("r1"), 1, Sent("r1")),
        (Simulated(), 1, DryRun()),
        (Rejected("refused"), 1, GiveUp("refused")),
        (Unreachable("never took it"), 1, RetryAt(TEN, "never took it")),
        (Unreachable("never took it"), 5, RetryAt(TEN, "never took it")),
        (Unreachable("never took it"), 6, GiveUp("never took it (asked 6 times)")),
        (Unknown("?"), 1, SettleAt(TEN + seconds(15), "cut")),
        (Throttled(minutes(9), "busy"), 4, SettleAt(TEN + minutes(10), "cut")),
        (Unknown("?"), 5, GiveUp("cut: outcome unknown, provider asked 5 times")),
    ],
)
def test_what_follows_the_providers_word_about_an_unknown_outcome(outcome: Outcome, asked: int, follows: NextStep):
    assert after_settling(outcome, asked=asked, now=TEN, reason="cut") == follows


@pytest.mark.parametrize("delays", [GROUP_DELAYS, SMS_DELAYS, SETTLE_DELAYS])
def test_waits_grow_and_end(delays: tuple[timedelta, ...]):
    assert list(delays) == sorted(delays)
    assert sum(delays, timedelta()) < timedelta(hours=2)


WORTHLESS = GiveUp("limit：要等到内容已经过时才能再发，不再发送")


@pytest.mark.parametrize(
    ("step", "until", "follows"),
    [
        (RetryAt(TEN, "limit"), TEN, RetryAt(TEN, "limit")),
        (RetryAt(TEN + seconds(1), "limit"), TEN, WORTHLESS),
        (RetryAt(TEN + seconds(1), "limit"), None, RetryAt(TEN + seconds(1), "limit")),
        (SettleAt(TEN + seconds(1), "cut"), TEN, SettleAt(TEN + seconds(1), "cut")),
        (Sent("r"), TEN, Sent("r")),
    ],
)
def test_nothing_is_tried_when_it_is_worth_nothing_any_more(step: NextStep, until: datetime | None, follows: NextStep):
    assert while_worth(step, until=until) == follows


@pytest.mark.parametrize(
    ("subject", "due", "until"),
    [
        ("notice", timedelta(), timedelta(hours=26)),
        ("notice", timedelta(hours=26), timedelta(hours=26)),
        ("coupon", timedelta(hours=12), timedelta(days=3)),
        ("order", timedelta(), None),
        ("alert", timedelta(), None),
        ("notice", timedelta(hours=27), None),  # a person asked for it again
    ],
)
def test_how_long_a_message_is_worth_sending(subject: str, due: timedelta, until: timedelta | None):
    expected = None if until is None else TEN + until
    assert worth_until(subject, created_at=TEN, due_at=TEN + due) == expected
