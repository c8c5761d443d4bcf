"""The conservation bar: always the sum, always full, and the smallest part still to be seen."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ledger import Ledger
from app.web.console.conservation import THINNEST, WIDTH, parts_of

NAMES = ("waiting", "spooled", "held", "batched", "imported", "duplicate", "rejected", "cancelled")


def _ledger(**counts: int) -> Ledger:
    return Ledger(incident="E", accepted=sum(counts.values()), **counts)


@given(st.fixed_dictionaries({name: st.integers(0, 10**7) for name in NAMES}))
def test_the_parts_add_up_and_fill_the_bar(counts: dict[str, int]):
    ledger = _ledger(**counts)
    parts = parts_of(ledger)
    assert {part.name: part.count for part in parts} == counts
    assert sum(part.count for part in parts) == ledger.accounted
    assert sum(part.width for part in parts) == (WIDTH if any(counts.values()) else 0)
    assert all((part.width >= THINNEST) is bool(part.count) for part in parts)
    assert [part.x for part in parts] == [sum(one.width for one in parts[:n]) for n in range(len(parts))]


def test_a_part_leads_to_exactly_its_orders():
    paths = {part.name: part.path for part in parts_of(_ledger(waiting=1))}
    assert paths["waiting"] == "/orders?state=accepted"
    assert paths["imported"] == "/orders?state=imported"
    assert paths["spooled"] == ""  # in no list before they are in the store
