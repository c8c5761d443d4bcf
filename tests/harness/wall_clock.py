"""A wall clock that can be set while processes run; their monotonic clock goes on as it is, as on a real machine."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.harness.debian import tool


class NoFaketime(Exception):
    """This machine has no libfaketime."""


def _library() -> Path:
    """Return where libfaketime is.

    Raises:
        NoFaketime: there is none.
    """
    found = tool("faketime", "/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")
    if found is None:
        raise NoFaketime("CLOCK STEPS ARE NOT TESTED: on Debian and Ubuntu: apt-get install faketime")
    return found


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
