"""An event loop that leaps over every rest: days of a worker pass in seconds, and always in the same order.

Its monotonic clock stands still while anything runs, in a thread too, and else goes straight to the next timer. The wall
clock goes along with it and can be set; APScheduler, which asks the system for the time, is told that one.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, Self

import pytest
from apscheduler.executors import base as executors
from apscheduler.schedulers import base as schedulers

from tests.deployment.facts import TEN


class HurriedLoop(asyncio.SelectorEventLoop):
    """Waits for threads and for nothing else."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.threads = 0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.passed

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        def came_back(_: object) -> None:
            self.threads -= 1

        self.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(came_back)
        return future


class _Leaping(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self, loop: HurriedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout and not self._loop.threads and not (events := super().select(0)):
            self._loop.passed += timeout
            return events
        return super().select(None if timeout and self._loop.threads else timeout)


@dataclass
class Wall:
    """The wall clock: the loop's time, and however far somebody has set it ahead."""

    loop: HurriedLoop
    began: datetime = TEN + timedelta(seconds=1)  # no boundary is near
    ahead: timedelta = field(default=timedelta())

    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.loop.time()) + self.ahead

    def step(self, by: timedelta) -> None:
        self.ahead += by

    def datetime_class(self) -> type[datetime]:
        """Return a ``datetime`` whose ``now`` is ours."""
        wall = self

        class Told(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:  # type: ignore[override]
                return wall.now().astimezone(tz)  # type: ignore[return-value]

        return Told


@contextmanager
def hurried() -> Iterator[tuple[Wall, Callable[[Coroutine[Any, Any, Any]], Any]]]:
    """Yield a wall clock and what runs a coroutine under it."""
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner(loop_factory=HurriedLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, HurriedLoop)
        wall = Wall(loop)
        for module in (schedulers, executors):
            patch.setattr(module, "datetime", wall.datetime_class())
        yield wall, runner.run
