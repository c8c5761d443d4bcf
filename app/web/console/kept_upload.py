"""Keeps an upload between its preview and its application: sealed, on this machine, for half an hour.

A browser does not send a chosen file twice by itself. What is kept is bound to the person and the batch it was shown
to; whoever comes to another machine, or too late, is asked to upload it again.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.bootstrap import Lifeboat
from app.domain.clock import Clock
from app.store.sealing import CannotUnseal, Seal

KEPT_FOR = 30 * 60
"""Seconds."""

MOST = 40
"""Files at a time; beyond, the oldest goes first."""


@dataclass(frozen=True, slots=True)
class KeptUploads:
    """A folder of sealed uploads."""

    folder: Path
    seal: Seal
    clock: Clock

    def keep(self, data: bytes, *, bound_to: str) -> str:
        """Keep an upload; return the name under which ``bound_to`` finds it again."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.forget_old()
        name = secrets.token_hex(16)
        path = self._path(name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self.seal.seal(data, f"upload {name} {bound_to}"))
        now = self.clock.now().timestamp()
        os.utime(path, (now, now))
        return name

    def find(self, name: str, *, bound_to: str) -> bytes | None:
        """Return an upload; None where it is gone, or was kept for somebody or something else."""
        if len(name) != 32 or not name.isalnum():  # noqa: PLR2004 - as :meth:`keep` makes them
            return None
        try:
            if not self._is_fresh(self._path(name).stat().st_mtime):
                return None
            return self.seal.unseal(self._path(name).read_bytes(), f"upload {name} {bound_to}")
        except (OSError, CannotUnseal):
            return None

    def forget(self, name: str) -> None:
        """Drop an upload that has been applied."""
        self._path(name).unlink(missing_ok=True)

    def forget_old(self) -> None:
        """Drop what nobody has applied in time, and what is more than enough."""
        newest_first: list[tuple[float, Path]] = []
        for path in self.folder.glob("*.sealed"):
            with suppress(OSError):
                newest_first.append((path.stat().st_mtime, path))
        newest_first.sort(reverse=True)
        for n, (at, path) in enumerate(newest_first):
            if n >= MOST - 1 or not self._is_fresh(at):
                path.unlink(missing_ok=True)

    def _is_fresh(self, at: float) -> bool:
        return abs(self.clock.now().timestamp() - at) <= KEPT_FOR

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.sealed"


def kept_uploads_of(boat: Lifeboat) -> KeptUploads:
    """Return the uploads that this machine keeps."""
    return KeptUploads(boat.settings.data_dir / "uploads", boat.keyring.seal, boat.clock)
