"""``lifeboat messages``: what was sent, what was not, and another try for the dead letters."""

from typing import Annotated

import typer

from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table
from app.domain.states import MessageState
from app.notify.dispatch.requeue import requeue_dead

app = typer.Typer(help="通知消息：查看状态，重发死信。", no_args_is_help=True)


@app.command("list")
def list_messages(
    state: Annotated[str, typer.Option(help="pending|sending|settling|sent|simulated|merged|dead")] = MessageState.DEAD,
    *,
    as_json: Json = False,
) -> None:
    """列出某一状态的消息（缺省为死信）。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        rows = uow.messages.in_state(state)
    if as_json:
        say_json(
            [
                {
                    "id": m.id,
                    "kind": m.kind,
                    "channel": m.channel,
                    "order_id": m.order_id,
                    "attempts": m.attempts,
                    "reason": m.last_reason,
                    "created_at": m.created_at.isoformat(),
                }
                for m in rows
            ]
        )
        return
    table(
        f"消息（{state}）",
        ("编号", "类型", "渠道", "尝试", "原因", "时间"),
        [(m.id, m.kind, m.channel, m.attempts, m.last_reason, local(boat, m.created_at)) for m in rows],
        empty="没有这样的消息。",
    )


@app.command()
def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="消息编号，可多个。")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="重发全部死信。")] = False,
) -> None:
    """重发死信。短信若结果未知，重发可能使顾客收到两条。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        moved = requeue_dead(uow, None if every else ids or [], by=actor(), now=boat.clock.now())
    out.print(f"已将 {moved} 条死信重新排队。")
