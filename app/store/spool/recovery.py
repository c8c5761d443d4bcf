"""Reads what can be read of a damaged spool file: page by page, past the damage, without asking SQLite.

Every page of the file and of its log is looked at for rows, wherever in the tree it hung (sqlite.org/fileformat2.html).
A record counts only if its digest fits, so nothing is ever made up; what was deleted long ago may come up again, which
costs nothing, since the way into the store takes each number once. The index by number, which lives on pages of its
own, names orders whose records are gone.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from app.store.spool.file import Record, record_of

_INNER_INDEX, _INNER_TABLE, _LEAF_INDEX, _LEAF_TABLE = 0x02, 0x05, 0x0A, 0x0D
_SMALLEST_HEADER = 8
_FILE_HEADER, _LOG_HEADER, _FRAME_HEADER = 100, 32, 24
_LOCK_BYTE = 1 << 30
"""Where SQLite takes its locks in a file so large; that page is never used."""

_USUAL_PAGE = 4096
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_WIDTHS = frozenset({5, 6, 9, 2})
"""How many columns a row of ``spooled``, ``set_aside`` and ``given_up`` has, and an entry of the index by number."""

Image = memoryview
Pages = dict[int, Image]
"""Pages by number; the first is number 1."""

_NOTHING = memoryview(b"")


class _Damaged(Exception):
    """These bytes are not what they should be."""


class QuarantinedRow(NamedTuple):
    """A row of the damaged file's ``set_aside``, as it stands."""

    number: str
    received_at: str
    record: bytes
    reason: str
    set_aside_at: str


@dataclass(slots=True)
class Recovered:
    """What a damaged file still holds."""

    records: dict[str, Record] = field(default_factory=dict)
    """Intact records by number; some may have been in the store for long."""
    quarantined: list[QuarantinedRow] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    """Numbers that the file names and whose records cannot be read."""
    damaged_pages: int = 0
    """Pages that make no sense: what stood there, if anything, nobody can say."""


def read_damaged(path: Path) -> Recovered:
    """Read a spool file and its log, whatever state they are in; nothing is written."""
    data, log = _bytes_of(path), _bytes_of(path.with_name(path.name + "-wal"))
    size = _page_size(data, log)
    file = {n + 1: data[at : at + size] for n, at in enumerate(range(0, len(data), size))}
    frames = list(_frames(log, size))
    newest = file | dict(frames)
    recovered = Recovered()
    reader, earlier = _Reader(newest, size), _Reader(file, size)
    claimed = reader.read_all(recovered)
    for number, image in [*file.items(), *frames]:
        if newest[number] is not image:  # replaced since: of a damaged page this may be the last good state
            for one in (reader, earlier):
                for row in one.rows(image).found:
                    _take_record(recovered, row)
    recovered.damaged_pages = len((newest.keys() | reader.children) - claimed) + reader.cut_off()
    recovered.unreadable -= recovered.records.keys()
    return recovered


def _bytes_of(path: Path) -> Image:
    """Return a file's bytes without reading them all into memory; none where there is no file."""
    if not path.exists() or not path.stat().st_size:
        return _NOTHING
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _page_size(data: Image, log: Image) -> int:
    for header, at, form in ((data, 16, ">H"), (log, 8, ">I")):
        if len(header) >= _LOG_HEADER:
            (size,) = struct.unpack_from(form, header, at)
            if size >= 512 and size & (size - 1) == 0 and size <= 32768:  # noqa: PLR2004 - the format's own limits
                return int(size)
    return _USUAL_PAGE


def _frames(log: Image, size: int) -> Iterator[tuple[int, Image]]:
    for at in range(_LOG_HEADER, len(log) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        (number,) = struct.unpack_from(">I", log, at)
        if log[at + 8 : at + 16] == log[16:24] and number:  # of this generation of the log
            yield number, log[at + _FRAME_HEADER : at + _FRAME_HEADER + size]


@dataclass(slots=True)
class _Page:
    """The rows of one page, whether all of it made sense, and the pages its long rows run on to."""

    found: list[list[Any]] = field(default_factory=list)
    whole: bool = True
    runs_on_to: set[int] = field(default_factory=set)
    children: set[int] = field(default_factory=set)


class _Reader:
    """Reads rows out of one state of all pages."""

    def __init__(self, pages: Pages, size: int) -> None:
        self._pages = pages
        self._size = size
        self.children: set[int] = set()
        """Pages to which pages that make sense point: they must be there."""

    def read_all(self, recovered: Recovered) -> set[int]:
        """Take everything that makes sense into ``wreck``; return the pages that did, and those known to be free."""
        free = self._free()
        claimed = free | {1, _LOCK_BYTE // self._size + 1}
        for number, image in self._pages.items():
            if number == 1:  # it holds the list of tables, and never an order
                continue
            page = self.rows(image)
            if page.whole:
                claimed |= {number, *page.runs_on_to}
                self.children |= page.children
            for row in page.found:
                _take_record(recovered, row)
                if number not in free:
                    _take_rest(recovered, row)
        return claimed

    def rows(self, image: Image) -> _Page:
        """Return the rows of one page, as far as they can be read."""
        page = _Page()
        kind = image[0] if len(image) == self._size else 0
        inner = kind in {_INNER_INDEX, _INNER_TABLE}
        if not inner and kind not in {_LEAF_INDEX, _LEAF_TABLE}:
            page.whole = False
            return page
        (cells,) = struct.unpack_from(">H", image, 3)
        first = 12 if inner else 8
        if first + 2 * cells > self._size:
            page.whole = False
            return page
        if inner:
            page.children.add(struct.unpack_from(">I", image, 8)[0])
        for (start,) in struct.iter_unpack(">H", image[first : first + 2 * cells]):
            try:
                if inner:
                    page.children.add(struct.unpack_from(">I", image, start)[0])
                row = self._cell(image, start + (4 if inner else 0), kind, page)
            except (_Damaged, IndexError, struct.error):
                page.whole = False
                continue
            if row is not None:
                page.found.append(row)
        return page

    def _cell(self, image: Image, at: int, kind: int, page: _Page) -> list[Any] | None:
        """Return the columns of one cell; a table's begin with its row id."""
        if at < _SMALLEST_HEADER:
            raise _Damaged
        if kind == _INNER_TABLE:
            _varint(image, at)
            return None
        size, at = _varint(image, at)
        row_id = None
        if kind == _LEAF_TABLE:
            row_id, at = _varint(image, at)
        columns = _columns(self._payload(image, at, size, kind, page))
        if kind != _LEAF_TABLE:
            return columns
        return [row_id, *columns[1:]]  # the row id's own column is stored as NULL

    def _payload(self, image: Image, at: int, size: int, kind: int, page: _Page) -> bytes:
        """Return a cell's payload of ``size`` bytes; what does not fit on the page runs on over a chain of others."""
        room = self._size
        most = room - 35 if kind == _LEAF_TABLE else (room - 12) * 64 // 255 - 23
        least = (room - 12) * 32 // 255 - 23
        here = size
        if size > most:
            here = least + (size - least) % (room - 4)
            here = here if here <= most else least
        parts = [image[at : at + here]]
        if here < size:
            (following,) = struct.unpack_from(">I", image, at + here)
            left = size - here
            while left > 0:
                image = self._pages.get(following, _NOTHING)
                if len(image) < room:
                    raise _Damaged
                page.runs_on_to.add(following)
                parts.append(image[4 : 4 + min(left, room - 4)])
                left -= room - 4
                (following,) = struct.unpack_from(">I", image, 0)
        payload = b"".join(parts)
        if len(payload) != size:
            raise _Damaged
        return payload

    def cut_off(self) -> int:
        """Return how many pages the file should have beyond its end."""
        (pages,) = struct.unpack_from(">I", self._header(), 28)
        return max(pages - max(self._pages), 0) if pages else 0

    def _header(self) -> bytes:
        """Return the file's header, zeroes if it is ruined."""
        first = bytes(self._pages.get(1, _NOTHING)[:_FILE_HEADER])
        return first if first[:16] == b"SQLite format 3\0" and len(first) == _FILE_HEADER else bytes(_FILE_HEADER)

    def _free(self) -> set[int]:
        """Return the pages that are free; none if the file's header does not agree with their list."""
        trunk, total = struct.unpack_from(">II", self._header(), 32)
        free: set[int] = set()
        while len(image := self._pages.get(trunk, _NOTHING)) == self._size and trunk not in free:
            following, count = struct.unpack_from(">II", image, 0)
            leaves = struct.iter_unpack(">I", image[8 : 8 + 4 * min(count, self._size // 4 - 2)])
            free |= {trunk, *(leaf for (leaf,) in leaves)}
            trunk = following
        return free if len(free) == total else set()


def _take_record(recovered: Recovered, row: list[Any]) -> None:
    match row:
        case [_, str(), str(), bytes(), bytes()]:
            record = record_of(row)
            if record.order is not None:
                recovered.records.setdefault(record.order.number, record)


def _take_rest(recovered: Recovered, row: list[Any]) -> None:
    match row:
        case [_, str(number), str(), bytes(), bytes()]:
            if record_of(row).order is None:
                recovered.unreadable.add(number)
        case [str(number), _]:
            recovered.unreadable.add(number)  # until its record turns up
        case [_, str(), str(), bytes(), str(), str()]:
            recovered.quarantined.append(QuarantinedRow(*row[1:]))


def _columns(payload: bytes) -> list[Any]:
    """Return the columns of a row of one of our tables: NULL, integers, text, bytes."""
    head, at = _varint(payload, 0)
    kinds = []
    while at < head:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != head or len(kinds) not in _WIDTHS:
        raise _Damaged
    columns: list[Any] = []
    for kind in kinds:
        size = _INTEGERS.get(kind, 0) if kind < 12 else (kind - 12) // 2  # noqa: PLR2004 - bytes and text from here on
        value = payload[at : at + size]
        if len(value) != size:
            raise _Damaged
        at += size
        columns.append(_value(kind, value))
    return columns


def _value(kind: int, value: bytes) -> Any:  # noqa: ANN401 - whatever the column holds
    if kind == 0:
        return None
    if kind in _INTEGERS or kind in {8, 9}:
        return int.from_bytes(value, signed=True) if kind in _INTEGERS else kind - 8
    if kind < 12:  # noqa: PLR2004 - a fraction, or reserved: not in our tables
        raise _Damaged
    return value.decode(errors="replace") if kind % 2 else value


def _varint(data: Image | bytes, at: int) -> tuple[int, int]:
    value = 0
    for n in range(9):
        byte = data[at + n]
        if n == 8:  # noqa: PLR2004 - the ninth byte counts whole
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the last one
            return value, at + n + 1
    raise _Damaged
