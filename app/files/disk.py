"""What we ask of a file system; a test may refuse any of it."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1024 * 1024


class Disk:
    """The file system under the export folder."""

    def create(self, path: Path) -> BinaryIO:
        """Create a file that only we may read."""
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")

    def write(self, file: BinaryIO, block: bytes) -> None:
        """Add a block to a file."""
        file.write(block)

    def flush(self, path: Path) -> None:
        """Put a finished file, or the entries of a folder, on the platter."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, path: Path, final: Path) -> None:
        """Give a finished file its name, in place of what has it."""
        path.replace(final)


def blocks_of(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of what is on disk."""
    digest = hashlib.sha256()
    for block in blocks_of(path):
        digest.update(block)
    return digest.hexdigest()
