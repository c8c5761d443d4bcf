"""Notes of orders that a proxy passed on what it said, in the commit of the orders themselves, and holds them.

The flag only rises: whichever attempt comes first, the one that was sent to the main system or the one that was not,
after both the order is one that the main system may have.
"""

from collections.abc import Iterable, Mapping

from app.domain.passed_on import PassedOn, graver, sentence_of
from app.domain.states import HeldKind, OrderState
from app.store.commit.insert_orders import Cursor
from app.store.tables.order import UNBATCHED

_NOTE = """
INSERT INTO passed_on (number, sent, reason, main_may_have, times, first_at, last_at) VALUES (?, ?, ?, 'maybe', 1, ?, ?)
ON CONFLICT (number) DO UPDATE SET times = passed_on.times + 1, last_at = excluded.last_at,
sent = CASE WHEN passed_on.sent = '1' THEN passed_on.sent ELSE excluded.sent END,
reason = CASE WHEN passed_on.sent = '1' THEN passed_on.reason ELSE excluded.reason END,
main_may_have = CASE WHEN passed_on.main_may_have = 'yes' THEN 'yes' ELSE 'maybe' END
"""
_HELD = (str(OrderState.HELD), str(HeldKind.MAIN_MAY_HAVE))
_HOLD = f"""
UPDATE orders SET state = ?, held_kind = ?, state_reason = ? WHERE number = ? AND {UNBATCHED.index}
"""


def gravest(reports: Iterable[tuple[str, PassedOn]]) -> dict[str, PassedOn]:
    """Return what is said of each order, by its number; the gravest of it where one came twice."""
    found: dict[str, PassedOn] = {}
    for number, said in reports:
        found[number] = graver(found[number], said) if number in found else said
    return found


def note_passed_on(cursor: Cursor, said: Mapping[str, tuple[PassedOn, object]], *, mark: str) -> None:
    """Note what was said of orders that are in the store, with the moment as the engine writes it; hold who waits.

    An order that is in a file already, or final, stays where it is: the note alone tells of it.
    """
    note, hold = _NOTE.replace("?", mark), _HOLD.replace("?", mark)
    for number in sorted(said):  # as the orders were inserted, so that two replicas wait for each other
        what, at = said[number]
        cursor.execute(note, (number, str(what.sent), what.reason, at, at))
        cursor.execute(hold, (*_HELD, sentence_of(what), number))
