"""The file of changes of a batch: whole and true or not there, and an edition takes the place of the one before.

It stands beside the batch's own file, which never changes, under ``<batch>.changes``, with a manifest of its own.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from app.domain.csv_cell import defuse, on_one_line, undefuse
from app.files.disk import sha256_of
from app.files.export_folder import Exports
from app.files.manifest import Inconsistent, as_bytes
from app.files.sheet_writers import BOM, Format

HEADINGS = ("应急单号", "主系统单号", "变更", "时间", "原因")


class ChangeLine(NamedTuple):
    """A row of the file; number, word and time are ours, the others come from outside."""

    number: str
    main: str
    word: str
    at: str
    reason: str


def name_of(batch: str) -> str:
    """Return the name of a batch's file of changes, without its ending."""
    return f"{batch}.changes"


def change_sheet(lines: Sequence[ChangeLine]) -> bytes:
    """Return the file: UTF-8 with BOM and CRLF, each text quoted, what comes from outside defused.

    Raises:
        Inconsistent: read again, it does not say what it was made of.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    cells = [tuple(on_one_line(cell) for cell in line) for line in lines]
    writer.writerow(HEADINGS)
    writer.writerows((number, defuse(main), word, at, defuse(reason)) for number, main, word, at, reason in cells)
    data = BOM + text.getvalue().encode()
    if _read(data) != [HEADINGS, *cells]:
        raise Inconsistent("the file of changes does not read as it was meant")
    return data


def _read(data: bytes) -> list[tuple[str, ...]]:
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    return [tuple(undefuse(cell) for cell in row) for row in rows]


def changes_manifest(batch: str, incident: str, data: bytes, *, rows: int, edition: int, at: str) -> dict[str, Any]:
    """Return what a file of changes holds."""
    sha256, name = hashlib.sha256(data).hexdigest(), name_of(batch) + ".csv"
    file = {"name": name, "format": "csv", "rows": rows, "bytes": len(data), "sha256": sha256}
    return {
        "batch": name_of(batch),
        "changes_of": batch,
        "incident": incident,
        "edition": edition,
        "rows": rows,
        "published_at": at,
        "sha256": sha256,
        "files": [file],
    }


def keep_changes(exports: Exports, manifest: Mapping[str, Any], data: bytes) -> None:
    """Put a file of changes and its manifest on disk in place of the edition before, each proven first.

    Raises:
        OSError: the disk refuses; the edition before is as it was.
        Inconsistent: the disk gave back something else than was written.
    """
    incident, name = str(manifest["incident"]), str(manifest["batch"])
    exports.remove_drafts(incident, name)
    _keep(exports, incident, name, "csv", data)
    _keep(exports, incident, name, "manifest", as_bytes(dict(manifest)))


def changes_path(exports: Exports, manifest: Mapping[str, Any]) -> Path:
    """Return where a file of changes lies; its path comes from its row and never from a request."""
    return exports.path_of(str(manifest["incident"]), str(manifest["batch"]), "csv")


def _prove(draft: Path, data: bytes) -> None:
    if sha256_of(draft) != hashlib.sha256(data).hexdigest():
        raise Inconsistent(f"{draft.name}: the disk gave back something else")


def _keep(exports: Exports, incident: str, name: str, kind: Format, data: bytes) -> None:
    disk, draft = exports.disk, exports.draft(incident, name, kind)
    try:
        with disk.create(draft) as file:
            disk.write(file, data)
        disk.flush(draft)
        _prove(draft, data)
        exports.keep(draft, exports.path_of(incident, name, kind))
    except Exception:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
