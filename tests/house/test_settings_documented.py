"""Every setting is in ``.env.example`` with a Chinese sentence and its default, and nothing else is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from dotenv import dotenv_values

from app.settings import PREFIX, Settings
from tests.house.repository import ROOT, texts

EXAMPLE = ROOT / ".env.example"
LINE = re.compile(r"(?P<off># )?(?P<name>LIFEBOAT_[A-Z_]+)=(?P<value>.*)")
CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")

KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}
SECRET = {PREFIX + name.upper() for name, knob in Settings.model_fields.items() if "SecretStr" in repr(knob.annotation)}


@dataclass
class Entry:
    name: str
    value: str
    off: bool
    comment: list[str] = field(default_factory=list)


def entries() -> Iterator[Entry]:
    comment: list[str] = []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if match := LINE.fullmatch(line):
            yield Entry(match["name"], match["value"], off=bool(match["off"]), comment=comment)
        elif line.startswith("#"):
            comment.append(line)
        else:
            comment = []


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KNOWN | {name + "_FILE" for name in KNOWN}:
        monkeypatch.delenv(name, raising=False)


def test_every_setting_is_in_the_example() -> None:
    assert {entry.name for entry in entries() if not entry.off} == KNOWN


def test_no_setting_is_there_twice() -> None:
    names = [entry.name for entry in entries()]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("entry", list(entries()), ids=lambda entry: entry.name)
def test_a_setting_is_explained_in_chinese(entry: Entry) -> None:
    assert CHINESE.search("".join(entry.comment)), f"{entry.name} has no Chinese sentence above it"


def test_every_secret_and_nothing_else_is_shown_as_a_file_too() -> None:
    assert {entry.name for entry in entries() if entry.off} == {name + "_FILE" for name in SECRET}


def test_a_copy_of_the_example_changes_nothing() -> None:
    copied = Settings(_env_file=EXAMPLE)  # type: ignore[call-arg]
    assert copied == Settings(_env_file=None)  # type: ignore[call-arg]


def test_the_example_holds_no_secret() -> None:
    values = dotenv_values(EXAMPLE)
    assert all(not values[name] for name in SECRET)


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    spoken = re.compile(r"LIFEBOAT_[A-Z][A-Z_]*[A-Z]")
    named = {
        (path, name)
        for path, text in texts()
        if path.endswith((".md", ".yaml", ".conf", ".toml", "Dockerfile", "Makefile")) or path.startswith("app/")
        for name in spoken.findall(text)
    }
    known = KNOWN | {name + "_FILE" for name in KNOWN} | {"LIFEBOAT_NAME", "LIFEBOAT_NAME_FILE", "LIFEBOAT_PICTURES"}
    assert {(path, name) for path, name in named if name not in known} == set()
