"""Reads a file by what it is, not by what it is called: browsers, programs and people name files as they like."""

from app.domain.problems import TooLarge
from app.files.sheet_reader.csv_text import decode, read_csv
from app.files.sheet_reader.html_table import is_markup, read_html
from app.files.sheet_reader.kinds import ZIP, refuse_foreign
from app.files.sheet_reader.sheet import STANDARD, Limits, Row, Workbook
from app.files.sheet_reader.xlsx import read_xlsx


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
    return Workbook((read_csv(text, limits),))


def rows_of(data: bytes, limits: Limits = STANDARD) -> list[Row]:
    """Return the rows of the first visible sheet.

    Raises:
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole; the sentence says why.
    """
    visible = [sheet for sheet in read_workbook(data, limits).sheets if not sheet.hidden]
    return list(visible[0].rows) if visible else []
