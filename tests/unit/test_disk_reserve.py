"""How much of a disk is kept for orders: what was chosen, or by default a gigabyte and never more than a small disk bears."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.domain.problems import NoRoom
from app.files.disk_reserve import DEFAULT, DiskReserve

MIB, GIB = 1024**2, 1024**3


@pytest.mark.parametrize(
    ("size", "total", "free", "kept"),
    [
        (DEFAULT, 100 * GIB, 2 * GIB, None),
        (DEFAULT, 100 * GIB, GIB, None),
        (DEFAULT, 100 * GIB, GIB - 1, GIB),
        (DEFAULT, 10 * GIB, GIB - 1, None),
        (DEFAULT, 10 * GIB, GIB // 2 - 1, GIB // 2),
        (DEFAULT, 8 * MIB, 8 * MIB // 20 - 1, 8 * MIB // 20),
        (GIB // 2, 4 * GIB, GIB // 2 - 1, GIB // 2),
        (5 * GIB, 10 * GIB, 4 * GIB, 5 * GIB),
        (0, 10 * GIB, 0, None),
    ],
)
def test_the_default_shrinks_with_the_disk_and_a_chosen_size_does_not(
    size: int, total: int, free: int, kept: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=total, free=free))
    assert DiskReserve(size).kept_on(tmp_path) == kept


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_its_parent(tmp_path: Path):
    assert DiskReserve(1 << 60).kept_on(tmp_path / "not" / "yet") == 1 << 60


def test_whoever_needs_room_is_told_where_it_is_missing(tmp_path: Path):
    DiskReserve(1 << 60).require()  # of no folder
    with pytest.raises(NoRoom, match="订单照常受理") as caught:
        DiskReserve(1 << 60, (tmp_path,)).require()
    assert str(tmp_path) in caught.value.detail


def test_a_disk_that_cannot_be_asked_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuses(_: Path) -> None:
        raise OSError("input/output error")

    monkeypatch.setattr(shutil, "disk_usage", refuses)
    assert DiskReserve(1 << 60, (tmp_path,)).touched() is None
