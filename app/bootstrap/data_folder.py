"""Keeps short texts in the data folder that the first start makes, such as secrets: whole, or not there at all."""

import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

LONGEST_HOSTNAME = 40


def secret_of_folder(data_dir: Path, name: str) -> str:
    """Return a secret of the data folder, made at the first start: whole and durable before anybody reads it."""
    return _kept(data_dir / "secrets" / name, lambda: secrets.token_hex(32))


def machine_of_folder(data_dir: Path) -> str:
    """Return the name of the machine whose data folder this is; a container that is made again keeps it."""
    return _kept(data_dir / "machine", lambda: f"{_hostname()}-{secrets.token_hex(2)}")


def _hostname() -> str:
    return socket.gethostname().encode("ascii", "replace").decode()[:LONGEST_HOSTNAME]


def _kept(path: Path, make: Callable[[], str]) -> str:
    folder = path.parent
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f".{path.name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where another process was first; then theirs counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        folder_descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(folder_descriptor)
        os.close(folder_descriptor)
    return path.read_text(encoding="ascii").strip()
