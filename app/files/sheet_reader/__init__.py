"""Opens an uploaded file as sheets of rows, whatever spreadsheet program it has been through."""

from app.files.sheet_reader.csv_text import decode
from app.files.sheet_reader.read import read_workbook, rows_of, stream_sheets
from app.files.sheet_reader.sheet import STANDARD, Formula, Limits, Row, Sheet, UnreadableSheet, Workbook

__all__ = [
    "STANDARD",
    "Formula",
    "Limits",
    "Row",
    "Sheet",
    "UnreadableSheet",
    "Workbook",
    "decode",
    "read_workbook",
    "rows_of",
    "stream_sheets",
]
