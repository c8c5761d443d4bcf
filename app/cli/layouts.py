"""``lifeboat layout``: trying a merchant's own file layout before the first real batch needs it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from app.bootstrap import layouts_of
from app.cli.language import listed, problem_sentence, said, words
from app.cli.terminal import Json, err, fail, load_settings, out, say_json, table
from app.domain.clock import SystemClock
from app.domain.order import Order, priority_of, total_of
from app.domain.order_number import derive
from app.domain.problems import Problem
from app.files.layouts.export_order import ExportOrder
from app.files.layouts.layout import Layout
from app.files.layouts.read_layout import ReadLayout
from app.files.layouts.registry import WrongFile, read_file, shipped_layouts
from app.files.layouts.values import DUE
from app.intake.schemas import canonical_json, read_order
from app.settings import Settings

app = typer.Typer(help="批次文件的列（布局）。", no_args_is_help=True)
_ORDER: TypeAdapter[Order] = TypeAdapter(Order)


@app.callback()
def layout() -> None:
    """批次文件的列（布局）。"""


@app.command("list")
def show(*, as_json: Json = False) -> None:
    """列出可用的布局，以及 LIFEBOAT_LAYOUTS_DIR 中有误的文件。"""
    layouts = layouts_of(load_settings())
    shipped = {one.name for one in shipped_layouts()}
    if as_json:
        items = [_shown(one) | {"shipped": one.name in shipped} for one in layouts]
        wrong = [{"file": one.file, "name": one.name, "errors": _errors(one)} for one in layouts.wrong]
        say_json({"items": items, "next": None, "wrong": wrong})
    else:
        rows = [
            (one.name, one.title, len(one.columns), said("内置") if one.name in shipped else said("自有"))
            for one in layouts
        ]
        table("布局", ("name", "名称", "列数", "来源"), rows, empty="没有布局。")
        for one in layouts.wrong:
            err.print(one.sentence, style="red", markup=False)
    if layouts.wrong:
        raise typer.Exit(2)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML 布局文件。")],
    sample: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="一笔样例订单（JSON，同 POST /v1/orders）。")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """检查一个布局文件；给出样例订单时，显示它在批次文件中的各行。"""
    chosen = load_settings()
    found = read_file(file, taken=layouts_of(chosen, but=file))
    report: dict[str, Any] = {"name": found.name, "columns": list(found.headings), "errors": _errors(found)}
    if found.layout is not None:
        _tell_unmarked(found.layout)
        if sample is not None:
            report |= _on_sample(found.layout, sample, chosen)
    if as_json:
        say_json(report)
    else:
        _tell(report)
    if found.errors:
        raise typer.Exit(2)


def _on_sample(known: Layout, sample: Path, chosen: Settings) -> dict[str, Any]:
    try:
        export = _export_of(sample.read_bytes(), chosen)
    except Problem as problem:
        first = said("样例不是有效的订单：{detail}", detail=problem_sentence(problem.code, problem.detail))
        fail("\n".join([first, *(f"  {e.pointer}: {e.detail}" for e in problem.errors)]), code=2)
    rows = [known.defused(row) for row in known.rows_in(chosen.zone)(export)]
    return {"rows": rows, "missing": known.missing(export)}


def _export_of(body: bytes, chosen: Settings) -> ExportOrder:
    order = _ORDER.validate_json(canonical_json(read_order(body)))
    prices = [(item.unit_price, item.quantity) for item in order.items]
    total = total_of(stated=order.total, prices=prices, freight=order.freight, discount=order.discount)
    return ExportOrder(
        number=derive(b"", "sample", "sample", prefix=chosen.order_prefix),
        client=said("样例渠道"),
        priority=priority_of(total, above_fen=chosen.high_priority_above_fen),
        received_at=SystemClock().now(),
        total=total,
        order=order,
    )


def _shown(known: Layout) -> dict[str, Any]:
    return {"name": known.name, "title": known.title, "columns": known.headings}


def _errors(found: ReadLayout | WrongFile) -> list[dict[str, Any]]:
    return [{"line": one.line, "key": one.key, "detail": one.detail} for one in found.errors]


def _tell_unmarked(known: Layout) -> None:
    if unmarked := sorted(DUE - known.marks_payment):
        due = listed(words.PAYMENTS[status] for status in unmarked)
        sentence = said(
            "此布局没有位置标明{due}，这样的订单会转人工确认。"
            '可加一列 fn = "payment_word"，或在备注列写 marks_payment = true。',
            due=due,
        )
        err.print(sentence, style="yellow", markup=False)


def _tell(report: dict[str, Any]) -> None:
    for wrong in report["errors"]:
        sentence = said("第 {line} 行 {key}：{detail}", line=wrong["line"], key=wrong["key"], detail=wrong["detail"])
        err.print(sentence, style="red", markup=False)
    if not report["errors"]:
        sentence = said("布局 {layout} 没有问题，共 {count} 列。", layout=report["name"], count=len(report["columns"]))
        out.print(sentence, markup=False)
    for number, row in enumerate(report.get("rows", ()), start=2):
        out.print(said("第 {row} 行", row=number), style="bold")
        for heading, cell in zip(report["columns"], row, strict=True):
            out.print(said("  {heading}：{cell}", heading=heading, cell=cell), markup=False)
    if report.get("missing"):
        sentence = said("样例会转人工处理，缺少：{fields}", fields=listed(report["missing"]))
        err.print(sentence, style="yellow", markup=False)
