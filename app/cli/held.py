"""``lifeboat held``: orders that wait for a person, by kind, and what may be decided about them."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from app.bootstrap import Lifeboat
from app.bootstrap.decisions import preflight_of
from app.cli.language import listed, said, words
from app.cli.terminal import Json, actor, amount, lifeboat, local, moment, out, say_json, table
from app.domain.money import yuan
from app.domain.states import HeldKind
from app.orders.decide import Released, StillHeld, clean_number, mark_duplicate, release
from app.orders.settle import found_in_main, not_in_main
from app.orders.undo import undo_decision
from app.store.tables import OrderRow

app = typer.Typer(
    help="待人工确认的订单：疑似重复、资料不全、无法处理、未付款；暂不进入批次，绝不自动丢弃。", no_args_is_help=True
)

Numbers = Annotated[list[str], typer.Argument(help="应急单号，可多个。")]


@app.command("list")
def list_held(
    kind: Annotated[HeldKind | None, typer.Option(help="只列这一类。")] = None, *, as_json: Json = False
) -> None:
    """列出待人工确认的订单、类别与原因，最早的在前。"""
    with lifeboat() as boat:
        preflight = preflight_of(boat)
        held = [(row, preflight(row).missing) for row in _all_held(boat, kind)]
        if as_json:
            say_json([_item(boat, row, missing) for row, missing in held])
            return
        table(
            "待人工确认",
            ("应急单号", "类别", "疑似与", "金额", "手机尾号", "受理时间", "原因"),
            [_line(boat, row, missing) for row, missing in held],
            empty="没有待人工确认的订单。",
            whole=("疑似与",),
        )


@app.command("release")
def release_orders(
    numbers: Numbers, reason: Annotated[str, typer.Option(help="原因，写入记录。")] = "", *, as_json: Json = False
) -> None:
    """人工确认后放行，进入下一批次；目标系统会拒收的不能放行，请先补全。"""
    with lifeboat() as boat:
        preflight, now = preflight_of(boat), boat.clock.now()
        with boat.store.writing() as uow:
            answers = [release(uow, n, preflight=preflight, reason=reason, by=actor(), now=now) for n in numbers]
    released = [one for one in answers if isinstance(one, Released)]
    still = [one for one in answers if isinstance(one, StillHeld)]
    if as_json:
        held = [{"order_number": one.number, "kind": one.kind, "reason": one.reason} for one in still]
        say_json({"released": [one.number for one in released], "held": held})
    else:
        if released:
            out.print(said("已放行 {count} 笔，将进入下一批次。", count=len(released)))
        for one in still:
            sentence = said(
                "{order} 已记录，但{reason}，仍待人工确认；确要发货请再次放行。", order=one.number, reason=one.reason
            )
            out.print(sentence, markup=False)
    if still:
        raise typer.Exit(1)


@app.command("mark-duplicate")
def mark_duplicates(
    numbers: Numbers,
    of: Annotated[str | None, typer.Option("--of", help="与哪一笔重复；缺省为它疑似的那一笔。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """确认是重复单：关闭，不再进入批次。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        closed = [mark_duplicate(uow, number, of=of, by=actor(), now=boat.clock.now()) for number in numbers]
    if as_json:
        pairs = zip(map(clean_number, numbers), closed, strict=True)
        say_json({"duplicates": [{"order_number": number, "of": other} for number, other in pairs]})
        return
    out.print(said("已将 {count} 笔标记为重复单。", count=len(numbers)))


@app.command("in-main")
def close_as_in_main(
    number: Annotated[str, typer.Argument(help="应急单号。")],
    theirs: Annotated[str, typer.Option("--as", help="它在主系统里的单号。")],
    *,
    as_json: Json = False,
) -> None:
    """主系统已有此单：关闭，记下主系统单号，不再进入批次。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        known = found_in_main(uow, number, main_number=theirs, by=actor(), now=boat.clock.now())
    if as_json:
        say_json({"order_number": clean_number(number), "main_order_number": known})
        return
    sentence = said("{order} 已关闭：主系统已有，单号 {theirs}。", order=clean_number(number), theirs=known)
    out.print(sentence, markup=False)


@app.command("not-in-main")
def settle_as_not_in_main(number: Annotated[str, typer.Argument(help="应急单号。")], *, as_json: Json = False) -> None:
    """已出文件的订单被代理转来：确认主系统没有另一笔，记下结论。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        not_in_main(uow, number, by=actor(), now=boat.clock.now())
    if as_json:
        say_json({"order_number": clean_number(number), "main_may_have": "settled_no"})
        return
    out.print(said("{order} 已记录：主系统没有另一笔此单。", order=clean_number(number)), markup=False)


@app.command("undo")
def undo_decisions(numbers: Numbers, *, as_json: Json = False) -> None:
    """撤销刚才的放行或重复裁定：10 秒内，且还没有被批次取走；之后不能再撤销。"""
    with lifeboat() as boat:
        now = boat.clock.now()
        with boat.store.writing() as uow:
            undone = [undo_decision(uow, number, by=actor(), now=now, anybody=True) for number in numbers]
    if as_json:
        say_json({"undone": [{"order_number": one.number, "decision": one.sentence} for one in undone]})
        return
    for one in undone:
        sentence = said("{order} 已撤销“{decision}”，重新待人工确认。", order=one.number, decision=one.sentence)
        out.print(sentence, markup=False)


def _all_held(boat: Lifeboat, kind: HeldKind | None) -> Iterator[OrderRow]:
    """Yield every held order, oldest first, a page in memory at a time."""
    after_id = 0
    while True:
        with boat.store.reading() as uow:
            rows = uow.orders.held(kind=kind, after_id=after_id)
        yield from rows
        if not rows:
            return
        after_id = rows[-1].id or 0


def _item(boat: Lifeboat, row: OrderRow, missing: Sequence[str]) -> dict[str, object]:
    return {
        "order_number": row.number,
        "kind": row.held_kind,
        "looks_like": row.looks_like,
        "reason": row.state_reason,
        "missing": list(missing),
        "total": yuan(row.total_fen) if isinstance(row.total_fen, int) else None,
        "phone_last4": row.phone_last4,
        "received_at": moment(boat, row.received_at),
    }


def _line(boat: Lifeboat, row: OrderRow, missing: Sequence[str]) -> tuple[object, ...]:
    kind = words.HELD_KINDS.get(row.held_kind or "")
    reason = row.state_reason or ""
    if missing and row.held_kind != HeldKind.INCOMPLETE:
        reason = said("{reason}（仍缺少：{fields}）", reason=reason, fields=listed(missing))
    return (
        row.number,
        kind.text if kind else row.held_kind,
        row.looks_like,
        amount(row.total_fen),
        row.phone_last4,
        local(boat, row.received_at),
        reason,
    )
