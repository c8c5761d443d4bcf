"""Which promises of shipping break soon, by what events tell; on both engines."""

from datetime import datetime, timedelta

import pytest

from app.domain.marks import Mark
from app.watch.promises import Promises, promises_within
from app.watch.stages.take_events import take_events
from tests.deployment import Deployment
from tests.deployment.events import reported
from tests.deployment.facts import TEN, hours, minutes


def _tell(deployment: Deployment, order: str, mark: Mark, at: datetime, promised: object = None) -> None:
    attributes = {} if promised is None else {"promised_at": promised}
    event = reported(order, mark, at, **attributes)
    assert take_events(deployment.store, [event], now=deployment.clock.now()).applied == 1


def _look(deployment: Deployment, lasting: timedelta) -> Promises:
    with deployment.store.reading() as uow:
        return promises_within(uow, lasting, now=deployment.clock.now())


def _told(found: Promises) -> tuple[list[str], list[str]]:
    return [one.order_ref for one in found.broken], [one.order_ref for one in found.soon]


@pytest.fixture
def later(deployment: Deployment) -> Deployment:
    deployment.clock.at = TEN + hours(2)
    return deployment


def test_broken_ones_and_those_that_break_soon_are_told_earliest_first(later: Deployment):
    for order, promised in (("A", TEN + hours(1)), ("B", TEN + hours(5)), ("C", TEN + hours(3)), ("D", TEN + hours(9))):
        _tell(later, order, Mark.PAID, TEN, promised.isoformat())
    _tell(later, "E", Mark.PAID, TEN)
    assert _told(_look(later, hours(4))) == (["A"], ["C", "B"])
    assert _told(_look(later, timedelta())) == (["A"], [])
    assert _told(_look(later, hours(24 * 365))) == (["A"], ["C", "B", "D"])


def test_what_is_shipped_packed_or_cancelled_has_kept_its_promise_or_has_none(later: Deployment):
    for order, mark in (("A", Mark.PACKED), ("B", Mark.SHIPPED), ("C", Mark.CANCELLED), ("D", Mark.COLLECTED)):
        _tell(later, order, Mark.PAID, TEN, (TEN + hours(1)).isoformat())
        _tell(later, order, mark, TEN + minutes(30))
    assert _told(_look(later, hours(4))) == ([], [])


def test_the_last_word_counts_and_an_empty_one_takes_it_back(later: Deployment):
    _tell(later, "A", Mark.PAID, TEN, (TEN + hours(1)).isoformat())
    _tell(later, "A", Mark.STATUS, TEN + minutes(10), (TEN + hours(3)).isoformat())
    _tell(later, "A", Mark.STATUS, TEN + minutes(5), (TEN + hours(2)).isoformat())  # late, and outdated
    assert _told(_look(later, hours(4))) == ([], ["A"])
    _tell(later, "A", Mark.STATUS, TEN + minutes(20), "")
    assert _told(_look(later, hours(4))) == ([], [])


@pytest.mark.parametrize(
    "odd", ["morgen", 7, True, ["2026"], "2026-11-22 12:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+08:00"]
)
def test_what_is_no_time_is_no_promise_and_stops_nothing(later: Deployment, odd: object):
    _tell(later, "A", Mark.PAID, TEN, odd)
    _tell(later, "B", Mark.PAID, TEN, "2026-11-22T10:30:00+08:00")
    assert _told(_look(later, hours(24 * 7))) == (["B"], [])
