"""Reads text as rows: CSV in whatever encoding, with whatever separator, with the tricks that keep digits alive.

Not by the standard library's reader, which takes a quote only right at a cell's edges: shops write ``"123"⇥,`` and
``="a,b"`` to keep a spreadsheet from turning numbers into something else.
"""

import re
from collections.abc import Iterator

from app.files.sheet_reader.kinds import NOT_A_TABLE
from app.files.sheet_reader.sheet import Limits, Row, UnreadableSheet, held_rows

_DELIMITERS = (",", "\t", ";", "，")
_SAMPLE, _SAMPLE_LINES = 64 * 1024, 20
_QUOTED = re.compile(r'(?m)(^|[,;\t，])[ \t]*=?"(?:[^"]++|"")*+"')
_DIGIT_KEEPERS = re.compile(r"\t+(?=[,;，]|$)|(?:(?<=[,;，])|^)\t+", re.MULTILINE)
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[ \t,;]*(?:\r\n?|\n|\Z)', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n?|\n")


def decode(data: bytes) -> str:
    """Return the text of a CSV file.

    UTF-8 comes first: its Chinese often passes as GB18030, the reverse almost never happens.

    Raises:
        UnreadableSheet: it is in none of the encodings that spreadsheet programs write.
    """
    for encoding in _encodings(data):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableSheet("文件编码无法识别，请另存为 UTF-8 的 CSV 或 .xlsx 后上传。")


def _encodings(data: bytes) -> tuple[str, ...]:
    if data[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        return ("utf-32",)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    even, odd = data[:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)  # of a character below 256, one byte is zero
    if max(even, odd) * 20 > len(data[:_SAMPLE]) and min(even, odd) * 10 < max(even, odd):
        return ("utf-16-le",) if odd > even else ("utf-16-be",)
    return ("utf-8-sig", "gb18030")


def read_csv(text: str, limits: Limits) -> Iterator[Row]:
    """Yield the rows of a text.

    Raises:
        UnreadableSheet: quotes do not match, or it is no text at all.
    """
    if text.count("\0") * 20 > len(text):
        raise UnreadableSheet(NOT_A_TABLE)
    if found := _SEPARATOR_LINE.match(text):  # an instruction to Excel, which does not count it as a row
        text, delimiter = text[found.end() :], found[1]
    else:
        delimiter = _delimiter_of(text)
    return held_rows(_records(text, delimiter), limits)


def read_backticked(text: str, limits: Limits) -> Iterator[Row]:
    """Yield the rows of a text as WeChat Pay writes it: a value stands behind a backtick, and no comma in it is quoted.

    A line without one, such as the headings, is parted at its commas.
    """
    lines = (line for line in _LINE_END.split(text))
    cut = (line[1:].split(",`") if line.startswith("`") else line.split(",") for line in lines)
    return held_rows(((number, tuple(cells), None) for number, cells in enumerate(cut, 1)), limits)


def _delimiter_of(text: str) -> str:
    """Return what separates cells: what stands in most of the first lines, outside quotes."""
    sample = _LINE_END.sub("\n", text[:_SAMPLE])
    lines = [line for line in _QUOTED.sub(r"\1", sample).split("\n") if line.strip()][:_SAMPLE_LINES]

    def found(delimiter: str) -> tuple[int, int]:
        counts = [(_DIGIT_KEEPERS.sub("", line) if delimiter == "\t" else line).count(delimiter) for line in lines]
        return sum(count > 0 for count in counts), sum(counts)

    return max(_DELIMITERS, key=found)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, tuple[object, ...], str | None]]:
    d = re.escape(delimiter)
    blanks = "[ \u3000]*+" if delimiter == "\t" else "[ \t\u3000]*+"
    cell_at = re.compile(rf'{blanks}(=?)"((?:[^"]++|"")*+)"{blanks}(?={d}|[\r\n]|\Z)|([^{d}\r\n]*+)').match
    at, number = 0, 1
    while at < len(text):
        start, cells, quoted = at, [], False
        while found := cell_at(text, at):
            wrapped, inner, plain = found.groups()
            if inner is not None:
                quoted = True
                cell = inner.replace('""', '"')
                cells.append(f'="{cell}"' if wrapped else cell)
            elif plain.lstrip(" \t\u3000").startswith('"'):
                raise UnreadableSheet(f"CSV 第 {number} 行附近的引号或格式有误（引号没有成对）。")
            else:
                cells.append(plain)
            at = found.end()
            if text[at : at + 1] != delimiter:
                break
            at += 1
        yield number, tuple(cells), None if quoted else text[start:at]
        at += 2 if text.startswith("\r\n", at) else 1
        number += 1
