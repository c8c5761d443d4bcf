"""Nothing is lost while pages shift: rows leave a window, new ones come behind it, and every one of them is met."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.watch.sources.read_back import AGAIN, MOST_ROWS, SourcePage, read_from_the_end, read_onwards
from app.watch.sources.reading_window import LEAST, WindowRules, next_window
from app.watch.sources.trouble import SourceTrouble, TooManyRows

T0 = datetime(2026, 11, 11, 2, tzinfo=UTC)


async def no_wait(_: float) -> None: ...


@dataclass
class Table:
    """Rows by the second of their last change, asked in pages; ``between`` happens after each page."""

    changed: dict[int, int]
    size: int
    since: int = -(10**9)
    until: int = 10**9
    between: Callable[["Table"], None] = lambda _: None
    pages: list[int] = field(default_factory=list)
    with_total: Callable[[int], bool] = lambda _: True

    async def fetch(self, number: int) -> SourcePage:
        rows = sorted((at, row) for row, at in self.changed.items() if self.since <= at <= self.until)
        self.pages.append(number)
        page = [row for _, row in rows[number * self.size : (number + 1) * self.size]]
        self.between(self)
        return SourcePage(page, len(rows) if self.with_total(number) else None)

    def read(self) -> set[int]:
        return set(asyncio.run(read_from_the_end(self.fetch, first=0, size=self.size, wait=no_wait)))


@given(
    rows=st.lists(st.integers(0, 600), min_size=1, max_size=60),
    edits=st.lists(st.lists(st.integers(0, 59), max_size=4), min_size=1, max_size=40),
    size=st.integers(1, 7),
)
def test_every_row_is_met_or_has_left_for_a_later_window(rows: list[int], edits: list[list[int]], size: int):
    """The window ends in the past, so that a row that is changed while pages are read can only leave it."""
    table = Table(dict(enumerate(rows)), size, since=100, until=500)
    queue, now = list(edits), [10_000]

    def edit(of: Table) -> None:
        for row in queue.pop(0) if queue else ():
            if row in of.changed:
                now[0] += 1
                of.changed[row] = now[0]

    table.between = edit
    found = table.read()
    there = {row for row, at in table.changed.items() if 100 <= at <= 500}
    assert there <= found
    assert table.pages[-1] == 0 or len(table.pages) == 1


def test_pages_are_read_from_the_last_to_the_first():
    table = Table({row: row for row in range(25)}, size=10)
    assert table.read() == set(range(25))
    assert table.pages == [0, 2, 1, 0]


def test_one_page_is_one_call():
    table = Table({row: row for row in range(10)}, size=10)
    assert table.read() == set(range(10))
    assert table.pages == [0]
    empty = Table({}, size=10)
    assert (empty.read(), empty.pages) == (set(), [0])


@pytest.mark.parametrize("empty", [1, AGAIN])
def test_a_page_that_is_short_below_its_own_total_is_asked_again(empty: int):
    table, left = Table({row: row for row in range(25)}, size=10), [empty]

    async def fetch(number: int) -> SourcePage:
        page = await table.fetch(number)
        if number == 1 and left[0]:
            left[0] -= 1
            return SourcePage([], page.total)
        return page

    found = asyncio.run(read_from_the_end(fetch, first=0, size=10, wait=no_wait))
    assert set(found) == set(range(25))


def test_a_page_that_stays_short_fails_the_window():
    async def fetch(number: int) -> SourcePage:
        return SourcePage([1] if number == 0 else [], 5)

    with pytest.raises(SourceTrouble, match="short_page"):
        asyncio.run(read_from_the_end(fetch, first=0, size=2, wait=no_wait))


def test_a_total_that_only_the_first_page_tells_is_asked_there():
    table = Table({row: row for row in range(25)}, size=10, with_total=lambda number: number == 0)

    def leave(of: Table) -> None:
        of.changed.pop(24, None)

    table.between = leave
    assert table.read() >= set(range(24))


def test_rows_that_come_into_a_window_have_it_read_again():
    """What was committed late pushes others over a page's edge, towards those that were read already."""
    table, late = Table({row: 2 * row for row in range(25)}, size=10), [1, 3, 5]

    def come(of: Table) -> None:
        if late and len(of.pages) == 2:
            for at in (late.pop(0), late.pop(0), late.pop(0)):
                of.changed[100 + at] = at

    table.between = come
    assert table.read() == {*range(25), 101, 103, 105}


def test_a_window_that_never_stops_growing_fails():
    table = Table({row: row for row in range(25)}, size=10)

    def come(of: Table) -> None:
        of.changed[len(of.changed)] = -len(of.changed)

    table.between = come
    with pytest.raises(SourceTrouble, match="window_grows"):
        table.read()


def test_a_window_of_too_many_rows_is_refused_before_it_is_read():
    async def fetch(_: int) -> SourcePage:
        return SourcePage([1], MOST_ROWS + 1)

    with pytest.raises(TooManyRows):
        asyncio.run(read_from_the_end(fetch, first=0, size=2, wait=no_wait))


@pytest.mark.parametrize("says", [True, False, None])
def test_a_log_is_read_onwards_whatever_it_says_of_more(says: bool | None):  # noqa: FBT001 - a case
    lines: list[Any] = list(range(25))

    async def fetch(number: int) -> SourcePage:
        return SourcePage(lines[(number - 1) * 10 : number * 10], more=says)

    assert asyncio.run(read_onwards(fetch, first=1, size=10)) == lines


# ---- windows


RULES = WindowRules(
    margin=timedelta(seconds=120), overlap=timedelta(minutes=10), span=timedelta(minutes=60), first=timedelta(hours=3)
)


def test_a_window_ends_in_the_past_and_begins_before_the_last_ended():
    window = next_window(T0 - timedelta(minutes=4), server_now=T0, rules=RULES)
    assert window is not None
    assert (window.since, window.until) == (T0 - timedelta(minutes=14), T0 - timedelta(seconds=120))
    assert not window.catching_up


def test_a_first_window_goes_back_and_those_behind_it_come_one_after_the_other():
    stands, windows = None, []
    for _ in range(10):
        window = next_window(stands, server_now=T0, rules=RULES)
        if window is None:
            break
        windows.append(window)
        stands = window.until
    end = T0 - RULES.margin
    assert windows[0].since == end - RULES.first
    assert windows[-1].until == end
    assert [one.catching_up for one in windows] == [True] * (len(windows) - 1) + [False]
    for one, following in pairwise(windows):
        assert following.since <= one.until - RULES.overlap
        assert following.until - following.since <= RULES.span


def test_what_is_not_worth_a_call_waits():
    end = T0 - RULES.margin
    assert next_window(end - LEAST + timedelta(seconds=1), server_now=T0, rules=RULES) is None
    assert next_window(end - LEAST, server_now=T0, rules=RULES) is not None


def test_where_a_source_stands_by_a_clock_that_was_ahead_is_taken_back():
    window = next_window(T0 + timedelta(days=1), server_now=T0, rules=RULES)
    assert window is not None
    assert (window.since, window.until) == (T0 - RULES.margin - RULES.overlap, T0 - RULES.margin)


@given(steps=st.lists(st.tuples(st.integers(0, 5000), st.booleans()), max_size=60))
def test_no_moment_is_between_two_windows(steps: list[tuple[int, bool]]):
    """However long a source was away, and whenever a round failed."""
    stands, now, covered = None, T0, None
    for seconds, worked in steps:
        now += timedelta(seconds=seconds)
        window = next_window(stands, server_now=now, rules=RULES)
        if window is None or not worked:
            continue
        assert window.until <= now - RULES.margin
        assert covered is None or window.since <= covered
        stands = covered = window.until
