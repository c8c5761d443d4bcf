"""The registry of channels: a row of data for each, and nothing that contradicts the rows of the database."""

from datetime import timedelta

import pytest

from app.channels.kinds import EMAIL, FEISHU, GROUPS, KINDS, WECOM, ChannelKind
from app.store.tables import Message
from tests.deployment.facts import seconds


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_name_fits_into_its_column(kind: ChannelKind):
    column = Message.__table__.c.channel  # type: ignore[attr-defined]
    assert len(kind.name) <= column.type.length


@pytest.mark.parametrize("kind", GROUPS, ids=lambda kind: kind.name)
def test_a_group_says_where_its_provider_is(kind: ChannelKind):
    assert kind.is_group
    assert kind.hosts


def test_feishu_announces_batches_after_the_half_hour_it_gasps_at():
    assert [FEISHU.announcement_delay(share) for share in (0.0, 0.5, 1.0)] == [seconds(20), seconds(60), seconds(100)]
    assert WECOM.announcement_delay(0.5) == EMAIL.announcement_delay(0.5) == timedelta()


def test_feishu_is_held_below_its_limits_of_a_second_and_of_a_minute():
    assert FEISHU.burst is not None
    assert (FEISHU.burst.limit, FEISHU.burst.window) == (4, seconds(1))
    assert FEISHU.pace.limit == 80
    assert FEISHU.pace.window >= seconds(60)
