"""Judges every order by what was found of it, then what is nobody's; each discrepancy is kept with both sides."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.discrepancy import Discrepancy, against_the_list, against_the_statement
from app.domain.goods import Fate
from app.domain.witness import Evidence, MainOrder, MainOrderState, Moved, Movement, OurOrder, RowPlace
from app.reconcile.compare.climb import moment
from app.store.compare_file import CompareFile, Knot, Owned, Witness

MIDNIGHT = timedelta(minutes=10)
"""A payment shortly before the end of a statement may stand in that of the next day."""

SHOWN_SIDES = 20
"""Orders and rows of one discrepancy that are shown beside each other; there may be more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What the judgement goes by besides the rows themselves."""

    main: bool
    """Whether there is a list of the main system."""
    money: bool
    others: bool
    """Whether the main system took orders itself meanwhile, so that a row without a number of ours is no wonder."""
    periods: Sequence[tuple[datetime, datetime]]
    """Of which times the statements tell."""
    since: datetime
    until: datetime | None
    """When the incident began and ended: money of other times is not ours to explain."""
    looks_ours: Callable[[str], bool]
    """Tells whether a number is one that we could have given these orders; others' may have its shape by chance."""
    elsewhere: Callable[[Sequence[str]], set[str]]
    """Tells which of these numbers are orders of other incidents."""

    def covers(self, at: datetime | None) -> bool:
        """Tell whether the statements surely tell of a moment."""
        return at is not None and any(since <= at < until - MIDNIGHT for since, until in self.periods)


class CompareJudge:
    """Writes discrepancies down on the bench, and counts."""

    def __init__(self, bench: CompareFile, hearing: Hearing) -> None:
        self._bench = bench
        self._hearing = hearing
        self.counts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()

    def judge(self) -> None:
        """Go through all orders, all knots, and all rows that are nobody's."""
        for order, doc in self._bench.orders():
            self._order(order, json.loads(doc))
        for witness in (Witness.MAIN, Witness.MONEY):
            for knot in self._bench.knots(witness):
                self._knot(knot, witness)
        self._nobodys_rows()
        if self._hearing.money:
            self._nobodys_money()

    def _order(self, order: int, doc: Mapping[str, Any]) -> None:
        self.counts["orders"] += 1
        ours = _ours(doc)
        mains = self._bench.owned(order, Witness.MAIN)
        money = self._bench.owned(order, Witness.MONEY)
        moved = [_movement(json.loads(one.doc)) for one in money]
        found: list[Discrepancy] = []
        if self._hearing.main:
            perhaps = self._bench.is_doubted(order, Witness.MAIN)
            there = [_main(json.loads(one.doc)) for one in mains]
            paid = any(one.kind is Moved.PAYMENT for one in moved)
            found += against_the_list(ours, there, has_money=paid, perhaps=perhaps)
            self.counts[_placed(ours, mains, perhaps=perhaps)] += 1
        if self._hearing.money:
            doubted = not moved and self._bench.is_doubted(order, Witness.MONEY)
            covered = self._hearing.covers(ours.at) and not doubted
            found += against_the_statement(ours, moved, covered=covered)
            self.counts["paid"] += any(one.kind is Moved.PAYMENT for one in moved)
            self.counts["not_covered"] += not moved and ours.payment == "paid" and not self._hearing.covers(ours.at)
        for kind in found:
            self._find(kind, ours.number, ours=[doc], main=mains, money=money)

    def _knot(self, knot: Knot, witness: Witness) -> None:
        alone = knot.by == Evidence.LIKENESS and len(knot.orders) == len(knot.units) == 1
        kind = Discrepancy.LIKELY_THERE if alone else Discrepancy.AMBIGUOUS
        ours = [json.loads(self._bench.order(order)) for order in knot.orders[:SHOWN_SIDES]]
        units = [self._bench.unit(unit) for unit in knot.units[:SHOWN_SIDES]]
        sides = {"main": units} if witness is Witness.MAIN else {"money": units}
        more = max(len(knot.orders), len(knot.units)) - SHOWN_SIDES
        self._find(kind, ours[0]["number"], ours=ours, by=knot.by, more=max(0, more), **sides)

    def _nobodys_rows(self) -> None:
        for some in _chunks(self._bench.nobodys(Witness.MAIN)):
            named = {one.id: self._bench.keys_of(one.id, Evidence.OUR_NUMBER) for one in some}
            elsewhere = self._hearing.elsewhere(sorted({number for names in named.values() for number in names}))
            for one in some:
                if elsewhere.intersection(named[one.id]):
                    self.counts["elsewhere"] += 1
                    continue
                self.counts["unexpected"] += 1
                if unknown := next(filter(self._hearing.looks_ours, named[one.id]), None):
                    self._find(Discrepancy.UNKNOWN_NUMBER, unknown, main=[one])
                elif not self._hearing.others and json.loads(one.doc)["state"] not in _GONE:
                    self._find(Discrepancy.NOT_OURS, one.number, main=[one])

    def _nobodys_money(self) -> None:
        for some in _chunks(self._bench.nobodys(Witness.MONEY)):
            named = {one.id: self._bench.keys_of(one.id, Evidence.OUR_NUMBER) for one in some}
            elsewhere = self._hearing.elsewhere(sorted({number for names in named.values() for number in names}))
            for one in some:
                doc = json.loads(one.doc)
                if doc["kind"] != Moved.PAYMENT or elsewhere.intersection(named[one.id]):
                    continue
                named_ours = any(map(self._hearing.looks_ours, named[one.id]))
                if not named_ours and not self._is_to_explain(one, doc):
                    self.counts["money_of_others"] += 1
                else:
                    self._find(Discrepancy.MONEY_WITHOUT_ORDER, doc["order"] or doc["number"], money=[one])

    def _is_to_explain(self, one: Owned, doc: Mapping[str, Any]) -> bool:
        """Tell whether money without a number of ours should have an order in the main system's list, and has none."""
        at = moment(doc["at"])
        during = at is None or (
            self._hearing.since <= at and (self._hearing.until is None or at <= self._hearing.until)
        )
        return self._hearing.main and during and not self._bench.is_known_to(Witness.MAIN, one.id)

    def _find(
        self,
        kind: Discrepancy,
        number: str,
        *,
        ours: Sequence[Mapping[str, Any]] = (),
        main: Sequence[Owned] = (),
        money: Sequence[Owned] = (),
        by: int | None = None,
        more: int = 0,
    ) -> None:
        self.kinds[kind] += 1
        doc = {
            "by": _rung(by),
            "ours": list(ours),
            "main": [{**json.loads(one.doc), "by": _rung(one.by)} for one in main[:SHOWN_SIDES]],
            "payments": [{**json.loads(one.doc), "by": _rung(one.by)} for one in money[:SHOWN_SIDES]],
            "more": more + max(0, len(main) - SHOWN_SIDES, len(money) - SHOWN_SIDES),
        }
        self._bench.find(kind, number, json.dumps(doc))


_GONE = frozenset({MainOrderState.CANCELLED, MainOrderState.PASSED_ON})


def _placed(order: OurOrder, mains: Sequence[Owned], *, perhaps: bool) -> str:
    if mains:
        return "matched"
    if perhaps:
        return "ambiguous"
    return "closed" if order.fate is Fate.CLOSED else "missing"


def _rung(by: int | None) -> str | None:
    return None if by is None else Evidence(by).name.lower()


def _ours(doc: Mapping[str, Any]) -> OurOrder:
    return OurOrder(
        number=doc["number"],
        state=doc["state"],
        fate=Fate(doc["fate"]),
        exported=doc["exported"],
        total_fen=doc["total"],
        goods=doc["goods"],
        payment=doc["payment"],
        at=moment(doc["at"]),
    )


def _places(doc: Mapping[str, Any]) -> tuple[RowPlace, ...]:
    return tuple(RowPlace(str(file), row) for file, row in doc["places"])


def _main(doc: Mapping[str, Any]) -> MainOrder:
    return MainOrder(
        number=doc["number"],
        state=MainOrderState(doc["state"]),
        said=doc["said"],
        amount_fen=doc["amount"],
        goods=doc["goods"],
        refund_fen=doc["refund"],
        at=moment(doc["at"]),
        places=_places(doc),
    )


def _movement(doc: Mapping[str, Any]) -> Movement:
    return Movement(
        number=doc["number"],
        kind=Moved(doc["kind"]),
        amount_fen=doc["amount"],
        at=moment(doc["at"]),
        places=_places(doc),
    )


def _chunks(found: Iterable[Owned], size: int = 500) -> Iterable[list[Owned]]:
    some: list[Owned] = []
    for one in found:
        some.append(one)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some
