"""Tools that a fresh machine may lack: installed here if we are root on Debian, as ``.ci/browser`` does."""

import os
import shutil
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

STEP_WITHIN = 60.0
"""Seconds for each step; without a network the tool is missing, and what needs it is skipped."""


@cache
def tool(package: str, *names: str) -> Path | None:
    """Return the first of these that exists, commands or patterns of paths, installing the package if none does."""
    found = _first(names)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
            with suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    ["apt-get", *step], check=False, capture_output=True, timeout=STEP_WITHIN, env=environment
                )
        found = _first(names)
    return found


def _first(names: tuple[str, ...]) -> Path | None:
    for name in names:
        if name.startswith("/"):
            paths = sorted(Path("/").glob(name.removeprefix("/")))
            if paths:
                return paths[0]
        elif command := shutil.which(name):
            return Path(command)
    return None
