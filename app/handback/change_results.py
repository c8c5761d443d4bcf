"""Takes what has become of noted changes: a file of changes with a column of results, or JSON; twice, or in part."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.actor import Actor
from app.domain.csv_cell import on_one_line
from app.domain.order_change import ChangeKind, ChangeState
from app.domain.order_number import is_number
from app.domain.problems import NotFound, Refusal
from app.files.change_sheet import name_of
from app.files.rows_apart import rows_apart
from app.handback.import_results import Conflict, How, OnlyTried, Report, Unmatched, end_if_dry
from app.handback.result_lines import MAX_REASON, BadLine, IgnoredLine, RawLine, refused
from app.handback.result_words import ResultWords, plain, shipped_words
from app.handback.verdict import ReportedResult
from app.store.follow_changes import settle_noted
from app.store.tables import OrderChange
from app.store.unit_of_work import Store, UnitOfWork

_KINDS = {
    **dict.fromkeys(("取消", "已取消", "cancel", "cancelled"), ChangeKind.CANCEL),
    **dict.fromkeys(("已付款", "付款", "paid", "payment"), ChangeKind.PAID),
}
_DONE = frozenset({"已取消", "已处理", "已拦截", "已付款", "已更新", "已修改", "done", "cancelled", "paid"})
"""What people write for a change that was followed, beside every word for a success."""


class UnreadableChanges(Refusal):
    """An upload of results of changes cannot be read; the sentence says why."""


@dataclass(frozen=True, slots=True)
class ToldOutcome:
    """What is said of one change: whether it was followed; ``kind`` is None where the line does not name it."""

    row: int
    number: str
    kind: ChangeKind | None
    done: bool
    reason: str | None


def is_about_changes(data: bytes, unused_columns: Sequence[str]) -> bool:
    """Tell whether an upload to a batch is about its changes: taken as results of orders it would be believed wrong."""
    return "变更" in unused_columns or any("change" in one for one in _json_results(data))


def take_change_results(
    store: Store, batch_name: str, data: bytes, *, words: ResultWords | None, how: How, by: Actor, now: datetime
) -> Report:
    """Read an upload and settle the changes it names; all of it, or nothing if anything breaks.

    Raises:
        NotFound: there is no such published batch.
        InvalidResults: it cannot be read as a whole, or no line of it can be taken.
        Busy: the machine has no room for another process.
    """
    report = Report(dry_run=how.dry_run)
    lines = list(_lines(data, words, report))
    if report.unmatched and not lines:
        bad = [BadLine(one.row, one.column, one.code, one.reason) for one in report.unmatched]
        raise refused("变更的处理结果没有一行可用。", bad)
    try:
        with store.writing() as uow:
            batch = uow.batches.named(batch_name)
            if batch is None or batch.published_at is None:
                raise NotFound(f"没有批次 {batch_name}。")
            _settle(uow, batch.id or 0, lines, report, by=by, now=now)
            counts = {"applied": report.applied, "unchanged": report.unchanged}
            counts |= {"unmatched": len(report.unmatched), "conflicts": len(report.conflicts)}
            detail = {"sha256": hashlib.sha256(data).hexdigest(), **counts}
            uow.audit.record("results.import", by=by, at=now, subject=name_of(batch_name), detail=detail)
            end_if_dry(how)
    except OnlyTried:
        return report
    return report


def _settle(
    uow: UnitOfWork, batch_id: int, lines: Sequence[ToldOutcome], report: Report, *, by: Actor, now: datetime
) -> None:
    numbers = [line.number for line in lines]
    known = uow.changes.of_batch_for(batch_id, numbers)
    of_numbers = uow.changes.numbers_of(known)
    by_number: dict[str, list[OrderChange]] = {}
    for change in known:
        by_number.setdefault(of_numbers[change.order_id], []).append(change)
    for line in lines:
        found, done = by_number.get(line.number, []), line.done
        meant = [change for change in found if line.kind in (None, change.kind)]
        if len(meant) != 1:
            report.unmatched.append(_unmatched(line, found, meant))
            continue
        (change,) = meant
        match change.state:
            case ChangeState.NOTED:
                report.applied += 1
            case ChangeState.REFUSED if done:  # it was possible after all
                report.applied += 1
            case ChangeState.DONE if not done:
                said = ReportedResult("failed", None, line.reason)
                report.conflicts.append(Conflict(line.row, line.number, ReportedResult("imported"), said))
                continue
            case _:
                report.unchanged += 1
                continue
        settle_noted(uow, change, done=done, reason=line.reason, by=by, now=now)
        sentence = f"主系统对渠道变更的结果：{'已处理' if done else '未能处理'}"
        detail = {"sentence": sentence + (f"，{line.reason}" if line.reason else ""), "change": change.id, "done": done}
        uow.audit.record("order.settle_change", by=by, at=now, subject=line.number, detail=detail)


def _unmatched(line: ToldOutcome, found: Sequence[OrderChange], meant: Sequence[OrderChange]) -> Unmatched:
    if len(meant) > 1:
        return Unmatched(line.row, line.number, "which_change", "这笔订单有几项变更，请在“变更”列写明是哪一项", "变更")
    if found:
        return Unmatched(line.row, line.number, "other_change", "这笔订单没有这一项变更", "变更")
    if is_number(line.number):
        return Unmatched(line.row, line.number, "no_change", "本批次的变更清单中没有这笔订单")
    return Unmatched(line.row, line.number, "bad_number", "不是有效的应急单号（校验位不符），请核对")


def _lines(data: bytes, words: ResultWords | None, report: Report) -> Iterator[ToldOutcome]:
    said_as_json = _json_results(data)
    for row, cells in enumerate(said_as_json) if said_as_json else _rows(data):
        if cells.get("result") in (None, ""):
            report.ignored.append(IgnoredLine(row, "还没有结果"))
            continue
        kind, (done, said) = plain(str(cells.get("change") or "")), _heard(cells.get("result"), words)
        if kind and kind not in _KINDS:
            number = on_one_line(str(cells.get("number") or ""))[:64]
            report.unmatched.append(Unmatched(row, number, "unknown_change", "变更只能是“取消”或“已付款”", "变更"))
            continue
        reason = on_one_line(str(cells.get("reason") or "") or said)[:MAX_REASON].strip() or None
        checked = RawLine(row, cells.get("number"), "成功").checked()
        if isinstance(checked, BadLine):
            report.unmatched.append(Unmatched(checked.row, "", checked.code, checked.hint, checked.column))
        elif done is None:
            hint = "结果只能是成功或失败"
            report.unmatched.append(Unmatched(row, checked.number, "unknown_result", hint, "结果"))
        else:
            yield ToldOutcome(row, checked.number, _KINDS.get(kind), done, reason)


def _heard(said: object, words: ResultWords | None) -> tuple[bool | None, str]:
    """Return whether a change was followed, None where a cell does not say it, and what else the cell tells.

    Not read as a result of an import: that an order "已发货" is there already is no doubt here, it is the refusal.
    """
    text = said if isinstance(said, str) else ""
    if plain(text) in _DONE:
        return True, ""
    opening = (words or shipped_words()).opening(text)
    return (None, "") if opening is None else (opening[0] in ("imported", "duplicate", "updated"), opening[1])


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        found = rows_apart("app.handback.change_reader", data, refusal=UnreadableChanges)
    except UnreadableChanges as error:
        raise refused(str(error)) from None
    for one in found:
        if one.get("number") or one.get("result"):
            yield int(one["row"]), one


def _json_results(data: bytes) -> list[dict[str, Any]]:
    """Return the results of a JSON upload, under the names of the columns; nothing where it is none."""
    if not data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return []
    try:
        results = json.loads(data.decode("utf-8-sig")).get("results")
    except (ValueError, AttributeError, RecursionError):
        return []
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        return []
    return [{**one, "number": one.get("order_number")} for one in results]
