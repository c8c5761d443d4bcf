"""Reads finished files back from disk: what was written is believed once the disk has said the same."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from app.domain.order_number import is_number
from app.files.disk import sha256_of
from app.files.layouts.layout import Layout
from app.files.sheet_writers import Format

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reread:
    """What a finished file holds, told by the disk; ``orders`` only where the format is read row by row."""

    rows: int
    orders: int
    repeated: int
    bytes: int
    sha256: str


def reread(path: Path, kind: Format, layout: Layout) -> Reread:
    """Read a finished file back from disk."""
    size, digest = path.stat().st_size, sha256_of(path)
    if kind == "xlsx":
        return Reread(_rows_in_xlsx(path), 0, 0, size, digest)
    rows, seen, repeated, last = 0, set[str](), 0, None
    found = rows_in_csv(path)
    next(found)
    for row in found:
        number = row[layout.number_at]
        rows += 1
        if number != last:
            repeated += number in seen
            seen.add(number)
            last = number
    return Reread(rows, len(seen), repeated, size, digest)


def numbers_by_row(path: Path, heading: str | None) -> list[str]:
    """Return the order number of each row of a published CSV file, from the row Excel calls 2 onwards.

    An ERP program's error messages only name rows. The numbers stand under ``heading``, or else where a row has a cell
    with their check character: a merchant may have changed the layout since, or taken it away.
    """
    rows = rows_in_csv(path)
    headings = next(rows)
    place = headings.index(heading) if heading in headings else None
    numbers: list[str] = []
    for row in rows:
        if place is None:
            place = next((i for i, cell in enumerate(row) if is_number(cell)), None)
        numbers.append("" if place is None else row[place])
    return numbers


def rows_in_csv(path: Path) -> Iterator[list[str]]:
    """Yield the rows, the headings first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file, strict=True)


def _rows_in_xlsx(path: Path) -> int:
    """Count the rows of our own XLSX file; reading every member to its end also proves its checksums."""
    rows, sheets = 0, 0
    with ZipFile(path) as package:
        for name in package.namelist():
            in_sheet = name.startswith("xl/worksheets/sheet")
            sheets += in_sheet
            with package.open(name) as member:
                tail = b""
                while block := member.read(_BLOCK):
                    text = tail + block
                    rows += text.count(b"<row ") if in_sheet else 0
                    tail = text[-4:]
    return rows - sheets
