"""Keeps the main system's word on each order of a batch: in one transaction, twice or in part or in any order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.actor import Actor
from app.domain.order_number import is_number
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import BatchState, OrderState
from app.handback.result_lines import ResultFile, ResultLine
from app.handback.verdict import FINAL_OF, Apply, Contradicts, OrderPosition, ReportedResult, Unchanged, judge_all
from app.store.repositories.orders import Member
from app.store.repositories.results import NewResult
from app.store.tables import ImportResult
from app.store.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A line that belongs to no order of this batch, or that could not be read."""

    row: int
    order_number: str
    code: str
    reason: str
    column: str = "应急单号"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A word that contradicts what is known; nothing was changed by it."""

    row: int
    order_number: str
    known: ReportedResult
    said: ReportedResult


@dataclass(slots=True)
class Report:
    """What an upload did, counted in orders."""

    applied: int = 0
    unchanged: int = 0
    unmatched: list[Unmatched] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def import_results(store: Store, batch_name: str, upload: ResultFile, *, by: Actor, now: datetime) -> Report:
    """Keep what ``upload`` says of the orders of a batch; all of it, or nothing if anything breaks.

    Raises:
        NotFound: there is no such batch.
        NotInThisState: it is not published yet.
    """
    with store.writing() as uow:
        batch = uow.batches.named(batch_name)
        if batch is None or batch.id is None:
            raise NotFound(f"没有批次 {batch_name}。")
        if batch.state != BatchState.PUBLISHED:
            raise NotInThisState(f"批次 {batch_name} 尚未发布。")
        report = _Import(uow, batch.id, by=by, now=now).run(upload)
        counts = {"applied": report.applied, "unchanged": report.unchanged}
        counts |= {"unmatched": len(report.unmatched), "conflicts": len(report.conflicts)}
        detail = {"sha256": upload.sha256, **counts}
        uow.audit.record("results.import", by=by, at=now, subject=batch_name, detail=detail)
    return report


class _Import:
    """One upload on its way into one transaction."""

    def __init__(self, uow: UnitOfWork, batch_id: int, *, by: Actor, now: datetime) -> None:
        self._uow = uow
        self._batch_id = batch_id
        self._by = by
        self._now = now
        self._report = Report()
        self._results: list[NewResult] = []
        self._moves: dict[OrderState, list[int]] = defaultdict(list)
        self._main: dict[int, str] = {}

    def run(self, upload: ResultFile) -> Report:
        report = self._report
        report.unmatched.extend(Unmatched(bad.row, "", bad.code, bad.hint, bad.column) for bad in upload.bad)
        lines = list(upload.lines)
        named = {line.number for line in lines}
        everyone = upload.rest_imported
        members = {m.number: m for m in self._uow.orders.members(self._batch_id, None if everyone else sorted(named))}
        if everyone:
            rest = [m.number for m in members.values() if m.number not in named and not m.left]
            lines.extend(ResultLine(0, number, "imported") for number in rest)
        found = judge_all(lines, self._positions(lines, members))
        report.conflicts.extend(
            Conflict(one.line.row, one.line.number, one.earlier, ReportedResult.by(one.line)) for one in found.disputed
        )
        for line, decision in found.decided:
            match decision:
                case Apply(moves):
                    self._apply(line, members[line.number].order_id, moves=moves)
                case Unchanged():
                    report.unchanged += 1
                case Contradicts(known):
                    report.conflicts.append(Conflict(line.row, line.number, known, ReportedResult.by(line)))
        self._explain_unknown(found.unknown)
        self._write()
        return report

    def _positions(self, lines: Iterable[ResultLine], members: dict[str, Member]) -> dict[str, OrderPosition]:
        failing = {line.number for line in lines if line.result == "failed"} & members.keys()
        last = self._uow.results.last_words(self._batch_id, sorted(members[number].order_id for number in failing))
        return {number: _position(member, last.get(member.order_id)) for number, member in members.items()}

    def _apply(self, line: ResultLine, order_id: int, *, moves: bool) -> None:
        self._report.applied += 1
        self._results.append(
            NewResult(
                batch_id=self._batch_id,
                order_id=order_id,
                result=line.result,
                main_order_number=line.main_order_number,
                reason=line.reason,
                reported_by=self._by.name[:64],
                reported_at=self._now,
            )
        )
        if moves:
            self._moves[FINAL_OF[line.result]].append(order_id)
        if line.main_order_number and line.result in FINAL_OF:
            self._main[order_id] = line.main_order_number

    def _explain_unknown(self, lines: Sequence[ResultLine]) -> None:
        elsewhere = self._uow.orders.known_numbers([line.number for line in lines])
        for line in lines:
            if line.number in elsewhere:
                code, reason = "other_batch", "该订单不在本批次中"
            elif is_number(line.number):
                code, reason = "unknown_number", "没有这个应急单号"
            else:
                code, reason = "bad_number", "不是有效的应急单号（校验位不符），请核对"
            self._report.unmatched.append(Unmatched(line.row, line.number, code, reason))

    def _write(self) -> None:
        for state, order_ids in self._moves.items():
            moved = self._uow.orders.move(order_ids, state, only_from=(OrderState.BATCHED,), settled_at=self._now)
            if moved != len(order_ids):
                raise RuntimeError(f"batch {self._batch_id}: {len(order_ids)} orders came home, moved {moved}")
        self._uow.orders.set_main_numbers(self._main)
        self._uow.results.add(self._results)


def _position(member: Member, last: ImportResult | None) -> OrderPosition:
    failed = last is not None and last.result == "failed"
    return OrderPosition(member.state, member.main_order_number, member.left, failed, last.reason if last else None)
