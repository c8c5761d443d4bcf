"""Threads of their own for what may hang: nobody waits for one of a few shared threads that others have taken.

asyncio's default pool has six threads on two cores. A dozen uploads, or two disks that do not answer, held it for
minutes, and with it the keys' reload, the health checks and the drain of the spool. A thread costs some 50 µs to start,
which is nothing to what is asked once a second; and as it is a daemon, one that hangs cannot hold up the end.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


async def on_a_thread(name: str, work: Callable[[], T]) -> T:
    """Do blocking ``work`` on a new thread; who stops waiting for it leaves it behind."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():  # nobody waits any more
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]
        else:
            future.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = context.run(work)
        except BaseException as caught:  # noqa: BLE001 - whatever it is, it is for whoever waits
            error = caught
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future


class Question(Generic[T]):
    """Something that may hang, asked on a thread: never twice at once, and never waited for longer than asked."""

    def __init__(self, name: str, ask: Callable[[], T], *, unanswered: T) -> None:
        self._name = name
        self._ask = ask
        self._unanswered = unanswered
        self._asking: asyncio.Task[T] | None = None

    async def answer(self, *, within: float) -> T:
        """Return the answer, or what stands for none if there is none within so many seconds."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(on_a_thread(self._name, self._ask))
            # An error that comes when nobody waits any more is nobody's: who asks next asks anew, and meets it then.
            self._asking.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        done, _ = await asyncio.wait({self._asking}, timeout=within)
        return self._asking.result() if done else self._unanswered
