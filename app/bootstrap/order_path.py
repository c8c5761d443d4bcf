"""Puts together an order's way to the disk: the intake, the queue, the store behind it and the spool beside it."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from app.bootstrap.lifeboat import Lifeboat
from app.intake.accept import Intake
from app.intake.earlier import EarlierOrders
from app.intake.quotas import ClientQuotas, Share
from app.settings import Settings
from app.store.commit.group_commit import GroupCommit
from app.store.commit.order_writer import OrderWriter
from app.store.database.checkpoint import Checkpointer
from app.store.spool.file import Spool


@dataclass(frozen=True, slots=True)
class OrderPath:
    """What orders pass through in one web process."""

    intake: Intake
    commit: GroupCommit
    writer: OrderWriter
    checkpoints: Checkpointer | None
    """Copies SQLite's log back beside the commits; PostgreSQL has its own."""


def open_order_path(boat: Lifeboat, *, slot: int = 0, keyless: AbstractSet[str] = frozenset()) -> OrderPath:
    """Return the way to the disk of the web process number ``slot``; each has a spool file of its own.

    ``keyless`` are the names of the profiles by whose paths anybody may order.
    """
    settings = boat.settings
    quotas = quotas_of(settings, keyless=keyless)
    writer = boat.writer()
    commit = GroupCommit(
        writer,
        Spool(settings.spool_dir / f"spool-{slot}.db", max_bytes=settings.spool_max_bytes),
        clock=boat.clock,
        metrics=boat.metrics,
        limit=settings.queue_limit,
        patience=settings.store_patience_seconds,
        count=quotas.count,
    )
    intake = Intake(
        boat.keyring,
        commit,
        prefix=settings.order_prefix,
        high_above_fen=settings.high_priority_above_fen,
        quotas=quotas,
        clock=boat.clock,
        earlier=EarlierOrders(boat.store),
    )
    return OrderPath(intake, commit, writer, Checkpointer(boat.engines) if boat.engines.is_sqlite else None)


KEYLESS_SIZE = 10
"""A keyless profile may send the tenth part of a client's bytes, as by default of its orders."""


def quotas_of(settings: Settings, *, keyless: AbstractSet[str]) -> ClientQuotas:
    """Return what each client may send; whoever needs no key never more than one that has one."""
    share = Share(settings.client_orders_per_minute, settings.client_bytes_per_minute)
    orders = settings.keyless_orders_per_minute
    keyless_share = Share(
        min(orders, share.orders) if orders and share.orders else orders, -(-share.size // KEYLESS_SIZE)
    )
    return ClientQuotas(share, keyless_share=keyless_share, keyless=frozenset(keyless))
