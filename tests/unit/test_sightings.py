"""What was seen is kept on disk without a name, and a disk that refuses says so as disks do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.sightings import Sighting, Sightings


def rows(count: int) -> Iterator[Sighting]:
    return ((os.urandom(16), at, f"LB{at:018}") for at in range(count))


def test_nothing_of_it_can_be_found_in_the_folder(tmp_path: Path):
    with Sightings(tmp_path, ".B1.") as seen:
        assert seen.add(rows(10)) == 10
        assert list(tmp_path.iterdir()) == []


def test_the_first_of_several_is_found_and_never_the_order_itself(tmp_path: Path):
    with Sightings(tmp_path, ".B1.") as seen:
        seen.add([(b"m", 30, "C"), (b"m", 10, "A"), (b"m", 20, "B"), (b"n", 5, "N")])
        assert seen.first(b"m", since=10, until=30, but="C") == "A"
        assert seen.first(b"m", since=11, until=30, but="C") == "B"
        assert seen.first(b"m", since=11, until=19, but="C") is None
        assert seen.first(b"n", since=5, until=5, but="N") is None


def test_an_order_seen_twice_is_one(tmp_path: Path):
    with Sightings(tmp_path, ".B1.") as seen:
        assert seen.add([(b"m", 1, "A"), (b"m", 1, "A")]) == 1
        assert seen.add([(b"m", 1, "A")]) == 0
        assert len(seen) == 1


def test_what_is_older_is_forgotten(tmp_path: Path):
    with Sightings(tmp_path, ".B1.") as seen:
        seen.add(rows(100))
        seen.forget_before(60)
        assert len(seen) == 40


def test_a_folder_that_is_gone_is_an_error_of_the_disk(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        Sightings(tmp_path / "gone", ".B1.")


def test_a_full_disk_is_an_error_of_the_disk(tmp_path: Path):
    with Sightings(tmp_path, ".B1.") as seen:
        seen._database.execute("PRAGMA max_page_count = 8")  # noqa: SLF001 - SQLite's own word for a disk that is full
        with pytest.raises(OSError, match="full"):
            seen.add(rows(10_000))
