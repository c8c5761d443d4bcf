"""Reads each source of lifecycle events in a loop of its own; the leader alone does, and no source holds up another."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress

import structlog

from app.bootstrap.sources import OpenSources
from app.watch.sources.document import Source
from app.worker.leader import Leadership
from app.worker.loops import Step, keep_doing

log = structlog.get_logger()

HELD_LONGER = 5.0
"""Seconds; a source whose account is held for longer is left out of this round."""


def source_loops(opened: OpenSources, leadership: Leadership, stop: asyncio.Event) -> Sequence[Awaitable[None]]:
    """Return a loop for each source; files that describe none are told once."""
    for wrong in opened.sources.wrong:
        log.warning("source_file_wrong", file=wrong.file, line=wrong.line, entry=wrong.key)
    return [
        keep_doing(
            f"source:{source.name}",
            leadership.only(source_step(opened, source, stop)),
            rest=source.every.total_seconds(),
            stop=stop,
        )
        for source in opened.sources.known
    ]


def source_step(opened: OpenSources, source: Source, stop: asyncio.Event) -> Step:
    """Return what reads a source once; a round that is under way ends when the worker is to stop."""

    async def step() -> int:
        if opened.caller(source).pace.held_for > HELD_LONGER:
            return 0
        round_ = asyncio.ensure_future(opened.poll(source))
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({round_, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if not round_.done():
            round_.cancel()  # nothing is lost: where the source stands moves only after its events are stored
            with suppress(asyncio.CancelledError):
                await round_
            return 0
        try:
            polled = round_.result()
        except Exception:  # a mistake of ours: told, and not repeated before the source is due again
            log.exception("source_failed", source=source.name)
            return 0
        if polled.trouble is not None:
            log.warning("source_not_read", source=source.name, reason=polled.trouble.code)
            return 0
        return 1 if polled.catching_up else 0

    return step
