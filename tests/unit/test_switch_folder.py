"""The files in which a proxy looks for switches: exactly those that are wanted, under names that lead nowhere else."""

from pathlib import Path

import pytest

from app.domain.switch import is_switchable
from app.files.switch_folder import SwitchFolder
from tests.deployment.facts import TEN, hours


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["tmall", "A", "all", "0-9_x", "x" * 48])
def test_names_that_can_be_switched(name: str):
    assert is_switchable(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        ".",
        "../x",
        "a/b",
        "/etc/passwd",
        "a.b",
        "-x",
        "_x",
        "天猫",
        "a b",
        "x" * 49,
        "tmall\n",
        "a\0b",
        "list",
    ],
)
def test_a_name_that_could_lead_elsewhere_is_none(name: str):
    assert not is_switchable(name)


def test_files_appear_and_go_as_the_rows_say(tmp_path: Path):
    folder = SwitchFolder(tmp_path / "made" / "here")
    assert folder.on() == frozenset()
    assert folder.mend({"tmall": None, "jd": TEN}) == 2
    assert names(tmp_path / "made" / "here") == ["jd.on", "tmall.on"]
    assert folder.on() == {"tmall", "jd"}
    assert folder.mend({"tmall": None, "jd": TEN}) == 0
    assert folder.mend({"tmall": None}) == 1
    assert names(tmp_path / "made" / "here") == ["tmall.on"]


def test_whoever_runs_the_proxy_can_see_them(tmp_path: Path):
    SwitchFolder(tmp_path / "s").mend({"tmall": None})
    assert (tmp_path / "s").stat().st_mode & 0o005 == 0o005
    assert (tmp_path / "s" / "tmall.on").stat().st_mode & 0o004


@pytest.mark.parametrize("wrong", ["empty", "other", "link", "gone", "binary"])
def test_whatever_stands_in_its_place_is_mended(tmp_path: Path, wrong: str):
    folder, path = SwitchFolder(tmp_path), tmp_path / "tmall.on"
    folder.mend({"tmall": TEN})
    good = path.read_text()
    path.unlink()
    secret = tmp_path / "secret"
    secret.write_text("kept")
    match wrong:
        case "empty":
            path.touch()
        case "other":
            path.write_text(good.replace("02:00", "03:00"))
        case "link":
            path.symlink_to(secret)
        case "binary":
            path.write_bytes(b"\xff" * 10_000)
    assert folder.mend({"tmall": TEN}) == 1
    assert path.read_text() == good
    assert not path.is_symlink()
    assert secret.read_text() == "kept"


def test_a_file_that_somebody_made_by_hand_is_no_switch(tmp_path: Path):
    """A link is taken away and not followed, or what it names would be lost."""
    folder = SwitchFolder(tmp_path)
    kept = tmp_path / "kept"
    kept.write_text("x")
    (tmp_path / "jd.on").touch()
    (tmp_path / "pdd.on").symlink_to(kept)
    assert folder.mend({}) == 2
    assert names(tmp_path) == ["kept"]


def test_what_is_not_ours_is_left_alone(tmp_path: Path):
    for name in ("passwd", ".hidden.on", "天猫.on", "a.b.on", "x.off", "list.on"):
        (tmp_path / name).write_text("theirs")
    (tmp_path / "folder.on").mkdir()
    before = names(tmp_path)
    folder = SwitchFolder(tmp_path)
    assert folder.mend({}) == 0
    assert names(tmp_path) == before
    assert folder.on() == frozenset()


def test_a_wanted_name_that_leads_elsewhere_is_never_written(tmp_path: Path):
    """Rows are written by the verb alone, which refuses it; a row that was tampered with still makes no file."""
    folder = SwitchFolder(tmp_path / "s")
    assert folder.mend({"../escaped": None, "/etc/x": None}) == 0
    assert names(tmp_path) == ["s"]


def test_a_folder_that_cannot_be_written_says_so_and_leaves_no_draft(tmp_path: Path):
    (tmp_path / "tmall.on").mkdir()
    with pytest.raises(OSError, match="tmall"):
        SwitchFolder(tmp_path).mend({"tmall": None})
    assert names(tmp_path) == ["tmall.on"]


def test_whose_time_is_over_goes_although_nobody_can_ask_the_rows(tmp_path: Path):
    folder = SwitchFolder(tmp_path)
    folder.mend({"soon": TEN, "later": TEN + hours(2), "open": None})
    (tmp_path / "strange.on").write_text("lifeboat switch\nuntil 2000-01-01\n")  # no zone: no moment of ours
    (tmp_path / "odd.on").write_text("until when?")
    assert folder.drop_run_out(TEN - hours(1)) == 0
    assert folder.drop_run_out(TEN) == 1
    assert folder.on() == {"later", "open", "strange", "odd"}
    assert SwitchFolder(tmp_path / "none").drop_run_out(TEN) == 0
