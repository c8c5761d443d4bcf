"""Writes a batch whose membership is frozen into files, and publishes its row once these are proven.

Everything is derived from rows that no longer change, in one order, so that a maker that starts again after a crash
writes the same bytes. Only an order that breaks what writes it, or that a person has closed, still leaves the batch;
its counts are taken anew then and the file is begun again, by this maker or by the next.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from app.batch.checks import Held
from app.batch.export_order import export_order_of
from app.batch.lease import BatchChange, BatchLease
from app.batch.one_order import Tried, trouble_of, window_from
from app.batch.policy import BatchPolicy
from app.domain.order import PRIORITIES
from app.domain.states import BatchState, OrderState
from app.files.export_folder import Exports
from app.files.layouts.export_order import ExportOrder
from app.files.layouts.layout import Layout
from app.files.manifest import BatchFacts
from app.store.follow_changes import follow_noted
from app.store.sealing import Keyring
from app.store.statements import chunks
from app.store.tables import OrderRow
from app.store.unit_of_work import Store

log = structlog.get_logger()

PAGE = 500
"""Orders in memory at a time."""

_HIGH_FIRST = (*PRIORITIES, None)
"""Last those with a priority that this program does not know: they are orders all the same."""


def publish_batch(
    store: Store, keyring: Keyring, exports: Exports, lease: BatchLease, *, layout: Layout, policy: BatchPolicy
) -> dict[str, Any] | None:
    """Bring a batch from ``writing`` to ``published``; return its manifest, None if no order was left to write.

    Raises:
        OSError: the disk is full, or refuses otherwise; nothing half-written is left.
        TakenOver: another maker has the batch.
        Inconsistent: the disk gave back something else than was written.
        EveryOrderBreaks: so many orders break that it is the layout's trouble; none was set aside.
    """
    orders = _Orders(store, keyring, lease)
    while True:
        facts = orders.facts()
        if not exports.path_of(facts.incident, facts.name, "csv").exists():  # else somebody may have read it by now
            orders.let_closed_ones_leave()
        if not orders.recount():
            return None
        tried = Tried()
        with exports.begin(orders.facts(), layout, policy.formats, zone=policy.zone, hold=lease) as files:
            for row in orders:
                try:
                    rows = files.rows_of(orders.export(row))
                except Exception as error:  # noqa: BLE001 - whatever it is, the other orders go on
                    tried.note({row.id or 0: trouble_of(error)})
                    continue
                tried.orders += 1
                if not tried.breaking:  # else this file is begun again
                    files.write(rows)
            manifest = None if tried.breaking else files.publish()
            if manifest is None:
                files.give_up()
        if manifest is not None:
            break
        if tried.too_many:
            raise tried.everybody()
        orders.set_aside(tried)
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

    def export(self, row: OrderRow) -> ExportOrder:
        """Return an order as it goes into the file."""
        order = self._keys.open_order(row.sealed, row.number)
        return export_order_of(row, order, client=self._clients.get(row.client_id, row.client_id), drill=self._drill)

    def let_closed_ones_leave(self) -> None:
        """Let orders leave that have been closed since they were claimed; out of a repair, back to the batch before.

        A person has cancelled them, which frees them; or a late result of the batch that this one repairs has come.
        """
        batch = self._lease.batch
        with self._store.reading() as uow:
            closed = uow.batches.closed_in(batch.id)
        for some in chunks(closed, PAGE):
            with self._lease.writing() as change:
                if batch.repairs_id is None:
                    change.uow.batches.let_leave(some, batch_id=batch.id, now=self._lease.now)
                    follow_noted(change.uow, self._keys, some, now=self._lease.now)
                else:
                    change.uow.changes.give_back(some, from_batch=batch.id, to_batch=batch.repairs_id)
                    change.uow.batches.let_return(
                        some, batch_id=batch.id, to_batch=batch.repairs_id, now=self._lease.now
                    )

    def set_aside(self, tried: Tried) -> None:
        """Hold orders that break what writes them: each leaves the batch, in the transaction that holds it."""
        for some in chunks(list(tried.breaking), PAGE):
            with self._lease.writing() as change:
                self._hold(change, {order_id: tried.breaking[order_id] for order_id in some})

    def _hold(self, change: BatchChange, breaking: Mapping[int, Held]) -> None:
        batch, held = change.batch, 0
        change.uow.batches.let_leave(list(breaking), batch_id=batch.id, now=self._lease.now)
        for order_id, trouble in breaking.items():
            held += change.uow.orders.move(
                [order_id],
                OrderState.HELD,
                only_from=(OrderState.BATCHED,),
                now=self._lease.now,
                held_kind=trouble.kind,
                state_reason=trouble.reason,
            )
            log.error("order_set_aside", batch=batch.name, order_id=order_id, reason=trouble.reason)
        follow_noted(change.uow, self._keys, list(breaking), now=self._lease.now)
        change.set(held=batch.held + held, unfit=batch.unfit + held)

    def recount(self) -> int:
        """Take the counts anew where an order has left, and end the batch where none is left; return how many are."""
        batch = self._lease.batch
        with self._store.reading() as uow:
            orders, total, first = uow.orders.sum_of_batch(batch.id)
        if (orders, total) != (batch.orders, batch.total_fen):
            with self._lease.writing() as change:
                change.set(
                    state=BatchState.WRITING if orders else BatchState.EMPTIED,
                    orders=orders,
                    total_fen=total,
                    window_from=window_from(first, batch.window_to),
                )
        return orders

    def __iter__(self) -> Iterator[OrderRow]:
        """Yield the orders, large ones first, then as they came; the transaction ends with each page."""
        for priority in _HIGH_FIRST:
            after_id = 0
            while True:
                with self._store.reading() as uow:
                    rows = uow.orders.of_batch(self._lease.batch.id, priority=priority, after_id=after_id, limit=PAGE)
                yield from rows
                if len(rows) < PAGE:
                    break
                after_id = rows[-1].id or 0
                self._lease.renew()
