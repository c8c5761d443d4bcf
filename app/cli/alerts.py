"""``lifeboat alerts``: what is wrong now, and what was."""

from typing import Annotated

import typer

from app import words
from app.cli.terminal import Json, lifeboat, local, out, say_json, table
from app.web.api.alerts import page_of

app = typer.Typer(help="告警：正在发生的与已经恢复的。", no_args_is_help=True)


@app.callback()
def alerts() -> None:
    """告警：正在发生的与已经恢复的。"""  # a group of one command would otherwise be that command


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
            ("编号", "级别", "状态", "内容", "自", "至"),
            [
                (
                    a.id,
                    words.ALERT_LEVELS[a.level],
                    words.ALERT_STATES[a.state],
                    a.text,
                    local(boat, a.since),
                    local(boat, a.until),
                )
                for a in page.items
            ],
            empty="没有告警。",
        )
        if page.next:
            out.print(f"更早的：lifeboat alerts list --before {page.next}")
