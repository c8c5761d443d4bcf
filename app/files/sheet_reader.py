"""Opens an uploaded file as rows of cells, whatever spreadsheet program it has been through."""

import csv
import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zipfile import BadZipFile, ZipFile

from app.domain.problems import TooLarge

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 100
MAX_UNPACKED = 100 * 1024 * 1024
MAX_MEMBERS = 1000
_EMPTY_ROWS = 1000
"""A sheet that somebody formatted to its end has a million empty rows."""

_DELIMITERS = (",", "\t", ";", "，")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class UnreadableSheet(Exception):
    """A file cannot be read as a whole; ``sentence`` says why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``number`` as Excel counts, the first is 1."""

    number: int
    cells: tuple[object, ...]

    @property
    def text(self) -> str:
        """All its cells in one line."""
        return " ".join(str(cell) for cell in self.cells if cell is not None).strip()


def rows_of(data: bytes) -> list[Row]:
    """Return the rows that hold anything.

    Raises:
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole; the sentence says why.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(f"文件超过 {MAX_BYTES // 1024 // 1024} MB。")
    if data.startswith(_OLE):
        raise UnreadableSheet("不支持旧版 .xls 或 .et 文件，请另存为 .xlsx 或 CSV 后上传。")
    cells = _xlsx_cells(data) if data.startswith(_ZIP) else _csv_cells(decode(data))
    return _limited(cells)


def decode(data: bytes) -> str:
    """Return the text of a CSV file.

    UTF-8 comes first: its Chinese often passes as GB18030, the reverse almost never happens.

    Raises:
        UnreadableSheet: it is in none of the encodings that spreadsheet programs write.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableSheet("文件编码无法识别，请另存为 UTF-8 的 CSV 或 .xlsx 后上传。")


def _csv_cells(text: str) -> Iterator[tuple[object, ...]]:
    first, _, rest = text.partition("\n")
    if first.strip().casefold().startswith("sep="):  # an instruction to Excel, which does not count it as a row
        text, first = rest, rest.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from (tuple(row) for row in reader)
    except csv.Error as error:
        raise UnreadableSheet(f"CSV 第 {reader.line_num} 行附近的引号或格式有误（{error}）。") from None


def _xlsx_cells(data: bytes) -> Iterator[tuple[object, ...]]:
    try:
        with ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
        if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
            raise TooLarge("XLSX 解压后过大。")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on styles and extensions of other programs, which do not concern us
            import openpyxl  # noqa: PLC0415 - six megabytes, for a process that is handed a workbook

            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # other programs write wrong ones
            cells = list(_until_empty(sheet.iter_rows(values_only=True)))
            book.close()
    except (BadZipFile, KeyError, ValueError, IndexError, OSError, SyntaxError):  # XML errors are SyntaxErrors
        raise UnreadableSheet("XLSX 文件已损坏，或不是 Excel 工作簿。") from None
    yield from cells


def _until_empty(rows: Iterable[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    empty = 0
    for count, row in enumerate(rows):
        empty = 0 if any(cell not in (None, "") for cell in row) else empty + 1
        if empty > _EMPTY_ROWS or count > MAX_ROWS + _EMPTY_ROWS:
            return
        yield row


def _limited(cells: Iterable[tuple[object, ...]]) -> list[Row]:
    rows: list[Row] = []
    for number, row in enumerate(cells, start=1):
        last = max((i for i, cell in enumerate(row) if cell is not None and str(cell).strip()), default=-1)
        if last >= MAX_COLUMNS:
            raise UnreadableSheet(f"第 {number} 行超过 {MAX_COLUMNS} 列。")
        if last >= 0:
            rows.append(Row(number, row[: last + 1]))
        if len(rows) > MAX_ROWS + 1:
            raise UnreadableSheet(f"最多 {MAX_ROWS} 行，请分成几个文件上传。")
    return rows
