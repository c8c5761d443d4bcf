"""The files of batches: each is either whole and true or not there, whatever dies, fills up or lies while it is made.

``with exports.begin(batch, layout, formats, …) as files`` takes orders and publishes them: drafts beside the final
names, flushed, read back from disk, described by a manifest, and only then renamed, their folder flushed too.
"""

import secrets
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from zoneinfo import ZoneInfo

from app.files.disk import Disk, sha256_of
from app.files.disk_reserve import DiskReserve
from app.files.layouts.export_order import ExportOrder
from app.files.layouts.layout import Layout
from app.files.manifest import BatchFacts, FileEntry, as_bytes, files_in, manifest_of
from app.files.read_back import reread
from app.files.sheet_writers import CsvDraft, Draft, Format, XlsxDraft
from app.files.whole_rows import whole_rows

_ENDING: dict[str, str] = {"csv": ".csv", "xlsx": ".xlsx", "manifest": ".manifest.json"}


class NotPublished(Exception):
    """The batch has no such file."""


class Hold(Protocol):
    """A maker's hold on its batch, asked in between what may take long."""

    def renew(self) -> None:
        """Say that we are still at it."""
        ...

    def prove(self) -> None:
        """Make sure that the batch is still ours, and raise what ends the making if it is not."""
        ...


class Exports:
    """The folder of batch files: ``<root>/<incident>/<batch number>.csv`` and its companions."""

    def __init__(self, root: Path, *, disk: Disk | None = None, reserve: DiskReserve | None = None) -> None:
        self._root = root
        self.reserve = reserve or DiskReserve()
        self.disk = disk or Disk()

    def begin(
        self, batch: BatchFacts, layout: Layout, formats: Sequence[Format], *, zone: ZoneInfo, hold: Hold
    ) -> "BatchFiles":
        """Return what writes the files of a batch; what a maker left behind that died at it is removed first."""
        return BatchFiles(self, batch, layout, formats, zone=zone, hold=hold)

    def folder(self, incident: str) -> Path:
        """Return the folder of an incident, made if it is missing."""
        path = self._root / incident
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.disk.flush(path.parent)
        return path

    def path_of(self, incident: str, batch: str, kind: Format) -> Path:
        """Return where a file of a batch is or will be."""
        return self._root / incident / (batch + _ENDING[kind])

    def file_of(self, manifest: Mapping[str, Any] | None, kind: Format) -> Path:
        """Return a published batch's file; its path comes from the batch's row and never from a request.

        Raises:
            NotPublished: the batch is not published, or was not made in this format.
        """
        if not isinstance(manifest, dict) or not files_in(manifest):
            raise NotPublished
        incident, batch = manifest.get("incident"), manifest.get("batch")
        if not isinstance(incident, str) or not isinstance(batch, str) or kind not in {"manifest", *files_in(manifest)}:
            raise NotPublished(batch)
        return self.path_of(incident, batch, kind)

    def draft(self, incident: str, batch: str, kind: Format) -> Path:
        """Return a name beside the final one for a file in the making; nobody else's has it."""
        return self.folder(incident) / f".{batch}.{secrets.token_hex(4)}{_ENDING[kind]}.part"

    def remove_drafts(self, incident: str, batch: str) -> None:
        """Remove what a maker left behind that died while writing."""
        for leftover in self.folder(incident).glob(f".{batch}.*"):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)

    def keep(self, draft: Path, final: Path) -> None:
        """Flush a draft and give it its final name.

        A file of that name may exist while its batch is still being written; the rebuilt one has the same bytes, and
        then the first stays as it is.
        """
        self.disk.flush(draft)
        if final.exists() and sha256_of(final) == sha256_of(draft):
            draft.unlink()
        else:
            self.disk.rename(draft, final)
        self.disk.flush(final.parent)


@dataclass(frozen=True, slots=True)
class OrderRows:
    """The rows of one order, made and not written yet, and how it is paid: a state of its payment, or ``unknown``."""

    rows: Sequence[list[str]]
    payment: str


class BatchFiles:
    """The files of one batch in the making; leaving the block on an error leaves nothing half-written behind."""

    def __init__(
        self,
        exports: Exports,
        batch: BatchFacts,
        layout: Layout,
        formats: Sequence[Format],
        *,
        zone: ZoneInfo,
        hold: Hold,
    ) -> None:
        self._exports = exports
        self._batch = batch
        self._layout = layout
        self._formats = formats
        self._zone = zone
        self._hold = hold
        self._rows = layout.rows_in(zone)
        self._drafts: list[Draft] = []
        self._orders = 0
        self._payments: Counter[str] = Counter()

    def __enter__(self) -> Self:
        """Begin a draft of each format."""
        self._exports.remove_drafts(self._batch.incident, self._batch.name)
        try:
            for kind in self._formats:
                self._drafts.append(self._begin(kind))
        except Exception:
            self._abandon()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the drafts up on an error."""
        if isinstance(error, Exception):
            self._abandon()

    def add(self, order: ExportOrder) -> None:
        """Make and write the rows of an order; see :meth:`rows_of` and :meth:`write`."""
        self.write(self.rows_of(order))

    def rows_of(self, order: ExportOrder) -> "OrderRows":
        """Return the rows of an order; whatever this raises is the order's own trouble, and nothing has been written.

        Raises:
            CannotBeWritten: it has no row, or a cell that no file can hold.
        """
        return OrderRows(whole_rows(self._rows, order), payment=order.payment.status or "unknown")

    def write(self, made: "OrderRows") -> None:
        """Write the rows of one order.

        Raises:
            OSError: the disk is full, or refuses otherwise.
        """
        for row in made.rows:
            for draft in self._drafts:
                draft.add(row)
        self._orders += 1
        self._payments[made.payment] += 1

    def publish(self) -> dict[str, Any]:
        """Prove the files from disk and give them their names; return the manifest, which has become a file as well.

        Raises:
            OSError: the disk refuses.
            Inconsistent: the disk gave back something else than was written.
        """
        files = [self._finish(draft) for draft in self._drafts]
        manifest = manifest_of(self._batch, files, written=self._orders, payments=self._payments, zone=self._zone)
        self._hold.prove()  # a maker that has lost the batch must not touch files that may be published by now
        for draft in self._drafts:
            self._exports.keep(draft.path, self._path_of(draft.kind))
        self._keep_manifest(manifest)
        return manifest

    def _begin(self, kind: Format) -> Draft:
        path, disk = self._new_path(kind), self._exports.disk
        if kind == "csv":
            return CsvDraft(path, self._layout, disk=disk)
        return XlsxDraft(path, self._layout, disk=disk, created=self._batch.window_to)

    def _finish(self, draft: Draft) -> FileEntry:
        """Close a draft and read it back from disk; both may take long."""
        self._hold.renew()
        written = draft.finish()
        self._exports.disk.flush(draft.path)
        self._hold.renew()
        return FileEntry(
            self._path_of(draft.kind).name, draft.kind, written, reread(draft.path, draft.kind, self._layout)
        )

    def _keep_manifest(self, manifest: dict[str, Any]) -> None:
        disk, draft = self._exports.disk, self._new_path("manifest")
        try:
            with disk.create(draft) as file:
                disk.write(file, as_bytes(manifest))
            disk.flush(draft)
            self._exports.keep(draft, self._path_of("manifest"))
        except Exception:
            draft.unlink(missing_ok=True)
            raise

    def _new_path(self, kind: Format) -> Path:
        return self._exports.draft(self._batch.incident, self._batch.name, kind)

    def _path_of(self, kind: Format) -> Path:
        return self._exports.path_of(self._batch.incident, self._batch.name, kind)

    def give_up(self) -> None:
        """Leave nothing behind: the files are begun again with other orders."""
        self._abandon()

    def _abandon(self) -> None:
        for draft in self._drafts:
            draft.abandon()
