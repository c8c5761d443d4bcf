"""Looks what orders are stuck on now, by the line that fits each: over its stage's limit, or early by the table."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.triage import StuckFacts, TriageLine, triaged
from app.store.repositories.traits import FlowRow
from app.store.tables import TriageWording
from app.store.unit_of_work import UnitOfWork
from app.watch.flow_map.plans import stages_of
from app.watch.triage.table import TriageTable

MOST_ORDERS = 5_000
"""Of one look; on a day with more stuck than that the sums of the stages tell how many, and nobody reads each."""

CODED = ("status", "stockout_status", "logistics_print_status", "question")
"""The facts whose codes have names."""


@dataclass(frozen=True, slots=True)
class StuckOrder:
    """An order that is stuck in its stage, how long it has been there by its clock, and what is said of it."""

    ref: str
    channel: str
    stage: int
    waited: timedelta
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StuckGroup:
    """A line of the table with the orders that it fits, longest first; ``reviewed`` is its last wording, if any."""

    line: TriageLine
    orders: tuple[StuckOrder, ...]
    reviewed: TriageWording | None = None


@dataclass(frozen=True, slots=True)
class StuckNow:
    """All that is stuck: groups by number of orders, those of nobody's hands last.

    ``unnamed`` counts codes that the table has no name for; ``cut`` says that there are more than were looked at.
    """

    groups: tuple[StuckGroup, ...]
    unnamed: Mapping[tuple[str, str], int]
    cut: bool

    @property
    def stuck(self) -> int:
        """How many orders are stuck, without those that only their buyers can move."""
        return sum(len(one.orders) for one in self.groups if one.line.stuck)


def stuck_now(uow: UnitOfWork, table: TriageTable, *, now: datetime) -> StuckNow:
    """Look what orders are stuck on: over a stage's limit, or by a line that does not wait for it; no baseline."""
    limits = {stage.number: stage.limit for stage in stages_of(uow)}
    rows = uow.traits.stuck(limits, now=now, at_most=MOST_ORDERS + 1)
    wordings = uow.triage.latest()
    lines = worded(table, wordings)
    late = len(rows)
    rows += _early(uow, lines, limits, now=now, at_most=max(MOST_ORDERS + 1 - late, 0))
    by_code: dict[str, list[StuckOrder]] = defaultdict(list)
    unnamed: Counter[tuple[str, str]] = Counter()
    for place, row in enumerate(rows[:MOST_ORDERS]):
        waited = uow.clocks.of(row.stage or 0).between(row.entered_at, now)
        order = StuckOrder(row.order_ref, row.channel, row.stage or 0, waited, row.said or {})
        facts = StuckFacts(stage=order.stage, waited=order.waited, said=order.said)
        line = triaged(lines, facts)
        if place >= late and not line.is_early(facts):
            continue  # a line above says what it is, and that it is not stuck yet
        by_code[line.code].append(order)
        unnamed.update((name, code) for name in CODED if (code := order.said.get(name)) and not table.knows(name, code))
    groups = [
        StuckGroup(
            line, tuple(sorted(by_code[line.code], key=lambda one: (-one.waited, one.ref))), wordings.get(line.code)
        )
        for line in lines
        if line.code in by_code
    ]
    groups.sort(key=lambda one: (not one.line.stuck, -len(one.orders)))
    return StuckNow(tuple(groups), unnamed, cut=len(rows) > MOST_ORDERS)


def _early(
    uow: UnitOfWork, lines: Sequence[TriageLine], limits: Mapping[int, timedelta], *, now: datetime, at_most: int
) -> list[FlowRow]:
    """Return the orders within their stage's limit that a line of the table may call stuck, each once."""
    found: dict[int, FlowRow] = {}
    for one in (one for line in lines for one in line.when if one.early):
        codes = {name: wanted for name, wanted in one.said.items() if isinstance(wanted, frozenset)}
        for stage in sorted(one.stages & limits.keys()):
            waited = (one.longer_than, limits[stage])
            rows = uow.traits.within(stage, waited=waited, codes=codes, now=now, at_most=at_most - len(found))
            found |= {row.flow_id: row for row in rows}
    return list(found.values())


def worded(table: TriageTable, wordings: Mapping[str, TriageWording]) -> tuple[TriageLine, ...]:
    """Return the lines as they are worded now: what people wrote in place of what the table says."""
    return tuple(_worded(line, wordings.get(line.code)) for line in table.lines)


def _worded(line: TriageLine, said: TriageWording | None) -> TriageLine:
    return line if said is None else replace(line, owner=said.owner, meaning=said.meaning, say=said.say, next=said.next)
