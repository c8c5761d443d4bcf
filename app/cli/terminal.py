"""How commands speak: sentences for people, JSON after ``--json``, errors on standard error with an exit code."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app import settings as knobs
from app.bootstrap import ForeignSecrets, Lifeboat, open_lifeboat
from app.cli.language import problem_sentence, said, titled, translated
from app.domain import money
from app.domain.actor import Actor, Way
from app.domain.problems import Problem, Refusal
from app.domain.times import local_text
from app.files.layouts.registry import UnknownLayout
from app.intake.profile.profile import WrongProfile
from app.store.database.engine import StoreAway
from app.store.database.faults import somebody_else_writes
from app.store.database.sqlite import UnsafeDatabase
from app.telemetry import logging

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")]

_UNBOUNDED = 10_000
"""Columns; wider than any list."""
_NARROW = 72
"""Columns; with fewer a table has no room left for the text beside its names."""

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, *, code: int = 1) -> NoReturn:
    """End the command with a sentence for a person."""
    err.print(message, style="red", markup=False)
    raise typer.Exit(code)


def say_json(document: object) -> None:
    """Print a document for a program."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str, whole: Sequence[str] = ()
) -> None:
    """Print rows for a person, or the sentence for none; ``whole`` are columns that are never broken (see `grid`)."""
    if not rows:
        out.print(translated(empty))
        return
    # What reads a pipe has no width, and a list that was cut cannot be acted upon.
    screen = out if out.is_terminal else Console(file=out.file, width=_UNBOUNDED, highlight=False)
    screen.print(grid(title, columns, rows, whole=whole, width=screen.width))


def grid(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, whole: Sequence[str] = (), width: int = 80
) -> Table:
    """Return rows as a table that cuts nothing: what is long goes on below, and names that people copy stay whole.

    Those are the first column, order numbers, and ``whole``. A screen of ``width`` columns that is too narrow for
    a table gets each row as a block of lines. Title and columns are given in Chinese, or translated before.
    """
    headings = [translated(column) for column in columns]
    unbroken = {said("应急单号"), *map(translated, whole)}
    if width < _NARROW:
        lines = Table.grid(padding=(0, 1))
        lines.add_column(no_wrap=True)
        lines.add_column(overflow="fold")
        for row in rows:
            for heading, cell in zip(headings, row, strict=True):
                lines.add_row(heading, Text("" if cell is None else str(cell)))
            lines.add_section()
        return lines
    made = Table(title=titled(title), title_justify="left")
    for n, heading in enumerate(headings):
        made.add_column(heading, overflow="fold", no_wrap=n == 0 or heading in unbroken)
    for row in rows:
        made.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    return made


def load_settings() -> knobs.Settings:
    """Read the settings; a wrong one ends the command with the sentence that names it."""
    try:
        chosen = knobs.load()
    except knobs.WrongSetting as error:
        fail(said("配置有误，未启动：\n{error}", error=error), code=2)
    for name, meant in knobs.unknown_names(os.environ):
        err.print(
            said("提示：环境变量 {name} 不起作用，是否应为 {meant}？", name=name, meant=meant)
            if meant
            else said("提示：环境变量 {name} 不起作用。", name=name),
            style="yellow",
            markup=False,
        )
    return chosen


@contextmanager
def lifeboat(process: str = "cli", *, prepare: bool = True) -> Iterator[Lifeboat]:
    """Open the deployment for one command, and turn expected failures into sentences."""
    chosen = load_settings()
    logging.configure("warning" if process == "cli" else chosen.log_level, process=process)
    try:
        with closing(open_lifeboat(chosen)) as boat:
            if prepare:
                boat.prepare_store()
            yield boat
    except Problem as problem:
        fail(
            "\n".join(
                [
                    problem_sentence(problem.code, problem.detail),
                    *(f"  {e.pointer}: {e.detail}" for e in problem.errors[:50]),
                ]
            )
        )
    except Refusal as error:
        fail(str(error))
    except (ForeignSecrets, UnknownLayout, UnsafeDatabase, WrongProfile) as error:
        fail(str(error), code=2)
    except StoreAway as error:
        if somebody_else_writes(error):
            fail(said("数据库正忙，一直没有轮到本命令；请稍后再执行一次。"))
        fail(
            said(
                "数据库不可用：{reason}。服务仍可受理订单（写入本地暂存）；请先恢复数据库再执行本命令。",
                reason=type(error.orig or error).__name__,
            )
        )


def actor() -> Actor:
    """Return who runs this command, for the record."""
    return Actor(f"cli:{os.environ.get('SUDO_USER') or os.environ.get('USER') or os.getuid()}", Way.CLI)


def moment(boat: Lifeboat, at: datetime | None) -> str | None:
    """Return a moment for a program: in the merchant's zone, with its offset."""
    return None if at is None else at.astimezone(boat.settings.zone).isoformat()


def amount(fen: object) -> str:
    """Return an amount for a person, thousands separated; one that is unknown, or damaged, is to be looked up."""
    if not isinstance(fen, int):
        return said("金额待核")
    whole, _, cents = money.yuan(fen).partition(".")
    return f"{int(whole):,}.{cents}"


def local(boat: Lifeboat, moment: Any) -> str:  # noqa: ANN401 - a datetime or None
    """Return a moment on the merchant's wall clock."""
    return "" if moment is None else local_text(moment, boat.settings.zone)
