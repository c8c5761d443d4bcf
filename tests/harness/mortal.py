"""A worker on a clock that is told the time, and that dies by kill -9 at an instant of which it is told the number.

Run as ``python -m tests.harness.mortal`` it is the process that has imported everything and forks one life after
another, so that a death costs a tenth of a second and not two. Each line on standard input is an order: what time it is,
which steps of the worker to take, and the instant to die at. Instants are every statement to the database, every commit
and every connection that is opened to a provider; so the same number is the same place in the same round.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.harness.processes import end, plain_environment

VENDORS = "STORY_VENDORS"
"""Names, as JSON, the port of this machine at which each vendor's host is."""

SOURCES = "sources"
"""The step that reads every source until it has nothing more to tell."""


class Mortal:
    """The handle of such a worker: it takes a round of steps, to its end or to its death."""

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        with (home / "mortal.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.mortal"],
                cwd=home,
                env={**plain_environment(), **settings},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._log = home / "mortal.txt"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        end(self._process)

    def round(self, now: datetime, steps: Sequence[str], *, dies_at: int = 0) -> dict[str, Any]:
        """Take these steps one after another; return ``instants``, or with ``dies_at`` the step it ``died`` in."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"now": now.isoformat(), "steps": steps, "dies_at": dies_at}) + "\n")
        self._process.stdin.flush()
        heard: dict[str, Any] = {}
        while not heard.keys() & {"instants", "killed"}:
            line = self._process.stdout.readline()
            assert line, self._log.read_text(encoding="utf-8")[-3000:]
            heard |= json.loads(line)
        return heard


# ---- the other side of the pipe --------------------------------------------------------------------------------------


def _serve() -> None:
    """Fork lives until standard input ends; one that ends by itself ends all."""
    from tests.harness import mortal_life  # noqa: PLC0415 - the other side of the pipe need not import the worker

    while True:
        pid = os.fork()
        if pid == 0:
            os._exit(mortal_life.live(json.loads(os.environ[VENDORS]), say, SOURCES))
        _, status = os.waitpid(pid, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(os.waitstatus_to_exitcode(status))
        say({"killed": True})


def say(what: Mapping[str, Any]) -> None:
    """Write a line, whole and at once: who says it may be dead before the next."""
    os.write(1, (json.dumps(what) + "\n").encode())


if __name__ == "__main__":
    _serve()
