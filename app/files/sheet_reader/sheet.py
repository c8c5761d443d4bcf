"""The shapes of a file that was read: sheets of rows of cells, and how much of it is read at most."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


class UnreadableSheet(Exception):
    """A file cannot be read as a whole; ``sentence`` says why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of an upload is read; a sheet that somebody formatted to its end has a million ``empty_rows``.

    ``unpacked`` counts the sheets and shared strings of a workbook, ``part`` each of its other members.
    """

    bytes: int = 10 * 1024 * 1024
    rows: int = 50_000
    columns: int = 100
    unpacked: int = 100 * 1024 * 1024
    part: int = 8 * 1024 * 1024
    members: int = 1000
    sheets: int = 100
    empty_rows: int = 1000


STANDARD = Limits()


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of which no value was kept: nobody but the program that wrote it knows what it shows."""

    text: str

    def __str__(self) -> str:
        """Return it as a spreadsheet shows it."""
        return f"={self.text}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``number`` as Excel counts, the first is 1. ``line`` is a row of a text file as it stands there."""

    number: int
    cells: tuple[object, ...]
    sheet: str = ""
    line: str | None = None

    @property
    def text(self) -> str:
        """All it says in one line."""
        if self.line is not None:
            return self.line.strip()
        return " ".join(str(cell) for cell in self.cells if cell is not None).strip()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet that hold anything; a text has one sheet without a name."""

    name: str
    rows: tuple[Row, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Workbook:
    """All sheets of a file, and sentences that name what was not read."""

    sheets: tuple[Sheet, ...]
    unread: tuple[str, ...] = ()


def is_blank(cell: object) -> bool:
    """Tell whether a cell shows nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def held_rows(
    cells: Iterable[tuple[int, tuple[object, ...], str | None]], limits: Limits, *, sheet: str = ""
) -> Iterator[Row]:
    """Yield the rows that hold anything of (number, cells, line), without the blank cells at their ends.

    Raises:
        UnreadableSheet: they are too many, or too long.
    """
    where = f"工作表“{sheet}”" if sheet else ""
    held = 0
    for number, row, line in cells:
        last = next((i for i in range(len(row) - 1, -1, -1) if not is_blank(row[i])), -1)
        if last >= limits.columns:
            raise UnreadableSheet(f"{where}第 {number} 行超过 {limits.columns} 列。")
        if last >= 0:
            held += 1
            if held > limits.rows + 1:
                raise UnreadableSheet(f"最多 {limits.rows} 行，请分成几个文件上传。")
            yield Row(number, row[: last + 1], sheet, line)
