"""Writes the two file formats row by row in constant memory."""

import hashlib
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from app.files.disk import Disk
from app.files.layouts.layout import Layout

Format = Literal["csv", "xlsx", "manifest"]
"""The files of a batch; the manifest is for machines and for the record."""

BOM = b"\xef\xbb\xbf"
SHEET_ROWS = 1_048_576
_WIDTH = 16


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
    """A CSV file: UTF-8 with BOM and CRLF, as Excel opens it; each text quoted, what comes from outside defused."""

    kind: Format = "csv"

    def __init__(self, path: Path, layout: Layout, *, disk: Disk) -> None:
        self.path = path
        self._layout = layout
        self._disk = disk
        self._digest = hashlib.sha256()
        self._rows = 0
        self._file = disk.create(path)
        try:
            self._put(BOM)
            self._put(layout.csv_headings.encode())
        except Exception:
            self.abandon()
            raise

    def add(self, row: list[str]) -> None:
        """Add a row."""
        self._put(self._layout.csv_line(row).encode())
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
        self, path: Path, layout: Layout, *, disk: Disk, created: datetime, sheet_rows: int = SHEET_ROWS
    ) -> None:
        self.path = path
        self._layout = layout
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
        self._sheet.set_column(0, len(self._layout.columns) - 1, _WIDTH, self._text)
        self._sheet.freeze_panes(1, 0)
        self._next = 0
        self._put(self._layout.headings, self._bold)

    def _put(self, row: list[str], style: object) -> None:
        for column, cell in enumerate(row):
            if self._sheet.write_string(self._next, column, cell, style):
                raise OSError(f"xlsx: row {self._next + 1}, column {column + 1} does not fit a cell")
        self._next += 1
