"""A wall clock that can be set while processes run; their monotonic clock goes on as it is, as on a real machine."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

_LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


class NoFaketime(Exception):
    """This machine has no libfaketime."""


@cache
def _library() -> Path:
    """Return where libfaketime is, installed here if we may.

    Raises:
        NoFaketime: there is none.
    """
    found = _installed()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "capture_output": True, "timeout": 120}
        for step in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "faketime"]):
            subprocess.run(step, check=False, **quiet)  # type: ignore[call-overload]
        found = _installed()
    if found is None:
        raise NoFaketime("CLOCK STEPS ARE NOT TESTED: on Debian and Ubuntu: apt-get install faketime")
    return found


def _installed() -> Path | None:
    root = Path("/")
    return next((path for name in _LIBRARIES for path in root.glob(name.removeprefix("/"))), None)


@dataclass
class WallClock:
    """The time as the processes under it see it: ``ahead`` of the real one."""

    file: Path
    ahead: timedelta = field(default=timedelta())

    def __post_init__(self) -> None:
        _library()
        self.set(self.ahead)

    def now(self) -> datetime:
        """Return the time as the processes see it."""
        return datetime.now(UTC) + self.ahead

    def step(self, by: timedelta) -> None:
        """Set the clock forward or back."""
        self.set(self.ahead + by)

    def set(self, ahead: timedelta) -> None:
        """Set the clock so far ahead of the real one."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(f"{ahead.total_seconds():+.0f}\n", encoding="ascii")
        draft.replace(self.file)  # nobody reads half a number
        self.ahead = timedelta(seconds=round(ahead.total_seconds()))

    def environment(self) -> dict[str, str]:
        """Return what puts a process under this clock."""
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # its name in older versions
            "FAKETIME_DISABLE_SHM": "1",  # what is killed must leave nothing in shared memory
            "NO_FAKE_STAT": "1",
        }
