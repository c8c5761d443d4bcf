"""Judges whether stuck orders have one thing in common that orders which are well have not; pure, no row is read here.

Without the comparison with orders that are well the biggest shop would always be "the cause": it holds most of whatever
there is.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_IN_ONE = 0.6
"""The share of the stuck orders that one value must hold."""

TIMES_AS_MANY = 2.0
"""How many times its share among the orders that are well that must be."""

ENOUGH = 10
"""Stuck orders; of fewer any value may hold most by chance."""

DIMENSIONS = ("type", "channel", "sku", "warehouse", "carrier", "pay", "stage")
"""What is looked at, in the order in which it is told where two hold as much: that they share a stage says least."""

Traits = Mapping[str, frozenset[str]]
"""What an order is like: the values of each dimension of which anything is known; several only of goods."""


class Verdict(StrEnum):
    """What can be said of the stuck orders."""

    FEW = "few"
    """Fewer than ten: nothing is said of them together."""
    SCATTERED = "scattered"
    """No value holds enough of them, or it holds as much of the others."""
    INCOMPARABLE = "incomparable"
    """A value holds enough of them, and of no order that is well is that dimension known."""
    SYSTEMIC = "systemic"


@dataclass(frozen=True, slots=True)
class Concentration:
    """A value that holds many of the stuck orders; shares from 0 to 1.

    ``share`` is of all stuck orders. ``healthy_share`` is of those orders that are well and of which the dimension is
    known, None where there are none: a warehouse is chosen late, and who has none yet would make it look rare.
    """

    dimension: str
    value: str
    stuck: int
    share: float
    healthy_share: float | None

    @property
    def stands_out(self) -> bool:
        """Whether it holds far more of the stuck orders than of the others."""
        return self.healthy_share is not None and self.share >= TIMES_AS_MANY * self.healthy_share


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict, and every value that holds most of the stuck orders, those that stand out first."""

    verdict: Verdict
    stuck: int
    healthy: int
    concentrations: tuple[Concentration, ...] = ()


def judge(stuck: Sequence[Traits], healthy: Sequence[Traits]) -> Comparison:
    """Return whether the stuck orders have something in common."""
    if len(stuck) < ENOUGH:
        return Comparison(Verdict.FEW, len(stuck), len(healthy))
    found = sorted(
        _concentrations(stuck, healthy),
        key=lambda one: (not one.stands_out, -one.share, DIMENSIONS.index(one.dimension), one.value),
    )
    verdict = Verdict.SCATTERED
    if any(one.stands_out for one in found):
        verdict = Verdict.SYSTEMIC
    elif any(one.healthy_share is None for one in found):
        verdict = Verdict.INCOMPARABLE
    return Comparison(verdict, len(stuck), len(healthy), tuple(found))


def _concentrations(stuck: Sequence[Traits], healthy: Sequence[Traits]) -> Iterator[Concentration]:
    for dimension in DIMENSIONS:
        values = Counter(value for order in stuck for value in order.get(dimension, ()))
        known = [order[dimension] for order in healthy if order.get(dimension)]
        for value, count in values.items():
            if count >= MOST_IN_ONE * len(stuck):
                among = sum(value in order for order in known) / len(known) if known else None
                yield Concentration(dimension, value, count, count / len(stuck), among)
