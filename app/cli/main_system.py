"""``lifeboat main``: the main system's API, tried before an outage, and asked for one order."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from app.bootstrap import Lifeboat
from app.bootstrap.main_system import KnownOrder, MainSystems, OpenMain, known_order
from app.cli.language import listed, said, words
from app.cli.main_outcome import outcome_document, print_particulars, why
from app.cli.terminal import Json, fail, lifeboat, moment, out, say_json, table
from app.domain.main_system import AbsentFromMain, ExistsInMain, FindOutcome
from app.domain.way_home import difference
from app.main_system.port import ProbeFinding
from app.reconcile.main_access import note_check, tried_at

app = typer.Typer(help="主系统的接口：试连，查单。", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="N", help="应急单号；不是本系统的单号，就按原样去查。")]

System = Annotated[
    str | None, typer.Option(help="在哪个主系统里查，名称见 lifeboat main check；不写就是这一单要回的那个。")
]


@app.callback()
def main() -> None:
    """主系统的接口：试连，查单。"""


@app.command()
def check(*, as_json: Json = False) -> None:
    """试一次查单：密钥、IP、时钟、店铺对不对，不写入任何订单。有问题时以 1 结束，没有配置时以 2 结束。"""
    with lifeboat() as boat:
        found, wrong = asyncio.run(_probed(boat))
        for named, findings in found:
            with boat.store.writing() as uow:
                note_check(uow, named.file.account, well=_is_well(findings), now=boat.clock.now())
        if as_json:
            say_json({"items": [_as_json(boat, *one) for one in found], "wrong": list(wrong), "next": None})
        else:
            rows = [_cells(named, finding) for named, findings in found for finding in findings]
            table(
                "主系统的接口",
                ("主系统", "检查", "结果", "说明"),
                rows,
                empty="没有可用的主系统接口，写法见 docs/main-system.zh-CN.md。",
            )
            for sentence in wrong:
                out.print(sentence, style="red", markup=False)
        if not found:
            raise typer.Exit(2)
        if wrong or not all(_is_well(findings) for _, findings in found):
            raise typer.Exit(1)


@app.command()
def find(number: Number, *, system: System = None, as_json: Json = False) -> None:
    """在主系统里查一笔订单，并与本系统的核对。查到且一致、或确实没有时以 0 结束，须人看时以 1 结束。"""
    with lifeboat() as boat:
        known = known_order(boat, number.strip())
        named, outcome = asyncio.run(_found(boat, known, system))
        if as_json:
            say_json({"number": known.names.ours, "system": named.file.name, **_told(known, outcome)})
        else:
            _print(known, named, outcome)
        if not _is_settled(known, outcome):
            raise typer.Exit(1)


async def _probed(boat: Lifeboat) -> tuple[list[tuple[OpenMain, Sequence[ProbeFinding]]], Sequence[str]]:
    systems = MainSystems(boat)
    try:
        return [(named, await named.main.probe()) for named in systems.known], systems.wrong
    finally:
        await systems.aclose()


async def _found(boat: Lifeboat, known: KnownOrder, system: str | None) -> tuple[OpenMain, FindOutcome]:
    systems = MainSystems(boat)
    try:
        named = systems.of(known.profile) if system is None else systems.named(system)
        if named is None and system is None and not known.is_ours:
            named = next(iter(systems.known), None)
        if named is None:
            names = listed(one.file.name for one in systems.known)
            sentence = said(
                "没有这一单可查的主系统接口。现有：{names}；写法见 docs/main-system.zh-CN.md。", names=names
            )
            fail("\n".join([sentence, *systems.wrong]), code=2)
        return named, await named.main.find(known.names)
    finally:
        await systems.aclose()


def _is_well(findings: Sequence[ProbeFinding]) -> bool:
    return all(finding.verdict != "wrong" for finding in findings)


def _is_settled(known: KnownOrder, outcome: FindOutcome) -> bool:
    match outcome:
        case AbsentFromMain():
            return True
        case ExistsInMain(found):
            return found is not None and not found.is_void and not _differs(known, outcome)
        case _:
            return False


def _differs(known: KnownOrder, outcome: ExistsInMain) -> str:
    return "" if known.order is None or outcome.found is None else difference(known.order, outcome.found)


def _told(known: KnownOrder, outcome: FindOutcome) -> dict[str, Any]:
    told = outcome_document(outcome)
    if isinstance(outcome, ExistsInMain):
        told["differs"] = _differs(known, outcome) or None
    return told


def _print(known: KnownOrder, named: OpenMain, outcome: FindOutcome) -> None:
    told = _told(known, outcome)
    sentence = words.MAIN_ANSWERS[told["result"]]
    line = said("{system}　{number}：{answer}", system=named.file.name, number=known.names.ours, answer=sentence)
    out.print(line, markup=False)
    print_particulars(told)


def _cells(named: OpenMain, finding: ProbeFinding) -> tuple[str, ...]:
    sentence = why(finding.code, finding.words) if finding.code else ""
    return named.file.name, words.MAIN_CHECKS[finding.what], words.CHECK_VERDICTS[finding.verdict], sentence


def _as_json(boat: Lifeboat, named: OpenMain, findings: Sequence[ProbeFinding]) -> dict[str, Any]:
    with boat.store.reading() as uow:
        at = tried_at(uow, named.file.account)
    return {
        "name": named.file.name,
        "kind": named.file.kind,
        "ok": _is_well(findings),
        "tried_at": moment(boat, at),
        "checks": [
            {
                "what": one.what,
                "verdict": one.verdict,
                "code": one.code or None,
                "detail": why(one.code, one.words) if one.code else None,
                "words": one.words or None,
            }
            for one in findings
        ],
    }
