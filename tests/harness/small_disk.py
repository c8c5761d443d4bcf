"""A disk of a few megabytes, to be filled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = "8m"


class NoMount(Exception):
    """This machine lets us mount nothing."""


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a disk of 8 MB; it is unmounted whatever happens.

    Raises:
        NoMount: only root may mount, and not in every container.
    """
    if os.geteuid() != 0 or shutil.which("mount") is None:
        raise NoMount("A FULL DISK IS NOT TESTED: only root may mount a small one")
    place.mkdir(parents=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoMount(f"A FULL DISK IS NOT TESTED: {done.stderr.strip()}")
    try:
        yield place
    finally:
        if subprocess.run(["umount", str(place)], check=False, capture_output=True).returncode:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
