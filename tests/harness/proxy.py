"""Runs a proxy with a shipped example, in which only addresses, paths and the port are changed."""

import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.harness.processes import LOOPBACK
from tests.harness.waiting import until


def filled_in(example: Path, changes: Mapping[str, str]) -> str:
    """Return an example as somebody would have it who made these changes."""
    text = example.read_text(encoding="utf-8")
    for before, after in changes.items():
        if before not in text:
            raise AssertionError(f"{example.name} has no {before}")
        text = text.replace(before, after)
    return text


@contextmanager
def listening(command: Sequence[str | Path], port: int, *, log: Path, cwd: Path | None = None) -> Iterator[None]:
    """Run a proxy from when it listens until it has ended."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=cwd)
        try:
            until(lambda: process.poll() is not None or _listens(port), why=f"{command[0]} does not listen")
            assert process.poll() is None, log.read_text(encoding="utf-8")
            yield
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
