"""``lifeboat messages``: what was sent, what was not and why; dead letters tried again; channels and their pauses."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from app.bootstrap import Lifeboat, policy_of
from app.channels.kinds import label_of
from app.channels.reasons import without_code
from app.cli.language import listed, said, words
from app.cli.terminal import Json, actor, fail, lifeboat, local, moment, out, say_json, table
from app.domain.states import MessageState
from app.notify.channel_health import channel_health
from app.notify.dispatch.requeue import DeadLetters, chosen_dead, requeue_dead
from app.notify.hold import hold_channel, named, release_channel
from app.notify.rendered import rendered
from app.store.tables import Attempt, Message

app = typer.Typer(help="通知消息：查看状态与内容，重发发送失败的，暂停与恢复渠道。", no_args_is_help=True)

ChannelName = Annotated[str, typer.Argument(help="渠道，见 lifeboat messages channels，例如 wecom、sms、sms:coupon。")]


@app.command("list")
def list_messages(
    state: Annotated[MessageState, typer.Option(help="只列这一状态。")] = MessageState.DEAD, *, as_json: Json = False
) -> None:
    """列出某一状态的消息（缺省为发送失败）。"""
    with lifeboat() as boat:
        with boat.store.reading() as uow:
            rows = uow.messages.in_state(state)
        if as_json:
            say_json([_item(boat, m) for m in rows])
            return
        table(
            said("消息（{state}）", state=words.MESSAGE_STATES[state].text),
            ("编号", "类型", "渠道", "尝试", "原因", "时间"),
            [(m.id, m.kind, m.channel, m.attempts, _said(m.last_reason), local(boat, m.created_at)) for m in rows],
            empty="没有这样的消息。",
        )


@app.command()
def show(message_id: Annotated[int, typer.Argument(min=1, help="消息编号。")], *, as_json: Json = False) -> None:
    """查看一条消息：内容，以及每次尝试与服务商的答复。"""
    with lifeboat() as boat:
        with boat.store.reading() as uow:
            message = uow.messages.get(message_id)
            attempts = uow.attempts.of_messages([message_id])
        if message is None:
            fail(said("没有编号为 {id} 的消息。", id=message_id))
        text = rendered(message, codes=True)
        if as_json:
            tries = [_try(boat, attempt) for attempt in attempts]
            say_json(_item(boat, message) | {"text": text.text, "trouble": text.trouble or None, "tries": tries})
            return
        name = words.message_name(message.subject, message.channel, label_of(message.channel))
        state = words.MESSAGE_STATES.get(message.state, words.Label(message.state, "")).text
        at = local(boat, message.created_at)
        out.print(said("{message}　{state}　{at}\n", message=name, state=state, at=at), markup=False)
        out.print(f"{text.text or text.trouble}\n", markup=False)
        table(
            "尝试",
            ("次", "时间", "结果", "服务商的答复"),
            [
                (
                    a.number,
                    local(boat, a.started_at),
                    words.OUTCOMES.get(a.outcome or "", said("进行中")),
                    _said(a.reason),
                )
                for a in attempts
            ],
            empty="还没有尝试过。",
        )


@app.command()
def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="消息编号，可多个。")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="重发全部发送失败的消息。")] = False,
    kind: Annotated[str, typer.Option(help="只重发这一类，例如 order_wecom、coupon_sms。")] = "",
    since: Annotated[datetime | None, typer.Option(help="只重发此刻（本地时间）以后放弃的。")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会重发几条，什么都不改。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="在终端里不再询问。")] = False,
    as_json: Json = False,
) -> None:
    """重发发送失败的消息。短信若结果未知，重发可能使顾客收到两条。"""
    with lifeboat() as boat:
        some = bool(every or kind or since)
        after = since.replace(tzinfo=since.tzinfo or boat.settings.zone) if since else None
        wanted = DeadLetters(ids=None if some else tuple(ids or ()), kind=kind, since=after)
        if some and ids:
            fail(said("编号与 --all、--kind、--since 不能同时给出。"), code=2)
        with boat.store.reading() as uow:
            count = len(chosen_dead(uow, wanted))
        if dry_run:
            if as_json:
                say_json({"would_retry": count})
            else:
                out.print(said("将重发 {count:,} 条发送失败的消息；尚未改动。", count=count))
            return
        if some and count and not (yes or as_json) and out.is_terminal:
            typer.confirm(said("将重发 {count:,} 条发送失败的消息，继续？", count=count), abort=True)
        with boat.store.writing() as uow:
            moved = requeue_dead(uow, wanted, by=actor(), now=boat.clock.now())
    if as_json:
        say_json({"retried": moved})
    else:
        out.print(said("已将 {count:,} 条消息重新排队。", count=moved))


@app.command()
def channels(*, as_json: Json = False) -> None:
    """列出通知渠道：是否通畅，等候的条数，剩余的额度。"""
    with lifeboat() as boat:
        with boat.store.reading() as uow:
            found = channel_health(uow, policy_of(boat.live), now=boat.clock.now())
        if as_json:
            items = [
                {
                    "name": c.name,
                    "label": c.label,
                    "condition": c.condition,
                    "why": c.why or None,
                    "since": moment(boat, c.since),
                    "until": moment(boat, c.until),
                    "by": c.by,
                    "waiting": c.waiting,
                    "used": c.used,
                    "budget": c.budget,
                }
                for c in found
            ]
            say_json({"items": items, "next": None})
            return
        table(
            "通知渠道",
            ("名称", "渠道", "状况", "等候", "额度", "说明"),
            [
                (
                    c.name,
                    c.label,
                    words.CHANNEL_CONDITIONS[c.condition].text,
                    c.waiting,
                    f"{c.used}/{c.budget}" if c.budget else "",
                    said("{by}：{why}", by=c.by, why=c.why) if c.by else c.why,
                )
                for c in found
            ],
            empty="没有通知渠道。",
        )


@app.command()
def pause(
    channel: ChannelName,
    why: Annotated[str, typer.Option(help="为什么暂停，接班的人要看。")],
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="暂停多少分钟，最长 24 小时。")] = 60,
    *,
    as_json: Json = False,
) -> None:
    """暂停一个渠道：消息保留，到时或人工恢复后发出。"""
    with lifeboat() as boat:
        names = named(channel, known=policy_of(boat.live).destinations())
        lasting = timedelta(minutes=minutes)
        with boat.store.writing() as uow:
            until = hold_channel(uow, names, lasting=lasting, why=why, by=actor(), now=boat.clock.now())
        if as_json:
            say_json({"paused": names, "until": moment(boat, until)})
        else:
            at = local(boat, until)
            out.print(said("已暂停 {channels}，到 {at} 自动恢复。", channels=listed(names), at=at), markup=False)


@app.command()
def unpause(channel: ChannelName, *, as_json: Json = False) -> None:
    """恢复一个被人暂停的渠道，等候的消息随即发出。"""
    with lifeboat() as boat:
        names = named(channel, known=policy_of(boat.live).destinations())
        with boat.store.writing() as uow:
            release_channel(uow, names, by=actor(), now=boat.clock.now())
        if as_json:
            say_json({"unpaused": names})
        else:
            out.print(said("已恢复 {channels}。", channels=listed(names)), markup=False)


def _item(boat: Lifeboat, m: Message) -> dict[str, Any]:
    return {
        "id": m.id,
        "kind": m.kind,
        "channel": m.channel,
        "state": m.state,
        "order_id": m.order_id,
        "attempts": m.attempts,
        "reason": m.last_reason,
        "created_at": moment(boat, m.created_at),
    }


def _try(boat: Lifeboat, attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": moment(boat, attempt.started_at),
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "answer": _said(attempt.reason) or None,
    }


def _said(reason: str | None) -> str:
    return without_code(reason) if reason else ""
