"""Work in threads, one of a kind at a time."""

import asyncio
import threading

import pytest

from app.worker.alone import Alone


async def test_what_hangs_takes_one_thread_however_often_it_is_asked_for():
    """A run can be cut off, a thread cannot: the next run waits, and takes none."""
    alone, let_go, begun = Alone(), threading.Event(), []

    def hang() -> int:
        begun.append(1)
        let_go.wait(60)
        return 7

    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await alone.run(hang)
    last = asyncio.create_task(alone.run(hang))
    await asyncio.sleep(0)
    assert len(begun) <= 1
    let_go.set()
    assert await asyncio.wait_for(last, 60) == 7
    assert len(begun) == 2


async def test_whoever_asks_while_it_runs_gets_an_answer_of_its_own():
    alone, answers = Alone(), iter([1, 2, 3])
    asked = [alone.run(lambda: next(answers)) for _ in range(3)]
    assert sorted(await asyncio.gather(*asked)) == [1, 2, 3]


async def test_an_error_is_its_own_callers_alone():
    alone = Alone()

    def fail() -> int:
        raise ValueError

    failed, fine = await asyncio.gather(alone.run(fail), alone.run(lambda: 1), return_exceptions=True)
    assert isinstance(failed, ValueError)
    assert fine == 1
