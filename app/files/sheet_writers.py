"""Writes the two file formats row by row in constant memory, and reads what was written back from disk."""

import csv
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from zipfile import ZipFile

from app.files.export_folder import Disk, Exports, Format, sha256_of
from app.files.layouts import Layout, layout_named
from app.store.tables import Batch

BOM = b"\xef\xbb\xbf"
SHEET_ROWS = 1_048_576
_WIDTH = 16
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """A finished draft as its writer saw it; ``sha256`` is None where the format is not written in one pass."""

    rows: int
    sha256: str | None


class Draft(Protocol):
    """A file in the making."""

    kind: Format
    path: Path

    def add(self, row: list[str]) -> None:
        """Add a row of plain text."""
        ...

    def finish(self) -> Written:
        """Write what is left and close."""
        ...

    def abandon(self) -> None:
        """Close whatever is open and remove the file."""
        ...


class CsvDraft:
    """A CSV file: UTF-8 with BOM and CRLF, as Excel opens it; free text defused; quoted where a cell needs it."""

    kind: Format = "csv"

    def __init__(self, path: Path, table: Layout, *, disk: Disk) -> None:
        self.path = path
        self._table = table
        self._disk = disk
        self._digest = hashlib.sha256()
        self._rows = 0
        self._file = disk.create(path)
        self._writer = csv.writer(self, lineterminator="\r\n")
        try:
            self._put(BOM)
            self._writer.writerow(table.headers)
        except Exception:
            self.abandon()
            raise

    def write(self, text: str) -> int:
        """Take a finished line from the CSV writer."""
        self._put(text.encode())
        return len(text)

    def add(self, row: list[str]) -> None:
        """Add a row."""
        self._writer.writerow(self._table.defused(row))
        self._rows += 1

    def finish(self) -> Written:
        """Write what is left and close."""
        self._file.close()
        return Written(self._rows, self._digest.hexdigest())

    def abandon(self) -> None:
        """Close and remove the file."""
        with suppress(OSError):  # a full disk refuses to flush what is thrown away anyway
            self._file.close()
        self.path.unlink(missing_ok=True)

    def _put(self, block: bytes) -> None:
        self._digest.update(block)
        self._disk.write(self._file, block)


class XlsxDraft:
    """An Excel file in which every cell is text: nothing executes, and no long number is rounded."""

    kind: Format = "xlsx"

    def __init__(
        self, path: Path, table: Layout, *, disk: Disk, created: datetime, sheet_rows: int = SHEET_ROWS
    ) -> None:
        self.path = path
        self._table = table
        self._disk = disk
        self._rows = 0
        self._sheet_rows = sheet_rows
        disk.create(path).close()  # so that it is ours alone from the beginning
        # Personal data must not pass through a world-readable /tmp, which may not even be writable.
        self._scratch = tempfile.TemporaryDirectory(dir=path.parent, prefix=path.name)
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        import xlsxwriter  # noqa: PLC0415 - a format of choice; the processes that never write it need not hold it

        self._book = xlsxwriter.Workbook(str(path), {**options, "tmpdir": self._scratch.name})
        self._book.use_zip64()
        self._book.set_properties(
            {"created": created.astimezone(UTC).replace(tzinfo=None)}
        )  # the same bytes at every rebuild
        self._text = self._book.add_format({"num_format": "@"})
        self._bold = self._book.add_format({"num_format": "@", "bold": True})
        self._begin_sheet()

    def add(self, row: list[str]) -> None:
        """Add a row; where a sheet is full, begin another."""
        if self._next == self._sheet_rows:
            self._begin_sheet()
        self._put(row, self._text)
        self._rows += 1

    def finish(self) -> Written:
        """Assemble the file and close."""
        from xlsxwriter.exceptions import XlsxWriterException  # noqa: PLC0415 - as above

        try:
            self._book.close()
        except XlsxWriterException as error:
            raise OSError(f"xlsx: {error}") from error
        self._scratch.cleanup()
        return Written(self._rows, None)

    def abandon(self) -> None:
        """Close and remove the file and its scratch folder."""
        with suppress(OSError):
            for sheet in self._book.worksheets():
                sheet._opt_close()  # noqa: SLF001 - the library offers no way to give a workbook up
        self._scratch.cleanup()
        self.path.unlink(missing_ok=True)

    def _begin_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.set_column(0, len(self._table.columns) - 1, _WIDTH, self._text)
        self._sheet.freeze_panes(1, 0)
        self._next = 0
        self._put(self._table.headers, self._bold)

    def _put(self, row: list[str], style: object) -> None:
        for column, cell in enumerate(row):
            if self._sheet.write_string(self._next, column, cell, style):
                raise OSError(f"xlsx: row {self._next + 1}, column {column + 1} does not fit a cell")
        self._next += 1


@dataclass(frozen=True, slots=True)
class Reread:
    """What a finished file holds, told by the disk; ``orders`` only where the format is read row by row."""

    rows: int
    orders: int
    repeated: int
    bytes: int
    sha256: str


def reread(path: Path, kind: Format, table: Layout) -> Reread:
    """Read a finished file back from disk."""
    size, digest = path.stat().st_size, sha256_of(path)
    if kind == "xlsx":
        return Reread(_rows_in_xlsx(path), 0, 0, size, digest)
    rows, seen, repeated, last = 0, set[str](), 0, None
    for number in numbers_in(path, table):
        rows += 1
        if number != last:
            repeated += number in seen
            seen.add(number)
            last = number
    return Reread(rows, len(seen), repeated, size, digest)


def numbers_in(path: Path, table: Layout) -> Iterator[str]:
    """Yield the order number of each row of one of our CSV files, from the row Excel calls 2 onwards."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        next(reader)
        for row in reader:
            yield row[table.number_at]


def numbers_by_row(exports: Exports, batch: Batch) -> list[str]:
    """Return the order number of each row of a published file: an ERP program's error messages only name rows.

    Raises:
        NotPublished: the batch has no file.
    """
    return list(numbers_in(exports.file_of(batch, "csv"), layout_named(batch.columns)))


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
