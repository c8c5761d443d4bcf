"""Files are whole or not there, readable by us alone, and the same bytes at every rebuild."""

import csv
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
import pytest

from app.domain.order import Item, Order
from app.domain.order_number import derive
from app.files.disk import Disk, sha256_of
from app.files.export_folder import BatchFiles, Exports, NotPublished
from app.files.layouts.export_order import ExportOrder
from app.files.layouts.registry import shipped_layouts
from app.files.manifest import BatchFacts, FileEntry, Inconsistent, as_bytes, manifest_of
from app.files.read_back import Reread, numbers_by_row, reread
from app.files.sheet_writers import CsvDraft, Written, XlsxDraft
from tests.unit.test_batch_columns import ZONE

LAYOUT = shipped_layouts().named("generic")
AT = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
ROW = ["LB1", "=1+1", *["文"] * 22]


def write_csv(path: Path, rows: list[list[str]], disk: Disk | None = None) -> Written:
    draft = CsvDraft(path, LAYOUT, disk=disk or Disk())
    for row in rows:
        draft.add(row)
    return draft.finish()


def write_xlsx(path: Path, rows: list[list[str]], sheet_rows: int = 1_048_576) -> Written:
    draft = XlsxDraft(path, LAYOUT, disk=Disk(), created=AT, sheet_rows=sheet_rows)
    for row in rows:
        draft.add(row)
    return draft.finish()


def test_a_csv_file_opens_in_excel_and_its_free_text_is_defused(tmp_path: Path):
    path = tmp_path / "a.csv"
    written = write_csv(path, [ROW])
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf" + "应急单号,外部单号,".encode())
    assert data.endswith(b"\r\n")
    assert b'LB1,"\'=1+1",' in data
    assert written == Written(1, sha256_of(path))
    assert path.stat().st_mode & 0o777 == 0o600


def test_texts_are_quoted_and_what_we_validated_is_not(tmp_path: Path):
    order = Order(phone="13800138000", items=(Item(sku='"A";=1', name="", quantity=2, unit_price=29950),), freight=0)
    export = ExportOrder(number="LB1", client="c", priority="normal", received_at=AT, total=59900, order=order)
    write_csv(tmp_path / "a.csv", list(LAYOUT.rows_in(ZONE)(export)))
    line = (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    assert line == (
        'LB1,"","c","普通",2026-11-22 10:30:00,"",13800138000,"","","","","""A"";=1","",2,299.50,599.00,599.00,'
        '0.00,,"",,"","",""'
    )


@pytest.mark.parametrize("separators", [",;\t", ";,", "\t,", "|,", "，,"])
def test_other_separators_that_a_reader_is_told_of_begin_no_cell(tmp_path: Path, separators: str):
    """A stand-in for a dialog in which several separators are ticked: it splits at each of them outside quotes."""
    nasty = [f"a{mark}=1+1" for mark in ";\t|，,"]
    items = tuple(Item(sku=text, name=text, quantity=1) for text in nasty)
    order = Order(phone="13800138000", items=items, note=";".join(nasty), buyer=nasty[0])
    export = ExportOrder(number="LB1", client=nasty[1], priority="normal", received_at=AT, total=1, order=order)
    write_csv(tmp_path / "a.csv", list(LAYOUT.rows_in(ZONE)(export)))
    for line in (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()[1:]:
        cells = re.split(f"[{separators}]", re.sub(r'"(?:[^"]|"")*"', '""', line))
        assert not any("=" in cell for cell in cells)
        assert len(cells) == (24 if "," in separators else 1)


def test_a_heading_is_quoted_where_a_reader_could_split_it():
    column = LAYOUT.columns[0]
    layout = replace(LAYOUT, columns=(column, replace(column, heading='数;"量"（件）')))
    assert layout.csv_headings == '应急单号,"数;""量""（件）"\r\n'


def test_a_remark_with_a_line_end_quotes_and_commas_stays_one_cell(tmp_path: Path):
    path = tmp_path / "a.csv"
    nasty = '到了打电话,\n"轻放"'
    write_csv(path, [[*ROW[:-1], nasty]])
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file, strict=True))[1][-1] == nasty
    assert reread(path, "csv", LAYOUT).rows == 1


def test_rereading_counts_rows_orders_and_numbers_that_come_again(tmp_path: Path):
    path = tmp_path / "a.csv"
    write_csv(path, [[number, *ROW[1:]] for number in ("A", "A", "B", "A")])
    assert reread(path, "csv", LAYOUT) == Reread(
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
    assert reread(path, "xlsx", LAYOUT).rows == 5


def test_a_text_longer_than_a_cell_is_an_error_and_not_a_silent_gap(tmp_path: Path):
    draft = XlsxDraft(tmp_path / "a.xlsx", LAYOUT, disk=Disk(), created=AT)
    with pytest.raises(OSError, match="row 2, column 1"):
        draft.add(["x" * 32768])
    draft.abandon()
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_draft_leaves_nothing(tmp_path: Path):
    CsvDraft(tmp_path / "a.csv", LAYOUT, disk=Disk()).abandon()
    write_xlsx(tmp_path / "kept.xlsx", [ROW])
    draft = XlsxDraft(tmp_path / "b.xlsx", LAYOUT, disk=Disk(), created=AT)
    draft.finish()
    draft.abandon()
    assert [p.name for p in tmp_path.iterdir()] == ["kept.xlsx"]


def test_a_disk_that_is_full_at_the_end_is_told_as_such(tmp_path: Path):
    draft = XlsxDraft(tmp_path / "a.xlsx", LAYOUT, disk=Disk(), created=AT)
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


MANIFEST = {"batch": "B1", "incident": "E1", "files": [{"format": "csv"}]}


def test_a_file_is_found_by_its_batch_and_only_if_it_is_published_in_that_format(tmp_path: Path):
    exports = Exports(tmp_path)
    assert exports.file_of(MANIFEST, "csv") == tmp_path / "E1" / "B1.csv"
    assert exports.file_of(MANIFEST, "manifest") == tmp_path / "E1" / "B1.manifest.json"
    with pytest.raises(NotPublished):
        exports.file_of(MANIFEST, "xlsx")
    for unpublished in (None, {"look_alikes": 1, "unfit": 0}):
        with pytest.raises(NotPublished):
            exports.file_of(unpublished, "csv")


@pytest.mark.parametrize("heading", ["应急单号", "改过的列名", None])
def test_an_erp_programs_row_numbers_lead_back_to_orders_even_if_the_layout_has_changed(
    tmp_path: Path, heading: str | None
):
    path = tmp_path / "B1.csv"
    ours = [derive(b"s", "c", key) for key in ("A", "A", "B")]
    write_csv(path, [[number, *ROW[1:]] for number in ours])
    assert numbers_by_row(path, heading) == ours


def test_rows_without_any_number_of_ours_lead_nowhere(tmp_path: Path):
    path = tmp_path / "B1.csv"
    write_csv(path, [["?", *ROW[1:]]])
    assert numbers_by_row(path, None) == [""]


GOOD = Reread(rows=3, orders=2, repeated=0, bytes=9, sha256="s")


def facts(**fields: object) -> BatchFacts:
    base = {
        "name": "B1",
        "incident": "E1",
        "kind": "regular",
        "window_from": AT,
        "window_to": AT,
        "orders": 2,
        "live": 2,
    }
    counts = {"total_fen": 59900, "held": 0, "look_alikes": 1, "unfit": 0}
    return BatchFacts(**{**base, **counts, **fields})  # type: ignore[arg-type]


def manifest(found: Reread = GOOD, *, written: int = 2, **fields: object) -> dict[str, object]:
    return manifest_of(
        facts(**fields),
        [FileEntry("B1.csv", "csv", Written(3, "s"), found)],
        written=written,
        payments={"unpaid": 1, "unknown": 1},
        zone=ZONE,
    )


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
        "payments",
        "sha256",
        "files",
        "checks",
    ]
    assert found["files"] == [{"name": "B1.csv", "format": "csv", "rows": 3, "bytes": 9, "sha256": "s"}]
    assert (found["total"], found["window_to"], found["held"]) == ("599.00", "2026-11-22T10:30:00+08:00", 1)
    assert found["payments"] == {"paid": 0, "unpaid": 1, "cod": 0, "unknown": 1}
    assert [check["name"] for check in found["checks"]] == [
        "one_live_batch",
        "unique_numbers",
        "look_alikes",
        "profile_valid",
        "row_count",
    ]  # type: ignore[attr-defined]
    assert json.loads(as_bytes(found)) == found


@pytest.mark.parametrize(
    ("found", "fields", "check"),
    [
        (Reread(4, 2, 0, 9, "s"), {}, "row_count"),
        (Reread(3, 2, 0, 9, "other"), {}, "row_count"),
        (Reread(3, 2, 1, 9, "s"), {}, "unique_numbers"),
        (GOOD, {"live": 1}, "one_live_batch"),
        (GOOD, {"orders": 3, "live": 3}, "one_live_batch"),
        (Reread(3, 1, 0, 9, "s"), {"written": 1}, "one_live_batch"),
    ],
)
def test_a_file_that_is_not_what_its_batch_should_be_is_not_published(
    found: Reread, fields: dict[str, Any], check: str
):
    with pytest.raises(Inconsistent, match=check):
        manifest(found, **fields)


class FreeHold:
    """A hold that is never contested; notes how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def renew(self) -> None:
        self.asked.append("renew")

    def prove(self) -> None:
        self.asked.append("prove")


class LostHold(FreeHold):
    def prove(self) -> None:
        raise TimeoutError


def export_order(number: str) -> ExportOrder:
    order = Order(phone="13800138000", items=(Item(sku="A", quantity=1),))
    return ExportOrder(number=number, client="c", priority="normal", received_at=AT, total=None, order=order)


def begin(exports: Exports, hold: FreeHold, **fields: object) -> BatchFiles:
    return exports.begin(facts(**fields), LAYOUT, ("csv", "xlsx"), zone=ZONE, hold=hold)


def test_files_appear_together_with_their_manifest_once_they_are_proven(tmp_path: Path):
    hold = FreeHold()
    with begin(Exports(tmp_path), hold) as files:
        files.add(export_order("A"))
        files.add(export_order("B"))
        assert all(path.name.startswith(".") for path in (tmp_path / "E1").iterdir())
        published = files.publish()
    assert sorted(p.name for p in (tmp_path / "E1").iterdir()) == ["B1.csv", "B1.manifest.json", "B1.xlsx"]
    assert json.loads((tmp_path / "E1" / "B1.manifest.json").read_bytes()) == published
    assert hold.asked == ["renew"] * 4 + ["prove"]


def publish_one(exports: Exports, hold: FreeHold, **fields: object) -> None:
    with begin(exports, hold, **fields) as files:
        files.add(export_order("A"))
        files.publish()


@pytest.mark.parametrize(("hold", "orders", "error"), [(LostHold(), 1, TimeoutError), (FreeHold(), 2, Inconsistent)])
def test_files_that_cannot_be_published_leave_nothing_behind(
    tmp_path: Path, hold: FreeHold, orders: int, error: type[Exception]
):
    with pytest.raises(error):
        publish_one(Exports(tmp_path), hold, orders=orders, live=orders)
    assert list((tmp_path / "E1").iterdir()) == []


def test_a_disk_that_refuses_the_second_file_keeps_no_first_one(tmp_path: Path):
    class OneFile(Disk):
        def create(self, path: Path) -> BinaryIO:
            if "xlsx" in path.name:
                raise OSError(28, "No space left on device")
            return super().create(path)

    with pytest.raises(OSError, match="No space"), begin(Exports(tmp_path, disk=OneFile()), FreeHold()):
        pass
    assert list((tmp_path / "E1").iterdir()) == []
