"""Hands out a published file and writes down who took it: a file imported twice is two parcels for one customer."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.domain.actor import Actor
from app.domain.problems import NotFound, NotInThisState
from app.files.export_folder import Exports, NotPublished
from app.files.manifest import files_in
from app.files.sheet_writers import Format
from app.store.tables import Audit
from app.store.unit_of_work import Store

DOWNLOADED = "batch.download"


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way to somebody, and who took it before."""

    path: Path
    sha256: str
    rows: int
    earlier: tuple[Audit, ...]


def take_file(store: Store, exports: Exports, name: str, kind: Format, *, by: Actor, now: datetime) -> Download:
    """Return a batch's file and record that ``by`` has taken it.

    Raises:
        NotFound: there is no such batch, or it has no file of this kind.
        NotInThisState: the file is not where this process can read it.
    """
    with store.writing() as uow:
        batch = uow.batches.named(name)
        if batch is None or batch.published_at is None:
            raise NotFound(f"没有批次 {name}。")
        try:
            path = exports.file_of(batch.manifest, kind)
        except NotPublished:
            raise NotFound(f"批次 {name} 没有 {kind} 文件。") from None
        if not path.is_file():
            raise NotInThisState(
                f"批次 {name} 的文件不在本机的导出目录中，请检查 LIFEBOAT_EXPORT_DIR 是否为各进程共享。"
            )
        facts = files_in(batch.manifest).get(kind, {})
        sha256, rows = str(facts.get("sha256", "")), facts.get("rows", 0)
        earlier = tuple(uow.audit.of(name, DOWNLOADED))
        uow.audit.record(
            DOWNLOADED,
            by=by,
            at=now,
            subject=name,
            detail={"format": kind, "rows": rows, "sha256": sha256},
        )
    return Download(path, sha256, rows, earlier)
