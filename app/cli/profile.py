"""``lifeboat profile``: trying a drop-in profile on samples before the first real order, or answer, comes."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.cli.language import problem_sentence, said, words
from app.cli.main_outcome import outcome_document, print_particulars
from app.cli.terminal import Json, fail, out, say_json
from app.domain.main_system import MainUnknown, OrderNames
from app.intake.profile.explain import explain
from app.intake.profile.profile import WrongProfile, read_profile
from app.main_system.caller import readable
from app.main_system.http_answers import judge_lookup, judge_replay
from app.outbound.api_call import ApiAnswer

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


@app.command()
def answer(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML 配置文件。")],
    sample: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="主系统的一份答复（JSON）。")],
    to: Annotated[Literal["lookup", "replay"], typer.Option(help="是对查单（lookup）还是对送回（replay）的答复。")],
    number: Annotated[str, typer.Option(help="问的是哪个单号。")],
    status: Annotated[int, typer.Option(help="答复的 HTTP 状态码。")] = 200,
    *,
    as_json: Json = False,
) -> None:
    """主系统的一份答复会被认成什么。认不出（不知道）时以 1 结束。"""
    try:
        described = read_profile(file).main
    except WrongProfile as error:
        fail(str(error))
    if described is None or (to == "replay" and described.replay is None):
        fail(said("接入配置里没有 [{table}]。", table=to), code=2)
    try:
        document = json.loads(sample.read_bytes())
    except (ValueError, RecursionError):
        fail(said("答复不是 JSON：主系统真的这样答复时，一律算“不知道”。"))
    names = OrderNames(number, number)
    heard = readable(ApiAnswer(document, status, None))
    if isinstance(heard, MainUnknown):
        outcome: Any = heard
    elif described.replay is not None and to == "replay":
        outcome = judge_replay(described, described.replay, heard, names)
    else:
        outcome = judge_lookup(described, heard, names)
    told = outcome_document(outcome)
    if as_json:
        say_json(told)
    else:
        out.print(words.MAIN_ANSWERS[told["result"]])
        print_particulars(told)
    if told["result"] == "unknown":
        raise typer.Exit(1)
