"""Files that are either whole or not there: written aside, flushed, renamed, and their folder flushed too."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from app.store.tables import Batch

Format = Literal["csv", "xlsx", "manifest"]
_ENDING: dict[str, str] = {"csv": ".csv", "xlsx": ".xlsx", "manifest": ".manifest.json"}
_BLOCK = 1024 * 1024


class NotPublished(Exception):
    """The batch has no such file."""


class Disk:
    """What we ask of a file system; a test may refuse any of it."""

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


class Exports:
    """The folder of batch files: ``<root>/<incident>/<batch number>.csv`` and its companions."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._root = root
        self.disk = disk or Disk()

    def folder(self, incident: str) -> Path:
        """Return the folder of an incident, made if it is missing."""
        path = self._root / incident
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.disk.flush(path.parent)
        return path

    def path_of(self, incident: str, batch: str, kind: Format) -> Path:
        """Return where a file of a batch is or will be."""
        return self._root / incident / (batch + _ENDING[kind])

    def file_of(self, batch: Batch, kind: Format) -> Path:
        """Return a published batch's file; its path comes from the batch's row and never from a request.

        Raises:
            NotPublished: the batch is not published, or was not made in this format.
        """
        manifest = batch.manifest or {}
        formats = {file["format"] for file in manifest.get("files", ())}
        if batch.name is None or batch.published_at is None or kind not in {*formats, "manifest"}:
            raise NotPublished(batch.name)
        return self.path_of(manifest["incident"], batch.name, kind)

    def draft(self, incident: str, batch: str, kind: Format) -> Path:
        """Return a name beside the final one for a file in the making; nobody else's has it."""
        return self.folder(incident) / f".{batch}.{secrets.token_hex(4)}{_ENDING[kind]}.part"

    def remove_drafts(self, incident: str, batch: str) -> None:
        """Remove what a maker left behind that died while writing."""
        for leftover in self.folder(incident).glob(f".{batch}.*"):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)

    def keep(self, draft: Path, final: Path) -> None:
        """Flush a draft and give it its final name.

        A file of that name may exist while its batch is still being written; the rebuilt one has the same bytes, and
        then the first stays as it is.
        """
        self.disk.flush(draft)
        if final.exists() and sha256_of(final) == sha256_of(draft):
            draft.unlink()
        else:
            self.disk.rename(draft, final)
        self.disk.flush(final.parent)


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
