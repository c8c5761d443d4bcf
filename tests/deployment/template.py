"""Migrates one SQLite file for all tests to copy, because migrating takes longer than most of them."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from app.store.database.engine import open_engines
from app.store.database.migrate import migrate


@cache
def _migrated() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="lifeboat-migrated-")
    path = Path(folder.name) / "lifeboat.db"
    engines = open_engines(f"sqlite:///{path}")
    migrate(engines)
    engines.dispose()
    assert not path.with_name("lifeboat.db-wal").exists()  # else the copy would lack what is in it
    return folder


def copy_migrated(path: Path) -> Path:
    """Put a migrated, empty SQLite database there, unless there is one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy(Path(_migrated().name) / "lifeboat.db", path)
    return path
