"""Every layout by its name: those that are shipped, and those of a merchant's own folder."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from app.files.layouts.layout import Layout
from app.files.layouts.read_layout import LayoutError, ReadLayout, read_layout, unreadable_layout
from app.toml_file import UnreadableFile, as_told, list_toml_files, name_of, read_small_file

SHIPPED = ("generic", "jushuitan", "wangdiantong", "guanyi")


class UnknownLayout(LookupError):
    """No layout has this name."""


class WrongLayout(UnknownLayout):
    """No layout has this name, and a file that is wrong has it, or may have it: it may come once that is mended."""


@dataclass(frozen=True, slots=True)
class WrongFile:
    """A file of the merchant's folder that is no layout; the others are not touched by it."""

    file: str
    name: str
    errors: tuple[LayoutError, ...]

    @property
    def sentence(self) -> str:
        """What is wrong, in one line."""
        first = self.errors[0]
        key = f" {first.key}" if first.key else ""
        return f"{self.file} 第 {first.line} 行{key}：{first.detail}"

    def may_be(self, name: str) -> bool:
        """Return whether this may be the file of the layout called ``name``; one that cannot be read may be any."""
        return self.name in ("", name) or self.file == f"{name}.toml"


@dataclass(frozen=True)
class Layouts:
    """The layouts of one deployment."""

    known: Sequence[Layout]
    wrong: Sequence[WrongFile] = field(default=())

    def __iter__(self) -> Iterator[Layout]:
        """Yield the layouts, the shipped ones first."""
        return iter(self.known)

    def named(self, name: str) -> Layout:
        """Return the layout called ``name``.

        Raises:
            UnknownLayout: there is none; the message lists those there are, and the files that are wrong.
            WrongLayout: one of the wrong files may be it; the message names what is wrong there.
        """
        for layout in self.known:
            if layout.name == name:
                return layout
        if meant := [wrong for wrong in self.wrong if wrong.may_be(name)]:
            raise WrongLayout(f"导出列表 {name} 的文件有误：{'；'.join(wrong.sentence for wrong in meant)}")
        sentences = "".join(f"；{wrong.sentence}" for wrong in self.wrong)
        names = "、".join(layout.name for layout in self.known)
        raise UnknownLayout(f"没有名为 {name} 的导出列表，可用：{names}{sentences}")

    def number_heading(self, name: str) -> str | None:
        """Return under which heading the files of a layout have our order number; None for one no longer known."""
        return next((layout.number_heading for layout in self.known if layout.name == name), None)

    @property
    def number_headings(self) -> tuple[str, ...]:
        """The headings under which our order number stands, by precedence."""
        return tuple(dict.fromkeys(layout.number_heading for layout in self.known))


def shipped_layouts() -> Layouts:
    """Return the layouts that are part of the program."""
    return Layouts(tuple(_shipped(name) for name in SHIPPED))


def layouts_with(folder: Path, *, but: Path | None = None) -> Layouts:
    """Return the shipped layouts and those of ``folder``, without the file ``but``.

    A file that is wrong stops nothing but the use of itself: an emergency must not wait for a layout it does not need.
    """
    known, wrong = list(shipped_layouts()), list[WrongFile]()
    try:
        paths = list_toml_files(folder)
    except UnreadableFile as error:
        wrong_folder = LayoutError(1, "", f"{error.reason}，请检查 LIFEBOAT_LAYOUTS_DIR")
        return Layouts(known, (WrongFile(as_told(str(folder)), "", (wrong_folder,)),))
    for path in paths:
        if but is not None and os.path.realpath(path) == os.path.realpath(but):
            continue
        found = read_file(path, taken=known)
        if found.layout is None:
            wrong.append(WrongFile(name_of(path), found.name, found.errors))
        else:
            known.append(found.layout)
    return Layouts(tuple(known), tuple(wrong))


def read_file(path: Path, *, taken: Iterable[Layout]) -> ReadLayout:
    """Read one file of a merchant's; its name must not be one of those ``taken``."""
    try:
        data = read_small_file(path)
    except UnreadableFile as error:
        return unreadable_layout(error)
    return read_layout(data, taken=[layout.name for layout in taken])


@cache  # a layout never changes, nor do the program's own files
def _shipped(name: str) -> Layout:
    found = read_layout((files(__package__) / f"{name}.toml").read_bytes())
    if found.layout is None:
        raise RuntimeError(f"{name}.toml: {found.errors}")
    return found.layout
