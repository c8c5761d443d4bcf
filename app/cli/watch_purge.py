"""``lifeboat watch purge``: removes what was told of orders whose way ended long ago, now instead of at night."""

from datetime import timedelta
from typing import Annotated

import typer

from app.cli.language import said
from app.cli.terminal import Json, actor, lifeboat, local, out, say_json
from app.watch.stages.purge import LEAST_KEPT, PurgedLifecycle, purge_lifecycle, would_purge


def purge(
    *,
    days: Annotated[
        int | None, typer.Option(min=LEAST_KEPT.days, help="保留最近几天；不写则按 LIFEBOAT_WATCH_KEEP_DAYS。")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会清理多少，什么都不改。")] = False,
    as_json: Json = False,
) -> None:
    """清理早已走完的订单进度：事件、停留记录与各环节的分钟和小时数。未走完的订单不动；平时每晚自动清理。"""
    with lifeboat() as boat:
        now = boat.clock.now()
        before = now - (boat.settings.watch_kept if days is None else timedelta(days=days))
        if dry_run:
            found = would_purge(boat.store, before=before)
        else:
            found = sum(purge_lifecycle(boat.store, before=before, by=actor(), now=now), start=PurgedLifecycle())
        if as_json:
            until = before.astimezone(boat.settings.zone).isoformat()
            removed = {"orders": found.orders, "events": found.events, "sums": found.sums}
            say_json({"until": until, "dry_run": dry_run, **removed})
            return
        facts = {"at": local(boat, before), "orders": found.orders, "events": found.events, "sums": found.sums}
        if dry_run:
            out.print(
                said("会清理 {at} 之前的：{orders:,} 笔订单、{events:,} 个事件、{sums:,} 行分钟与小时数。", **facts)
            )
        else:
            out.print(
                said("已清理 {at} 之前的：{orders:,} 笔订单、{events:,} 个事件、{sums:,} 行分钟与小时数。", **facts)
            )
