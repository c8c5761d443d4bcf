from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.quiet_hours import CLOSES, OPENS, earliest_send
from tests.deployment.facts import ZONE, hours

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("moment", "send"),
    [
        ("2026-11-22T08:00:00", "2026-11-22T08:00:00"),
        ("2026-11-22T20:59:59", "2026-11-22T20:59:59"),
        ("2026-11-22T21:00:00", "2026-11-23T08:00:00"),
        ("2026-11-22T23:59:59", "2026-11-23T08:00:00"),
        ("2026-11-23T00:00:00", "2026-11-23T08:00:00"),
        ("2026-11-23T07:59:59", "2026-11-23T08:00:00"),
        ("2026-12-31T22:00:00", "2027-01-01T08:00:00"),
    ],
)
def test_marketing_waits_for_the_morning(moment: str, send: str):
    at = datetime.fromisoformat(moment + "+08:00").astimezone(UTC)
    assert earliest_send(at, zone=ZONE) == datetime.fromisoformat(send + "+08:00")


@given(MOMENTS)
def test_nothing_is_sent_at_night_nor_later_than_the_next_morning(moment: datetime):
    send = earliest_send(moment, zone=ZONE)
    assert OPENS <= send.astimezone(ZONE).time() < CLOSES
    assert hours(0) <= send - moment <= hours(11)
    assert send.tzinfo is moment.tzinfo
