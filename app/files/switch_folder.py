"""A folder in which a proxy looks whether a storefront is switched to us: a file for each that is, and no other.

A file appears whole, under names that can be no path elsewhere. Only names of this form are ever touched, so that a
folder that is somebody else's by mistake loses nothing. It says until when it is to be there: a worker whose store is
away still takes it away in time.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from app.domain.switch import is_switchable

ENDING = ".on"
HEAD = "lifeboat switch\n"
FOR_EVER = "-"
_LONGEST = 200


class SwitchFolder:
    """The files of one folder; the rows say which there are to be."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mend(self, wanted: Mapping[str, datetime | None]) -> int:
        """Bring the files in step with what is wanted, each until when; return how many were not.

        Raises:
            OSError: the folder cannot be read or written; some files may be in step already.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        texts = {name: _text(until) for name, until in wanted.items() if is_switchable(name)}
        changed = 0
        for name, path in self._there():
            if name not in texts:
                path.unlink(missing_ok=True)
                changed += 1
        for name, text in texts.items():
            if _read(self._path(name)) != text:
                self._write(name, text)
                changed += 1
        if changed:
            _flush(self._folder)
        return changed

    def drop_run_out(self, now: datetime) -> int:
        """Remove the files whose time is over; return how many. For when the rows cannot be asked."""
        over = [path for _, path in self._there() if (until := _until(_read(path))) is not None and until <= now]
        for path in over:
            path.unlink(missing_ok=True)
        return len(over)

    def on(self) -> frozenset[str]:
        """Return the storefronts that a proxy would find switched."""
        return frozenset(name for name, path in self._there() if path.is_file())

    def _there(self) -> Iterator[tuple[str, Path]]:
        """Yield what lies under a name of this form, folders left out: a proxy looks for files."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob(f"*{ENDING}")):
            name = path.name.removesuffix(ENDING)
            if is_switchable(name) and (path.is_symlink() or not path.is_dir()):
                yield name, path

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{ENDING}"

    def _write(self, name: str, text: str) -> None:
        draft = self._folder / f".{name}.{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path(name))
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _text(until: datetime | None) -> str:
    return f"{HEAD}until {until.isoformat() if until else FOR_EVER}\n"


def _read(path: Path) -> str:
    """Return what a file of ours holds; whatever is no plain file of that length is not ours and reads as empty."""
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(_LONGEST).decode("ascii", "replace")


def _until(text: str) -> datetime | None:
    said = text.removeprefix(f"{HEAD}until ").strip()
    try:
        until = datetime.fromisoformat(said)
    except ValueError:
        return None
    return until if until.tzinfo else None


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
