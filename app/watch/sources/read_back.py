"""Reads all rows of a window although they move between the pages: from the last page to the first.

A row that is changed while pages are read leaves the window, and those behind it move up by one. Who reads from the
first page on then skips a row with each; who comes from the last meets them again, which harms nothing. Counting is no
proof: a row that was lost makes up for the one that has left.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from app.watch.sources.trouble import SourceTrouble, TooManyRows

MOST_ROWS = 20_000
"""Of one window; it is held in memory. A longer one is read in parts."""

MOST_PAGES = 2_000
AGAIN = 3
"""So often a page that is too short is asked for again, and a window into which rows have come is read again."""

SHORT_WAIT = 0.5


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One page: its rows, how many the window holds as it says itself (None: it does not), whether more follow."""

    rows: list[Any]
    total: int | None = None
    more: bool | None = None


FetchPage = Callable[[int], Awaitable[SourcePage]]
"""Asks for the page of a number."""

Wait = Callable[[float], Awaitable[None]]


async def read_from_the_end(fetch: FetchPage, *, first: int, size: int, wait: Wait) -> list[Any]:
    """Return the rows of a window that tells its total, some of them perhaps twice.

    Raises:
        SourceTrouble: a page stayed shorter than its total says, or rows kept coming into the window.
        TooManyRows: there are more than are read at once.
    """
    for _ in range(AGAIN):
        head = await fetch(first)
        if head.total is None:
            raise SourceTrouble("bad_answer", "total")
        if head.total > MOST_ROWS:
            raise TooManyRows
        if head.total <= size and len(head.rows) >= head.total:
            return list(head.rows)  # one answer is one moment
        rows: list[Any] = []
        most = head.total
        for number in reversed(range(math.ceil(head.total / size))):
            page, total = await _whole_page(fetch, number, first=first, size=size, wait=wait)
            rows += page.rows
            most = max(most, total)
        if most <= head.total:
            return rows
    raise SourceTrouble("window_grows")


async def read_onwards(fetch: FetchPage, *, first: int, size: int) -> list[Any]:
    """Return the rows of a log, which only grows: from its first page on, until nothing more follows."""
    rows: list[Any] = []
    for number in range(MOST_PAGES):
        page = await fetch(first + number)
        rows += page.rows
        if len(rows) > MOST_ROWS:
            raise TooManyRows
        if not page.rows or (not page.more and len(page.rows) < size):
            return rows
    raise TooManyRows


async def _whole_page(fetch: FetchPage, number: int, *, first: int, size: int, wait: Wait) -> tuple[SourcePage, int]:
    """Return a page and the total as of then; one shorter than that total says is asked for again."""
    for attempt in range(AGAIN + 1):
        if attempt:
            await wait(SHORT_WAIT)
        page = await fetch(first + number)
        total = page.total
        if total is None:  # told on the first page alone
            total = (await fetch(first)).total or 0
        if len(page.rows) >= min(size, total - number * size):
            return page, total
    raise SourceTrouble("short_page")
