"""``lifeboat watch source``: the ERPs and carriers that tell of orders; try one, read it, see how it is doing."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from app.bootstrap import Lifeboat
from app.bootstrap.source_files import sources_of
from app.bootstrap.sources import OpenSources
from app.cli.language import listed, said, words
from app.cli.terminal import Json, fail, lifeboat, local, moment, out, say_json, table
from app.store.tables import WatchSource
from app.watch.sources.check import CheckedReading, CheckedSource, check_source
from app.watch.sources.document import Source
from app.watch.sources.poll import Polled

app = typer.Typer(help="订单健康的数据源：ERP 与快递查询。", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="数据源的名称，见 lifeboat watch source list。")]
MOST_ODD_SHOWN = 20


@app.callback()
def source() -> None:
    """订单健康的数据源：ERP 与快递查询。"""


@app.command("list")
def list_sources(*, as_json: Json = False) -> None:
    """列出数据源：读到何时、有没有问题、哪些内容看不懂；配置有误的文件。有问题时以 1 结束。"""
    with lifeboat() as boat:
        found = sources_of(boat.settings)
        with boat.store.reading() as uow:
            rows = {row.name: row for row in uow.sources.all()}
        if as_json:
            items = [_as_json(boat, one, rows.get(one.name)) for one in found.known]
            wrong = [{"file": one.file, "line": one.line, "key": one.key, "detail": one.detail} for one in found.wrong]
            say_json({"items": items, "wrong": wrong, "next": None})
        else:
            table(
                "数据源",
                ("名称", "种类", "读到", "最新进度", "已存事件", "状态"),
                [_cells(boat, one, rows.get(one.name)) for one in found.known],
                empty="没有数据源：请在 LIFEBOAT_WATCH_SOURCES_DIR 中放入配置文件，写法见 docs/watch.zh-CN.md。",
            )
            for row in (rows[one.name] for one in found.known if one.name in rows):
                for name, count in list((row.odd or {}).items())[:MOST_ODD_SHOWN]:
                    line = said("{source}：看不懂 {what}（{count} 次）", source=row.name, what=name, count=count)
                    out.print(line, style="yellow", markup=False)
                for channel, counts in (row.coverage or {}).items():
                    out.print(_covered(row.name, channel, counts), markup=False)
            for one in found.wrong:
                out.print(one.sentence, style="red", markup=False)
        if found.wrong or any(rows[one.name].trouble for one in found.known if one.name in rows):
            raise typer.Exit(1)


@app.command()
def check(name: Name, *, as_json: Json = False) -> None:
    """试读一页：密钥、IP、时钟、店铺哪里不对；读得懂的从此开始轮询。有问题时以 1 结束。"""
    with lifeboat() as boat:
        found = asyncio.run(_check(boat, _named(boat, name)))
        if as_json:
            say_json(_checked(found))
        else:
            table(
                "试读",
                ("查询", "结果", "行数", "共", "进度", "看不懂"),
                [_reading_cells(one) for one in found.readings],
                empty="没有可试读的查询。",
            )
            if found.clock_is_off and found.clock_ahead is not None:
                seconds = round(found.clock_ahead.total_seconds())
                out.print(said("本机时钟与对方相差 {seconds} 秒，请校准（NTP）。", seconds=seconds), style="yellow")
            if found.shops:
                shops = listed(f"{shop or '?'} {count}" for shop, count in found.shops.items())
                out.print(said("看到的店铺：{shops}。缺少的店铺：请在对方后台给权限。", shops=shops), markup=False)
        if not found.is_ok:
            raise typer.Exit(1)


@app.command()
def poll(
    name: Name,
    *,
    once: Annotated[bool, typer.Option("--once", help="只读一段，不追到最新。")] = False,
    as_json: Json = False,
) -> None:
    """现在就读：从上次的位置读到最新（平时由后台进程自动进行）。有问题时以 1 结束。"""
    with lifeboat() as boat:
        chosen = _named(boat, name)
        polled = asyncio.run(_poll(boat, chosen, once=once))
        if as_json:
            trouble = polled.trouble
            say_json(
                {
                    "name": name,
                    "rows": polled.rows,
                    "events": polled.events,
                    "until": moment(boat, polled.until),
                    "catching_up": polled.catching_up,
                    "trouble": None if trouble is None else {"code": trouble.code, "words": trouble.words},
                }
            )
        elif polled.trouble is not None:
            fail(_trouble(polled.trouble.code, polled.trouble.words))
        else:
            out.print(said("读了 {rows} 行，新增 {events} 个进度。", rows=polled.rows, events=polled.events))
        if polled.trouble is not None:
            raise typer.Exit(1)


def _named(boat: Lifeboat, name: str) -> Source:
    found = sources_of(boat.settings)
    chosen = found.named(name)
    if chosen is None:
        names = listed(one.name for one in found.known)
        wrong = "".join(f"\n{one.sentence}" for one in found.wrong)
        fail(said("没有数据源 {name}。现有：{names}", name=name, names=names) + wrong, code=2)
    return chosen


async def _check(boat: Lifeboat, chosen: Source) -> CheckedSource:
    opened = OpenSources(boat)
    try:
        await opened.follow_token(chosen)
        return await check_source(boat.store, opened.caller(chosen), boat.clock)
    finally:
        await opened.aclose()


async def _poll(boat: Lifeboat, chosen: Source, *, once: bool) -> Polled:
    """Read what is next, and unless once alone go on until nothing waits; return the sum."""
    opened, rows, events = OpenSources(boat), 0, 0
    try:
        while True:
            polled = await opened.poll(chosen)
            rows, events = rows + polled.rows, events + polled.events
            if once or polled.trouble is not None or not polled.catching_up:
                return Polled(events, rows, polled.until, polled.catching_up, polled.trouble)
    finally:
        await opened.aclose()


def _trouble(code: str, vendors: str) -> str:
    sentence = words.source_trouble(code)
    return f"{sentence} ({vendors})" if vendors else sentence


def _covered(name: str, channel: str, counts: Mapping[str, int]) -> str:
    if "asked" in counts:
        return said(
            "{source}：操作日志抽读 {asked}/{wanted}", source=name, asked=counts["asked"], wanted=counts["wanted"]
        )
    return said(
        "{source}：{channel} 24 小时内揽收已知 {collected}，推断 {inferred}，超时未知 {unknown}",
        source=name,
        channel=channel or "?",
        **{key: counts.get(key, 0) for key in ("collected", "inferred", "unknown")},
    )


def _state(row: WatchSource | None) -> str:
    if row is None:
        return said("还没有读过")
    return _trouble(row.trouble, row.trouble_words) if row.trouble else said("运行正常")


def _cells(boat: Lifeboat, one: Source, row: WatchSource | None) -> tuple[str, ...]:
    return (
        one.name,
        words.SOURCE_KINDS[one.kind.name],
        local(boat, row.stands_at if row else None),
        local(boat, row.newest_at if row else None),
        f"{row.events if row else 0:,}",
        _state(row),
    )


def _reading_cells(one: CheckedReading) -> tuple[str, ...]:
    result = _trouble(one.code, one.words) if one.code else said("可以读")
    total = "" if one.total is None else f"{one.total:,}"
    return one.name, result, f"{one.rows:,}", total, f"{one.events:,}", listed(one.odd[:5])


def _as_json(boat: Lifeboat, one: Source, row: WatchSource | None) -> dict[str, Any]:
    def time(at: datetime | None) -> str | None:
        return moment(boat, at)

    return {
        "name": one.name,
        "kind": one.kind.name,
        "until": time(row.stands_at if row else None),
        "newest": time(row.newest_at if row else None),
        "ok_at": time(row.ok_at if row else None),
        "failing_since": time(row.failing_since if row else None),
        "trouble": row.trouble or None if row else None,
        "words": row.trouble_words or None if row else None,
        "events": row.events if row else 0,
        "tried": (row.tried if row else None) or [],
        "odd": (row.odd if row else None) or {},
        "coverage": (row.coverage if row else None) or {},
    }


def _checked(found: CheckedSource) -> dict[str, Any]:
    ahead: timedelta | None = found.clock_ahead
    return {
        "ok": found.is_ok,
        "clock_ahead_seconds": None if ahead is None else round(ahead.total_seconds()),
        "shops": found.shops,
        "readings": [
            {
                "name": one.name,
                "ok": one.is_ok,
                "code": one.code or None,
                "words": one.words or None,
                "rows": one.rows,
                "total": one.total,
                "events": one.events,
                "odd": list(one.odd),
            }
            for one in found.readings
        ],
    }
