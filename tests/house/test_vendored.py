"""What others made is named with its source and licence, and is what it was."""

import hashlib
import tomllib

import pytest

from app.web.console.filters import STATICS

FOLDER = STATICS / "console"
OURS = {
    *("bare.css", "console.css", "wall.css", "icon.svg", "vendored.toml"),
    *("console.js", "live.js", "theme.js", "wall.js"),
}
VENDORED = tomllib.loads((FOLDER / "vendored.toml").read_text(encoding="utf-8"))["file"]


@pytest.mark.parametrize("entry", VENDORED, ids=lambda entry: str(entry["name"]))
def test_a_file_of_others_is_what_it_was(entry: dict[str, str]):
    assert hashlib.sha256((FOLDER / entry["name"]).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["source"]
    assert entry["licence"]


def test_every_static_file_is_ours_or_named():
    assert {path.name for path in FOLDER.iterdir()} == OURS | {entry["name"] for entry in VENDORED}
