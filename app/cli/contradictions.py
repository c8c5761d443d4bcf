"""``lifeboat results``: words of the main system that contradict what is known, and a person's decision about each."""

from typing import Annotated, Literal

import typer

from app.cli.language import said, words
from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table
from app.orders.contradictions import settle_contradiction
from app.web.api.contradictions import ContradictionOut, WordOnOrder, contradiction_page

app = typer.Typer(help="导入结果中的矛盾：列出，裁定。导入结果本身用 import-results。", no_args_is_help=True)


@app.command("contradictions")
def list_contradictions(
    everything: Annotated[bool, typer.Option("--all", help="连已裁定的一起列出。")] = False,  # noqa: FBT002 - an option
    limit: Annotated[int, typer.Option(min=1, max=200, help="条数。")] = 50,
    after: Annotated[int | None, typer.Option(help="从这个编号之后继续（上一页的 next）。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """列出与已知结果矛盾、等人裁定的结果，旧的在前。"""
    with lifeboat() as boat:
        page = contradiction_page(boat, everything=everything, after=after, limit=limit)
        if as_json:
            say_json(page.model_dump(mode="json"))
            return
        table(
            "矛盾的结果",
            ("编号", "应急单号", "批次", "已知", "又称", "原因", "上传", "裁定"),
            [
                (
                    one.id,
                    one.order_number,
                    one.batch,
                    _said(one.known),
                    _said(one.said),
                    one.reason,
                    f"{one.reported_by} {local(boat, one.reported_at)}",
                    _settled(one),
                )
                for one in page.items
            ],
            empty="没有等人裁定的矛盾。",
        )
        if page.next:
            out.print(said("更多：lifeboat results contradictions --after {id}", id=page.next))


@app.command("settle")
def settle(
    number: Annotated[int, typer.Argument(help="矛盾的编号。", metavar="ID")],
    decision: Annotated[Literal["keep", "take"], typer.Argument(help="keep 维持原状，take 采纳新结果。")],
    reason: Annotated[str, typer.Option(help="原因，写入记录。")],
) -> None:
    """裁定一条矛盾：维持原状，或按主系统后来的说法更正订单。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        found = settle_contradiction(uow, number, decision, reason=reason, by=actor(), now=boat.clock.now())
        order_number = found.order_number
    out.print(
        said("订单 {order}：已按新结果更正。", order=order_number)
        if decision == "take"
        else said("订单 {order}：维持原状。", order=order_number),
        markup=False,
    )


def _said(word: WordOnOrder) -> str:
    return words.said(word.result) + (f" {word.main_order_number}" if word.main_order_number else "")


def _settled(one: ContradictionOut) -> str:
    state = words.CONTRADICTIONS[one.settlement or "open"].text
    return said("{state}（{by}）", state=state, by=one.settled_by) if one.settled_by else state
