"""P2: the writer of orders holds SQLite's one lock from its first statement on."""

import pytest

from app.store.engine import Engines
from app.store.order_writer import OrderWriter
from tests.builders import TEN, ZONE, Deck, new_order
from tests.fakes.clock import ClockAt


def test_the_writer_of_orders_locks_before_it_reads(sqlite: Engines, clock: ClockAt):
    """A deferred transaction would read, and fail at its first insert when somebody else has written meanwhile."""
    other = sqlite.writer.raw_connection()
    asked: list[str] = []

    class Watched(OrderWriter):
        def _incident(self, *given: object, **named: object) -> int:
            cursor = other.cursor()
            cursor.execute("PRAGMA busy_timeout=1")
            with pytest.raises(Exception, match="locked"):
                cursor.execute("BEGIN IMMEDIATE")
            asked.append("refused")
            return super()._incident(*given, **named)  # type: ignore[arg-type]

    deck = Deck(sqlite, clock)
    Watched(deck.engines, zone=ZONE).write([new_order("A")], [TEN])
    assert asked == ["refused"]
    other.close()
