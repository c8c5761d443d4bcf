"""``lifeboat watch events import``: events of a spreadsheet, looked at, then taken; the same again changes nothing."""

from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap import Lifeboat
from app.cli.language import listed, said, words
from app.cli.progress import progress_of
from app.cli.terminal import Json, actor, err, lifeboat, local, out, say_json, table
from app.watch.stages.events_file import EventsFile, SaidAtUpload, WrongEvent, read_events_apart
from app.watch.stages.import_events import EventsForeseen, foresee_events, import_events
from app.web.api.lifecycle import foreseen_out, imported_out

SHOWN = 50
"""Wrong rows that are printed for a person; ``--json`` has them all."""

app = typer.Typer(help="事件表：历史进度或补录，从 CSV 或 XLSX 导入。", no_args_is_help=True)


@app.callback()
def events() -> None:
    """事件表：历史进度或补录，从 CSV 或 XLSX 导入。"""


@app.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="CSV 或 XLSX：每行一个事件，或每行一笔订单、每个环节一列时间。"
        ),
    ],
    *,
    source: Annotated[str, typer.Option(help="没有写来源的行算哪个来源；不填为 file。")] = "",
    channel: Annotated[str, typer.Option(help="没有写渠道的行算哪个渠道。")] = "",
    history: Annotated[bool, typer.Option("--history", help="都是历史订单：没走完的也不再等下一步。")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会导入什么，什么都不改。")] = False,
    as_json: Json = False,
) -> None:
    """从 CSV 或 XLSX 导入订单进度；同一份文件再导入一次不会改变什么，中断后重来即可。有误的行逐行列出，并以 1 结束。"""
    with lifeboat() as boat:
        now = boat.clock.now()
        at_upload = SaidAtUpload(zone=boat.settings.zone, source=source, channel=channel, history=history)
        found = read_events_apart(file.read_bytes(), at_upload, now=now)
        with boat.store.reading() as uow:
            foreseen = foresee_events(uow, found, now=now)
        if not as_json:
            _show(boat, found, foreseen)
        if dry_run:
            if as_json:
                say_json(foreseen_out(found, foreseen).model_dump(mode="json"))
            _end(foreseen.wrong, as_json=as_json)
        with progress_of(said("导入"), len(found.events), hidden=as_json) as progress:
            done = import_events(boat.store, found, name=file.name, by=actor(), now=now, progress=progress)
    wrong = tuple(sorted([*found.wrong, *done.wrong]))
    if as_json:
        say_json(imported_out(done, wrong).model_dump(mode="json"))
    else:
        sentence = said(
            "导入 {applied} 个事件；此前已知 {known} 个，没有改动；{wrong} 处有误，没有导入。",
            applied=done.applied,
            known=done.unchanged,
            wrong=len(wrong),
        )
        out.print(sentence, markup=False)
        if done.stopped:
            sentence = said(
                "还有 {left} 个事件没有导入：{why}请稍后把同一份文件再导入一次。", left=done.left, why=done.stopped
            )
            err.print(sentence, markup=False)
    _end(wrong, as_json=as_json, stopped=bool(done.stopped))


def _end(wrong: tuple[WrongEvent, ...], *, as_json: bool, stopped: bool = False) -> None:
    """List what was passed over, and end the command by what became of it."""
    if wrong and not as_json:
        table("有误的行", ("行", "列", "原因"), [(one.row, one.column, one.why) for one in wrong[:SHOWN]], empty="")
        if len(wrong) > SHOWN:
            out.print(said("另有 {count} 处，用 --json 看全部。", count=len(wrong) - SHOWN))
    raise typer.Exit(1 if wrong or stopped else 0)


def _show(boat: Lifeboat, found: EventsFile, foreseen: EventsForeseen) -> None:
    sentence = said(
        "{rows} 行，{orders} 笔订单：可导入 {new} 个事件，此前已知 {known} 个，{wrong} 处有误。",
        rows=found.rows,
        orders=foreseen.orders,
        new=foreseen.new,
        known=foreseen.known,
        wrong=len(foreseen.wrong),
    )
    out.print(sentence, markup=False)
    if foreseen.first and foreseen.last:
        first, last = local(boat, foreseen.first), local(boat, foreseen.last)
        out.print(said("时间从 {first} 到 {last}。", first=first, last=last))
        table(
            "按环节",
            ("环节", "事件数"),
            [(words.MARKS[mark], f"{n:,}") for mark, n in foreseen.by_mark.items()],
            empty="",
        )
        table(
            "按渠道",
            ("渠道", "事件数"),
            [(channel or said("没有写渠道"), f"{n:,}") for channel, n in list(foreseen.by_channel.items())[:SHOWN]],
            empty="",
        )
    if found.unused:
        out.print(said("没有用到的列：{columns}", columns=listed(found.unused[:20])), markup=False)
    if found.past:
        out.print(said("{count} 笔按历史订单导入：没走完的不再等下一步，不会算作滞留。", count=found.past))
    if foreseen.open:
        sentence = said(
            "{open} 笔近期订单还没走完，其中 {over} 笔已超过环节限时，导入后会算作滞留；其实早已完成的话用 --history。",
            open=foreseen.open,
            over=foreseen.over,
        )
        out.print(sentence, style="yellow")
