"""Lays three witnesses beside each other in a file without a name, and looks each row's numbers up there.

Sorting and grouping are SQLite's, on disk: what is in memory stays the same, however many rows there are.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple, Self

from app.store.nameless_file import disk_errors, open_nameless

CACHE_KB = 32_000
MOST_CANDIDATES = 200
"""Orders that are looked at for one row; a number that more orders share, such as "0", says nothing of any."""

_NAME = "compare"
_TABLES = (
    "CREATE TABLE ours (id INTEGER PRIMARY KEY, number TEXT NOT NULL, closed INTEGER NOT NULL, phone BLOB, doc TEXT)",
    "CREATE TABLE our_key (rung INTEGER, key TEXT, id INTEGER, PRIMARY KEY (rung, key, id)) WITHOUT ROWID",
    "CREATE TABLE line (witness INTEGER, file INTEGER, row INTEGER, hash BLOB, main TEXT, part TEXT, doc TEXT)",
    "CREATE TABLE unit (id INTEGER PRIMARY KEY, witness INTEGER, number TEXT, phone BLOB, doc, ours INTEGER, by)",
    "CREATE INDEX unit_of ON unit (ours, witness) WHERE ours IS NOT NULL",
    "CREATE TABLE their_key (id INTEGER, rung INTEGER, key TEXT, PRIMARY KEY (id, rung, key)) WITHOUT ROWID",
    "CREATE INDEX key_of ON their_key (rung, key, id)",
    "CREATE TABLE knot (id INTEGER PRIMARY KEY, witness INTEGER, by INTEGER)",
    "CREATE TABLE knot_ours (ours INTEGER, knot INTEGER, PRIMARY KEY (ours, knot)) WITHOUT ROWID",
    "CREATE TABLE knot_unit (unit INTEGER PRIMARY KEY, knot INTEGER)",
    "CREATE INDEX ours_in ON knot_ours (knot, ours)",
    "CREATE INDEX units_in ON knot_unit (knot, unit)",
    "CREATE TABLE finding (kind TEXT, number TEXT, doc TEXT)",
    "CREATE TABLE unread (file INTEGER, row INTEGER, column TEXT, code TEXT, why TEXT)",
)


class Witness(IntEnum):
    """Whose file a row is of."""

    MAIN = 1
    MONEY = 2


class Laid(NamedTuple):
    """An order of ours, laid down: ``doc`` is for whoever judges it, ``keys`` are (rung, number)."""

    id: int
    number: str
    closed: bool
    phone: bytes | None
    doc: str
    keys: Iterable[tuple[int, str]]


class ListedRow(NamedTuple):
    """A row of a file, of the order that ``main`` and ``part`` name; in two files it is one where ``hash`` agrees."""

    witness: Witness
    file: int
    row: int
    hash: bytes
    main: str
    part: str
    doc: str


class Unread(NamedTuple):
    """A cell that could not be read: where, a stable code and a sentence."""

    file: int
    row: int
    column: str
    code: str
    why: str


class Unit(NamedTuple):
    """The rows of one order, or of one movement of money."""

    witness: Witness
    number: str
    phone: bytes | None
    doc: str
    keys: Iterable[tuple[int, str]]


class Owned(NamedTuple):
    """A unit as it was laid down, and by what it was found to be an order's."""

    id: int
    number: str
    doc: str
    by: int | None


class Knot(NamedTuple):
    """Orders and units, by their ids, that a person must tell apart."""

    by: int
    orders: list[int]
    units: list[int]


class OfOnePhone(NamedTuple):
    """An order or a unit that nothing else has claimed, beside others of the same phone."""

    phone: bytes
    is_ours: bool
    id: int
    doc: str


class CompareFile:
    """The bench of one comparison. Every method raises OSError where the disk refuses."""

    def __init__(self, folder: Path) -> None:
        """Open it in ``folder``; nothing of it outlives the process."""
        self._database = open_nameless(folder, ".compare-", ".rows", _TABLES, cache_kb=CACHE_KB)

    # ---- laying down -------------------------------------------------------------------------------------------------

    def lay(self, orders: Iterable[Laid]) -> None:
        """Lay orders of ours down."""
        with disk_errors(_NAME):
            for one in orders:
                self._database.execute(
                    "INSERT INTO ours VALUES (?, ?, ?, ?, ?)", (one.id, one.number, one.closed, one.phone, one.doc)
                )
                self._database.executemany(
                    "INSERT OR IGNORE INTO our_key VALUES (?, ?, ?)", ((*key, one.id) for key in one.keys)
                )

    def add_lines(self, lines: Iterable[ListedRow]) -> None:
        """Lay rows of a file down."""
        with disk_errors(_NAME):
            self._database.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?)", lines)

    def add_unread(self, cell: Unread) -> None:
        """Name a cell that could not be read."""
        with disk_errors(_NAME):
            self._database.execute("INSERT INTO unread VALUES (?, ?, ?, ?, ?)", cell)

    def unread(self) -> Iterator[Unread]:
        """Yield the cells that could not be read, by file and row."""
        for cell in self._ask("SELECT * FROM unread ORDER BY file, row, rowid"):
            yield Unread(*cell)

    def lines(self, witness: Witness) -> Iterator[tuple[str, str, int, int, str]]:
        """Yield (main, part, file, row, doc) of a witness's rows, those of one order together.

        A row that stands in two files is the overlap of two exports, and counts in the later file; one that stands in
        one file twice is two.
        """
        query = (
            "SELECT main, part, file, row, doc FROM "
            "(SELECT *, row_number() OVER (PARTITION BY hash, nth ORDER BY file DESC) AS copy FROM "
            "(SELECT *, row_number() OVER (PARTITION BY file, hash ORDER BY row) AS nth FROM line WHERE witness = ?)) "
            "WHERE copy = 1 ORDER BY main, part, file, row"
        )
        yield from self._ask(query, int(witness))

    def add_units(self, units: Iterable[Unit]) -> None:
        """Lay units down, in the order of their names: what they are called does not depend on how a file is sorted."""
        with disk_errors(_NAME):
            for one in units:
                made = self._database.execute(
                    "INSERT INTO unit (witness, number, phone, doc) VALUES (?, ?, ?, ?)",
                    (int(one.witness), one.number, one.phone, one.doc),
                )
                self._database.executemany(
                    "INSERT OR IGNORE INTO their_key VALUES (?, ?, ?)", ((made.lastrowid, *key) for key in one.keys)
                )

    # ---- the ladder --------------------------------------------------------------------------------------------------

    def units(self, witness: Witness) -> Iterator[int]:
        """Yield the ids of a witness's units."""
        query, last = "SELECT id FROM unit WHERE witness = ? AND id > ? ORDER BY id LIMIT 1000", 0
        while some := [found for (found,) in self._ask(query, int(witness), last)]:  # they are written to meanwhile
            yield from some
            last = some[-1]

    def candidates(self, unit: int) -> list[tuple[int, int, bool]]:
        """Return (rung, order, closed) of orders that share a number with a unit, the strongest rung first."""
        query = (
            "SELECT o.rung, o.id, ours.closed FROM their_key k "
            "CROSS JOIN our_key o ON o.rung = k.rung AND o.key = k.key CROSS JOIN ours ON ours.id = o.id "
            "WHERE k.id = ? ORDER BY k.rung LIMIT ?"
        )
        return [(rung, order, bool(closed)) for rung, order, closed in self._ask(query, unit, MOST_CANDIDATES)]

    def give(self, unit: int, *, to: int, by: int) -> None:
        """Write down whose a unit is."""
        with disk_errors(_NAME):
            self._database.execute("UPDATE unit SET ours = ?, by = ? WHERE id = ?", (to, by, unit))

    def tie(self, units: Iterable[int], orders: Iterable[int], *, witness: Witness, by: int) -> None:
        """Write down that units may be any of these orders': a knot, for a person."""
        with disk_errors(_NAME):
            made = self._database.execute("INSERT INTO knot (witness, by) VALUES (?, ?)", (int(witness), by))
            knot = made.lastrowid
            self._database.executemany("INSERT INTO knot_ours VALUES (?, ?)", ((order, knot) for order in orders))
            self._database.executemany("INSERT INTO knot_unit VALUES (?, ?)", ((unit, knot) for unit in units))

    def of_one_phone(self) -> Iterator[OfOnePhone]:
        """Yield what nothing has claimed of orders and of the main system's rows, those of one phone together."""
        query = (
            "SELECT phone, 1 AS is_ours, id, doc FROM ours WHERE phone IS NOT NULL AND NOT closed "
            "AND NOT EXISTS (SELECT 1 FROM unit WHERE unit.ours = ours.id AND witness = 1) "
            "AND NOT EXISTS (SELECT 1 FROM knot_ours WHERE knot_ours.ours = ours.id) "
            "UNION ALL SELECT phone, 0, id, doc FROM unit WHERE phone IS NOT NULL AND witness = 1 AND ours IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM knot_unit WHERE knot_unit.unit = unit.id) ORDER BY 1, 2 DESC, 3"
        )
        for phone, is_ours, one, doc in self._ask(query):
            yield OfOnePhone(phone, bool(is_ours), one, doc)

    # ---- what came of it ---------------------------------------------------------------------------------------------

    def orders(self) -> Iterator[tuple[int, str]]:
        """Yield (id, doc) of our orders by their numbers."""
        yield from self._ask("SELECT id, doc FROM ours ORDER BY number, id")

    def order(self, order: int) -> str:
        """Return the doc of an order."""
        ((doc,),) = self._ask("SELECT doc FROM ours WHERE id = ?", order)
        return str(doc)

    def owned(self, order: int, witness: Witness) -> list[Owned]:
        """Return the units that are an order's."""
        query = "SELECT id, number, doc, by FROM unit WHERE ours = ? AND witness = ? ORDER BY id"
        return [Owned(*row) for row in self._ask(query, order, int(witness))]

    def is_doubted(self, order: int, witness: Witness) -> bool:
        """Tell whether a unit of a witness may be this order's."""
        query = "SELECT 1 FROM knot_ours JOIN knot ON knot.id = knot WHERE ours = ? AND witness = ? LIMIT 1"
        return any(True for _ in self._ask(query, order, int(witness)))

    def knots(self, witness: Witness) -> Iterator[Knot]:
        """Yield what a person must tell apart."""
        for knot, by in self._ask("SELECT id, by FROM knot WHERE witness = ? ORDER BY id", int(witness)):
            orders = self._ask("SELECT ours FROM knot_ours WHERE knot = ? ORDER BY ours", knot)
            units = self._ask("SELECT unit FROM knot_unit WHERE knot = ? ORDER BY unit", knot)
            yield Knot(by, [one for (one,) in orders], [one for (one,) in units])

    def unit(self, unit: int) -> Owned:
        """Return a unit."""
        (row,) = self._ask("SELECT id, number, doc, by FROM unit WHERE id = ?", unit)
        return Owned(*row)

    def nobodys(self, witness: Witness) -> Iterator[Owned]:
        """Yield the units that are no order's, and that no order may claim."""
        query = (
            "SELECT id, number, doc, by FROM unit WHERE witness = ? AND ours IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM knot_unit WHERE knot_unit.unit = unit.id) ORDER BY id"
        )
        for row in self._ask(query, int(witness)):
            yield Owned(*row)

    def keys_of(self, unit: int, rung: int) -> list[str]:
        """Return the numbers of a unit on one rung."""
        return [key for (key,) in self._ask("SELECT key FROM their_key WHERE id = ? AND rung = ?", unit, rung)]

    def is_known_to(self, witness: Witness, unit: int) -> bool:
        """Tell whether a unit of another witness shares a number with this one."""
        query = (
            "SELECT 1 FROM their_key k CROSS JOIN their_key o ON o.rung = k.rung AND o.key = k.key "
            "CROSS JOIN unit ON unit.id = o.id AND witness = ? WHERE k.id = ? LIMIT 1"
        )
        return any(True for _ in self._ask(query, int(witness), unit))

    def find(self, kind: str, number: str, doc: str) -> None:
        """Write a finding down."""
        with disk_errors(_NAME):
            self._database.execute("INSERT INTO finding VALUES (?, ?, ?)", (kind, number, doc))

    def findings(self, kind: str) -> Iterator[tuple[str, str]]:
        """Yield (number, doc) of the findings of a kind, by their numbers."""
        yield from self._ask("SELECT number, doc FROM finding WHERE kind = ? ORDER BY number, rowid", kind)

    def line_count(self, witness: Witness) -> int:
        """Return how many rows of a witness were laid down."""
        ((rows,),) = self._ask("SELECT count(*) FROM line WHERE witness = ?", int(witness))
        return int(rows)

    def _ask(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with disk_errors(_NAME):
            yield from self._database.execute(query, values)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
