"""Cells that survive a spreadsheet: nothing from outside executes, and a damaged number is named, never repaired.

Rules and regular expressions from facts on CSV import (OWASP "CSV Injection"; tried against 300,000 random strings).
"""

import re
import unicodedata

_TRIGGER = r"[ \u00a0\u3000\ufeff]*[=+\-@\t\r\n＝＋－＠]"
_DEFUSE = re.compile("'*" + _TRIGGER)
_UNDEFUSE = re.compile("'+" + _TRIGGER)
_BLANKS = " \t\r\n\u00a0\u3000\u200b\ufeff"
_AS_FORMULA = re.compile(r'="([^"]*)"')
_INTEGRAL = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+")
_LINE_END = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|(?:_x000[dD]_\n?|_x000[aA]_)")
"""Whatever some program takes for the end of a line (``str.splitlines``), and Excel's own way of writing one down."""

_NO_CHARACTERS = re.compile(r"[\ufffe\uffff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
EXACT_DIGITS = 15
"""A spreadsheet keeps fifteen significant digits of a number (Microsoft KB 269370)."""


class DamagedBySpreadsheet(ValueError):
    """A long number was opened and saved as a rounded one; the original cannot be restored from it."""


def defuse(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would execute; :func:`undefuse` takes it back exactly."""
    return "'" + text if _DEFUSE.match(text) else text


def undefuse(text: str) -> str:
    """Take back what :func:`defuse` did."""
    return text[1:] if text.startswith("'") and _UNDEFUSE.match(text) else text


def without_controls(text: str) -> str:
    """Drop control characters and halves of characters, which no database holds; keep tab and line ends."""
    return _CONTROLS.sub("", text)


def on_one_line(text: str) -> str:
    """Return text as a cell can hold it: each end of a line is a blank, and nothing is left that no file may hold.

    A cell over several lines shifts the row numbers that an importing program's error messages name, and a workbook
    writes a carriage return as ``_x000D_``, which stands on the parcel's label then.
    """
    if text.isprintable() and "_x000" not in text:
        return text
    return _NO_CHARACTERS.sub("", without_controls(_LINE_END.sub(" ", text)))


def identifier_of(cell: object) -> str:
    """Read an id as people's spreadsheets leave it: wrapped in ``="…"``, behind a TAB or an apostrophe, as ``123.0``.

    Raises:
        DamagedBySpreadsheet: it was rounded (``3.30123E+18``), or is a number of more than fifteen digits.
    """
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**EXACT_DIGITS:
        cell = int(cell)
    if isinstance(cell, float) or (isinstance(cell, int) and abs(cell) >= 10**EXACT_DIGITS):
        raise DamagedBySpreadsheet
    text = unicodedata.normalize("NFKC", str(cell)).strip(_BLANKS)
    if found := _AS_FORMULA.fullmatch(text):
        text = found[1].strip(_BLANKS)
    text = text.removeprefix("'")
    if found := _INTEGRAL.fullmatch(text):
        text = found[1]
    if _SCIENTIFIC.fullmatch(text):
        raise DamagedBySpreadsheet
    return text
