"""Whatever lies in a merchant's folder of layouts stops nothing but itself, and is told in a sentence."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.files.layouts.read_layout import MAX_ERRORS, LayoutError
from app.files.layouts.registry import SHIPPED, WrongLayout, layouts_with
from tests.unit.test_layout_files import HEAD, column, read

ODD = {
    # what a file holds, and a part of the sentence that tells it
    "a number of too many digits": (HEAD + "x = " + "9" * 5000, "第 1 行：TOML 中有过长的数字"),
    "the same as a hexadecimal heading": (HEAD + "[[column]]\nheading = 0x" + "f" * 5000, "过长的数字"),
    "an endless index": (HEAD + column(f'path = "order.items[{"9" * 5000}].sku"', 'kind = "text"'), "第 9 行 path"),
    "half a character": (HEAD + column("path = '\"\\ud800\"'", 'kind = "text"'), "第 9 行 path"),
    "deep brackets": (HEAD + "x = " + "[" * 5000, "嵌套过深"),
    "deep expression": (HEAD + column(f'path = "{"!" * 5000}number"', 'kind = "text"'), "第 9 行 path"),
    "an endless key": (HEAD + "\n" + ".".join("a" * 60_000) + " = 1", "第 8 行：一行内的 . 过多"),
    "very many mistakes": (HEAD + "".join(f"k{i} = 1\n" for i in range(5_000)), "第 7 行 k0：不认识的键"),
    "a megabyte and more": ("#" * 1024 * 1025, "文件过大，最多 1024 KiB"),
    "a long key": (f'"{"k" * 100_000}" = 1\n' + HEAD, "不认识的键"),
}


@pytest.mark.parametrize("case", ODD)
def test_whatever_a_file_holds_is_its_own_trouble_and_told_in_a_sentence(tmp_path: Path, case: str):
    text, part = ODD[case]
    (tmp_path / "odd.toml").write_text(text.replace("mine", "odd"), encoding="utf-8")
    (tmp_path / "zz.toml").write_text(HEAD, encoding="utf-8")
    layouts = layouts_with(tmp_path)
    assert [layout.name for layout in layouts] == [*SHIPPED, "mine"]
    (wrong,) = layouts.wrong
    assert part in wrong.sentence
    assert len(wrong.sentence.encode()) < 2_000
    assert len(wrong.errors) <= MAX_ERRORS
    with pytest.raises(WrongLayout, match=r"odd\.toml"):
        layouts.named("odd")


def test_what_nobody_thought_of_is_told_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def fail(_table: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.files.layouts.read_layout.read_value", fail)
    assert read().errors == (LayoutError(1, "", "有无法处理的内容（ZeroDivisionError）"),)


def test_whatever_lies_in_the_folder_is_its_own_trouble(tmp_path: Path):
    os.mkfifo(tmp_path / "a.toml")
    (tmp_path / "b.toml").symlink_to("b.toml")
    (tmp_path / "c.toml").symlink_to("/dev/zero")
    (tmp_path / "d.toml").mkdir()
    (tmp_path / "e.toml").symlink_to("nowhere")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xff.toml")).write_text("x", encoding="utf-8")
    (tmp_path / "zz.toml").write_text(HEAD, encoding="utf-8")
    layouts = layouts_with(tmp_path, but=tmp_path / "b.toml")
    assert [layout.name for layout in layouts] == [*SHIPPED, "mine"]
    assert ["无法读取" in wrong.sentence for wrong in layouts.wrong] == [True] * 4 + [False]
    assert layouts.wrong[-1].sentence.startswith(r"f\xff.toml 第 1 行")


@pytest.mark.parametrize("folder", ["a" * 300, "a\0b", "/dev/null"])
def test_a_folder_that_cannot_be_read_is_told_as_such(folder: str):
    (wrong,) = layouts_with(Path(folder)).wrong
    assert "LIFEBOAT_LAYOUTS_DIR" in wrong.sentence


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_folder_that_refuses_is_told_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: OSError):
    def refuse(_self: Path) -> Iterator[Path]:
        raise error

    monkeypatch.setattr(Path, "iterdir", refuse)
    (wrong,) = layouts_with(tmp_path).wrong
    assert f"文件夹无法读取：{error.strerror}" in wrong.sentence
