"""Says on which line of a TOML text a dotted key such as ``reading.0.marks.2.at`` stands, or the table around it."""

import re

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*=")


def line_of(text: str, key: str) -> int:
    """Return the line of a key, or of what is nearest around it; the first for what is nowhere in the text."""
    wanted = tuple(key.split("."))
    counts: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    depth, found = 0, 1
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.fullmatch(line):
            table = path = _path(header[2], counts, is_array=header[1] == "[[")
        elif entry := _KEY.match(line):
            path = (*table, entry[1].strip("\"'"))
        else:
            continue
        if len(path) > depth and path == wanted[: len(path)]:
            depth, found = len(path), number
    return found


def _path(name: str, counts: dict[tuple[str, ...], int], *, is_array: bool) -> tuple[str, ...]:
    """Return where a table stands, with the number of each array of tables that is around it or is itself one."""
    path: tuple[str, ...] = ()
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    for place, part in enumerate(parts):
        path = (*path, part)
        if is_array and place == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, str(counts[path]))
    return path
