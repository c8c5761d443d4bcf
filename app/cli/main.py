"""``lifeboat``: every command in one list, and each loaded only when it is wanted.

The processes that run for weeks are commands too: a worker that had loaded the web, the console and the spreadsheets
would hold sixty megabytes more than it needs.
"""

import importlib
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from app.cli.language import spoken
from app.cli.memory import collect_from_now, load_uncollected

COMMANDS = {
    "serve": "serve:serve",
    "web": "web:web",
    "worker": "worker:worker",
    "migrate": "migrate:migrate",
    "doctor": "doctor:doctor",
    "export": "batches:export",
    "repair": "batches:repair",
    "check-file": "check_file:check",
    "import-results": "results:import_file",
    "results": "contradictions:app",
    "changes": "changes:app",
    "ledger": "ledger:ledger",
    "main": "main_system:app",
    "settle": "settle:settle",
    "replay": "replay:app",
    "compare": "compare:compare_incident",
    "clients": "clients:app",
    "users": "users:app",
    "coupons": "coupons:app",
    "incident": "incidents:app",
    "held": "held:app",
    "orders": "orders:app",
    "messages": "messages:app",
    "spool": "spool:app",
    "profile": "profile:app",
    "audit": "audit:app",
    "alerts": "alerts:app",
    "probe": "probe:app",
    "switch": "switch:switch",
    "layout": "layouts:app",
    "jobs": "jobs:app",
    "roster": "roster:app",
    "watch": "watch:app",
    "settings": "settings:app",
}
"""The module of each command, and what it is called there: a function, or a group of commands."""


class Commands(TyperGroup):
    """Looks a command up in the list and loads its module then."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - the context of the command line
        """Return the help of all, in the chosen language."""
        spoken(self)
        return super().get_help(ctx)

    def list_commands(self, _ctx: Any) -> list[str]:  # noqa: ANN401 - the context of the command line
        """Return the names in the order of the list."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - a command of the tool kit's
        """Return a command, None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        found = getattr(importlib.import_module(f"app.cli.{module}"), attribute)
        collect_from_now()
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_group(found)  # completion is installed from the root alone
        else:
            alone = typer.Typer(add_completion=False)
            alone.command()(found)
            command = typer.main.get_command(alone)
        command.name = cmd_name
        return spoken(command)


app = typer.Typer(
    name="lifeboat",
    cls=Commands,
    help="订单救生艇：主系统宕机时应急接单，恢复后一单不少地交回。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the tool kit calls it so
    if wanted:
        typer.echo(f"lifeboat {version('lifeboat')}")
        raise typer.Exit


@app.callback()
def lifeboat(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="显示版本后退出。")
    ] = False,
) -> None:
    """订单救生艇：主系统宕机时应急接单，恢复后一单不少地交回。"""


def main() -> None:
    """Run one command."""
    load_uncollected()
    app()
