"""A worker whose loops are turned by hand: ``python -m tests.harness.one_turn``.

Each line on standard input names steps of the timetable; they are taken together, once, and ``done`` is the answer.
Everything but the resting between turns is the worker's own, so that a trial need not wait for it; and it can be killed.
"""

import asyncio
import sys
from contextlib import closing

from app import settings as knobs
from app.bootstrap import open_lifeboat
from app.telemetry import logging
from app.worker.main import Worker


async def _serve() -> None:
    """Turn until standard input ends."""
    with closing(open_lifeboat(knobs.load())) as boat:
        boat.prepare_store()
        worker = Worker(boat)
        steps = worker.steps()
        while line := await asyncio.to_thread(sys.stdin.readline):
            await asyncio.gather(*(getattr(steps, name)() for name in line.split()))
            sys.stdout.write("done\n")
            sys.stdout.flush()
        await worker.aclose()


if __name__ == "__main__":
    logging.configure("warning", process="turn")  # to standard error: standard output is for the answers
    asyncio.run(_serve())
