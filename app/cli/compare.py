"""``lifeboat compare``: our orders, the main system's own list and the payment statement, held against each other."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.language import listed, said, words
from app.cli.terminal import Json, actor, amount, fail, lifeboat, out, table
from app.domain.harmless_text import harmless_text
from app.reconcile.compare.before_export import KeptOut
from app.reconcile.compare.before_export import keep_out as keep_them_out
from app.reconcile.compare.lay import FileRead, WitnessFile
from app.reconcile.compare.run import CompareRequest, IncidentComparison, NothingToCompare, WrongMaps, compare, maps_of
from app.store.ledger import NoSuchIncident

SHOWN = 50
"""Discrepancies of a kind, and unread cells, that are printed for a person; ``--json`` has them all."""

_MOST_SIDES = 3

Files = list[Path]


def compare_incident(
    incident: Annotated[str, typer.Argument(help="事件编号。")],
    main: Annotated[
        Files | None,
        typer.Option("--main", exists=True, dir_okay=False, help="主系统自己的订单清单（CSV 或 XLSX），可多次。"),
    ] = None,
    payments: Annotated[
        Files | None,
        typer.Option(
            "--payments", exists=True, dir_okay=False, help="微信、支付宝的账单（CSV、XLSX、压缩包），可多次。"
        ),
    ] = None,
    *,
    others: Annotated[bool, typer.Option("--others", help="主系统这段时间自己也收单：多出的订单不算差异。")] = False,
    keep_out: Annotated[
        bool, typer.Option("--keep-out", help="还没出批的：清单里按单号已有的判为重复，很像的挂起等人。")
    ] = False,
    as_json: Json = False,
) -> None:
    """三方对账：我方订单、主系统清单、账单逐单核对；不带 --keep-out 什么都不改。全对上为 0，要人看为 1，用法错为 2。"""
    with lifeboat() as boat:
        try:
            asked = CompareRequest(
                incident=incident,
                main=_read(main),
                money=_read(payments),
                maps=maps_of(boat.settings.compare_columns_dir),
                others=others,
            )
            found = compare(
                boat.store,
                boat.keyring,
                asked,
                folder=boat.settings.data_dir,
                by=actor(),
                now=boat.clock.now(),
                zone=boat.settings.zone,
            )
        except (NoSuchIncident, NothingToCompare, WrongMaps) as error:
            fail(str(error), code=2)
        with found:
            kept = keep_them_out(boat.store, found, by=actor(), now=boat.clock.now()) if keep_out else None
            if as_json:
                _say(found, kept)
            else:
                _show(found)
                _show_kept(kept)
            balances = found.balances
    if not balances:
        raise typer.Exit(1)


def _read(paths: Sequence[Path] | None) -> list[WitnessFile]:
    return [WitnessFile(harmless_text(path.name), path.read_bytes()) for path in paths or ()]


def _say(found: IncidentComparison, kept: KeptOut | None) -> None:
    """Print a document in which each discrepancy is one line, and none is held in memory after it."""
    head = {
        "incident": found.incident,
        "balances": found.balances,
        **{name: found.counts.get(name, 0) for name in words.PLACED},
        "paid": found.counts.get("paid", 0),
        "not_covered": found.counts.get("not_covered", 0),
        "money_of_others": found.counts.get("money_of_others", 0),
        "repeated_rows": found.repeated,
        "kept_out": None if kept is None else asdict(kept),
        "kinds": dict(found.kinds),
        "files": [_file(one) for one in found.files],
        "unread_count": found.unread,
    }
    sys.stdout.write(json.dumps(head, ensure_ascii=False)[:-1])
    for name, some in (("unread", found.cells()), ("discrepancies", found.discrepancies())):
        sys.stdout.write(f', "{name}": [')
        between = "\n"
        for one in some:
            sys.stdout.write(between + json.dumps(one, ensure_ascii=False))
            between = ",\n"
        sys.stdout.write("]")
    sys.stdout.write("}\n")


def _file(one: FileRead) -> dict[str, Any]:
    names = (
        "name",
        "sha256",
        "witness",
        "title",
        "rows",
        "passed_over",
        "unread",
        "columns",
        "unused",
        "account",
        "same_as",
    )
    since, until = (None if at is None else at.isoformat() for at in (one.since, one.until))
    return {
        **{name: getattr(one, name) for name in names},
        "same_as": one.same_as or None,
        "since": since,
        "until": until,
    }


def _show(found: IncidentComparison) -> None:
    for file in found.files:
        _show_file(file)
    parts = [f"{name} {found.counts.get(key, 0):,}" for key, name in words.PLACED.items()]
    out.print(said("应急事件 {name}：{parts}", name=found.incident, parts=listed(parts)), markup=False)
    if covered := found.counts.get("not_covered", 0):
        out.print(said("另有 {count:,} 笔已付款的，账单还没有到那一天，没有核对。", count=covered))
    if found.repeated:
        out.print(said("两份文件里重复的行：{count:,} 行，只算一次。", count=found.repeated))
    by_kind: dict[str, list[tuple[object, ...]]] = {}
    for one in found.discrepancies():
        rows = by_kind.setdefault(one["kind"], [])
        if len(rows) < SHOWN:
            rows.append((one["order"], *_sides(one)))
    for kind, rows in by_kind.items():
        told = words.DISCREPANCIES[kind]
        sentence = said(
            "{word}：{count:,} 处。{next}（{owner}）",
            word=told.word,
            count=found.kinds[kind],
            next=told.next,
            owner=words.DISCREPANCY_OWNERS[told.owner],
        )
        out.print(f"\n{sentence}", style="yellow", markup=False)
        table(told.word, ("单号", "我方", "主系统", "账单"), rows, empty="")
    cells = [(one["file"], one["row"], one["column"], one["detail"]) for one in islice(found.cells(), SHOWN)]
    if cells:
        table("没有读懂的", ("文件", "行", "列", "原因"), cells, empty="")
    if found.balances:
        out.print(said("全部对上。"))
    elif max((*found.kinds.values(), found.unread), default=0) > SHOWN:
        out.print(said("每类只显示前 {count} 处，其余见 --json。", count=SHOWN))


def _show_kept(kept: KeptOut | None) -> None:
    if kept is not None:
        sentence = said(
            "已判为重复 {duplicates:,} 笔，挂起等人 {held:,} 笔，没有动的 {left:,} 笔。",
            duplicates=kept.duplicates,
            held=kept.held,
            left=kept.left,
        )
        out.print(sentence)


def _show_file(file: FileRead) -> None:
    if file.same_as:
        out.print(said("{name}：与 {other} 是同一份文件，只算一次。", name=file.name, other=file.same_as), markup=False)
        return
    sentence = said(
        "{name}：按“{title}”读了 {rows:,} 行，略过 {passed:,} 行，没读懂 {unread:,} 处",
        name=file.name,
        title=file.title,
        rows=file.rows,
        passed=file.passed_over,
        unread=file.unread,
    )
    out.print(sentence, markup=False)
    if file.unused:
        out.print(said("  没有用到的列：{columns}", columns=listed(file.unused[:20])), markup=False)


def _sides(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return (
        _lines(one["ours"], _our_side),
        _lines(one["main"], _their_side),
        _lines(one["payments"], _their_side),
    )


def _lines(some: Sequence[Mapping[str, Any]], side: Any) -> str:  # noqa: ANN401 - one of the two below
    shown = [side(one) for one in some[:_MOST_SIDES]]
    if len(some) > _MOST_SIDES:
        shown.append(said("……共 {count} 行", count=len(some)))
    return "\n".join(shown)


def _our_side(one: Mapping[str, Any]) -> str:
    paid = words.PAYMENTS.get(one["payment"] or "", "")
    state = words.ORDER_STATES[one["state"]].text
    return " ".join(filter(None, (one["number"], state, _amount(one["total_fen"]), str(paid))))


def _their_side(one: Mapping[str, Any]) -> str:
    where = listed(said("{file} 第 {row} 行", file=row["file"], row=row["row"]) for row in one["rows"][:2])
    said_there = one.get("said") or words.MOVED.get(one.get("kind", ""), "")
    return " ".join(filter(None, (one["number"], said_there, _amount(one["amount_fen"]), where)))


def _amount(fen: int | None) -> str:
    return "" if fen is None else f"¥{amount(fen)}"
