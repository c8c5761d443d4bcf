"""``lifeboat worker``: the process that composes, sends and makes batches."""

import asyncio
import os
import signal

from app.bootstrap import Lifeboat
from app.cli.memory import share_arenas
from app.cli.supervisor import Supervised, watch_parent
from app.cli.terminal import lifeboat
from app.worker.main import work

NICENESS = 10
"""Where web and worker share cores, the door comes first: it wakes for a millisecond at a time, while a large batch
keeps its maker busy for half a minute. On cores that nobody else wants this costs nothing."""


def worker(*, supervised: Supervised = False) -> None:
    """只启动后台进程：通知、批次、巡检。"""
    share_arenas()
    os.nice(NICENESS)
    watch_parent(supervised=supervised)
    with lifeboat("worker", prepare=False) as boat:
        asyncio.run(_work(boat))


async def _work(boat: Lifeboat) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(boat, stop)
