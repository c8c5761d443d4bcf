"""Climbs the ladder of evidence with every unit of a witness, then looks among what is left for what looks the same."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from app.domain.evidence import MOST_OF_ONE_CUSTOMER, Belongs, Doubtful, Likeness, Nobodys, owner_of, resembling
from app.domain.witness import Evidence
from app.store.compare_file import MOST_CANDIDATES, CompareFile, OfOnePhone, Witness

MOST_SHARING = 20
"""Orders that share a number; one that more share, such as "0" or a shop's name, names none of them."""


def climb(bench: CompareFile, witness: Witness) -> None:
    """Write down whose each unit of a witness is, and of which nobody but a person can tell."""
    for unit in bench.units(witness):
        rows = bench.candidates(unit)
        match owner_of(_by_rung(rows), closed={order for _, order, closed in rows if closed}):
            case Belongs(order, by):
                bench.give(unit, to=order, by=by)
            case Doubtful(orders, by):
                bench.tie([unit], sorted(orders), witness=witness, by=by)
            case Nobodys():
                pass


def _by_rung(rows: Sequence[tuple[int, int, bool]]) -> dict[Evidence, set[int]]:
    found: dict[Evidence, set[int]] = {}
    for rung, order, _ in rows:
        found.setdefault(Evidence(rung), set()).add(order)
    crowded = {rung for rung, orders in found.items() if len(orders) > MOST_SHARING}
    if len(rows) == MOST_CANDIDATES and rows[0][0] != rows[-1][0]:  # of the last rung not all have been looked at
        crowded.add(Evidence(rows[-1][0]))
    telling = {rung: orders for rung, orders in found.items() if rung not in crowded}
    return telling or {rung: set(sorted(orders)[:MOST_SHARING]) for rung, orders in found.items()}


def look_for_likeness(bench: CompareFile) -> None:
    """Tie orders and rows of one customer that nothing has claimed and that look the same; a person decides."""
    knots: list[tuple[list[int], list[int]]] = []
    for _, rows in groupby(bench.of_one_phone(), key=lambda one: one.phone):
        together = list(rows)
        mine = [one for one in together if one.is_ours]
        theirs = [one for one in together if not one.is_ours]
        found = resembling(*(_likenesses(some) for some in (mine, theirs)))
        knots += [([theirs[at].id for at in one.theirs], [mine[at].id for at in one.mine]) for one in found]
    for units, orders in knots:
        bench.tie(units, orders, witness=Witness.MAIN, by=Evidence.LIKENESS)


def _likenesses(some: Sequence[OfOnePhone]) -> list[Likeness]:
    """Return by what each may be recognised; of more than are held against each other nobody asks."""
    if len(some) > MOST_OF_ONE_CUSTOMER:
        return [Likeness(None, None, None)] * len(some)
    return [likeness_of(json.loads(one.doc)) for one in some]


def likeness_of(doc: Mapping[str, Any]) -> Likeness:
    """Return by what an order, ours or theirs, may be recognised."""
    return Likeness(doc["goods"], doc["total"] if "total" in doc else doc["amount"], moment(doc["at"]))


def moment(text: str | None) -> datetime | None:
    """Return a moment as it was laid down."""
    return None if text is None else datetime.fromisoformat(text)
