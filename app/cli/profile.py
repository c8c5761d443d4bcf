"""``lifeboat profile``: trying a drop-in profile on a sample before the first real order comes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.language import problem_sentence, said
from app.cli.terminal import Json, fail, out, say_json
from app.intake.profile.explain import explain
from app.intake.profile.profile import WrongProfile, read_profile

app = typer.Typer(help="接入配置（映射主系统的下单格式）。", no_args_is_help=True)


@app.callback()
def profile() -> None:
    """接入配置（映射主系统的下单格式）。"""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML 配置文件。")],
    sample: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="一份样例请求体。")],
    content_type: Annotated[str | None, typer.Option(help="样例的 Content-Type；缺省按配置的 body。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """显示样例会变成怎样的订单、会得到怎样的应答。"""
    try:
        found = explain(read_profile(file), sample.read_bytes(), content_type)
    except WrongProfile as error:
        fail(str(error))
    answer = found.answer.body.decode()
    if as_json:
        problem: dict[str, Any] | None = None
        if found.problem is not None:
            problem = {
                "code": found.problem.code,
                "detail": found.problem.detail,
                "errors": [{"pointer": e.pointer, "detail": e.detail} for e in found.problem.errors],
            }
        say_json(
            {
                "order": found.order,
                "key": found.idempotency_key,
                "problem": problem,
                "answer": {"status": found.answer.status, "content_type": found.answer.content_type, "body": answer},
            }
        )
    else:
        if found.problem is not None:
            detail = problem_sentence(found.problem.code, found.problem.detail)
            out.print(said("样例不能成为订单：{detail}", detail=detail), style="red", markup=False)
            for wrong in found.problem.errors:
                out.print(f"  {wrong.pointer}: {wrong.detail}", markup=False)
        else:
            out.print(said("样例会成为这样的订单："))
            out.print_json(data=found.order)
            key = found.idempotency_key or said("（无：请求须带 Idempotency-Key，否则重试可能产生两单）")
            out.print(said("幂等键：{key}", key=key), markup=False)
        out.print(
            said(
                "应答 {status} {content_type}：\n{answer}",
                status=found.answer.status,
                content_type=found.answer.content_type,
                answer=answer,
            ),
            markup=False,
        )
    if found.problem is not None:
        raise typer.Exit(1)
