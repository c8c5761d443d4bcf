"""Repeats steps by the monotonic clock: a step of the wall clock neither stops nor hurries them."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

Step = Callable[[], Awaitable[int]]
"""Does what there is to do now and returns how much it was; 0 means: nothing, take a rest."""

REST_AFTER_ERROR = 2.0


async def keep_doing(
    name: str, step: Step, *, rest: float, stop: asyncio.Event, rest_after_error: float = REST_AFTER_ERROR
) -> None:
    """Repeat ``step`` until ``stop``, resting ``rest`` seconds where there was nothing to do; no error ends it."""
    while not stop.is_set():
        try:
            wait = 0.0 if await step() else rest
        except Exception:
            log.exception("loop_failed", loop=name)
            wait = rest_after_error * (1 + random.random())  # noqa: S311 - spread, not secrecy
        await pause(wait, stop)


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait, but not past ``stop``."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
