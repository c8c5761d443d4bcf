"""Whose a row of another witness is: a ladder of evidence, on which a doubt goes to a person and never to the likelier.

Each row is decided by itself, from what it says and what we have, so that neither the order of rows nor what another
row says changes anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.goods import Lines
from app.domain.witness import Evidence, share_a_coding

NUMBERS = (Evidence.OUR_NUMBER, Evidence.MAIN_NUMBER, Evidence.SHOP_NUMBER, Evidence.PAYMENT_NUMBER)

NEAR = timedelta(hours=24)
"""Two orders of one customer for the same that lie further apart are two purchases, as far as anybody can tell."""

MOST_OF_ONE_CUSTOMER = 50
"""Rows of one phone that are held against each other; of more, such as a shop's own, only a person makes sense."""


@dataclass(frozen=True, slots=True)
class Belongs:
    """The row is this order's."""

    order: int
    by: Evidence


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The row may be any of these orders'."""

    orders: frozenset[int]
    by: Evidence


@dataclass(frozen=True, slots=True)
class Nobodys:
    """No number in the row is known to us."""


def owner_of(
    candidates: Mapping[Evidence, AbstractSet[int]], *, closed: AbstractSet[int]
) -> Belongs | Doubtful | Nobodys:
    """Return whose a row is, by the orders that share a number with it on each rung.

    ``closed`` are orders that nobody will ship: where another shares the number, it is that one's. A weaker number that
    only other orders have contradicts the stronger one.
    """
    said = [(rung, candidates[rung]) for rung in NUMBERS if candidates.get(rung)]
    if not said:
        return Nobodys()
    by, strongest = said[0]
    standing = frozenset(strongest - closed) or frozenset(strongest)
    against = frozenset[int]().union(*(orders for _, orders in said[1:] if standing.isdisjoint(orders)))
    if len(standing) == 1 and not against:
        (order,) = standing
        return Belongs(order, by)
    return Doubtful(standing | against, by)


class Likeness(NamedTuple):
    """By what two orders of one customer may be the same; None is unknown."""

    goods: Lines | None
    total_fen: int | None
    at: datetime | None


def are_alike(mine: Likeness, theirs: Likeness) -> bool:
    """Tell whether nothing that both sides know differs, and goods or amount surely agree."""
    compared = share_a_coding(mine.goods, theirs.goods)
    if compared and mine.goods != theirs.goods:
        return False
    same_amount = mine.total_fen is not None and mine.total_fen == theirs.total_fen
    if mine.total_fen is not None and theirs.total_fen is not None and not same_amount:
        return False
    if mine.at is not None and theirs.at is not None and abs(mine.at - theirs.at) > NEAR:
        return False
    return compared or same_amount


class Resembling(NamedTuple):
    """Orders of ours and rows of theirs among which nobody but a person can tell who is who."""

    mine: tuple[int, ...]
    theirs: tuple[int, ...]


def resembling(mine: Sequence[Likeness], theirs: Sequence[Likeness]) -> list[Resembling]:
    """Part the orders and rows of one customer into those that may be the same, by their places in both lists.

    Beyond :data:`MOST_OF_ONE_CUSTOMER` of either all of them are one group, so that the work stays in proportion.
    """
    if max(len(mine), len(theirs)) > MOST_OF_ONE_CUSTOMER:
        return [Resembling(tuple(range(len(mine))), tuple(range(len(theirs))))] if mine and theirs else []
    group = list(range(len(mine)))
    joined: dict[int, int] = {}
    for there, one in enumerate(theirs):
        alike = [here for here, other in enumerate(mine) if are_alike(other, one)]
        if alike:
            joined[there] = alike[0]
            _join(group, alike)
    found: dict[int, Resembling] = {}
    for there, here in joined.items():
        of = _first(group, here)
        found[of] = Resembling((), (*found.get(of, Resembling((), ())).theirs, there))
    return [
        Resembling(tuple(here for here in range(len(mine)) if _first(group, here) == of), one.theirs)
        for of, one in sorted(found.items())
    ]


def _first(group: Sequence[int], at: int) -> int:
    while group[at] != at:
        at = group[at]
    return at


def _join(group: list[int], alike: Iterable[int]) -> None:
    firsts = {_first(group, at) for at in alike}
    for at in firsts:
        group[at] = min(firsts)
