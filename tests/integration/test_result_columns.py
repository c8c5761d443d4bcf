"""A merchant's own names for the columns of results: used by the command, told where their file is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.orders import new_orders
from tests.integration.conftest import Run


def test_results_come_home_under_a_merchants_own_headings(
    run: Run, take: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (number,) = take(*new_orders(1))
    manifest: dict[str, Any] = json.loads(run("export", "--json").stdout)
    columns, result = tmp_path / "columns.toml", tmp_path / "result.csv"
    columns.write_text('number = ["救生艇号"]\nresult = ["回执"]\n', encoding="utf-8")
    result.write_text(f"救生艇号,回执\n{number},成功\n", encoding="utf-8")
    run("import-results", manifest["batch"], str(result), code=1)
    monkeypatch.setenv("LIFEBOAT_RESULT_COLUMNS", str(columns))
    answer = json.loads(run("import-results", manifest["batch"], str(result), "--json").stdout)
    assert (answer["applied"] + answer["unchanged"], answer["unmatched"], answer["ignored"]) == (1, [], [])


@pytest.mark.parametrize(("text", "told"), [('number = ["救生艇号"]', False), ("number = 1", True)])
def test_a_wrong_file_of_headings_is_told_by_doctor(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, *, told: bool
):
    columns = tmp_path / "columns.toml"
    columns.write_text(text, encoding="utf-8")
    monkeypatch.setenv("LIFEBOAT_RESULT_COLUMNS", str(columns))
    findings = json.loads(run("doctor", "--json").stdout)
    assert ("result_columns" in {one["name"] for one in findings["checks"]}) is told
