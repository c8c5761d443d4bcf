"""What was seen is kept on disk without a name, and a disk that refuses says so as disks do."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.store.look_alike_index import LookAlikeIndex, Sighting


def at(micros: int) -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(microseconds=micros)


def rows(count: int) -> Iterator[Sighting]:
    return (Sighting(os.urandom(16), at(n), f"LB{n:018}") for n in range(count))


def test_nothing_of_it_can_be_found_in_the_folder(tmp_path: Path):
    with LookAlikeIndex(tmp_path, ".B1.") as seen:
        assert seen.add(rows(10)) == 10
        assert list(tmp_path.iterdir()) == []


def test_the_first_of_several_is_found_and_never_the_order_itself(tmp_path: Path):
    with LookAlikeIndex(tmp_path, ".B1.") as seen:
        seen.add(
            [
                Sighting(b"m", at(30), "C"),
                Sighting(b"m", at(10), "A"),
                Sighting(b"m", at(20), "B"),
                Sighting(b"n", at(5), "N"),
            ]
        )
        assert seen.first(b"m", since=at(10), until=at(30), but="C") == "A"
        assert seen.first(b"m", since=at(11), until=at(30), but="C") == "B"
        assert seen.first(b"m", since=at(11), until=at(19), but="C") is None
        assert seen.first(b"n", since=at(5), until=at(5), but="N") is None


def test_an_order_seen_twice_is_one(tmp_path: Path):
    with LookAlikeIndex(tmp_path, ".B1.") as seen:
        assert seen.add([Sighting(b"m", at(1), "A"), Sighting(b"m", at(1), "A")]) == 1
        assert seen.add([Sighting(b"m", at(1), "A")]) == 0
        assert len(seen) == 1


def test_what_is_older_is_forgotten(tmp_path: Path):
    with LookAlikeIndex(tmp_path, ".B1.") as seen:
        seen.add(rows(100))
        seen.forget_before(at(60))
        assert len(seen) == 40


def test_a_folder_that_is_gone_is_an_error_of_the_disk(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        LookAlikeIndex(tmp_path / "gone", ".B1.")


def test_a_full_disk_is_an_error_of_the_disk(tmp_path: Path):
    with LookAlikeIndex(tmp_path, ".B1.") as seen:
        seen._database.execute("PRAGMA max_page_count = 8")  # noqa: SLF001 - SQLite's own word for a disk that is full
        with pytest.raises(OSError, match="full"):
            seen.add(rows(10_000))
