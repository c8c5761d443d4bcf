"""The manifest: what a batch holds, and which checks it has passed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.money import yuan
from app.files.sheet_writers import Reread, Written
from app.store.tables import Batch


class Inconsistent(Exception):
    """A finished file is not what its batch should be; it is not published."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One finished file: what its writer meant, and what the disk says."""

    name: str
    kind: str
    written: Written
    found: Reread


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted while a batch was written."""

    orders: int
    live: int
    look_alikes: int
    unfit: int


def checks_of(batch: Batch, files: Sequence[FileEntry], counts: Counts) -> list[dict[str, Any]]:
    """Return the checks.

    Those of the files must have passed. Those that set orders aside have passed once these are set aside; the detail
    says how many.
    """
    csv = next(file.found for file in files if file.kind == "csv")
    one_batch = batch.orders == counts.orders == counts.live
    unique = csv.repeated == 0 and csv.orders == counts.orders
    rows_match = all(f.found.rows == f.written.rows and f.written.sha256 in (None, f.found.sha256) for f in files)
    kept = "补录批次，沿用首次检查" if batch.kind == "repair" else None
    return [
        _check("one_live_batch", f"{counts.live} 单各只在本批次中有效", passed=one_batch),
        _check("unique_numbers", f"{csv.orders} 个应急单号，重复 {csv.repeated} 个", passed=unique),
        _check("look_alikes", kept or f"疑似重复 {counts.look_alikes} 单，已转人工确认", passed=True),
        _check("profile_valid", kept or f"不符合导入要求 {counts.unfit} 单，已转人工处理", passed=True),
        _check(
            "row_count",
            f"回读 {csv.rows} 行，与写入一致" if rows_match else f"回读 {csv.rows} 行，与写入不一致",
            passed=rows_match,
        ),
    ]


def manifest_of(
    batch: Batch, incident: str, files: Sequence[FileEntry], counts: Counts, *, zone: ZoneInfo
) -> dict[str, Any]:
    """Return the manifest.

    Raises:
        Inconsistent: a check of the files has not passed.
    """
    checks = checks_of(batch, files, counts)
    if failed := [f"{check['name']}: {check['detail']}" for check in checks if not check["passed"]]:
        raise Inconsistent(f"{batch.name}: {'; '.join(failed)}")
    csv = next(file.found for file in files if file.kind == "csv")
    return {
        "batch": batch.name,
        "incident": incident,
        "kind": batch.kind,
        "window_from": batch.window_from.astimezone(zone).isoformat(timespec="seconds"),
        "window_to": batch.window_to.astimezone(zone).isoformat(timespec="seconds"),
        "orders": batch.orders,
        "rows": csv.rows,
        "total": yuan(batch.total_fen),
        "held": batch.held,
        "sha256": csv.sha256,
        "files": [
            {"name": f.name, "format": f.kind, "rows": f.found.rows, "bytes": f.found.bytes, "sha256": f.found.sha256}
            for f in files
        ],
        "checks": checks,
    }


def as_bytes(manifest: dict[str, Any]) -> bytes:
    """Return a manifest as people and machines read it."""
    return (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()


def _check(name: str, detail: str, *, passed: bool) -> dict[str, Any]:
    return {"name": name, "passed": passed, "detail": detail}
