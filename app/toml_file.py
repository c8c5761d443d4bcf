"""Reads a merchant's TOML file and returns what it says, or one sentence on why it cannot be read and where.

Such files are written by hand and dropped into a folder. Whatever lies there, a pipe, a disk image, a number of ten
thousand digits, must neither hang nor end the process that reads it: the orders of everybody else go through it.
"""

import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_BYTES = 1024 * 1024
"""Far more than a hundred columns or a payload's fields need."""

MAX_DOTS = 200
"""In one key; the standard library's reader takes the square of them, a minute for a line of 100 kB."""

MAX_TOLD = 300
"""Characters of a sentence on a file: it goes into logs, answers and messages, and may quote the file."""

LARGEST = 2**63
"""TOML's numbers end below it; in hexadecimal, Python reads longer ones than it can show."""

_TOO_LONG = "TOML 中有过长的数字"
_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_NAME = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_QUOTES = ('"""', "'''")
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


class UnreadableFile(ValueError):
    """A file or folder cannot be read; ``line`` is where, and 1 where no line is to blame."""

    def __init__(self, reason: str, *, line: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class WrongEntry(ValueError):
    """One entry of a file is wrong: its dotted key, empty for the whole file, and a Chinese sentence."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}：{reason}")
        self.key = key
        self.reason = reason


def list_toml_files(folder: Path) -> list[Path]:
    """Return every ``*.toml`` of a folder, by name.

    Raises:
        UnreadableFile: there is no such folder, or it may not be read.
    """
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        raise UnreadableFile("文件夹不存在") from None
    except (OSError, ValueError) as error:  # a path with NUL is a ValueError
        raise UnreadableFile(f"文件夹无法读取：{_why(error)}") from None
    return [path for path in paths if path.name.endswith(".toml")]


def read_small_file(path: Path) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        UnreadableFile: it is something else, too large, or may not be read.
    """
    try:
        _refuse_irregular(path.stat())  # before it is opened, which a pipe or a device would notice
        with open(path, "rb", opener=_without_waiting) as file:
            _refuse_irregular(os.fstat(file.fileno()))
            data = file.read(MAX_BYTES + 1)
    except UnreadableFile:
        raise
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"无法读取：{_why(error)}") from None
    if len(data) > MAX_BYTES:
        raise UnreadableFile(f"文件过大，最多 {MAX_BYTES // 1024} KiB")
    return data


def parse_toml(data: bytes) -> tuple[str, dict[str, Any]]:
    """Return a file's text, and what it says as TOML.

    Raises:
        UnreadableFile: it is no UTF-8, no TOML, or TOML that cannot be taken in.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UnreadableFile("文件不是 UTF-8 编码，请另存为 UTF-8", line=line) from None
    _refuse_endless_keys(text)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _AT.search(str(error))
        line = int(place[1]) if place else len(text.splitlines()) or 1
        where = f"（第 {place[2]} 个字符附近）" if place else "（文件末尾）"
        detail = as_told(_AT.sub("", str(error)).strip())
        raise UnreadableFile(f"TOML 语法错误{where}：{detail}", line=line) from None
    except RecursionError:
        raise UnreadableFile("TOML 嵌套过深") from None
    except ValueError:  # Python turns no more than some thousand digits into a number, and does not say where
        raise UnreadableFile(_TOO_LONG) from None
    if any(isinstance(value, int) and not -LARGEST <= value < LARGEST for value in _values_in(document)):
        raise UnreadableFile(_TOO_LONG)
    return text, document


def line_of(text: str, key: str) -> int:
    """Return the line of a dotted key such as ``reading.0.marks.2.at``, or of the table around it; 1 if there is none.

    A look at the lines is enough for files as people write them; Python's reader does not tell.
    """
    counts: dict[str, int] = {}
    table = within = ""
    depth, found = 0, 1
    for number, line in enumerate(text.splitlines(), start=1):
        if within:
            within = "" if within in line else within
            continue
        within = next((quotes for quotes in _QUOTES if line.count(quotes) % 2), "")
        if header := _TABLE.fullmatch(line):
            table = _place_of(header[2], counts, is_array=header[1] == "[[")
            places = [table, table.rpartition(".")[0]] if header[1] == "[[" else [table]
        elif entry := _KEY.match(line):
            places = [".".join(filter(None, (table, _plain(entry[1]))))]
        else:
            continue
        for place in places:
            if len(place) > depth and f"{key}.".startswith(f"{place}."):
                depth, found = len(place), number
    return found


def as_told(text: str) -> str:
    """Return a text as it may stand in a sentence: short, and of whole characters."""
    short = text if len(text) <= MAX_TOLD else f"{text[:MAX_TOLD]}…"
    return short.encode("utf-8", "backslashreplace").decode()


def name_of(path: Path) -> str:
    """Return a file's name as it may be told; a name on a disk may be of any bytes."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def _place_of(name: str, counts: dict[str, int], *, is_array: bool) -> str:
    """Return where a table stands, with the number of each array of tables that is around it or is itself one."""
    place = ""
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    for n, part in enumerate(parts, start=1):
        place = f"{place}.{part}" if place else part
        if is_array and n == len(parts):
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = f"{place}.{counts[place]}"
    return place


def _plain(key: str) -> str:
    return re.sub(r"\s*\.\s*", ".", re.sub(r"[\"']", "", key)).strip()


def _values_in(document: dict[str, Any]) -> Iterator[object]:
    left: list[object] = [document]
    while left:
        match left.pop():
            case dict() as table:
                left.extend(table.values())
            case list() as several:
                left.extend(several)
            case value:
                yield value


def _why(error: Exception) -> str:
    return as_told((error.strerror if isinstance(error, OSError) else None) or str(error))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _refuse_irregular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFile("无法读取：不是普通文件")
    if found.st_size > MAX_BYTES:
        raise UnreadableFile(f"文件过大，最多 {MAX_BYTES // 1024} KiB")


def _refuse_endless_keys(text: str) -> None:
    """Look for a line that may hold a key of very many parts; a comment may have as many dots as it likes."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") <= MAX_DOTS or line.lstrip().startswith("#"):
            continue
        if any(piece.count(".") > MAX_DOTS for piece in line.split("=")):
            raise UnreadableFile(f"一行内的 . 过多（最多 {MAX_DOTS} 个），请拆成多行", line=number)
