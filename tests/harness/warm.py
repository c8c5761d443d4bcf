"""``lifeboat`` commands as processes of their own, forked from one that has imported everything: 30 ms each, not 2 s.

Run as ``python -m tests.harness.warm`` it is that process: it reads one request a line and prints the child's
process id. What the child does is the command itself; only its beginning is short.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.harness.lifeboat_process import Boat
from tests.harness.processes import end
from tests.harness.waiting import PATIENCE, until


@dataclass
class Running:
    """One command on its way."""

    pid: int
    out: Path
    _handle: int = field(init=False)

    def __post_init__(self) -> None:
        try:
            self._handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            self._handle = -1

    def go(self) -> None:
        """Let a held command begin."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill it, without a word of warning; harmless if it has ended."""
        if self._handle >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def wait(self) -> int | None:
        """Return its exit code, None if it was killed."""
        if self._handle >= 0:
            ended, _, _ = select.select([self._handle], [], [], PATIENCE)
            if not ended:
                self.kill()
            os.close(self._handle)
            self._handle = -1
            assert ended, f"it did not end: {self.text()[-1000:]}"
        code = self.out.with_suffix(".code")
        written = code.read_text(encoding="ascii") if code.exists() else ""
        return int(written) if written else None

    def text(self) -> str:
        """Return what it printed."""
        return self.out.read_text(encoding="utf-8", errors="replace")

    def document(self) -> Any:
        """Return the JSON it printed, None where it printed none."""
        lines = [line for line in self.text().splitlines() if line.startswith("{")]
        return json.loads(lines[-1]) if lines else None


class Warm:
    """Starts commands of one Lifeboat."""

    def __init__(self, home: Path, process: "subprocess.Popen[str]") -> None:
        self._home = home
        self._process = process
        self._names = count(1)

    def command(self, *arguments: str, held: bool = False, later: float = 0.0) -> Running:
        """Start a command; ``held`` stops it before its first step, ``later`` sets its clock ahead by so many seconds."""
        out = self._home / f"command-{next(self._names)}.txt"
        request = {"arguments": arguments, "out": str(out), "held": held, "later": later}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        running = Running(int(self._process.stdout.readline()), out)
        if held:  # told to go on before it has stopped, it would stop for good
            until(lambda: _state_of(running.pid) == "T", every=0.002, why="it does not stop")
        return running


def _state_of(pid: int) -> str:
    """Return the letter by which the kernel names what a process is doing."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


@contextmanager
def warm(lifeboat: Boat) -> Iterator[Warm]:
    """Run the process that forks commands for a Lifeboat."""
    folder = lifeboat.home / "commands"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.harness.warm"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=lifeboat.home, env=lifeboat.environment, **pipes)
    try:
        yield Warm(folder, process)
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        end(process)


# ---- the other side of the pipe --------------------------------------------------------------------------------------


def _serve() -> None:
    from app.cli.main import app  # noqa: PLC0415 - the checker, which shares this package, must not import it

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks for exit codes here: the children write them down
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(app, request)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(app: Any, request: dict[str, Any]) -> None:
    """Be the command, and never return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = Path(request["out"])
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if request["later"]:
        _set_clock_ahead(request["later"])
    if request["held"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    code = 1
    try:
        app(request["arguments"])
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        out.with_suffix(".code").write_text(str(code), encoding="ascii")
        os._exit(code)


def _set_clock_ahead(seconds: float) -> None:
    from datetime import timedelta  # noqa: PLC0415 - on this side only

    from app.domain.clock import SystemClock  # noqa: PLC0415 - on this side only

    honest = SystemClock.now
    SystemClock.now = lambda self: honest(self) + timedelta(seconds=seconds)  # type: ignore[method-assign]


if __name__ == "__main__":
    _serve()
