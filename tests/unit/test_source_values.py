"""What ERPs write for a time, a code or nothing is read in one way; what is none of these is told and never guessed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.foreign_values import NoMoment, moment_of, wall_text, whole_of, word_of

BEIJING = ZoneInfo("Asia/Shanghai")
AT = datetime(2025, 1, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-01 08:00:00",
        "2025/1/1 8:00",
        "2025-01-01T08:00:00",
        "2025-01-01 08:00:00.000",
        "2025-01-01T00:00:00Z",
        "2025-01-01T08:00:00+08:00",
        1735689600,
        1735689600000,
        "1735689600",
        "1735689600000",
        1735689600000.0,
    ],
)
def test_every_form_of_a_time_is_the_same_moment(value: object):
    assert moment_of(value, BEIJING) == AT


@pytest.mark.parametrize(
    "value",
    [None, "", "  ", "无", 0, "0", "0000-00-00 00:00:00", "0001-01-01 00:00:00", "null", [], {}, "1970-01-01 08:00:00"],
)
def test_what_says_not_yet_is_no_time(value: object):
    assert moment_of(value, BEIJING) is None


@pytest.mark.parametrize("value", ["昨天", "2025-13-01 00:00:00", "2025-01-01", True, "9" * 16, "12345"])
def test_what_is_no_time_is_told(value: object):
    with pytest.raises(NoMoment):
        moment_of(value, BEIJING)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (2**53 + 1, "9007199254740993"),
        (" 95 ", "95"),
        (95, "95"),
        (95.0, "95"),
        (True, "1"),
        ("无", None),
        ("", None),
        (None, None),
        ({}, None),
        ([1], None),
    ],
)
def test_a_code_is_a_text_with_all_its_digits(value: object, word: str | None):
    assert word_of(value) == word


def test_a_number_may_be_written_as_a_text():
    assert [whole_of(one) for one in ("128", 128, "12.5", "x", None, True)] == [128, 128, None, None, None, 1]


def test_a_time_is_asked_for_on_the_wall_clock_of_beijing():
    assert wall_text(AT, BEIJING) == "2025-01-01 08:00:00"
