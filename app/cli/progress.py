"""How far a long import has come, as a bar on a terminal; nothing where nobody sees it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.terminal import err


@contextmanager
def progress_of(what: str, total: int, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Yield what hears how many more are done of ``total``; ``what`` stands before the bar."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=hidden or not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.advance(task, done)
