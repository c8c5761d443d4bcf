"""``lifeboat incident``: opening, closing and showing an outage or a drill."""

from typing import Annotated

import typer

from app.bootstrap import Lifeboat
from app.cli.language import said, words
from app.cli.terminal import Json, actor, fail, lifeboat, local, moment, out, say_json, table
from app.reconcile.incidents import close_incident, open_incident
from app.store.ledger import ledger_of
from app.store.tables import Incident
from app.web.api.ledger import as_document

app = typer.Typer(help="应急事件：一次宕机（或演练）的全部订单、批次和消息都归于它。", no_args_is_help=True)

Drill = Annotated[bool, typer.Option("--drill", help="演练事件。")]


@app.command("open")
def open_one(
    reason: Annotated[str, typer.Option(help="原因，写入报告。")] = "", *, drill: Drill = False, as_json: Json = False
) -> None:
    """开启应急事件（首笔订单也会自动开启）。"""
    with lifeboat() as boat:
        with boat.store.writing() as uow:
            incident = open_incident(
                uow, drill=drill, reason=reason, by=actor(), now=boat.clock.now(), zone=boat.settings.zone
            )
        if as_json:
            say_json({"incident": incident.name, "drill": drill, "opened_at": moment(boat, incident.opened_at)})
        else:
            out.print(said("已开启{kind}事件 {name}。", kind=words.INCIDENT_KINDS[drill], name=incident.name))


@app.command()
def close(
    name: Annotated[str | None, typer.Argument(help="事件编号；缺省为进行中的那个。")] = None,
    *,
    drill: Drill = False,
    force: Annotated[bool, typer.Option("--force", help="仍有未完结订单也关闭。")] = False,
    as_json: Json = False,
) -> None:
    """关闭应急事件；之后的订单会开启新的事件。"""
    with lifeboat() as boat:
        closed = close_incident(
            boat.store,
            name,
            drill=drill,
            spool_dir=boat.settings.spool_dir,
            force=force,
            by=actor(),
            now=boat.clock.now(),
        )
        if as_json:
            say_json({"incident": closed.incident.name, "closed": True, "unfinished": closed.unfinished})
        else:
            out.print(said("事件 {name} 已关闭。", name=closed.incident.name))


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="事件编号；缺省为进行中或最近的。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """显示事件及其台账。"""
    with lifeboat() as boat:
        with boat.store.reading() as uow:
            incident = uow.incidents.named(name) if name else uow.incidents.latest()
        if incident is None:
            if name:
                fail(said("没有事件 {name}。", name=name))
            if as_json:
                say_json({"incident": None})
            else:
                out.print(said("还没有应急事件。首笔订单会自动开启，或用 lifeboat incident open。"))
            return
        ledger = ledger_of(boat.store, spool_dir=boat.settings.spool_dir, incident=incident.name)
        if as_json:
            say_json({**_item(boat, incident), "ledger": as_document(ledger)})
            return
        out.print(_told(boat, incident), markup=False)
        parts = words.ledger_sentence(ledger, "waiting", "held", "batched", "imported")
        out.print(said("已受理 {accepted:,}，{parts}", accepted=ledger.accepted, parts=parts))


@app.command("list")
def list_incidents(
    limit: Annotated[int, typer.Option(min=1, max=200, help="条数。")] = 50,
    before: Annotated[int | None, typer.Option(help="从这里之前继续（上一页的 next）。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """列出应急事件与演练，新的在前。"""
    with lifeboat() as boat:
        with boat.store.reading() as uow:
            found = uow.incidents.page(before=before, limit=limit + 1)
        shown, more = found[:limit], str(found[limit - 1].id) if len(found) > limit else None
        if as_json:
            say_json({"items": [_item(boat, one) for one in shown], "next": more})
            return
        table(
            "应急事件",
            ("事件", "类别", "状态", "开启", "关闭", "原因"),
            [
                (
                    one.name,
                    words.INCIDENT_KINDS[one.drill],
                    said("已关闭") if one.closed_at else said("进行中"),
                    local(boat, one.opened_at),
                    local(boat, one.closed_at),
                    one.reason,
                )
                for one in shown
            ],
            empty="还没有应急事件。首笔订单会自动开启，或用 lifeboat incident open。",
        )
        if more:
            out.print(said("更早的：lifeboat incident list --before {id}", id=more))


def _told(boat: Lifeboat, incident: Incident) -> str:
    """Return what an incident is, for a person: its kind and state, then when, by whom and why it was opened."""
    kind, opened = words.INCIDENT_KINDS[incident.drill], local(boat, incident.opened_at)
    first = (
        said("{kind}事件 {name}：已于 {at} 关闭", kind=kind, name=incident.name, at=local(boat, incident.closed_at))
        if incident.closed_at
        else said("{kind}事件 {name}：进行中", kind=kind, name=incident.name)
    )
    return f"{first}\n" + said("开启：{at}（{by}）{reason}", at=opened, by=incident.opened_by, reason=incident.reason)


def _item(boat: Lifeboat, incident: Incident) -> dict[str, object]:
    return {
        "incident": incident.name,
        "drill": incident.drill,
        "state": "closed" if incident.closed_at else "open",
        "reason": incident.reason,
        "opened_at": moment(boat, incident.opened_at),
        "closed_at": moment(boat, incident.closed_at),
    }
