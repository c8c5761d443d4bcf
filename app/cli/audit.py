"""``lifeboat audit``: who did what, and the proof that nobody has changed the record since."""

from typing import Annotated

import typer

from app.cli.language import said
from app.cli.terminal import Json, fail, lifeboat, local, out, say_json, table
from app.store.audit_chain import verify_chain

app = typer.Typer(help="审计：谁在何时做了什么；核对记录是否被改动。", no_args_is_help=True)


@app.command("list")
def list_deeds(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="条数。")] = 50,
    before: Annotated[int | None, typer.Option(help="从这个编号之前继续（上一页的 next）。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """列出审计记录，新的在前。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        deeds = uow.audit.page(before=before, limit=limit + 1)
        more = str(deeds[limit - 1].id) if len(deeds) > limit else None
        deeds = deeds[:limit]
        if as_json:
            items = [
                {
                    "id": deed.id,
                    "at": deed.at.astimezone(boat.settings.zone).isoformat(),
                    "actor": deed.actor,
                    "way": deed.way,
                    "action": deed.action,
                    "subject": deed.subject,
                    "address": deed.address,
                    "detail": deed.detail,
                    "chained": deed.chained_at is not None,
                }
                for deed in deeds
            ]
            say_json({"items": items, "next": more})
            return
        table(
            "审计记录",
            ("编号", "时间", "谁", "从哪里", "动作", "对象", "详情"),
            [
                (d.id, local(boat, d.at), d.actor, d.address or d.way, d.action, d.subject, d.detail or "")
                for d in deeds
            ],
            empty="还没有审计记录。",
        )
        if more:
            out.print(said("更早的：lifeboat audit list --before {id}", id=more))


@app.command()
def verify(*, as_json: Json = False) -> None:
    """沿链核对每一段的摘要：有记录被改动或抽走，退出码为 1。"""
    with lifeboat() as boat:
        found = verify_chain(boat.store)
    if as_json:
        say_json(
            {
                "intact": found.intact,
                "blocks": found.blocks,
                "deeds": found.deeds,
                "unchained": found.unchained,
                "head": found.head,
                "broken": found.broken,
            }
        )
        if not found.intact:
            raise typer.Exit(1)
        return
    if not found.intact:
        fail(
            said(
                "第 {broken} 段对不上：其中的记录被改动、增加或抽走；之前的 {intact} 段完好。",
                broken=found.broken,
                intact=found.blocks,
            )
        )
    out.print(
        said(
            "审计链完好：{blocks} 段，{records} 条记录；另有 {unchained} 条待入链。",
            blocks=found.blocks,
            records=found.deeds,
            unchained=found.unchained,
        )
    )
    out.print(said("链头（请另存他处，日后可证明此前未被改动）：{head}", head=found.head))
