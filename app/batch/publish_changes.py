"""Publishes what storefronts have changed about orders of files that are out: a file of its own beside each.

An edition is on disk before its row says so, and the row is guarded by the edition before: of two that publish at once
one goes again. Whoever dies in between is followed by the next tick, which writes from the same rows.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from app.domain.actor import Actor
from app.domain.problems import NotFound, NotInThisState
from app.domain.times import local_text
from app.files.change_sheet import ChangeLine, change_sheet, changes_manifest, changes_path, keep_changes, name_of
from app.files.disk import sha256_of
from app.files.export_folder import Exports
from app.files.manifest import Inconsistent
from app.store.repositories.changes import ChangeRow
from app.store.sealed_wish import open_wish
from app.store.sealing import Keyring
from app.store.tables import ChangeSheet
from app.store.unit_of_work import Store
from app.words.changes import CHANGES, what_is_told

log = structlog.get_logger()

_TRIES = 5
"""Each is lost to somebody who published meanwhile; who loses so often leaves it to the next tick."""


@dataclass(frozen=True, slots=True)
class TakenSheet:
    """A file of changes on its way to somebody."""

    path: Path
    sha256: str
    rows: int


class ChangePublisher:
    """Publishes files of changes; safe to run in several processes."""

    def __init__(self, store: Store, keyring: Keyring, exports: Exports, *, zone: ZoneInfo) -> None:
        self._store = store
        self._keys = keyring
        self._exports = exports
        self._zone = zone

    def run_once(self, now: datetime) -> int:
        """Publish what nobody has been told yet; return how many files that were. One that fails stops no other."""
        with self._store.reading() as uow:
            batches = uow.changes.to_be_told()
        if batches and (sentence := self._exports.reserve.touched()):
            log.warning("changes.not_published", reason=sentence)
            return 0
        done = 0
        for batch_id in batches:
            try:
                done += self.publish(batch_id, now)
            except (OSError, Inconsistent) as error:
                log.warning("changes.not_published", batch_id=batch_id, reason=repr(error))
        return done

    def publish(self, batch_id: int, now: datetime) -> bool:
        """Publish the file of changes of one batch as its rows are now; tell whether it is out.

        Raises:
            OSError: the disk refuses.
            Inconsistent: it gave back something else than was written.
        """
        for _ in range(_TRIES):
            with self._store.reading() as uow:
                batch, before = uow.batches.get(batch_id), uow.changes.sheet(batch_id)
                incident = uow.incidents.get(batch.incident_id).name
                found = uow.changes.of_batch(batch_id)
            edition = before.edition if before is not None else 0
            data = change_sheet([self._line(one) for one in found])
            manifest = changes_manifest(
                batch.name or "",
                incident,
                data,
                rows=len(found),
                edition=edition + 1,
                at=now.astimezone(self._zone).isoformat(timespec="seconds"),
            )
            keep_changes(self._exports, manifest, data)
            sheet = ChangeSheet(
                batch_id=batch_id,
                edition=edition + 1,
                rows=len(found),
                sha256=manifest["sha256"],
                manifest=manifest,
                published_at=now,
            )
            with self._store.writing() as uow:
                if uow.changes.publish(sheet, after=edition):
                    uow.changes.told({one.row.id or 0: one.main_order_number or "" for one in found}, now=now)
                    return True
        return False

    def take(self, batch_name: str, *, by: Actor, now: datetime) -> TakenSheet:
        """Return the newest file of changes of a batch, and record that ``by`` has taken it.

        A file that is not as it was published, or not on this machine, is written anew from its rows.

        Raises:
            NotFound: there is no such batch, or nothing of it was changed.
            NotInThisState: the file cannot be written.
        """
        with self._store.reading() as uow:
            batch = uow.batches.named(batch_name)
            if batch is None or batch.id is None or batch.published_at is None:
                raise NotFound(f"没有批次 {batch_name}。")
            sheet, changed = uow.changes.sheet(batch.id), batch.id in uow.changes.to_be_told()
        if sheet is None and not changed:
            raise NotFound(f"批次 {batch_name} 没有变更。")
        if sheet is None or changed or not self._is_there(sheet):
            sheet = self._anew(batch.id, now)
        with self._store.writing() as uow:
            detail = {"format": "csv", "rows": sheet.rows, "sha256": sheet.sha256}
            uow.audit.record("batch.download", by=by, at=now, subject=name_of(batch_name), detail=detail)
        return TakenSheet(changes_path(self._exports, sheet.manifest), sheet.sha256, sheet.rows)

    def _anew(self, batch_id: int, now: datetime) -> ChangeSheet:
        try:
            self.publish(batch_id, now)
        except (OSError, Inconsistent) as error:
            log.warning("changes.not_published", batch_id=batch_id, reason=repr(error))
            raise NotInThisState("变更清单暂时无法写出，请检查导出目录与磁盘空间。") from None
        with self._store.reading() as uow:
            sheet = uow.changes.sheet(batch_id)
        if sheet is None or not self._is_there(sheet):
            raise NotInThisState("变更清单正在更新，请稍后重试。")
        return sheet

    def _is_there(self, sheet: ChangeSheet) -> bool:
        try:
            return sha256_of(changes_path(self._exports, sheet.manifest)) == sheet.sha256
        except OSError:
            return False

    def _line(self, one: ChangeRow) -> ChangeLine:
        change = one.row
        at = change.paid_at or change.asked_at
        return ChangeLine(
            one.order_number,
            one.main_order_number or "",
            CHANGES[change.kind],
            local_text(at, self._zone),
            what_is_told(open_wish(self._keys, change, one.order_number)),
        )
