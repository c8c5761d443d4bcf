"""Says on which line of a TOML text a key stands, which Python's reader does not tell.

A look at the lines is enough for files as people write them; where it finds nothing it names the line of the table
around, and for what is nowhere in the file the first line.
"""

import re

_TABLE = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\"'-]+?)\s*\]?\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*[.=]")
_QUOTES = ('"""', "'''")


class TomlLines:
    """The lines of one TOML text."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, int, str], int] = {}
        table, counts, within = "", dict[str, int](), ""
        for number, line in enumerate(text.splitlines(), start=1):
            if within:
                within = "" if within in line else within
                continue
            within = next((quotes for quotes in _QUOTES if line.count(quotes) % 2), "")
            if found := _TABLE.fullmatch(line):
                table, _, key = found[1].partition(".")
                if line.lstrip().startswith("[["):
                    counts[table] = counts.get(table, -1) + 1
                self._note(table, counts, key, number)
            elif found := _KEY.match(line):
                self._note(table, counts, found[1].strip("\"'"), number)

    def _note(self, table: str, counts: dict[str, int], key: str, number: int) -> None:
        self._lines.setdefault((table, counts.get(table, 0), key), number)

    def line_of(self, key: str, table: str = "", index: int = 0) -> int:
        """Return the line of a key of the table's entry number ``index``, counted from 0."""
        for known in ((table, index, key), (table, index, ""), ("", 0, table), (key, 0, "")):
            if known in self._lines:
                return self._lines[known]
        return 1
