"""A merchant's own layout: checked, listed, and then its files and the results under its heading."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.orders import new_orders
from tests.integration.conftest import Run

MINE = """name = "mine"
title = "自有"
[[column]]
heading = "平台编号"
path = "number"
kind = "number"
[[column]]
heading = "留言"
path = "order.note"
kind = "text"
"""
SAMPLE = {"phone": "13800138000", "items": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}], "note": "=1+1"}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "layouts"
    path.mkdir()
    (path / "mine.toml").write_text(MINE, encoding="utf-8")
    monkeypatch.setenv("LIFEBOAT_LAYOUTS_DIR", str(path))
    return path


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "order.json"
    path.write_text(json.dumps(SAMPLE), encoding="utf-8")
    return path


def test_a_clean_layout_shows_the_rows_of_a_sample(run: Run, folder: Path, sample: Path):
    mine = str(folder / "mine.toml")
    assert json.loads(run("layout", "check", mine, "--json").stdout) == {
        "name": "mine",
        "columns": ["平台编号", "留言"],
        "errors": [],
    }
    found = json.loads(run("layout", "check", mine, str(sample), "--json").stdout)
    assert [row[1] for row in found["rows"]] == ["'=1+1"] * 2
    assert found["missing"] == []
    assert "留言：'=1+1" in run("layout", "check", mine, str(sample)).stdout


def test_a_wrong_layout_is_told_line_by_line_and_ends_with_two(run: Run, folder: Path, sample: Path):
    wrong = folder / "wrong.toml"
    wrong.write_text(MINE.replace("mine", "generic").replace("order.note", "order.nte"), encoding="utf-8")
    found = json.loads(run("layout", "check", str(wrong), str(sample), "--json", code=2).stdout)
    assert [(error["line"], error["key"]) for error in found["errors"]] == [(1, "name"), (9, "path")]
    assert "rows" not in found
    assert "第 9 行 path" in run("layout", "check", str(wrong), code=2).stderr
    listed = json.loads(run("layout", "list", "--json", code=2).stdout)
    assert [(one["name"], one["shipped"]) for one in listed["items"]][-2:] == [("guanyi", True), ("mine", False)]
    assert [one["file"] for one in listed["wrong"]] == ["wrong.toml"]
    assert "wrong.toml 第 1 行" in run("layout", "list", code=2).stderr


def test_a_sample_that_is_no_order_is_told_as_such(run: Run, folder: Path, sample: Path):
    sample.write_text('{"phone": "1"}', encoding="utf-8")
    assert "/phone" in run("layout", "check", str(folder / "mine.toml"), str(sample), code=2).stderr


def test_a_sample_that_would_be_held_is_told_as_such(run: Run, folder: Path, sample: Path):
    path = folder / "mine.toml"
    path.write_text(MINE + '[[requirement]]\nlabel = "买家"\npath = "order.buyer"\nkind = "text"\n', encoding="utf-8")
    assert "缺少：买家" in run("layout", "check", str(path), str(sample)).stderr


@pytest.mark.usefixtures("folder")
def test_a_layout_is_listed_beside_the_shipped_ones(run: Run):
    assert "自有" in run("layout", "list").stdout


@pytest.mark.usefixtures("folder")
def test_a_misspelt_layout_ends_the_command_with_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIFEBOAT_BATCH_COLUMNS", "mnie")
    assert "没有名为 mnie 的导出列表，可用：generic" in run("export", code=2).stderr


@pytest.mark.usefixtures("folder")
def test_orders_leave_in_a_merchants_own_columns_and_come_home_under_its_heading(
    run: Run, take: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    first, second = take(*new_orders(2))
    monkeypatch.setenv("LIFEBOAT_BATCH_COLUMNS", "mine")
    manifest: dict[str, Any] = json.loads(run("export", "--json").stdout)
    written = tmp_path / "exports" / manifest["incident"] / manifest["files"][0]["name"]
    lines = written.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "平台编号,留言"
    assert sorted(line.split(",")[0] for line in lines[1:]) == sorted((first, second))
    result = tmp_path / "result.csv"
    result.write_text(f"平台编号,结果\n{first},成功\n", encoding="utf-8")
    assert json.loads(run("import-results", manifest["batch"], str(result), "--json").stdout)["applied"] == 1
    monkeypatch.delenv("LIFEBOAT_LAYOUTS_DIR")  # the layout has gone; the file of the batch still tells its rows
    row = 2 + [line.split(",")[0] for line in lines[1:]].index(second)
    result.write_text(f"第 {row} 行 库存不足\n", encoding="utf-8")
    assert json.loads(run("import-results", manifest["batch"], str(result), "--json").stdout)["applied"] == 1


def test_a_chosen_layout_whose_file_is_wrong_is_told_and_leaves_the_orders_waiting(
    run: Run, take: Callable[..., list[str]], folder: Path, monkeypatch: pytest.MonkeyPatch
):
    take(*new_orders(2))
    monkeypatch.setenv("LIFEBOAT_BATCH_COLUMNS", "mine")
    (folder / "mine.toml").write_text(MINE + "oops", encoding="utf-8")
    assert "导出列表 mine 的文件有误：mine.toml 第 11 行：TOML 语法错误" in run("export", code=1).stderr
    checks = json.loads(run("doctor", "--json", code=1).stdout)["checks"]
    assert [check["status"] for check in checks if check["name"] == "layout"] == ["warn", "fail"]
    (folder / "mine.toml").write_text(MINE, encoding="utf-8")
    assert json.loads(run("export", "--json").stdout)["orders"] == 2
