"""Files are whole or not there, readable by us alone, and the same bytes at every rebuild."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import openpyxl
import pytest

from app.batch.manifest import Counts, FileEntry, Inconsistent, as_bytes, manifest_of
from app.files.export_folder import Disk, Exports, NotPublished, sha256_of
from app.files.layouts import layout_named
from app.files.sheet_writers import CsvDraft, Reread, Written, XlsxDraft, numbers_by_row, reread
from app.store.tables import Batch
from tests.unit.test_batch_columns import ZONE

TABLE = layout_named("generic")
AT = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
ROW = ["LB1", "=1+1", *["文"] * 22]


def write_csv(path: Path, rows: list[list[str]], disk: Disk | None = None) -> Written:
    draft = CsvDraft(path, TABLE, disk=disk or Disk())
    for row in rows:
        draft.add(row)
    return draft.finish()


def write_xlsx(path: Path, rows: list[list[str]], sheet_rows: int = 1_048_576) -> Written:
    draft = XlsxDraft(path, TABLE, disk=Disk(), created=AT, sheet_rows=sheet_rows)
    for row in rows:
        draft.add(row)
    return draft.finish()


def test_a_csv_file_opens_in_excel_and_its_free_text_is_defused(tmp_path: Path):
    path = tmp_path / "a.csv"
    written = write_csv(path, [ROW])
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf" + "应急单号,外部单号".encode())
    assert data.endswith(b"\r\n")
    assert b"LB1,'=1+1," in data
    assert written == Written(1, sha256_of(path))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_remark_with_a_line_end_quotes_and_commas_stays_one_cell(tmp_path: Path):
    path = tmp_path / "a.csv"
    nasty = '到了打电话,\n"轻放"'
    write_csv(path, [[*ROW[:-1], nasty]])
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file, strict=True))[1][-1] == nasty
    assert reread(path, "csv", TABLE).rows == 1


def test_rereading_counts_rows_orders_and_numbers_that_come_again(tmp_path: Path):
    path = tmp_path / "a.csv"
    write_csv(path, [[number, *ROW[1:]] for number in ("A", "A", "B", "A")])
    assert reread(path, "csv", TABLE) == Reread(
        rows=4, orders=2, repeated=1, bytes=path.stat().st_size, sha256=sha256_of(path)
    )


def test_an_excel_file_holds_text_only_and_executes_nothing(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    assert write_xlsx(path, [["LB1", "=1+1", "http://a.b", "013800138000", *["3301234567890123456"] * 20]]) == Written(
        1, None
    )
    sheet = openpyxl.load_workbook(path).worksheets[0]
    cells = list(sheet[2])
    assert [cell.value for cell in cells[:4]] == ["LB1", "=1+1", "http://a.b", "013800138000"]
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["a.xlsx"]


def test_a_rebuilt_excel_file_has_the_same_bytes(tmp_path: Path):
    write_xlsx(tmp_path / "a.xlsx", [ROW] * 3)
    write_xlsx(tmp_path / "b.xlsx", [ROW] * 3)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_full_sheet_is_followed_by_another(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [ROW] * 5, sheet_rows=3)
    book = openpyxl.load_workbook(path)
    assert [sheet.max_row for sheet in book.worksheets] == [3, 3, 2]
    assert reread(path, "xlsx", TABLE).rows == 5


def test_a_text_longer_than_a_cell_is_an_error_and_not_a_silent_gap(tmp_path: Path):
    draft = XlsxDraft(tmp_path / "a.xlsx", TABLE, disk=Disk(), created=AT)
    with pytest.raises(OSError, match="row 2, column 1"):
        draft.add(["x" * 32768])
    draft.abandon()
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_draft_leaves_nothing(tmp_path: Path):
    CsvDraft(tmp_path / "a.csv", TABLE, disk=Disk()).abandon()
    write_xlsx(tmp_path / "kept.xlsx", [ROW])
    draft = XlsxDraft(tmp_path / "b.xlsx", TABLE, disk=Disk(), created=AT)
    draft.finish()
    draft.abandon()
    assert [p.name for p in tmp_path.iterdir()] == ["kept.xlsx"]


def test_a_disk_that_is_full_at_the_end_is_told_as_such(tmp_path: Path):
    draft = XlsxDraft(tmp_path / "a.xlsx", TABLE, disk=Disk(), created=AT)
    draft.path = tmp_path / "a.xlsx"
    draft._book.filename = str(tmp_path / "gone" / "a.xlsx")  # noqa: SLF001 - the cheapest disk that refuses
    with pytest.raises(OSError, match="xlsx"):
        draft.finish()
    draft.abandon()


class Recording(Disk):
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def create(self, path: Path) -> BinaryIO:
        self.asked.append("create")
        return super().create(path)

    def flush(self, path: Path) -> None:
        self.asked.append(f"flush {path.name}")
        super().flush(path)

    def rename(self, path: Path, final: Path) -> None:
        self.asked.append(f"rename {final.name}")
        super().rename(path, final)


def test_a_file_gets_its_name_after_its_bytes_are_on_the_platter_and_the_folder_follows(tmp_path: Path):
    disk = Recording()
    exports = Exports(tmp_path / "x", disk=disk)
    draft = exports.draft("E1", "B1", "csv")
    draft.write_bytes(b"a")
    exports.keep(draft, exports.path_of("E1", "B1", "csv"))
    assert disk.asked == ["flush x", f"flush {draft.name}", "rename B1.csv", "flush E1"]


def test_a_rebuilt_file_with_the_same_bytes_leaves_the_first_alone(tmp_path: Path):
    exports = Exports(tmp_path)
    final = exports.path_of("E1", "B1", "csv")
    for content in (b"a", b"a", b"b"):
        draft = exports.draft("E1", "B1", "csv")
        draft.write_bytes(content)
        before = final.stat().st_ino if final.exists() else None
        exports.keep(draft, final)
        assert (final.stat().st_ino == before) is (content == b"a" and before is not None)
    assert [p.name for p in final.parent.iterdir()] == ["B1.csv"]
    assert final.read_bytes() == b"b"


def test_what_a_dead_maker_left_is_removed_and_nothing_else(tmp_path: Path):
    exports = Exports(tmp_path)
    folder = exports.folder("E1")
    (folder / ".B1.1234.csv.part").write_bytes(b"")
    (folder / ".B1.1234.xlsx.partabc").mkdir()
    (folder / ".B12.1234.csv.part").write_bytes(b"")
    (folder / "B1.csv").write_bytes(b"")
    exports.remove_drafts("E1", "B1")
    assert sorted(p.name for p in folder.iterdir()) == [".B12.1234.csv.part", "B1.csv"]


def batch(**fields: object) -> Batch:
    base = {
        "id": 7,
        "name": "B1",
        "incident_id": 1,
        "kind": "regular",
        "columns": "generic",
        "state": "published",
        "orders": 2,
        "total_fen": 59900,
    }
    moments = dict.fromkeys(("window_from", "window_to", "claimed_at", "lease_until", "published_at"), AT)
    return Batch(**{**base, **moments, **fields})


def test_a_file_is_found_by_its_batch_and_only_if_it_is_published_in_that_format(tmp_path: Path):
    exports = Exports(tmp_path)
    made = batch(manifest={"incident": "E1", "files": [{"format": "csv"}]})
    assert exports.file_of(made, "csv") == tmp_path / "E1" / "B1.csv"
    assert exports.file_of(made, "manifest") == tmp_path / "E1" / "B1.manifest.json"
    with pytest.raises(NotPublished):
        exports.file_of(made, "xlsx")
    with pytest.raises(NotPublished):
        exports.file_of(batch(published_at=None), "csv")


def test_an_erp_programs_row_numbers_lead_back_to_orders(tmp_path: Path):
    exports = Exports(tmp_path)
    exports.folder("E1")
    write_csv(tmp_path / "E1" / "B1.csv", [[number, *ROW[1:]] for number in ("A", "A", "B")])
    assert numbers_by_row(exports, batch(manifest={"incident": "E1", "files": [{"format": "csv"}]})) == ["A", "A", "B"]


GOOD = Reread(rows=3, orders=2, repeated=0, bytes=9, sha256="s")


def manifest(found: Reread = GOOD, *, counts: Counts | None = None, **fields: object) -> dict[str, object]:
    entry = FileEntry("B1.csv", "csv", Written(3, "s"), found)
    return manifest_of(batch(**fields), "E1", [entry], counts or Counts(2, 2, 1, 0), zone=ZONE)


def test_the_manifest_has_the_published_form():
    found = manifest(held=1)
    assert list(found) == [
        "batch",
        "incident",
        "kind",
        "window_from",
        "window_to",
        "orders",
        "rows",
        "total",
        "held",
        "sha256",
        "files",
        "checks",
    ]
    assert found["files"] == [{"name": "B1.csv", "format": "csv", "rows": 3, "bytes": 9, "sha256": "s"}]
    assert (found["total"], found["window_to"], found["held"]) == ("599.00", "2026-11-22T10:30:00+08:00", 1)
    assert [check["name"] for check in found["checks"]] == [
        "one_live_batch",
        "unique_numbers",
        "look_alikes",
        "profile_valid",
        "row_count",
    ]  # type: ignore[attr-defined]
    assert json.loads(as_bytes(found)) == found


@pytest.mark.parametrize(
    ("found", "counts", "check"),
    [
        (Reread(4, 2, 0, 9, "s"), None, "row_count"),
        (Reread(3, 2, 0, 9, "other"), None, "row_count"),
        (Reread(3, 2, 1, 9, "s"), None, "unique_numbers"),
        (GOOD, Counts(2, 1, 0, 0), "one_live_batch"),
        (GOOD, Counts(3, 3, 0, 0), "one_live_batch"),
    ],
)
def test_a_file_that_is_not_what_its_batch_should_be_is_not_published(found: Reread, counts: Counts | None, check: str):
    with pytest.raises(Inconsistent, match=check):
        manifest(found, counts=counts)
