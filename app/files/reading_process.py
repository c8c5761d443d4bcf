"""Runs a reader of files in a process of its own: what it chokes on costs it its own memory and time, nobody else's.

The parent sends a line of JSON and the file, and takes lines of JSON back; nothing that comes back is run or unpickled.
The child has no settings, no secrets and no third-party package in its reach, and is the first to go where memory runs
out.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import app
from app.domain.problems import Busy


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a reader may take: ``seconds`` of a processor, bytes of ``memory`` and of its ``answer``.

    A workbook of 50,000 rows of 20 columns is read in some 8 s and 250 MB. By the clock it has ``patience`` seconds,
    since on a busy machine it gives way to those who take orders.
    """

    seconds: int = 25
    patience: int = 90
    memory: int = 640 * 1024 * 1024
    answer: int = 64 * 1024 * 1024


STANDARD_CONFINEMENT = Confinement()


class ReaderFailed(Exception):
    """A reader did not answer: it took too long or too much, or broke."""


class ReaderOverdue(ReaderFailed):
    """A reader took too long."""


def run_reader(
    module: str, request: object, data: bytes, confinement: Confinement = STANDARD_CONFINEMENT
) -> list[bytes]:
    """Return the lines of :func:`stream_reader`, once all of them are there."""
    return list(stream_reader(module, request, data, confinement))


def stream_reader(
    module: str, request: object, data: bytes, confinement: Confinement = STANDARD_CONFINEMENT
) -> Iterator[bytes]:
    """Yield the lines that ``python -m module`` answers to a request and a file; over a limit it is killed.

    Whatever has been yielded by then counts for nothing, for the caller to see to.

    Raises:
        ReaderFailed: it broke, or answered more than we take.
        ReaderOverdue: it took too long.
        Busy: the machine has no room for another process.
    """
    head = json.dumps({"confinement": asdict(confinement), "request": request}).encode()
    try:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-S", "-s", "-X", "utf8", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback would quote the file
            env={"PYTHONPATH": str(Path(app.__file__).resolve().parents[1])},
            cwd="/",
        )
    except OSError:
        raise Busy("系统繁忙，暂时无法读取文件，请稍后重新上传。") from None
    overdue = threading.Event()

    def end() -> None:
        overdue.set()
        process.kill()

    timer = threading.Timer(confinement.patience, end)
    timer.daemon = True
    timer.start()
    with process:
        try:
            yield from _conversation(process, head + b"\n", data, most=confinement.answer)
        finally:
            timer.cancel()
            process.kill()
    if overdue.is_set() or process.returncode == -signal.SIGXCPU:
        raise ReaderOverdue("took too long")


def _conversation(process: "subprocess.Popen[bytes]", head: bytes, data: bytes, *, most: int) -> Iterator[bytes]:
    if process.stdin is None or process.stdout is None:  # pragma: no cover - both are pipes
        raise RuntimeError("no pipes")
    with suppress(OSError):  # it has ended before it heard all
        process.stdin.write(head)
        process.stdin.write(data)
        process.stdin.close()
    left = most
    while line := process.stdout.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise ReaderFailed("answers too much")
        yield line.rstrip(b"\r\n")


def serve(read: Callable[[Any, bytes], Iterable[str]]) -> None:
    """Be the child: take a request and a file from standard input, and answer with the lines of ``read``."""
    head = json.loads(sys.stdin.buffer.readline())
    confine(Confinement(**head["confinement"]))
    for line in answered(read, head["request"], sys.stdin.buffer.read()):
        sys.stdout.write(f"{line}\n")


def answered(read: Callable[[Any, bytes], Iterable[str]], request: object, data: bytes) -> Iterator[str]:
    """Yield the lines of ``read``; whatever breaks it becomes a line, and never a traceback."""
    try:
        yield from read(request, data)
    except MemoryError:
        yield '{"broken": "MemoryError"}'
    except Exception as error:  # noqa: BLE001 - a file that finds a mistake of ours is refused, like any other
        yield json.dumps({"broken": type(error).__name__})


def confine(to: Confinement) -> None:
    """Limit this process for good."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (to.seconds, to.seconds + 1))
    with suppress(ValueError, OSError):  # a machine that allows less, or does not count address space
        resource.setrlimit(resource.RLIMIT_AS, (to.memory, to.memory))
    os.nice(5)
    with suppress(OSError):  # Linux: where memory runs out, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
