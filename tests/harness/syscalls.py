"""System calls of a running process made to fail, or to be its last one: by strace, attached for as long as it takes."""

import re
import select
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.debian import tool
from tests.harness.waiting import PATIENCE

FLUSHES = "fsync,fdatasync"
UNTESTED = "FAILING FLUSHES AND EXACT KILLS ARE NOT TESTED"


class NoStrace(Exception):
    """This machine has no strace, or lets it trace nothing."""


def _strace() -> Path:
    """Return where strace is.

    Raises:
        NoStrace: there is none.
    """
    found = tool("strace", "strace")
    if found is None:
        raise NoStrace(f"{UNTESTED}: on Debian and Ubuntu: apt-get install strace")
    return found


@contextmanager
def injected(
    pid: int, what: str, *, calls: str, paths: Sequence[Path] = (), seen: str = "", log: Path
) -> Iterator[None]:
    """While the block runs, do ``what`` (``error=EIO``, ``signal=KILL``, each with ``:when=…``) at these calls.

    Where ``paths`` are given, only calls on these files count. What was met is written to ``log``, and calls of the
    kinds ``seen`` beside.

    Raises:
        NoStrace: strace is missing, or may not trace.
    """
    only = [word for path in paths for word in ("-P", str(path))]
    trace = ",".join(filter(None, (calls, seen)))
    command = [
        str(_strace()),
        "-f",
        "-y",
        "-o",
        str(log),
        "-e",
        f"trace={trace}",
        "-e",
        f"inject={calls}:{what}",
        *only,
    ]
    tracer = subprocess.Popen([*command, "-p", str(pid)], stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    try:
        told, _, _ = select.select([tracer.stderr], [], [], PATIENCE)
        line = tracer.stderr.readline() if told else b""
        if b"attached" not in line:
            raise NoStrace(f"{UNTESTED}: {line.decode(errors='replace').strip()}")
        yield
    finally:
        tracer.terminate()  # it detaches from whoever is still alive
        tracer.communicate(timeout=PATIENCE)


@dataclass(frozen=True)
class Call:
    """One system call of a log: the file it was about, where in the file (writes alone), whether it was made to fail."""

    name: str
    path: str
    offset: int
    injected: bool


_CALL = re.compile(r"^\d+ +(?P<name>\w+)\(\d+<(?P<path>[^>]*)>(?P<rest>.*)$")
_OFFSET = re.compile(r", (\d+)\) += ")


_BEGUN = re.compile(r"^(?P<thread>\d+) +(?P<call>.*) <unfinished \.\.\.>$")
_ENDED = re.compile(r"^(?P<thread>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$")


def calls_in(log: Path) -> list[Call]:
    """Return the calls on open files that a log tells of, each where it ended."""
    calls = []
    for line in _whole_lines(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else ():
        if found := _CALL.match(line):
            offset = _OFFSET.search(found["rest"])
            at = int(offset[1]) if offset else -1
            calls.append(Call(found["name"], found["path"], at, injected="(INJECTED)" in line))
    return calls


def _whole_lines(log: str) -> Iterator[str]:
    """Join what strace cuts in two: a call during which another thread began one of its own."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        if cut := _BEGUN.match(line):
            begun[cut["thread"]] = f"{cut['thread']} {cut['call']}"
        elif (rest := _ENDED.match(line)) and rest["thread"] in begun:
            yield begun.pop(rest["thread"]) + rest["rest"]
        else:
            yield line
