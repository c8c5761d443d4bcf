"""Tells before an import whether a file still is the one that was written, and which cells are not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.order_number import is_number
from app.domain.problems import NotFound, NotInThisState
from app.files.compare_sheets import Change, WrittenSheet, compare_sheets, number_in
from app.files.disk import sha256_of
from app.files.export_folder import Exports
from app.files.layouts.layout import Kind
from app.files.layouts.registry import Layouts
from app.files.read_back import rows_in_csv
from app.files.sheet_reader import Limits, Row, rows_of
from app.store.tables import Batch
from app.store.unit_of_work import Store

_NAME = re.compile(r"[BR][0-9]{8}-[0-9]{4}-[0-9]+")
_LOOKED_AT = 2000
"""Rows whose numbers tell the batch; more would find no other one."""

_MEGABYTE = 1024 * 1024
_AS_LARGE_AS_OURS = Limits(bytes=512 * _MEGABYTE, rows=1_500_000, columns=150, unpacked=4096 * _MEGABYTE)
"""An operator's own file on the operator's own machine, where a batch may be far larger than any upload."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What became of a batch's file."""

    batch: str
    changes: tuple[Change, ...]

    @property
    def identical(self) -> bool:
        """Whether it says what was written, in whatever order and encoding."""
        return not self.changes


def check_file(store: Store, exports: Exports, layouts: Layouts, file: Path) -> FileCheck:
    """Compare a file with the published one of its batch, which its order numbers tell, or else its name.

    Raises:
        NotFound: no batch has these orders, or this name.
        NotInThisState: our own file is not on this machine, or not the one that was published.
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole.
    """
    named, sha256 = _named(store, file.name), sha256_of(file)
    if named is not None and sha256 in _hashes(named):
        return FileCheck(named.name or "", ())
    found = _rows(file)
    batch = _batch_of(store, found, named)
    if batch is None:
        raise NotFound(f"{file.name} 不是我们的批次文件：其中没有任何批次的应急单号，文件名也不是批次编号。")
    if sha256 in _hashes(batch):
        return FileCheck(batch.name or "", ())
    return FileCheck(batch.name or "", tuple(compare_sheets(_written(exports, layouts, batch), found)))


def _rows(file: Path) -> list[Row]:
    return rows_of(file.read_bytes(), _AS_LARGE_AS_OURS)


def _named(store: Store, name: str) -> Batch | None:
    if (found := _NAME.search(name)) is None:
        return None
    with store.reading() as uow:
        batch = uow.batches.named(found[0])
    return batch if batch is not None and batch.published_at is not None else None


def _batch_of(store: Store, found: Sequence[Row], named: Batch | None) -> Batch | None:
    """Return the batch most of whose orders stand there.

    The orders of a repair batch are those of an earlier one too: the file's name tells them apart, or else the size.
    """
    cells = (number_in(cell) for row in found[:_LOOKED_AT] for cell in row.cells if isinstance(cell, str))
    numbers = list(dict.fromkeys(cell for cell in cells if is_number(cell)))
    if not numbers:
        return named
    with store.reading() as uow:
        counts = uow.batches.holding(numbers)
        batches = [batch for name in counts if (batch := uow.batches.named(name)) is not None]

    def fits(batch: Batch) -> tuple[int, bool, int, int]:
        by_name = named is not None and batch.id == named.id
        return counts[batch.name or ""], by_name, -abs(batch.orders - len(numbers)), batch.id or 0

    return max(batches, key=fits, default=named)


def _hashes(batch: Batch) -> set[str]:
    manifest: dict[str, Any] = batch.manifest or {}
    return {str(file["sha256"]) for file in manifest.get("files", ())}


def _written(exports: Exports, layouts: Layouts, batch: Batch) -> WrittenSheet:
    path = exports.file_of(batch.manifest, "csv")
    if not path.is_file():
        raise NotInThisState(f"批次 {batch.name} 的文件不在本机的导出目录中，请在存有它的机器上核对。")
    if sha256_of(path) != batch.sha256:
        raise NotInThisState(f"批次 {batch.name} 在导出目录中的文件已被改动（SHA-256 不符），无从核对。")
    rows = rows_in_csv(path)
    headings = next(rows)
    layout = next((one for one in layouts if one.name == batch.columns and one.headings == headings), None)
    numbers = list(rows)
    if layout is None:  # the merchant has changed it since: the numbers tell their column themselves
        first = numbers[0] if numbers else []
        return WrittenSheet(headings, numbers, next((i for i, cell in enumerate(first) if is_number(cell)), 0))
    bare = (i for i, one in enumerate(layout.columns) if one.kind in (Kind.COUNT, Kind.MONEY) and not one.computed)
    return WrittenSheet(headings, numbers, layout.number_at, frozenset(bare))
