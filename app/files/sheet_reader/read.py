"""Reads a file by what it is, not by what it is called: browsers, programs and people name files as they like."""

from collections.abc import Iterator
from typing import NamedTuple

from app.domain.problems import TooLarge
from app.files.sheet_reader.csv_text import decode, read_backticked, read_csv
from app.files.sheet_reader.html_table import is_markup, read_html
from app.files.sheet_reader.kinds import ZIP, refuse_foreign
from app.files.sheet_reader.sheet import STANDARD, Limits, Row, Sheet, Workbook
from app.files.sheet_reader.xlsx import read_xlsx

_SAMPLE = 64 * 1024


def read_workbook(data: bytes, limits: Limits = STANDARD) -> Workbook:
    """Return all sheets of a file, each with the rows that hold anything; cells are as the file has them.

    Raises:
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole; the sentence says why.
    """
    if len(data) > limits.bytes:
        raise TooLarge(f"文件超过 {limits.bytes // 1024 // 1024} MB。")
    if data.startswith(ZIP):
        return read_xlsx(data, limits)
    refuse_foreign(data)
    text = decode(data)
    if is_markup(text):
        return Workbook(read_html(text, limits))
    return Workbook((Sheet("", tuple(read_csv(text, limits))),))


class OpenSheet(NamedTuple):
    """A visible sheet whose rows are still to be taken, one after the other."""

    name: str
    rows: Iterator[Row]


def stream_sheets(data: bytes, limits: Limits = STANDARD) -> tuple[list[OpenSheet], tuple[str, ...]]:
    """Return the visible sheets of a file, and sentences that name what is not read.

    A text is one sheet, and its rows are read as they are taken, however many there are; where a line of it begins with
    a backtick it is read as WeChat Pay writes it.

    Raises:
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole; the sentence says why. Taking rows may raise it, too.
    """
    if len(data) > limits.bytes:
        raise TooLarge(f"文件超过 {limits.bytes // 1024 // 1024} MB。")
    if not data.startswith(ZIP):
        refuse_foreign(data)
        text = decode(data)
        if not is_markup(text):
            sample = text[:_SAMPLE]  # a spreadsheet that saved it anew has quoted what holds a comma
            read = read_backticked if "\n`" in sample and ',"`' not in text else read_csv
            return [OpenSheet("", read(text, limits))], ()
    book = read_workbook(data, limits)
    return [OpenSheet(sheet.name, iter(sheet.rows)) for sheet in book.sheets if not sheet.hidden], book.unread


def rows_of(data: bytes, limits: Limits = STANDARD) -> list[Row]:
    """Return the rows of the first visible sheet.

    Raises:
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole; the sentence says why.
    """
    visible = [sheet for sheet in read_workbook(data, limits).sheets if not sheet.hidden]
    return list(visible[0].rows) if visible else []
