"""``lifeboat held``: look-alikes that wait for a person."""

from typing import Annotated

import typer

from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table
from app.domain.money import yuan
from app.orders.decide import mark_duplicate, release

app = typer.Typer(help="疑似重复单：暂不进入批次，等人确认；绝不自动丢弃。", no_args_is_help=True)

Numbers = Annotated[list[str], typer.Argument(help="应急单号，可多个。")]


@app.command("list")
def list_held(*, as_json: Json = False) -> None:
    """列出待人工确认的订单及其相似的订单。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        rows = uow.orders.held()
    if as_json:
        say_json(
            [
                {
                    "order_number": r.number,
                    "looks_like": r.looks_like,
                    "reason": r.state_reason,
                    "total": yuan(r.total_fen) if isinstance(r.total_fen, int) else None,
                    "phone_last4": r.phone_last4,
                    "received_at": r.received_at.isoformat(),
                }
                for r in rows
            ]
        )
        return
    table(
        "待人工确认",
        ("应急单号", "疑似与", "金额", "手机尾号", "受理时间", "原因"),
        [
            (
                r.number,
                r.looks_like,
                yuan(r.total_fen) if isinstance(r.total_fen, int) else "",
                r.phone_last4,
                local(boat, r.received_at),
                r.state_reason,
            )
            for r in rows
        ],
        empty="没有待人工确认的订单。",
    )


@app.command("release")
def release_orders(numbers: Numbers) -> None:
    """确认不是重复单：放行，进入下一批次。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        for number in numbers:
            release(uow, number, by=actor(), now=boat.clock.now())
    out.print(f"已放行 {len(numbers)} 笔，将进入下一批次。")


@app.command("mark-duplicate")
def mark_duplicates(numbers: Numbers) -> None:
    """确认是重复单：关闭，不再进入批次。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        for number in numbers:
            mark_duplicate(uow, number, by=actor(), now=boat.clock.now())
    out.print(f"已将 {len(numbers)} 笔标记为重复单。")
