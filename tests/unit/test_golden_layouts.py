"""The files of the four shipped layouts are, byte for byte, those that merchants' programs have been given so far."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.files.disk import Disk
from app.files.layouts.registry import SHIPPED, shipped_layouts
from app.files.sheet_writers import CsvDraft, XlsxDraft
from tests.deployment.facts import TEN, ZONE
from tests.golden.export import export_orders
from tests.house.repository import ROOT

GOLDEN = ROOT / "tests" / "golden"
LAYOUTS = shipped_layouts()


def kept(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_a_csv_file_has_the_bytes_it_has_always_had(name: str, tmp_path: Path):
    layout = LAYOUTS.named(name)
    draft = CsvDraft(tmp_path / "a.csv", layout, disk=Disk())
    for order in export_orders():
        for row in layout.rows_in(ZONE)(order):
            draft.add(row)
    draft.finish()
    assert (tmp_path / "a.csv").read_bytes() == (GOLDEN / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("name", SHIPPED)
def test_an_excel_file_has_the_cells_it_has_always_had(name: str, tmp_path: Path):
    layout = LAYOUTS.named(name)
    draft = XlsxDraft(tmp_path / "a.xlsx", layout, disk=Disk(), created=TEN)
    for order in export_orders():
        for row in layout.rows_in(ZONE)(order):
            draft.add(row)
    draft.finish()
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)] == kept(name)["cells"]


@pytest.mark.parametrize("name", SHIPPED)
def test_what_a_program_would_refuse_is_named_in_the_same_words(name: str):
    layout = LAYOUTS.named(name)
    assert layout.title == kept(name)["title"]
    assert [layout.missing(order) for order in export_orders()] == kept(name)["missing"]
