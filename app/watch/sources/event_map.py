"""Turns a row of an ERP's answer into lifecycle events, by a map that is data: which field says which mark, and when.

Nothing is guessed: a code that the map does not know, or a time that is none, is named and counted.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal

from app.domain.flow import PROMISED
from app.domain.foreign_values import NoMoment, moment_of, whole_of, word_of
from app.domain.harmless_text import harmless_text
from app.domain.marks import Mark
from app.domain.times import is_a_time
from app.expressions import NothingFound, ParsedExpression
from app.watch.stages.take_events import ReportedEvent

Quality = Literal["exact", "log", "seen"]
"""The step's own time; a line of a log; when a state was first seen, which is late by up to one change of the order."""

Printed = Literal["list", "waybill"]
LONGEST_NAME = 80
LONGEST_ODD = 60
TOLD_WITH = frozenset({Mark.WAYBILL, Mark.SHIPPED})
"""Marks that carry the waybill, which a carrier is asked by."""


@dataclass(frozen=True, slots=True)
class RowCondition:
    """What a field of a row must be: one of ``values``, or have ``bit``, or be there at all (neither given)."""

    field: ParsedExpression
    values: frozenset[str] | None = None
    bit: int | None = None
    absent: bool = False

    def holds(self, row: object) -> bool:
        """Tell whether a row has it; of several values one is enough."""
        found = [flag_of(word) for one in _all(self.field, row) if (word := word_of(one)) is not None]
        if self.values is not None:
            return any(word in self.values for word in found)
        if self.bit is not None:
            return any((whole_of(word) or 0) & self.bit for word in found)
        return (not found) if self.absent else bool(found)


@dataclass(frozen=True, slots=True)
class MarkRule:
    """Where the conditions hold, ``mark`` happened at the moment that ``at`` finds."""

    mark: Mark
    at: ParsedExpression
    where: tuple[RowCondition, ...] = ()
    quality: Quality = "exact"
    stage: int | None = None
    """Of ``reopened``."""
    printed: Printed | None = None
    """Only where the merchant prints this before picking."""


@dataclass(frozen=True, slots=True)
class EventMap:
    """What the rows of one reading mean."""

    order: ParsedExpression
    """The order's number; several where a document is of several orders."""
    rules: tuple[MarkRule, ...]
    channel: ParsedExpression | None = None
    number: ParsedExpression | None = None
    """What tells two documents of one order apart, such as the number of a line of a log."""
    known: Mapping[str, tuple[ParsedExpression, frozenset[str]]] = field(default_factory=dict)
    """Codes by field; one that is not listed is counted."""
    attributes: Mapping[str, ParsedExpression] = field(default_factory=dict)
    standing: Mapping[str, ParsedExpression] = field(default_factory=dict)
    """What the mark ``status`` carries; what a row does not tell of it is told to be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """What differs from one merchant to the next."""

    source: str
    zone: tzinfo
    channels: Mapping[str, str] = field(default_factory=dict)
    """Our word for each shop's number."""
    printed: Printed = "list"
    shipped_is_packed: bool = False


@dataclass(slots=True)
class RowEvents:
    """The events of some rows, and what about them was odd, by its name and how often."""

    events: list[ReportedEvent] = field(default_factory=list)
    odd: dict[str, int] = field(default_factory=dict)

    def note(self, what: str) -> None:
        """Count something that was not understood; it names a field and a code, never a person."""
        name = harmless_text(what)[:LONGEST_ODD]
        self.odd[name] = self.odd.get(name, 0) + 1


def flag_of(word: str) -> str:
    """Return a flag in the one form in which flags are compared; another word stays as it is."""
    return {"true": "1", "false": "0"}.get(word.casefold(), word)


def take_row(into: RowEvents, row: object, by: EventMap, *, reading: str, merchant: Merchant, now: datetime) -> None:
    """Add what a row says to ``into``."""
    orders = [name for one in _all(by.order, row) if (name := word_of(one)) and len(name) <= LONGEST_NAME]
    if not isinstance(row, dict) or not orders:
        into.note(f"{reading}：没有单号")
        return
    for name, (expression, codes) in by.known.items():
        for value in _all(expression, row):
            if (code := word_of(value)) is not None and flag_of(code) not in codes:
                into.note(f"{name}={code}")
    shop = (_first_word(by.channel, row) if by.channel else None) or ""
    number = (_first_word(by.number, row) if by.number else None) or ""
    told = {name: word[:LONGEST_NAME] for name, one in by.attributes.items() if (word := _first_word(one, row))}
    stands = _standing(into, row, by, merchant, now)
    for rule in by.rules:
        if rule.printed not in (None, merchant.printed) or not all(one.holds(row) for one in rule.where):
            continue
        at = _moment(into, rule.at, row, merchant.zone, now)
        if at is None:
            continue
        for mark in _marks(rule.mark, merchant):
            attributes = _attributes(rule, mark, stands if mark is Mark.STATUS else told)
            of = "\x1f".join((number, *stands.values())) if mark is Mark.STATUS else number
            for order in dict.fromkeys(orders):
                into.events.append(
                    ReportedEvent(
                        index=0,
                        source=merchant.source,
                        event_id=_id(reading, of, order, mark, at),
                        order=order,
                        channel=merchant.channels.get(shop, shop)[:64],
                        mark=mark,
                        at=at,
                        attributes=attributes,
                    )
                )


def _marks(mark: Mark, merchant: Merchant) -> tuple[Mark, ...]:
    if mark is Mark.SHIPPED and merchant.shipped_is_packed:
        return (Mark.PACKED, mark)
    return (mark,)


def _standing(into: RowEvents, row: object, by: EventMap, merchant: Merchant, now: datetime) -> dict[str, str]:
    """Return how a row says that its order stands; what it does not say is empty."""
    stands = {name: (_first_word(one, row) or "")[:LONGEST_NAME] for name, one in by.standing.items()}
    if promise := by.standing.get(PROMISED):
        at = _moment(into, promise, row, merchant.zone, now)
        stands[PROMISED] = at.isoformat() if at else ""
    return stands


def _attributes(rule: MarkRule, mark: Mark, told: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = dict(told) if mark in TOLD_WITH or mark is Mark.STATUS else {}
    for name in ("into", "priority"):
        if name in told and (name == "priority" or mark is Mark.MERGED):
            found[name] = told[name]
    if mark is not Mark.MERGED:
        found.pop("into", None)
    if rule.stage is not None:
        found["stage"] = rule.stage
    if rule.quality != "exact":
        found["quality"] = rule.quality
    return found


def _moment(into: RowEvents, expression: ParsedExpression, row: object, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the earliest moment that is told; one that cannot be read, or lies in no sensible year, is counted."""
    found: list[datetime] = []
    for value in _all(expression, row):
        try:
            at = moment_of(value, zone)
        except NoMoment as wrong:
            into.note(f"{expression.source}：不是时间（{wrong}）")
            continue
        if at is None:
            continue
        if is_a_time(at, now=now):
            found.append(at)
        else:
            into.note(f"{expression.source}：不可能的时间")
    return min(found, default=None)


def _all(expression: ParsedExpression, row: object) -> Iterator[object]:
    """Yield what an expression finds: each of several, or the one."""
    try:
        found = expression.search(row)
    except NothingFound:
        return
    if isinstance(found, list):
        yield from found
    else:
        yield found


def _first_word(expression: ParsedExpression, row: object) -> str | None:
    return next((word for one in _all(expression, row) if (word := word_of(one)) is not None), None)


def _id(reading: str, number: str, order: str, mark: Mark, at: datetime) -> str:
    """Return the same id whenever the same document says the same of an order."""
    said = "\x1f".join((number, order, mark, f"{at.timestamp():.6f}"))
    return f"{reading}#{hashlib.sha256(said.encode()).hexdigest()[:40]}"
