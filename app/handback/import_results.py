"""Keeps the main system's word on each order of a batch: in one transaction, twice or in part or in any order."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.actor import Actor
from app.domain.order_number import is_number
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import BatchState, OrderState, may_be_corrected, may_follow
from app.handback.rest import rest_of
from app.handback.result_lines import IgnoredLine, ResultFile, ResultLine, ResultWarning
from app.handback.verdict import (
    FINAL_OF,
    Apply,
    Contradicts,
    Judgement,
    OrderPosition,
    ReportedResult,
    Unchanged,
    judge_all,
)
from app.store.repositories.contradictions import NewContradiction
from app.store.repositories.orders import Member
from app.store.repositories.results import NewResult
from app.store.tables import Batch
from app.store.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A line that belongs to no order of this batch, or that could not be read."""

    row: int
    order_number: str
    code: str
    reason: str
    column: str = "应急单号"
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A word that contradicts what is known; nothing was changed by it, and it waits for a person."""

    row: int
    order_number: str
    known: ReportedResult
    said: ReportedResult
    sheet: str = ""


@dataclass(slots=True)
class Report:
    """What an upload did, counted in orders; after a dry run, what it would do."""

    applied: int = 0
    unchanged: int = 0
    unmatched: list[Unmatched] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    warnings: list[ResultWarning] = field(default_factory=list)
    ignored: list[IgnoredLine] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    unused_columns: list[str] = field(default_factory=list)
    dry_run: bool = False
    would_import: int | None = None
    """How many orders that the upload does not name would count as imported, where only a person can say so."""


@dataclass(frozen=True, slots=True)
class How:
    """How an upload is taken; ``confirm`` is how many orders that it does not name a person says were imported."""

    confirm: int | None = None
    dry_run: bool = False


class OnlyTried(Exception):
    """Ends the transaction of a dry run without keeping anything of it."""


def import_results(
    store: Store, batch_name: str, upload: ResultFile, *, by: Actor, now: datetime, how: How | None = None
) -> Report:
    """Keep what ``upload`` says of the orders of a batch; all of it, or nothing if anything breaks.

    Raises:
        NotFound: there is no such batch.
        NotInThisState: it is not published yet.
        InvalidResults: the rest would count as imported, and one of the rest may have failed.
        ConfirmationRequired: the rest would count as imported, and nobody has said yet how many those are.
    """
    how = how or How()
    report = Report(dry_run=how.dry_run)
    try:
        with store.writing() as uow:
            batch = uow.batches.named(batch_name)
            if batch is None:
                raise NotFound(f"没有批次 {batch_name}。")
            if batch.state != BatchState.PUBLISHED:
                raise NotInThisState(f"批次 {batch_name} 尚未发布。")
            _Import(uow, batch, report, by=by, now=now).run(upload, how)
            counts = {"applied": report.applied, "unchanged": report.unchanged}
            counts |= {"unmatched": len(report.unmatched), "conflicts": len(report.conflicts)}
            detail = {"sha256": upload.sha256, **counts}
            uow.audit.record("results.import", by=by, at=now, subject=batch_name, detail=detail)
            end_if_dry(how)
    except OnlyTried:
        return report
    return report


def take_result(uow: UnitOfWork, batch: Batch, line: ResultLine, *, by: Actor, now: datetime) -> Report:
    """Keep what the main system has just said of one order of a published batch, in the caller's transaction."""
    report = Report()
    _Import(uow, batch, report, by=by, now=now).run(ResultFile(lines=(line,), bad=(), sha256=""), How())
    detail = {"batch": batch.name, "result": line.result, "main_order_number": line.main_order_number}
    uow.audit.record("results.replay", by=by, at=now, subject=line.number, detail=detail)
    return report


def end_if_dry(how: How) -> None:
    """End the transaction of a dry run."""
    if how.dry_run:
        raise OnlyTried


class _Import:
    """One upload on its way into one transaction."""

    def __init__(self, uow: UnitOfWork, batch: Batch, report: Report, *, by: Actor, now: datetime) -> None:
        self._uow = uow
        self._batch = batch
        self._batch_id = batch.id or 0
        self._by = by
        self._now = now
        self._report = report
        self._results: list[NewResult] = []
        self._moves: dict[tuple[OrderState, OrderState], list[int]] = defaultdict(list)
        self._main: dict[int, str] = {}
        self._mains: dict[int, tuple[str, ...]] = {}
        self._queue: list[NewContradiction] = []

    def run(self, upload: ResultFile, how: How) -> None:
        report = self._report
        report.unmatched.extend(Unmatched(bad.row, "", bad.code, bad.hint, bad.column, bad.sheet) for bad in upload.bad)
        report.warnings.extend(upload.warnings)
        report.ignored.extend(upload.ignored)
        report.unread.extend(upload.unread)
        report.unused_columns.extend(upload.unused_columns)
        numbers = None if upload.rest_imported else sorted({line.number for line in upload.lines})
        members = {m.number: m for m in self._uow.orders.members(self._batch_id, numbers)}
        positions = self._positions(members)
        found = judge_all([*upload.lines, *self._rest(upload, positions, how)], positions)
        self._take(found, members, positions)
        self._explain_unknown(found.unknown)
        self._write()
        self._warn_of_numbers(found.decided, positions)

    def _rest(self, upload: ResultFile, positions: Mapping[str, OrderPosition], how: How) -> Sequence[ResultLine]:
        if not upload.rest_imported:
            return ()
        unknown = [line for line in upload.lines if line.number not in positions]
        rest = rest_of(upload, positions, unknown=unknown, rows=self._batch.rows)
        if rest.confirmed_by(how.confirm):
            return rest.lines
        if not how.dry_run:
            raise rest.question(how.confirm)
        self._report.would_import = rest.would_import
        self._report.warnings.append(ResultWarning(0, "", "confirmation_required", rest.question(how.confirm).detail))
        return ()

    def _positions(self, members: Mapping[str, Member]) -> dict[str, OrderPosition]:
        last = self._uow.results.last_words(self._batch_id, sorted(m.order_id for m in members.values()))
        numbered = sorted(m.order_id for m in members.values() if m.main_order_number)
        mains = self._uow.results.main_numbers(numbered)
        return {
            number: OrderPosition(
                member.state,
                member.main_order_number,
                member.left,
                ReportedResult(word.result, word.main_order_number, word.reason)
                if (word := last.get(member.order_id))
                else None,
                tuple(mains.get(member.order_id, ())),
            )
            for number, member in members.items()
        }

    def _take(self, found: Judgement, members: Mapping[str, Member], positions: Mapping[str, OrderPosition]) -> None:
        report = self._report
        for one in found.disputed:
            said = ReportedResult.by(one.line)
            report.conflicts.append(Conflict(one.line.row, one.line.number, one.earlier, said, one.line.sheet))
            for word in (one.earlier, said):
                if word.result != positions[one.line.number].state:
                    self._ask(members[one.line.number], word)
        for line, decision in found.decided:
            match decision:
                case Apply(moves):
                    self._apply(line, members[line.number], moves=moves)
                case Unchanged():
                    report.unchanged += 1
                case Contradicts(known):
                    said = ReportedResult.by(line)
                    report.conflicts.append(Conflict(line.row, line.number, known, said, line.sheet))
                    self._ask(members[line.number], said)

    def _apply(self, line: ResultLine, member: Member, *, moves: bool) -> None:
        self._report.applied += 1
        self._results.append(
            NewResult(
                batch_id=self._batch_id,
                order_id=member.order_id,
                result=line.result,
                main_order_number=line.main_order_number,
                reason=line.reason,
                reported_by=self._by.name[:64],
                reported_at=self._now,
            )
        )
        if moves:
            self._moves[member.state, FINAL_OF[line.result]].append(member.order_id)
        if line.main_order_number and line.result in FINAL_OF:
            self._mains[member.order_id] = line.mains
            if member.main_order_number is None:
                self._main[member.order_id] = line.main_order_number

    def _ask(self, member: Member, said: ReportedResult) -> None:
        self._queue.append(
            NewContradiction(
                order_id=member.order_id,
                batch_id=self._batch_id,
                known=member.state,
                known_main=member.main_order_number or "",
                said=said.result,
                said_main=said.main_order_number or "",
                reason=said.reason,
                reported_by=self._by.name[:64],
                reported_at=self._now,
            )
        )

    def _explain_unknown(self, lines: Sequence[ResultLine]) -> None:
        elsewhere = self._uow.orders.known_numbers([line.number for line in lines])
        for line in lines:
            if line.number in elsewhere:
                code, reason = "other_batch", "该订单不在本批次中"
            elif is_number(line.number):
                code, reason = "unknown_number", "没有这个应急单号"
            else:
                code, reason = "bad_number", "不是有效的应急单号（校验位不符），请核对"
            self._report.unmatched.append(Unmatched(line.row, line.number, code, reason, sheet=line.sheet))

    def _write(self) -> None:
        orders = self._uow.orders
        for (before, state), order_ids in self._moves.items():
            # an order that was called there already may be imported after all
            may = may_follow if before is OrderState.BATCHED else may_be_corrected
            moved = orders.move(order_ids, state, may, only_from=(before,), now=self._now, settled_at=self._now)
            if moved != len(order_ids):
                raise RuntimeError(f"batch {self._batch_id}: {len(order_ids)} orders came home, moved {moved}")
        self._uow.results.set_main_numbers(self._main)
        self._uow.results.add(self._results)
        self._uow.results.add_main_numbers(self._mains, now=self._now)
        moved_here = {order_id for order_ids in self._moves.values() for order_id in order_ids}
        self._uow.flow_notes.leave(set(self._mains) - moved_here)  # a further number of one that was home already
        self._uow.contradictions.add(self._queue)

    def _warn_of_numbers(
        self, decided: Sequence[tuple[ResultLine, object]], positions: Mapping[str, OrderPosition]
    ) -> None:
        """Tell of orders that the main system has split or merged: neither is wrong, and both are easily overlooked.

        Each is told once, with the upload that brings the number.
        """
        told = sorted({main for mains in self._mains.values() for main in mains})
        several = self._uow.results.orders_under(told)
        for line, decision in decided:
            if not isinstance(decision, Apply):
                continue
            if line.further:
                reason = f"主系统把这笔订单拆成了 {len(line.mains)} 单：{'、'.join(line.mains)}"
                self._report.warnings.append(ResultWarning(line.row, line.number, "split", reason))
            for main in (one for one in line.mains if one not in positions[line.number].mains):
                if others := [number for number in several.get(main, ())[:6] if number != line.number]:
                    reason = f"主系统单号 {main} 还对应 {'、'.join(others[:5])}：主系统把几笔合成了一单"
                    self._report.warnings.append(ResultWarning(line.row, line.number, "merged", reason))
