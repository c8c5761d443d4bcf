"""``lifeboat spool``: what waits beside the database, what was damaged, and the way home for both."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app.bootstrap import Lifeboat
from app.cli.language import listed, said, words
from app.cli.terminal import Json, actor, err, fail, lifeboat, local, out, say_json, table
from app.intake.drain import StoreRefuses
from app.intake.recover import Recovery, give_up_quarantined, recover_file, retry_quarantined
from app.store.spool.file import Spool, SpoolDamaged, SpoolFull, damaged_files, spool_files
from app.store.spool.quarantine import QuarantinedRecord, quarantined_records

app = typer.Typer(help="本地暂存：查看、抢救损坏的文件、处理放到一边的记录。", no_args_is_help=True)

Numbers = Annotated[list[str], typer.Argument(help="应急单号，可多个。")]


@app.command("list")
def list_spool(*, as_json: Json = False) -> None:
    """列出本机的暂存文件：等待写入的、放到一边的、损坏的。有需要人工处理的，退出码为 1。数据库不可用时也能用。"""
    with lifeboat(prepare=False) as boat:
        folder = _folder(boat)
        aside, damaged = quarantined_records(folder), damaged_files(folder)
        files = [
            {"file": path.name, "state": "open", "waiting": len(Spool.peek(path))}
            | {"set_aside": [_row(one) for one in aside if one.file == path]}
            for path in spool_files(folder)
        ]
        files += [{"file": path.name, "state": "damaged", "bytes": path.stat().st_size} for path in damaged]
        if as_json:
            say_json({"files": files, "attention": bool(aside or damaged)})
        else:
            _say_files(files)
            _say_aside(boat, aside)
    if aside or damaged:
        raise typer.Exit(1)


@app.command()
def salvage(
    file: Annotated[str, typer.Argument(help="损坏文件的名字（spool-0.db.damaged-…），见 spool list。")],
    *,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="仍有读不出的内容也到此为止：文件改名保留，不再告警，并记入审计。")
    ] = False,
    as_json: Json = False,
) -> None:
    """抢救损坏的暂存文件：读得出的订单写入数据库（可重复执行，不会重复）。还有读不出的，退出码为 1。"""
    with _command() as boat:
        path = _damaged_file(boat, file)
        done = recover_file(
            path,
            store=boat.store,
            writer=boat.writer(),
            clock=boat.clock,
            max_bytes=boat.settings.spool_max_bytes,
            by=actor(),
            accept_loss=accept_loss,
        )
    if as_json:
        say_json({**asdict(done), "complete": done.complete})
    else:
        _say_salvaged(done)
    if not done.renamed_to:
        raise typer.Exit(1)


@app.command()
def show(number: Annotated[str, typer.Argument(help="应急单号。")], *, as_json: Json = False) -> None:
    """查看一条放到一边的记录（不含个人信息）。"""
    with lifeboat(prepare=False) as boat:
        (one, *_) = _chosen(boat, [number])
        document = _row(one) | {"file": one.file.name} | one.legible()
        if as_json:
            say_json(document)
        else:
            table("放到一边的记录", ("项", "值"), list(document.items()), empty="")


@app.command()
def retry(
    numbers: Annotated[list[str] | None, typer.Argument(help="应急单号，可多个。")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="全部放到一边的记录。")] = False,
    as_json: Json = False,
) -> None:
    """再试一次写入数据库。损坏的记录若店铺已补单，则就此结清。仍有留下的，退出码为 1。"""
    if not numbers and not every:
        fail(said("请给出应急单号，或用 --all。"))
    with _command() as boat:
        chosen = quarantined_records(_folder(boat)) if every else _chosen(boat, numbers or [])
        done = retry_quarantined(
            chosen,
            store=boat.store,
            writer=boat.writer(),
            clock=boat.clock,
            max_bytes=boat.settings.spool_max_bytes,
            by=actor(),
        )
    if as_json:
        remaining = [{"order_number": number, "reason": reason} for number, reason in done.remaining]
        say_json({"settled": done.settled, "remaining": remaining})
    else:
        out.print(said("已结清 {count} 笔。", count=len(done.settled)))
        for number, reason in done.remaining:
            sentence = said("仍放在一边：{order}（{reason}）", order=number, reason=_reason(reason))
            err.print(sentence, style="red", markup=False)
    if done.remaining:
        raise typer.Exit(1)


@app.command("give-up")
def give_up(
    numbers: Numbers, *, reason: Annotated[str, typer.Option(help="为什么放弃，例如“已由店铺换键补单 LB…”。")]
) -> None:
    """不再写入数据库：记入审计，不再告警；原始记录仍留在暂存文件里。"""
    if not reason.strip():
        fail(said("请写明原因。"))
    with _command() as boat:
        closed = give_up_quarantined(
            _chosen(boat, numbers), store=boat.store, by=actor(), why=reason.strip()[:200], now=boat.clock.now()
        )
    out.print(said("已放弃 {count} 条记录。", count=closed))


@contextmanager
def _command() -> Iterator[Lifeboat]:
    """Open the deployment; what may go wrong with a spool becomes a sentence."""
    with lifeboat() as boat:
        try:
            yield boat
        except StoreRefuses:
            fail(words.SPOOL_TROUBLES["refused"])
        except SpoolFull:
            fail(words.SPOOL_TROUBLES["full"])
        except SpoolDamaged as error:
            fail(said("暂存文件损坏，已另存：{file}，请再用 spool salvage 抢救。", file=Path(str(error)).name))


def _folder(boat: Lifeboat) -> Path:
    return boat.settings.spool_dir


def _damaged_file(boat: Lifeboat, name: str) -> Path:
    """Return the damaged file called ``name``; a path into another folder is not taken."""
    found = {path.name: path for path in damaged_files(_folder(boat))}
    if Path(name).name not in found:
        fail(said("没有损坏的暂存文件 {file}。现有：{files}", file=name, files=listed(found) or said("无")))
    return found[Path(name).name]


def _chosen(boat: Lifeboat, numbers: Sequence[str]) -> list[QuarantinedRecord]:
    found = [one for one in quarantined_records(_folder(boat)) if one.number in numbers]
    if missing := sorted(set(numbers) - {one.number for one in found}):
        fail(said("没有放到一边的记录：{orders}", orders=listed(missing)))
    return found


def _row(one: QuarantinedRecord) -> dict[str, Any]:
    return {
        "order_number": one.number,
        "reason": one.reason,
        "received_at": one.received_at,
        "set_aside_at": one.set_aside_at,
    }


def _say_salvaged(done: Recovery) -> None:
    out.print(
        said("写入数据库 {brought} 笔，数据库中已有 {known} 笔。", brought=done.brought, known=done.already_there)
    )
    if done.set_aside:
        sentence = said(
            "{count} 笔放到一边等人处理（lifeboat spool list）：{orders}",
            count=len(done.set_aside),
            orders=_some(done.set_aside),
        )
        out.print(sentence)
    if done.unreadable:
        sentence = said(
            "读不出 {count} 笔，请店铺用同一幂等键补单：{orders}",
            count=len(done.unreadable),
            orders=_some(done.unreadable),
        )
        err.print(sentence, style="red")
    if done.damaged_pages:
        sentence = said("另有 {count} 页读不懂，里面可能还有订单，也可能没有。", count=done.damaged_pages)
        err.print(sentence, style="red")
    if done.renamed_to:
        out.print(said("文件已改名为 {file}，不再告警；请保留到对账结束。", file=done.renamed_to))
    else:
        err.print(said("文件仍标为损坏。店铺补单后可再执行一次；确认无法找回，再加 --accept-loss。"), style="red")


def _say_files(files: Sequence[dict[str, Any]]) -> None:
    rows = [
        (f["file"], words.SPOOL_FILES[f["state"]], f.get("waiting", ""), len(f.get("set_aside", ()))) for f in files
    ]
    table("暂存文件", ("文件", "状态", "等待写入", "放到一边"), rows, empty="没有暂存文件。")


def _say_aside(boat: Lifeboat, aside: Sequence[QuarantinedRecord]) -> None:
    if aside:
        rows = [(one.number, _reason(one.reason), one.file.name, local(boat, one.since)) for one in aside]
        table("放到一边、等人处理的记录", ("应急单号", "原因", "文件", "时间"), rows, empty="")


def _reason(code: str) -> str:
    return words.QUARANTINED.get(code) or said("数据库拒绝（{code}）", code=code)


def _some(numbers: Sequence[str]) -> str:
    return listed(numbers[:20]) + (" …" if len(numbers) > 20 else "")  # noqa: PLR2004 - what fits a screen
