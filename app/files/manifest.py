"""The manifest: what a batch holds, and which checks its files have passed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.money import yuan
from app.files.read_back import Reread
from app.files.sheet_writers import Format, Written

PAYMENT_STATES = ("paid", "unpaid", "cod", "unknown")


class Inconsistent(Exception):
    """A finished file is not what its batch should be; it is not published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFacts:
    """What the store says of a batch whose membership is frozen; ``live`` counts the orders that are in it now."""

    name: str
    incident: str
    kind: str
    window_from: datetime
    window_to: datetime
    orders: int
    live: int
    total_fen: int
    held: int
    look_alikes: int
    unfit: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One finished file: what its writer meant, and what the disk says."""

    name: str
    kind: Format
    written: Written
    found: Reread


def checks_of(batch: BatchFacts, files: Sequence[FileEntry], *, written: int) -> list[dict[str, Any]]:
    """Return the checks of a batch of which ``written`` orders went into the files.

    Those of the files must have passed. Those that set orders aside have passed once these are set aside; the detail
    says how many.
    """
    csv = next(file.found for file in files if file.kind == "csv")
    one_batch = batch.orders == written == batch.live
    unique = csv.repeated == 0 and csv.orders == written
    rows_match = all(f.found.rows == f.written.rows and f.written.sha256 in (None, f.found.sha256) for f in files)
    kept = "补录批次，沿用首次检查" if batch.kind == "repair" else None
    return [
        _check("one_live_batch", f"{batch.live} 单各只在本批次中有效", passed=one_batch),
        _check("unique_numbers", f"{csv.orders} 个应急单号，重复 {csv.repeated} 个", passed=unique),
        _check("look_alikes", kept or f"疑似重复 {batch.look_alikes} 单，已转人工确认", passed=True),
        _check("profile_valid", kept or f"不符合导入要求 {batch.unfit} 单，已转人工处理", passed=True),
        _check(
            "row_count",
            f"回读 {csv.rows} 行，与写入一致" if rows_match else f"回读 {csv.rows} 行，与写入不一致",
            passed=rows_match,
        ),
    ]


def manifest_of(
    batch: BatchFacts, files: Sequence[FileEntry], *, written: int, payments: Mapping[str, int], zone: ZoneInfo
) -> dict[str, Any]:
    """Return the manifest; ``payments`` counts the orders in each state of payment, those without one as ``unknown``.

    Raises:
        Inconsistent: a check of the files has not passed.
    """
    checks = checks_of(batch, files, written=written)
    if failed := [f"{check['name']}: {check['detail']}" for check in checks if not check["passed"]]:
        raise Inconsistent(f"{batch.name}: {'; '.join(failed)}")
    csv = next(file.found for file in files if file.kind == "csv")
    return {
        "batch": batch.name,
        "incident": batch.incident,
        "kind": batch.kind,
        "window_from": batch.window_from.astimezone(zone).isoformat(timespec="seconds"),
        "window_to": batch.window_to.astimezone(zone).isoformat(timespec="seconds"),
        "orders": batch.orders,
        "rows": csv.rows,
        "total": yuan(batch.total_fen),
        "held": batch.held,
        "payments": {state: payments.get(state, 0) for state in PAYMENT_STATES},
        "sha256": csv.sha256,
        "files": [
            {"name": f.name, "format": f.kind, "rows": f.found.rows, "bytes": f.found.bytes, "sha256": f.found.sha256}
            for f in files
        ],
        "checks": checks,
    }


def files_in(manifest: object) -> dict[str, dict[str, Any]]:
    """Return what a stored manifest says of its files, by format; nothing where it is not what it was."""
    return {str(one.get("format")): one for one in _dicts(manifest, "files")}


def checks_in(manifest: object) -> list[dict[str, Any]]:
    """Return the checks that a stored manifest tells of."""
    return _dicts(manifest, "checks")


def _dicts(manifest: object, part: str) -> list[dict[str, Any]]:
    found = manifest.get(part) if isinstance(manifest, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def as_bytes(manifest: dict[str, Any]) -> bytes:
    """Return a manifest as people and machines read it."""
    return (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()


def _check(name: str, detail: str, *, passed: bool) -> dict[str, Any]:
    return {"name": name, "passed": passed, "detail": detail}
