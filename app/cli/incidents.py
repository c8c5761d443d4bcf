"""``lifeboat incident``: opening, closing and showing an outage or a drill."""

from typing import Annotated

import typer

from app.cli.language import words
from app.cli.terminal import Json, actor, fail, lifeboat, local, out, say_json
from app.reconcile.incidents import close_incident, open_incident
from app.store.ledger import ledger_of
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
            say_json({"incident": incident.name, "drill": drill, "opened_at": incident.opened_at.isoformat()})
        else:
            out.print(f"已开启{words.INCIDENT_KINDS[drill]}事件 {incident.name}。")


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
            out.print(f"事件 {closed.incident.name} 已关闭。")


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
                fail(f"没有事件 {name}。")
            if as_json:
                say_json({"incident": None})
            else:
                out.print("还没有应急事件。首笔订单会自动开启，或用 lifeboat incident open。")
            return
        ledger = ledger_of(boat.store, spool_dir=boat.settings.spool_dir, incident=incident.name)
        if as_json:
            state = "closed" if incident.closed_at else "open"
            closed_at = incident.closed_at.isoformat() if incident.closed_at else None
            say_json(
                {
                    "incident": incident.name,
                    "drill": incident.drill,
                    "state": state,
                    "reason": incident.reason,
                    "opened_at": incident.opened_at.isoformat(),
                    "closed_at": closed_at,
                    "ledger": as_document(ledger),
                }
            )
            return
        state = f"已于 {local(boat, incident.closed_at)} 关闭" if incident.closed_at else "进行中"
        out.print(
            f"{words.INCIDENT_KINDS[incident.drill]}事件 {incident.name}：{state}\n"
            f"开启：{local(boat, incident.opened_at)}（{incident.opened_by}）{incident.reason}",
            markup=False,
        )
        out.print(
            f"已受理 {ledger.accepted}，" + words.ledger_sentence(ledger, "waiting", "held", "batched", "imported")
        )
