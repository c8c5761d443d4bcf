"""Hands out published files and writes down who took them: a file imported twice is two parcels for one customer."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.domain.actor import Actor
from app.domain.problems import NotFound, NotInThisState
from app.files.export_folder import Exports, NotPublished
from app.files.manifest import files_in
from app.files.sheet_writers import Format
from app.store.tables import Audit, Batch
from app.store.unit_of_work import Store, UnitOfWork

DOWNLOADED = "batch.download"


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way to somebody, and who took it before."""

    path: Path
    sha256: str
    rows: int
    earlier: tuple[Audit, ...]
    batch: str = ""
    orders: int = 0


def take_file(store: Store, exports: Exports, name: str, kind: Format, *, by: Actor, now: datetime) -> Download:
    """Return a batch's file and record that ``by`` has taken it.

    Raises:
        NotFound: there is no such batch, or it has no file of this kind.
        NotInThisState: the file is not where this process can read it.
    """
    with store.writing() as uow:
        batch = _published(uow, name)
        try:
            path = exports.file_of(batch.manifest, kind)
        except NotPublished:
            raise NotFound(f"批次 {name} 没有 {kind} 文件。") from None
        if not path.is_file():
            raise NotInThisState(
                f"批次 {name} 的文件不在本机的导出目录中，请检查 LIFEBOAT_EXPORT_DIR 是否为各进程共享。"
            )
        return record_download(uow, batch, kind, path, by=by, now=now)


def take_untaken(
    store: Store, exports: Exports, names: Sequence[str], kind: Format, *, by: Actor, now: datetime
) -> list[Download]:
    """Return the files of those of these batches that nobody has taken, and record that ``by`` has taken each.

    All or none: a file that cannot be given is told, and then none counts as taken.

    Raises:
        NotFound: there is no such batch, or it has no file of this kind.
        NotInThisState: the bytes of a file are not those that were published.
    """
    with store.reading() as uow:
        batches = [_published(uow, name) for name in dict.fromkeys(names)]
    paths = [verified_file(exports, batch, kind) for batch in batches]  # outside: orders wait for SQLite's lock
    with store.writing() as uow:
        taken = uow.audit.of_each([batch.name or "" for batch in batches], DOWNLOADED)
        return [
            record_download(uow, batch, kind, path, by=by, now=now)
            for batch, path in zip(batches, paths, strict=True)
            if batch.name not in taken
        ]


def record_download(
    uow: UnitOfWork, batch: Batch, kind: Format, path: Path, *, by: Actor, now: datetime, handover: int | None = None
) -> Download:
    """Record in the caller's transaction that ``by`` has taken a file, by a hand-over if one is named."""
    name, facts = batch.name or "", files_in(batch.manifest).get(kind, {})
    sha256, rows = str(facts.get("sha256", "")), facts.get("rows", 0)
    earlier = tuple(uow.audit.of(name, DOWNLOADED))
    detail = {"format": kind, "rows": rows, "sha256": sha256}
    if handover is not None:
        detail["handover"] = handover
    uow.audit.record(DOWNLOADED, by=by, at=now, subject=name, detail=detail)
    return Download(path, sha256, rows, earlier, name, batch.orders)


def verified_file(exports: Exports, batch: Batch, kind: Format) -> Path:
    """Return a file whose bytes are those that were published.

    Raises:
        NotFound: the batch has no file of this kind.
        NotInThisState: they are not, or the file cannot be read.
    """
    facts = files_in(batch.manifest).get(kind)
    if facts is None:
        raise NotFound(f"批次 {batch.name} 没有 {kind.upper()} 文件。")
    try:
        path = exports.file_of(batch.manifest, kind)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, NotPublished):
        raise NotInThisState("文件不在导出目录中。请让 IT 检查导出目录是否已挂载，勿手工补建。") from None
    if found != facts.get("sha256"):
        raise NotInThisState("文件内容与登记的 SHA-256 不符，已拒绝下载：文件可能被改动或损坏，请联系 IT。")
    return path


def _published(uow: UnitOfWork, name: str) -> Batch:
    batch = uow.batches.named(name)
    if batch is None or batch.published_at is None:
        raise NotFound(f"没有批次 {name}。")
    return batch
