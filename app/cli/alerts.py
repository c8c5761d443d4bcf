"""``lifeboat alerts``: what is wrong now, and what was; taking one on, or keeping it quiet for a while."""

from datetime import timedelta
from typing import Annotated

import typer

from app.bootstrap import Lifeboat
from app.cli.language import said, words
from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table
from app.store.tables import Alert
from app.watch.attend import claim_alert, silence_alert, unsilence_alert
from app.web.api.alerts import attended, page_of

app = typer.Typer(help="告警：正在发生的与已经恢复的；认领，静默。", no_args_is_help=True)

AlertId = Annotated[int, typer.Argument(min=1, help="告警编号，见 lifeboat alerts list。")]


@app.command("list")
def list_alerts(
    limit: Annotated[int, typer.Option(min=1, max=200, help="条数。")] = 50,
    before: Annotated[int | None, typer.Option(help="从这个编号之前继续（上一页的 next）。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """列出告警，新的在前。"""
    with lifeboat() as boat:
        page = page_of(boat, before=before, limit=limit)
        if as_json:
            say_json(page.model_dump(mode="json"))
            return
        table(
            "告警",
            ("编号", "级别", "状态", "内容", "自", "至", "认领人"),
            [
                (
                    a.id,
                    words.ALERT_LEVELS[a.level],
                    words.ALERT_STATES[a.state],
                    a.text,
                    local(boat, a.since),
                    local(boat, a.until),
                    a.by,
                )
                for a in page.items
            ],
            empty="没有告警。",
        )
        if page.next:
            out.print(said("更早的：lifeboat alerts list --before {id}", id=page.next))


@app.command()
def claim(
    alert_id: AlertId,
    *,
    take_over: Annotated[bool, typer.Option("--take-over", help="从已认领的人手里接过来。")] = False,
    as_json: Json = False,
) -> None:
    """认领：说明有人在处理。红灯 30 分钟、橙灯 60 分钟内不再提醒；只有原因消失才会恢复。"""
    with lifeboat() as boat:
        with boat.store.writing() as uow:
            alert = claim_alert(uow, alert_id, by=actor(), now=boat.clock.now(), take_over=take_over)
        _say(boat, alert, said("已认领：{alert}", alert=alert.text), as_json=as_json)


@app.command()
def silence(
    alert_id: AlertId,
    why: Annotated[str, typer.Option(help="为什么静默，接班的人要看。")],
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="静默多少分钟，最长 24 小时。")] = 60,
    *,
    as_json: Json = False,
) -> None:
    """静默：暂不通知群与邮箱，列表中仍然可见；到时仍未恢复会再次通知。"""
    with lifeboat() as boat:
        lasting = timedelta(minutes=minutes)
        with boat.store.writing() as uow:
            alert = silence_alert(uow, alert_id, lasting=lasting, why=why, by=actor(), now=boat.clock.now())
        sentence = said("静默到 {until}：{alert}", until=local(boat, alert.silenced_until), alert=alert.text)
        _say(boat, alert, sentence, as_json=as_json)


@app.command()
def unsilence(alert_id: AlertId, *, as_json: Json = False) -> None:
    """解除静默；仍未恢复的立即通知。"""
    with lifeboat() as boat:
        with boat.store.writing() as uow:
            alert = unsilence_alert(uow, alert_id, by=actor(), now=boat.clock.now())
        _say(boat, alert, said("已解除静默：{alert}", alert=alert.text), as_json=as_json)


def _say(boat: Lifeboat, alert: Alert, sentence: str, *, as_json: bool) -> None:
    if as_json:
        say_json(attended(boat, alert).model_dump(mode="json"))
    else:
        out.print(sentence, markup=False)
