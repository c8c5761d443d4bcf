"""Every layout by its name: those that are shipped, and those of a merchant's own folder."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from app.files.layouts.layout import Layout
from app.files.layouts.read_layout import LayoutError, ReadLayout, read_layout

SHIPPED = ("generic", "jushuitan", "wangdiantong", "guanyi")


class UnknownLayout(LookupError):
    """No layout has this name, or its file is wrong."""


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
        return f"{self.file} 第 {first.line} 行 {first.key}：{first.detail}"


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
        """
        for layout in self.known:
            if layout.name == name:
                return layout
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
    if not folder.is_dir():
        missing = LayoutError(1, "", "文件夹不存在，请检查 LIFEBOAT_LAYOUTS_DIR")
        return Layouts(known, (WrongFile(str(folder), "", (missing,)),))
    for path in sorted(folder.glob("*.toml")):
        if but is not None and path.resolve() == but.resolve():
            continue
        found = read_file(path, taken=known)
        if found.layout is None:
            wrong.append(WrongFile(path.name, found.name, found.errors))
        else:
            known.append(found.layout)
    return Layouts(tuple(known), tuple(wrong))


def read_file(path: Path, *, taken: Iterable[Layout]) -> ReadLayout:
    """Read one file of a merchant's; its name must not be one of those ``taken``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return ReadLayout("", (), None, (LayoutError(1, "", f"无法读取：{error.strerror}"),))
    return read_layout(data, taken=[layout.name for layout in taken])


def _shipped(name: str) -> Layout:
    found = read_layout((files(__package__) / f"{name}.toml").read_bytes())
    if found.layout is None:
        raise RuntimeError(f"{name}.toml: {found.errors}")
    return found.layout
