"""Loops never die; children of the supervisor are restarted and drained."""

import asyncio
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from app.cli.supervisor import HEALTHY_AFTER, Child, drain, listen
from app.worker.loops import keep_doing, pause
from app.worker.timetable import Steps, calendar, timetable
from tests.deployment.facts import ZONE, minutes


async def test_a_step_is_repeated_at_once_while_there_is_work_and_rests_when_there_is_none():
    stop, results = asyncio.Event(), [3, 2, 0]
    rested: list[bool] = []

    async def step() -> int:
        if not results:
            rested.append(True)
            stop.set()
            return 0
        return results.pop(0)

    await keep_doing("x", step, rest=0.001, stop=stop)
    assert rested == [True]


async def test_a_step_that_fails_is_tried_again():
    """P8: nothing dies silently after weeks."""
    stop, calls = asyncio.Event(), []

    async def step() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise OSError
        stop.set()
        return 0

    await keep_doing("x", step, rest=0, stop=stop, rest_after_error=0.001)
    assert len(calls) == 3


async def test_being_told_to_stop_ends_a_rest_at_once():
    stop = asyncio.Event()
    resting = asyncio.create_task(pause(3600, stop))
    await asyncio.sleep(0)
    stop.set()
    await resting  # pytest's time-out ends it if it rests on


async def test_a_loop_that_was_stopped_does_nothing():
    stop = asyncio.Event()
    stop.set()
    await keep_doing("x", pytest.fail, rest=0, stop=stop)  # type: ignore[arg-type]


def test_only_the_leader_makes_batches_sweeps_and_watches():
    async def step() -> int:
        return 0

    jobs = timetable(Steps(**dict.fromkeys(Steps.__dataclass_fields__, step)))
    assert {job.name for job in jobs if job.leader_only} == {
        *("batch", "changes", "sweep", "watch", "own_orders"),
        *("dead_men", "probe", "main_system", "look_up", "replay", "duty", "escalate"),
    }
    assert all(0 < job.rest <= 60 for job in jobs)


def test_every_step_has_its_time_in_the_loops_or_in_the_calendar():
    async def step() -> int:
        return 0

    each_its_own = {name: partial(step) for name in Steps.__dataclass_fields__}
    steps = Steps(**each_its_own)  # type: ignore[arg-type]
    taken = [job.step for job in timetable(steps)]
    taken += [job.step(steps) for job in calendar(batch_every=minutes(30), zone=ZONE)]
    assert {id(one) for one in taken} == {id(one) for one in each_its_own.values()}


def _child(code: str, clock: Callable[[], float]) -> Child:
    return Child("web", ["-c", code], clock=clock)


@pytest.fixture
def python_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let children run a line of Python in place of the application: ``python -m app -c …`` needs a module named so."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import sys\nexec(sys.argv[2])\n", encoding="utf-8")
    (tmp_path / "app" / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    return tmp_path


def test_a_child_that_dies_is_restarted_at_once_and_then_more_slowly(python_child: Path):
    now, waits = 100.0, []
    child = _child("raise SystemExit(3)", lambda: now)
    for _ in range(3):
        now = child.restart_at
        child.look_after(python_child)
        assert child.process is not None
        process = child.process
        assert (python_child / "web.pid").read_text(encoding="ascii") == f"{process.pid}\n"
        process.wait()
        child.look_after(python_child)
        assert child.process is None
        waits.append(child.restart_at - now)
        child.look_after(python_child)  # its time has not come
        assert child.process is None
    assert waits == [1, 2, 4]


def test_a_child_that_ran_well_is_restarted_at_once(python_child: Path):
    now = 100.0
    child = _child("pass", lambda: now)
    child.deaths = 4
    child.look_after(python_child)
    assert child.process is not None
    child.process.wait()
    now += HEALTHY_AFTER + 1
    child.look_after(python_child)
    child.look_after(python_child)
    assert child.deaths == 0
    assert child.process is not None
    child.process.wait()


WAITS = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nprint('ready', flush=True)\ntime.sleep(60)"


def test_children_are_asked_to_finish_and_the_deaf_are_ended(python_child: Path):
    """P13"""
    import subprocess  # noqa: PLC0415 - only here

    def started(code: str) -> Child:
        child = Child("x", [])
        child.process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert child.process.stdout is not None
        assert child.process.stdout.readline() == b"ready\n"
        child.process.stdout.close()
        return child

    polite, deaf = started(WAITS), started(WAITS.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN"))
    assert drain([polite, Child("never started", [])]) == 0
    assert polite.process is not None
    assert polite.process.returncode == 0
    assert drain([polite, deaf], within=0.0) == 1
    assert deaf.process is not None
    assert deaf.process.returncode == -signal.SIGKILL


def test_the_listening_socket_can_be_inherited():
    with listen("127.0.0.1", 0) as listener:
        assert listener.get_inheritable()
        assert listener.getsockname()[1] > 0
