"""A file is held against the one that was written, whatever program it has been through."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.deployment.orders import new_order
from tests.integration.conftest import Run

Rows = list[list[str]]


class Published:
    """A published batch of three orders, one of them with two items."""

    def __init__(self, run: Run, take: Callable[..., list[str]], folder: Path) -> None:
        items = [
            {"sku": "00123", "name": "袜子;厚", "quantity": 2, "unit_price": "299.50"},
            {"sku": "463012345678901234", "name": "=1+1", "quantity": 1, "unit_price": "1.00"},
        ]
        orders = (
            new_order("A", phone="13800000001", items=items, note="𠮷野\n家", total="600.00"),
            new_order("B", phone="13800000002"),
            new_order("1-2", phone="13800000003"),
        )
        self.numbers = [number for order in orders for number in take(order)]
        self.manifest: dict[str, Any] = json.loads(run("export", "--json").stdout)
        self._run = run
        self._folder = folder
        self._home = folder / "exports" / self.manifest["incident"]

    def data(self, ending: str = "csv") -> bytes:
        return (self._home / f"{self.manifest['batch']}.{ending}").read_bytes()

    @property
    def rows(self) -> Rows:
        return list(csv.reader(io.StringIO(self.data().decode("utf-8-sig"), newline="")))

    def checked(self, data: bytes, name: str = "下载.csv", *, code: int = 0) -> dict[str, Any]:
        path = self._folder / name
        path.write_bytes(data)
        found: dict[str, Any] = json.loads(self._run("check-file", str(path), "--json", code=code).stdout)
        return found


@pytest.fixture
def published(run: Run, take: Callable[..., list[str]], tmp_path: Path) -> Published:
    return Published(run, take, tmp_path)


def as_csv(rows: Rows, encoding: str = "utf-8", **how: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, **how).writerows(rows)
    return out.getvalue().encode(encoding, errors="replace")


def test_what_was_downloaded_is_what_was_written(published: Published):
    batch = published.manifest["batch"]
    alike = {"batch": batch, "identical": True, "changes": []}
    assert published.checked(published.data()) == alike
    assert published.checked(published.data(), f"{batch} (1).csv") == alike
    assert published.checked(published.data("xlsx"), "下载.xlsx") == alike


@pytest.mark.parametrize(
    "saved",
    [
        as_csv,
        lambda rows: as_csv(rows, "utf-8-sig", quoting=csv.QUOTE_ALL),
        lambda rows: as_csv(rows, "gb18030"),
        lambda rows: as_csv(rows, "utf-16", delimiter="\t"),
        lambda rows: as_csv(rows, delimiter=";", lineterminator="\n"),
        lambda rows: as_csv([rows[0], *sorted(rows[1:], key=lambda row: row[6], reverse=True)]),
        lambda rows: as_csv([[*row, "", ""] for row in rows]),
    ],
)
def test_another_encoding_separator_or_order_changes_nothing(published: Published, saved: Callable[[Rows], bytes]):
    assert published.checked(saved(published.rows))["changes"] == []


def test_a_workbook_saved_again_is_the_same_and_one_with_numbers_in_it_is_not(published: Published, tmp_path: Path):
    book = openpyxl.load_workbook(io.BytesIO(published.data("xlsx")))
    book.save(tmp_path / "again.xlsx")
    assert published.checked((tmp_path / "again.xlsx").read_bytes(), "again.xlsx")["identical"]
    book.worksheets[0]["L3"].value = 463012345678901234
    book.save(tmp_path / "again.xlsx")
    (change,) = published.checked((tmp_path / "again.xlsx").read_bytes(), "again.xlsx", code=1)["changes"]
    assert (change["row"], change["column"], change["written"]) == (3, "商品编码", "463012345678901234")


def test_what_a_spreadsheet_makes_of_a_csv_is_named_cell_by_cell(published: Published):
    def mangle(cell: str) -> str:
        return {"00123": "123", "463012345678901234": "4.63E+17", "1-2": "1月2日"}.get(cell, cell)

    rows = [[mangle(cell) for cell in row] for row in published.rows]
    found = published.checked(as_csv(rows, "gbk"), code=1)
    assert not found["identical"]
    assert [tuple(change.values()) for change in found["changes"]] == [
        (2, "商品编码", "00123", "123"),
        (2, "买家留言", "𠮷野 家", "?野 家"),
        (3, "商品编码", "463012345678901234", "4.63E+17"),
        (3, "买家留言", "𠮷野 家", "?野 家"),
        (5, "外部单号", "1-2", "1月2日"),
    ]


def test_rows_deleted_doubled_and_added_are_named(published: Published):
    rows = published.rows
    assert [c["written"] for c in published.checked(as_csv(rows[:-1]), code=1)["changes"]] == [published.numbers[2]]
    assert [c["found"] for c in published.checked(as_csv([*rows, rows[1]]), code=1)["changes"]] == [
        published.numbers[0]
    ]


def test_people_read_a_table(published: Published, run: Run, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv(published.rows[:-1]))
    said = run("check-file", str(path), code=1)
    assert "不一致，共 1 处" in said.stdout
    assert "（缺少）" in said.stdout
    assert "请勿导入" in said.stderr
    path.write_bytes(published.data())
    assert "一致，可以导入" in run("check-file", str(path)).stdout


def test_a_file_without_a_number_of_ours_is_found_by_its_name_alone(published: Published, run: Run, tmp_path: Path):
    path = tmp_path / f"{published.manifest['batch']} - 副本.csv"
    path.write_bytes(as_csv([["a", "b"], ["1", "2"]]))
    assert len(json.loads(run("check-file", str(path), "--json", code=1).stdout)["changes"]) > 3
    path.rename(tmp_path / "other.csv")
    assert "不是我们的批次文件" in run("check-file", str(tmp_path / "other.csv"), code=2).stderr


@pytest.mark.parametrize("data", [b"", b"\xd0\xcf\x11\xe0" + b"x" * 99, b"PK\x03\x04rubbish", b'{"batch": null}', b'"'])
def test_what_cannot_be_read_or_is_not_ours_ends_with_two_and_a_sentence(
    published: Published, run: Run, tmp_path: Path, data: bytes
):
    assert published.numbers
    (tmp_path / "x.csv").write_bytes(data)
    assert run("check-file", str(tmp_path / "x.csv"), code=2).stderr.strip()
    run("check-file", str(tmp_path / "nowhere.csv"), code=2)


def test_a_repair_batch_is_not_taken_for_the_one_whose_orders_it_took(published: Published, run: Run, tmp_path: Path):
    said = tmp_path / "result.csv"
    said.write_text(f"应急单号,结果\n{published.numbers[1]},失败\n", encoding="utf-8")
    run("import-results", published.manifest["batch"], str(said))
    repaired = json.loads(run("repair", published.manifest["batch"], "--json").stdout)
    path = tmp_path / "exports" / repaired["incident"] / repaired["files"][0]["name"]
    assert published.checked(path.read_bytes())["batch"] == repaired["batch"]
    assert published.checked(published.data())["batch"] == published.manifest["batch"]


def test_our_own_file_that_was_changed_or_is_gone_decides_nothing(published: Published, run: Run, tmp_path: Path):
    own = next((tmp_path / "exports").rglob("*.csv"))
    other = tmp_path / "a.csv"
    other.write_bytes(as_csv(published.rows[:-1]))
    own.write_bytes(own.read_bytes() + b"\r\n")
    assert "SHA-256 不符" in run("check-file", str(other), code=2).stderr
    own.unlink()
    assert "不在本机的导出目录" in run("check-file", str(other), code=2).stderr
