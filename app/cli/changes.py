"""``lifeboat changes``: what storefronts changed about orders whose file is out, and what has become of it."""

from typing import Annotated, Literal

import typer

from app.bootstrap import change_publisher
from app.cli.language import said, words
from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table
from app.orders.change import settle_change
from app.web.api.order_change_desk import NotedChangeOut, NotedChangePage

app = typer.Typer(help="批次文件发出后渠道又取消、又付款的订单：列出，记下结果，取变更清单。", no_args_is_help=True)


@app.command("list")
def list_changes(
    limit: Annotated[int, typer.Option(min=1, max=200, help="条数。")] = 50,
    after: Annotated[int | None, typer.Option(help="从这个编号之后继续（上一页的 next）。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """列出待处理的订单变更，旧的在前。"""
    with lifeboat() as boat:
        with boat.store.reading() as uow:
            found = uow.changes.page(after=after, limit=limit + 1)
        items = [NotedChangeOut.of(one, boat.keyring) for one in found[:limit]]
        more = str(items[-1].id) if len(found) > limit else None
        if as_json:
            say_json(NotedChangePage(items=items, next=more).model_dump(mode="json"))
            return
        table(
            "订单变更",
            ("编号", "应急单号", "批次", "变更", "原因", "时间"),
            [
                (one.id, one.order_number, one.batch, words.CHANGES[one.change], one.reason, local(boat, one.asked_at))
                for one in items
            ],
            empty="没有待处理的变更。",
        )
        if more:
            out.print(said("更多：lifeboat changes list --after {id}", id=more))


@app.command("settle")
def settle(
    number: Annotated[int, typer.Argument(help="变更的编号。", metavar="ID")],
    outcome: Annotated[Literal["done", "refused"], typer.Argument(help="done 主系统已处理，refused 未能处理。")],
    reason: Annotated[str, typer.Option(help="说明；未能处理时必填，写入记录。")] = "",
) -> None:
    """记下一项变更的结果：主系统已处理，或未能处理。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        found = settle_change(uow, number, done=outcome == "done", reason=reason, by=actor(), now=boat.clock.now())
        order_number = found.order_number
    out.print(
        said("订单 {order}：变更已处理。", order=order_number)
        if outcome == "done"
        else said("订单 {order}：变更未能处理。", order=order_number),
        markup=False,
    )


@app.command("file")
def file(
    batch: Annotated[str, typer.Argument(help="批次编号。")],
    *,
    as_json: Json = False,
) -> None:
    """写出一个批次的变更清单，打印它在哪里；记入下载记录。"""
    with lifeboat() as boat:
        taken = change_publisher(boat).take(batch, by=actor(), now=boat.clock.now())
    if as_json:
        say_json({"batch": batch, "path": str(taken.path), "rows": taken.rows, "sha256": taken.sha256})
    else:
        out.print(str(taken.path), markup=False)
