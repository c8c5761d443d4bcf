"""Writes header fields as they stand in an answer; the same fields come again and again, so their lines are kept."""

from functools import lru_cache

from app.web.door.body import Headers


@lru_cache(maxsize=64)
def lines_of(fields: Headers) -> bytes:
    """Return header fields as lines."""
    return b"".join(b"%b: %b\r\n" % field for field in fields)


class LastLines:
    """Remembers the lines of the list it was asked for last: uvicorn makes a new list of its own once a second."""

    def __init__(self) -> None:
        self._list: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def of(self, fields: list[tuple[bytes, bytes]]) -> bytes:
        """Return the lines of a list that nobody changes."""
        if fields is not self._list:
            self._lines, self._list = lines_of(tuple(fields)), fields
        return self._lines
