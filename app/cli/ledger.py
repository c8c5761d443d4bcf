"""``lifeboat ledger``: the equation that proves nothing was lost."""

from typing import Annotated

import typer

from app.cli.language import listed, said, words
from app.cli.terminal import Json, err, lifeboat, out, say_json
from app.store.ledger import ledger_of
from app.store.spool.file import damaged_files
from app.web.api.ledger import as_document


def ledger(
    incident: Annotated[str | None, typer.Option(help="事件编号；缺省为进行中或最近的。")] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="逐行清点每一笔，不用累计数（量大时较慢）。")] = False,
    as_json: Json = False,
) -> None:
    """对账台账：已受理 = 各去向之和；不平则退出码为 1。"""
    with lifeboat() as boat:
        found = ledger_of(boat.store, spool_dir=boat.settings.spool_dir, incident=incident, full=full)
    document = as_document(found)
    if as_json:
        say_json(document)
    else:
        out.print(said("应急事件 {name}", name=found.incident or said("（无）")))
        parts = " + ".join(f"{name} {document[key]:,}" for key, name in words.LEDGER.items())
        out.print(said("已受理 {accepted:,} = {parts}", accepted=found.accepted, parts=parts))
        if found.held_by:
            kinds = words.held_sentence(found.held_by)
            out.print(said("{held} {count:,}：{kinds}", held=words.LEDGER["held"], count=found.held, kinds=kinds))
        out.print(
            said("台账平衡。")
            if found.balanced
            else said("台账不平：相差 {difference}。", difference=found.accepted - found.accounted),
            style=None if found.balanced else "red",
        )
    damaged = damaged_files(boat.settings.spool_dir)
    if damaged:
        sentence = said(
            "台账尚不能证明：损坏的暂存文件里可能还有订单，请用 lifeboat spool salvage 抢救：{files}",
            files=listed(path.name for path in damaged),
        )
        err.print(sentence, style="red")
    if damaged or not found.balanced:
        raise typer.Exit(1)
