"""Opens an uploaded file as rows of cells, whatever spreadsheet program it has been through."""

import csv
import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zipfile import BadZipFile, ZipFile

from app.domain.problems import TooLarge

_DELIMITERS = (",", "\t", ";", "，")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class UnreadableSheet(Exception):
    """A file cannot be read as a whole; ``sentence`` says why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of an upload is read; a sheet that somebody formatted to its end has a million ``empty_rows``."""

    bytes: int = 10 * 1024 * 1024
    rows: int = 50_000
    columns: int = 100
    unpacked: int = 100 * 1024 * 1024
    members: int = 1000
    empty_rows: int = 1000


STANDARD = Limits()


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``number`` as Excel counts, the first is 1."""

    number: int
    cells: tuple[object, ...]

    @property
    def text(self) -> str:
        """All its cells in one line."""
        return " ".join(str(cell) for cell in self.cells if cell is not None).strip()


def rows_of(data: bytes, limits: Limits = STANDARD) -> list[Row]:
    """Return the rows that hold anything.

    Raises:
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole; the sentence says why.
    """
    if len(data) > limits.bytes:
        raise TooLarge(f"文件超过 {limits.bytes // 1024 // 1024} MB。")
    if data.startswith(_OLE):
        raise UnreadableSheet("不支持旧版 .xls 或 .et 文件，请另存为 .xlsx 或 CSV 后上传。")
    cells = _xlsx_cells(data, limits) if data.startswith(_ZIP) else _csv_cells(decode(data))
    return _limited(cells, limits)


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


def _xlsx_cells(data: bytes, limits: Limits) -> Iterator[tuple[object, ...]]:
    try:
        with ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
        if len(members) > limits.members or sum(member.file_size for member in members) > limits.unpacked:
            raise TooLarge("XLSX 解压后过大。")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on styles and extensions of other programs, which do not concern us
            import openpyxl  # noqa: PLC0415 - six megabytes, for a process that is handed a workbook

            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # other programs write wrong ones
            cells = list(_until_empty(sheet.iter_rows(values_only=True), limits))
            book.close()
    except (BadZipFile, KeyError, ValueError, IndexError, OSError, SyntaxError):  # XML errors are SyntaxErrors
        raise UnreadableSheet("XLSX 文件已损坏，或不是 Excel 工作簿。") from None
    yield from cells


def _until_empty(rows: Iterable[tuple[object, ...]], limits: Limits) -> Iterator[tuple[object, ...]]:
    empty = 0
    for count, row in enumerate(rows):
        empty = 0 if any(cell not in (None, "") for cell in row) else empty + 1
        if empty > limits.empty_rows or count > limits.rows + limits.empty_rows:
            return
        yield row


def _limited(cells: Iterable[tuple[object, ...]], limits: Limits) -> list[Row]:
    rows: list[Row] = []
    for number, row in enumerate(cells, start=1):
        last = max((i for i, cell in enumerate(row) if cell is not None and str(cell).strip()), default=-1)
        if last >= limits.columns:
            raise UnreadableSheet(f"第 {number} 行超过 {limits.columns} 列。")
        if last >= 0:
            rows.append(Row(number, row[: last + 1]))
        if len(rows) > limits.rows + 1:
            raise UnreadableSheet(f"最多 {limits.rows} 行，请分成几个文件上传。")
    return rows
