"""The files that the house rules speak of: what is, or would be, in the repository."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"


@cache
def files() -> tuple[Path, ...]:
    """Return every file that git keeps or would add; where there is no git, every file but what is made here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not _is_made_here(path.relative_to(ROOT))]
    return tuple(sorted(path for path in found if path.is_file()))


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Return (path, content) of every text file."""
    found = []
    for path in files():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return tuple(found)


def modules() -> list[Path]:
    """Return every module of the application."""
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(APP)]


def _is_made_here(path: Path) -> bool:
    made = {".git", ".venv", "data", "exports", "build", "dist", "htmlcov", "__pycache__"}
    return any(part in made or part.endswith(("_cache", ".egg-info")) or part == ".hypothesis" for part in path.parts)
