"""Writes a batch whose membership is frozen into files, and publishes its row once these are proven.

Everything is derived from rows that no longer change, in one order, so that a maker that starts again after a crash
writes the same bytes.
"""

from collections.abc import Iterator
from typing import Any

from app.batch.export_order import export_order_of
from app.batch.lease import BatchLease
from app.batch.policy import BatchPolicy
from app.domain.states import BatchState
from app.files.export_folder import Exports
from app.files.layouts.export_order import ExportOrder
from app.files.layouts.layout import Layout
from app.files.manifest import BatchFacts
from app.store.sealing import Keyring
from app.store.unit_of_work import Store

PAGE = 500
"""Orders in memory at a time."""

_HIGH_FIRST = ("high", "normal")


def publish_batch(
    store: Store, keyring: Keyring, exports: Exports, lease: BatchLease, *, layout: Layout, policy: BatchPolicy
) -> dict[str, Any]:
    """Bring a batch from ``writing`` to ``published``; return its manifest.

    Raises:
        OSError: the disk is full, or refuses otherwise; nothing half-written is left.
        TakenOver: another maker has the batch.
        Inconsistent: the disk gave back something else than was written.
        CannotUnseal: an order of it cannot be read.
    """
    orders = _Orders(store, keyring, lease)
    with exports.begin(orders.facts(), layout, policy.formats, zone=policy.zone, hold=lease) as files:
        for order in orders:
            files.add(order)
        manifest = files.publish()
    with lease.writing() as change:
        change.set(
            state=BatchState.PUBLISHED,
            rows=manifest["rows"],
            sha256=manifest["sha256"],
            manifest=manifest,
            published_at=lease.now,
        )
    return manifest


class _Orders:
    """What the store has of a frozen batch, in the order in which the files show it."""

    def __init__(self, store: Store, keyring: Keyring, lease: BatchLease) -> None:
        self._store = store
        self._keys = keyring
        self._lease = lease
        self._drill = False
        self._clients: dict[str, str] = {}

    def facts(self) -> BatchFacts:
        """Return what the manifest says of the batch."""
        batch = self._lease.batch
        with self._store.reading() as uow:
            incident = uow.incidents.get(batch.incident_id)
            self._clients = {client.id: client.name for client in uow.access.clients()}
            live = uow.batches.size(batch.id)
        self._drill = incident.drill
        return BatchFacts(
            name=batch.name,
            incident=incident.name,
            kind=batch.kind,
            window_from=batch.window_from,
            window_to=batch.window_to,
            orders=batch.orders,
            live=live,
            total_fen=batch.total_fen,
            held=batch.held,
            look_alikes=batch.look_alikes,
            unfit=batch.unfit,
        )

    def __iter__(self) -> Iterator[ExportOrder]:
        """Yield the orders, large ones first, then as they came; the transaction ends with each page."""
        for priority in _HIGH_FIRST:
            after_id = 0
            while True:
                with self._store.reading() as uow:
                    rows = uow.orders.of_batch(self._lease.batch.id, priority=priority, after_id=after_id, limit=PAGE)
                for row in rows:
                    order = self._keys.open_order(row.sealed, row.number)
                    client = self._clients.get(row.client_id, row.client_id)
                    yield export_order_of(row, order, client=client, drill=self._drill)
                if len(rows) < PAGE:
                    break
                after_id = rows[-1].id or 0
                self._lease.renew()
