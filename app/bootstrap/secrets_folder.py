"""Makes and reads the secrets of a deployment that names none in its settings: ``secrets/`` in the data folder."""

import os
import secrets
from pathlib import Path


def secret_of_folder(data_dir: Path, name: str) -> str:
    """Return a secret of the data folder, made at the first start: whole and durable before anybody reads it."""
    folder = data_dir / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
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
