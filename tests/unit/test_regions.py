"""What a stream tells: names of regions and nothing else, and only those that show something else now."""

from app.web.console.regions import REGIONS, changed


def test_an_order_that_came_in_changes_what_shows_orders_and_not_the_messages():
    names = changed({"orders": 1, "attempts": 4}, {"orders": 2, "attempts": 4})
    assert {"home", "strip", "wall", "orders", "todo"} <= names
    assert not names & {"messages", "alerts", "batches", "readiness"}


def test_what_has_not_moved_is_not_told():
    assert changed({"orders": 1}, {"orders": 1}) == frozenset()


def test_a_mark_that_nobody_shows_wakes_nobody():
    assert changed({"elsewhere": 1}, {"elsewhere": 2}) == frozenset()


def test_a_mark_that_appears_or_is_gone_has_moved():
    assert "alerts" in changed({}, {"alert_versions": 3})
    assert "alerts" in changed({"alert_versions": 3}, {"alert_versions": None})


def test_region_names_are_plain_words():
    assert all(name.isascii() and name.isalpha() for name in REGIONS)
