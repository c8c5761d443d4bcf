"""Why an order is stuck, and whose it is: the first line of a table whose condition it meets.

The table is data. Each line names facts of an order that are told of it; what no line knows is *unclassified*, shown
as such and given to whoever is on duty, never guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

Wanted = frozenset[str] | Literal["set", "not_set"]
"""Of a fact: one of these words, or that there is any, or none."""

SAID = frozenset(
    {"status", "stockout_status", "logistics_print_status", "question", "freeze_reason", "transaction_id", "payment"}
)
"""The facts that events may tell of an order and lines may ask for; a word that is empty is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckFacts:
    """A stuck order as the table sees it: its stage, how long it has been there, and what is said of it."""

    stage: int
    waited: timedelta
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageCondition:
    """All of it must hold; what is empty always does."""

    stages: frozenset[int] = frozenset()
    longer_than: timedelta = timedelta()
    said: Mapping[str, Wanted] = field(default_factory=dict)
    early: bool = False
    """Whoever meets it is stuck already, before his stage's limit is over."""

    def holds(self, facts: StuckFacts) -> bool:
        """Tell whether an order meets it."""
        if self.stages and facts.stage not in self.stages:
            return False
        if facts.waited < self.longer_than:
            return False
        return all(_is(facts.said.get(name, ""), wanted) for name, wanted in self.said.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageLine:
    """A line of the table: a type of stuck order, whose it is, what is said to its buyer, and what comes next.

    One that is not ``stuck`` says that its orders are in nobody's hands but the buyer's, such as unpaid ones.
    """

    code: str
    type: str
    owner: str
    meaning: str
    say: str
    next: str
    when: tuple[TriageCondition, ...] = ()
    """One of them is enough; none at all fits every order."""
    stuck: bool = True

    def fits(self, facts: StuckFacts) -> bool:
        """Tell whether it is this type."""
        return not self.when or any(one.holds(facts) for one in self.when)

    def is_early(self, facts: StuckFacts) -> bool:
        """Tell whether it is this type before its stage's limit is over."""
        return any(one.early and one.holds(facts) for one in self.when)


def triaged(table: Sequence[TriageLine], facts: StuckFacts) -> TriageLine:
    """Return the first line that fits; the last line of a table fits every order."""
    return next(line for line in table if line.fits(facts))


def _is(word: str, wanted: Wanted) -> bool:
    if wanted == "set":
        return bool(word)
    if wanted == "not_set":
        return not word
    return word in wanted
