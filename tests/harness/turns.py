"""Turns a worker's steps one by one, kills it in the middle of one, and lets time pass without waiting for it."""

import subprocess
import sys
from contextlib import closing, suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from pysqlite3 import dbapi2 as sqlite

from tests.harness.lifeboat_process import Boat
from tests.harness.processes import end
from tests.harness.waiting import PATIENCE

_MOMENTS = {
    "message": ("created_at", "due_at", "lease_until"),
    "attempt": ("started_at", "finished_at"),
    "lease": ("until",),
    "pause": ("until", "since"),
    "alert": ("firing_since", "next_step_at", "told_at", "acknowledged_at", "acknowledged_until"),
    "alert_group": ("told_at",),
    "alert_group_member": ("owed_since", "over_at"),
}
"""What the clockwork of messages and alerts remembers of the past and plans for the future."""


class Turns:
    """A worker beside a running web process, turned by hand."""

    def __init__(self, lifeboat: Boat) -> None:
        self._lifeboat = lifeboat
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._let_go(self._process)

    def _let_go(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        end(process)
        process.stdout.close()
        self._process = None

    def begin(self, *steps: str) -> None:
        """Begin to take these steps together."""
        if self._process is None:
            with (self._lifeboat.home / "turns.txt").open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.harness.one_turn"],
                    cwd=self._lifeboat.home,
                    env=self._lifeboat.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(steps) + "\n")
        self._process.stdin.flush()

    def turn(self, *steps: str) -> None:
        """Take these steps together, to their end."""
        self.begin(*steps)
        assert self._process is not None
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said == "done\n", (self._lifeboat.home / "turns.txt").read_text(encoding="utf-8")[-3000:]

    def kill(self) -> None:
        """Kill it where it stands."""
        assert self._process is not None
        self._process.kill()
        self._let_go(self._process)

    def let_pass(self, seconds: float) -> None:
        """Move every remembered moment back, as if that much time had passed since."""
        with closing(sqlite.connect(str(self._lifeboat.database), timeout=PATIENCE)) as connection:
            for table, columns in _MOMENTS.items():
                key = "name" if table in {"lease", "pause"} else "id"
                for column in columns:
                    rows = connection.execute(f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608 - names of ours
                    moved = [(str(_earlier(moment, seconds)), row) for row, moment in rows.fetchall()]
                    connection.executemany(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", moved)  # noqa: S608 - names of ours
            connection.commit()


def _earlier(moment: str, seconds: float) -> str:
    return (datetime.fromisoformat(moment) - timedelta(seconds=seconds)).isoformat(sep=" ", timespec="microseconds")
