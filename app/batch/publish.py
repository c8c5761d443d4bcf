"""Writes a batch whose membership is frozen into files, proves them from disk, and publishes the row.

Everything is derived from rows that no longer change, in one order, so that whoever starts again after a crash writes
the same bytes.
"""

from collections.abc import Iterator
from typing import Any

from app.batch.lease import BatchLease
from app.batch.manifest import Counts, FileEntry, as_bytes, manifest_of
from app.batch.parcel import export_order_of
from app.batch.policy import BatchPolicy
from app.domain.states import BatchState
from app.files.export_folder import Exports
from app.files.layouts import Layout, layout_named
from app.files.layouts.layout import ExportOrder
from app.files.sheet_writers import CsvDraft, Draft, XlsxDraft, reread
from app.store.sealing import Keyring
from app.store.tables import Incident
from app.store.unit_of_work import Store

PAGE = 500
"""Orders in memory at a time."""

_HIGH_FIRST = ("high", "normal")


class Production:
    """Brings one batch from ``writing`` to ``published``."""

    def __init__(
        self, store: Store, keyring: Keyring, exports: Exports, lease: BatchLease, *, rules: BatchPolicy
    ) -> None:
        self._store = store
        self._keys = keyring
        self._exports = exports
        self._lease = lease
        self._zone = rules.zone
        self._xlsx = rules.xlsx
        self._orders = 0

    def run(self) -> dict[str, Any]:
        """Write, prove and publish; return the manifest.

        Raises:
            OSError: the disk is full, or refuses otherwise; nothing half-written is left.
            TakenOver: another maker has the batch.
            Inconsistent: the disk gave back something else than was written.
        """
        with self._store.reading() as uow:
            incident = uow.incidents.get(self._lease.batch.incident_id)
            clients = {client.id: client.name for client in uow.access.clients()}
            live = uow.batches.size(self._lease.batch_id)
        self._exports.remove_drafts(incident.name, self._lease.name)
        drafts: list[Draft] = []
        try:
            files = self._write(drafts, incident, clients)
            manifest = manifest_of(self._lease.batch, incident.name, files, self._counts(live), zone=self._zone)
            with self._lease.writing():
                pass  # who has lost the batch must not touch files that may be published by now
            for draft in drafts:
                self._exports.keep(draft.path, self._exports.path_of(incident.name, self._lease.name, draft.kind))
            self._keep_manifest(incident.name, manifest)
        except Exception:
            for draft in drafts:
                draft.abandon()
            raise
        with self._lease.writing() as (_, changes):
            changes.update(
                state=BatchState.PUBLISHED,
                rows=manifest["rows"],
                sha256=manifest["sha256"],
                manifest=manifest,
                published_at=self._lease.now,
            )
        return manifest

    def _write(self, drafts: list[Draft], incident: Incident, clients: dict[str, str]) -> list[FileEntry]:
        table = layout_named(self._lease.batch.columns)
        exports, name = self._exports, self._lease.name
        drafts.append(CsvDraft(exports.draft(incident.name, name, "csv"), table, disk=exports.disk))
        if self._xlsx:
            path = exports.draft(incident.name, name, "xlsx")
            drafts.append(XlsxDraft(path, table, disk=exports.disk, created=self._lease.batch.window_to))
        for parcel in self._parcels(clients, drill=incident.drill):
            for row in table.rows(parcel, self._zone):
                for draft in drafts:
                    draft.add(row)
        return [self._finish(draft, incident.name, table) for draft in drafts]

    def _finish(self, draft: Draft, incident: str, table: Layout) -> FileEntry:
        """Close a draft and read it back from disk; both may take long."""
        self._lease.renew()
        written = draft.finish()
        self._exports.disk.flush(draft.path)
        self._lease.renew()
        final = self._exports.path_of(incident, self._lease.name, draft.kind)
        return FileEntry(final.name, draft.kind, written, reread(draft.path, draft.kind, table))

    def _counts(self, live: int) -> Counts:
        batch = self._lease.batch
        return Counts(self._orders, live, look_alikes=batch.look_alikes, unfit=batch.unfit)

    def _parcels(self, clients: dict[str, str], *, drill: bool) -> Iterator[ExportOrder]:
        """Yield the orders, large ones first, then as they came; the transaction ends with each page."""
        for priority in _HIGH_FIRST:
            after_id = 0
            while True:
                with self._store.reading() as uow:
                    rows = uow.orders.of_batch(self._lease.batch_id, priority=priority, after_id=after_id, limit=PAGE)
                for row in rows:
                    order = self._keys.open_order(row.sealed, row.number)
                    yield export_order_of(row, order, client=clients.get(row.client_id, row.client_id), drill=drill)
                self._orders += len(rows)
                if len(rows) < PAGE:
                    break
                after_id = rows[-1].id or 0
                self._lease.renew()

    def _keep_manifest(self, incident: str, manifest: dict[str, Any]) -> None:
        disk = self._exports.disk
        draft = self._exports.draft(incident, self._lease.name, "manifest")
        try:
            with disk.create(draft) as file:
                disk.write(file, as_bytes(manifest))
            disk.flush(draft)
            self._exports.keep(draft, self._exports.path_of(incident, self._lease.name, "manifest"))
        except Exception:
            draft.unlink(missing_ok=True)
            raise
