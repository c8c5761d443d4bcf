"""``lifeboat orders``: an order's way, and what a person may decide about it."""

from typing import Annotated, Literal

import typer

from app.bootstrap.decisions import amender_of, preflight_of
from app.cli.language import listed, said, words
from app.cli.orders_import import import_file
from app.cli.terminal import Json, actor, amount, fail, lifeboat, local, moment, out, say_json
from app.domain.money import yuan
from app.domain.states import OrderState
from app.orders.complete import complete
from app.orders.correct import correct
from app.orders.decide import cancel, clean_number, reject
from app.orders.timeline import whole_time_line

app = typer.Typer(help="订单：查看经过，导入，补全，取消，人工关闭。", no_args_is_help=True)
app.command("import")(import_file)

Number = Annotated[str, typer.Argument(help="应急单号。")]
Reason = Annotated[str, typer.Option(help="原因，写入记录。")]


@app.command()
def show(number: Number, *, as_json: Json = False) -> None:
    """显示订单的状态与经过。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        row = uow.orders.numbered(number.strip().upper())
        if row is None:
            fail(said("没有订单 {order}。", order=number))
        events = whole_time_line(uow, row)
        if as_json:
            say_json(
                {
                    "order_number": row.number,
                    "status": row.state,
                    "held_kind": row.held_kind if row.state == OrderState.HELD else None,
                    "looks_like": row.looks_like,
                    "reason": row.state_reason,
                    "priority": row.priority,
                    "total": yuan(row.total_fen) if isinstance(row.total_fen, int) else None,
                    "timeline": [{"at": moment(boat, e.at), "event": e.event, "detail": e.detail} for e in events],
                }
            )
            return
        priority = words.PRIORITIES["high" if row.priority == "high" else "normal"].text
        out.print(
            said(
                "{order}　{state}　{priority}　{total}",
                order=row.number,
                state=words.ORDER_STATES[row.state].text,
                priority=priority,
                total=_total(row.total_fen),
            ),
            markup=False,
        )
        for event in events:
            out.print(said("  {at}　{event}", at=local(boat, event.at), event=event.detail), markup=False)


def _total(fen: object) -> str:
    return said("{amount} 元", amount=amount(fen)) if isinstance(fen, int) else amount(None)


@app.command("complete")
def complete_order(
    number: Number,
    fields: Annotated[
        list[str],
        typer.Argument(
            metavar="字段=值…",
            help="如 recipient.name=张三 items.0.unit_price=9.90 payment.status=paid；placed_at= 留空为清除。",
        ),
    ],
    reason: Reason,
    *,
    as_json: Json = False,
) -> None:
    """补全待人工确认的订单：按受理时的规则检查、加密保存；资料齐了就进入下一批次。"""
    if wrong := [field for field in fields if "=" not in field]:
        fail(said("请写成 字段=值：{fields}", fields=listed(wrong)), code=2)
    changes: dict[str, object] = {path: value for path, _, value in (field.partition("=") for field in fields)}
    with lifeboat() as boat:
        amend, preflight, now = amender_of(boat), preflight_of(boat), boat.clock.now()
        with boat.store.writing() as uow:
            done = complete(uow, number, changes, reason=reason, amend=amend, preflight=preflight, by=actor(), now=now)
    if as_json:
        say_json(
            {
                "order_number": done.number,
                "status": done.state,
                "held_kind": done.kind,
                "missing": list(done.fitness.missing),
                "reason": done.fitness.reason or None,
            }
        )
    elif done.state == OrderState.ACCEPTED:
        out.print(said("订单 {order} 已补全，将进入下一批次。", order=done.number), markup=False)
    else:
        sentence = said("订单 {order} 已保存，但仍待人工确认：{reason}", order=done.number, reason=done.fitness.reason)
        out.print(sentence, markup=False)
    if done.state != OrderState.ACCEPTED:
        raise typer.Exit(1)


@app.command("cancel")
def cancel_order(number: Number, reason: Reason, *, as_json: Json = False) -> None:
    """顾客取消：关闭订单。已在批次文件中的，请同时在主系统中拦截。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        cancel(uow, number, reason=reason, by=actor(), now=boat.clock.now())
    sentence = said("订单 {order} 已取消。", order=clean_number(number))
    _say_state(number, OrderState.CANCELLED, sentence, as_json=as_json)


@app.command("reject")
def reject_order(number: Number, reason: Reason, *, as_json: Json = False) -> None:
    """主系统无法导入且无法补录：人工关闭。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        reject(uow, number, reason=reason, by=actor(), now=boat.clock.now())
    sentence = said("订单 {order} 已人工关闭。", order=clean_number(number))
    _say_state(number, OrderState.REJECTED, sentence, as_json=as_json)


@app.command("correct")
def correct_order(
    number: Number,
    to: Annotated[
        Literal["imported", "duplicate", "rejected", "cancelled", "batched"],
        typer.Option(help="更正为：已导入、重复、人工关闭、已取消，或退回批次（batched，尚未导入）。"),
    ],
    reason: Reason,
    main: Annotated[str | None, typer.Option(help="主系统单号；不写则保持不变。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """更正记错的最终结果：签认之前都可以，记下是谁、为什么。事件已关闭也可以。"""
    number = number.strip().upper()
    with lifeboat() as boat, boat.store.writing() as uow:
        correct(uow, number, to=OrderState(to), main=main, reason=reason, by=actor(), now=boat.clock.now())
    state = words.ORDER_STATES[to].text
    sentence = (
        said("订单 {order} 已更正为“{state}”（{main}）。", order=number, state=state, main=main)
        if main
        else said("订单 {order} 已更正为“{state}”。", order=number, state=state)
    )
    _say_state(number, OrderState(to), sentence, as_json=as_json)


def _say_state(number: str, state: OrderState, sentence: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"order_number": clean_number(number), "status": state})
    else:
        out.print(sentence, markup=False)
