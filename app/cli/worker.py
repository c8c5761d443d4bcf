"""``lifeboat worker``: the process that composes, sends and makes batches."""

import asyncio
import os
import signal
import threading

import typer

from app.bootstrap import Lifeboat
from app.cli.memory import share_arenas
from app.cli.supervisor import DRAIN_WITHIN, Supervised, watch_parent
from app.cli.terminal import lifeboat
from app.worker.main import CalendarSilent, work

NICENESS = 10
"""Where web and worker share cores, the door comes first: it wakes for a millisecond at a time, while a large batch
keeps its maker busy for half a minute. On cores that nobody else wants this costs nothing."""

TRY_AGAIN = os.EX_TEMPFAIL
"""The exit status of a worker whose scheduler fell silent: the supervisor, or the container's, starts another."""


def worker(*, supervised: Supervised = False) -> None:
    """只启动后台进程：通知、批次、巡检。"""
    share_arenas()
    os.nice(NICENESS)
    watch_parent(supervised=supervised)
    with lifeboat("worker", prepare=False) as boat:
        try:
            asyncio.run(_work(boat))
        except CalendarSilent:
            raise typer.Exit(TRY_AGAIN) from None


async def _work(boat: Lifeboat) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(boat, stop, on_silence=end_in_any_case)


def end_in_any_case(after: float = DRAIN_WITHIN) -> None:
    """End this process after a while even if a thread hangs, which nothing else could end."""
    timer = threading.Timer(after, os._exit, (TRY_AGAIN,))
    timer.daemon = True
    timer.start()
