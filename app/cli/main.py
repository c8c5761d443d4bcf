"""``lifeboat``: every command in one list."""

import typer

from app.cli import (
    batches,
    clients,
    coupons,
    doctor,
    held,
    incidents,
    messages,
    orders,
    profile,
    results,
    serve,
    spool,
    users,
)
from app.cli import ledger as ledgers

app = typer.Typer(
    name="lifeboat",
    help="订单救生艇：主系统宕机时应急接单，恢复后一单不少地交回。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command()(serve.serve)
app.command()(serve.web)
app.command()(serve.worker)
app.command()(serve.migrate)
app.command()(doctor.doctor)
app.command("export")(batches.export)
app.command("repair")(batches.repair)
app.command("import-results")(results.import_file)
app.command("ledger")(ledgers.ledger)
app.add_typer(clients.app, name="clients")
app.add_typer(users.app, name="users")
app.add_typer(coupons.app, name="coupons")
app.add_typer(incidents.app, name="incident")
app.add_typer(held.app, name="held")
app.add_typer(orders.app, name="orders")
app.add_typer(messages.app, name="messages")
app.add_typer(spool.app, name="spool")
app.add_typer(profile.app, name="profile")


def main() -> None:
    """Run one command."""
    app()
