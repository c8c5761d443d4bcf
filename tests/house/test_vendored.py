"""What others made is named with its source and licence, and is what it was."""

import hashlib
import tomllib
from pathlib import Path

import pytest

from app.web.console.filters import STATICS

FOLDER = STATICS / "console"
BROWSER = Path(__file__).resolve().parents[1] / "browser"
OURS = {
    *("bare.css", "console.css", "wall.css", "track.css", "icon.svg", "vendored.toml"),
    *("console.js", "live.js", "theme.js", "wall.js", "alarm.js", "todo.js"),
}


def _entries(folder: Path) -> list[dict[str, str]]:
    return list(tomllib.loads((folder / "vendored.toml").read_text(encoding="utf-8"))["file"])


VENDORED = [(folder, entry) for folder in (FOLDER, BROWSER) for entry in _entries(folder)]


@pytest.mark.parametrize(
    ("folder", "entry"), VENDORED, ids=lambda part: str(part["name"]) if type(part) is dict else ""
)
def test_a_file_of_others_is_what_it_was(folder: Path, entry: dict[str, str]):
    assert hashlib.sha256((folder / entry["name"]).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["source"]
    assert entry["licence"]


def test_every_static_file_is_ours_or_named():
    assert {path.name for path in FOLDER.iterdir()} == OURS | {entry["name"] for entry in _entries(FOLDER)}


@pytest.mark.parametrize("sheet", sorted(name for name in OURS if name.endswith(".css")))
def test_no_rule_of_a_sheet_is_left_open(sheet: str):
    """A browser says nothing of a brace that is missing: what follows then holds on narrow screens alone, or never."""
    depth = 0
    for number, line in enumerate((FOLDER / sheet).read_text(encoding="utf-8").splitlines(), start=1):
        assert not (line.startswith("@media") and depth), number
        depth += line.count("{") - line.count("}")
        assert depth >= 0, number
    assert depth == 0
