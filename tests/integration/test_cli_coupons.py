"""Coupons from the command line: a file is looked at before it is imported, by whatever column holds the codes."""

import json
from pathlib import Path
from typing import Any

from click.testing import Result

from tests.integration.conftest import Run


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def test_codes_are_read_from_the_column_that_is_named(run: Run, tmp_path: Path):
    file = tmp_path / "codes.csv"
    file.write_text(
        "编号,券码,到期,面额\n1,AAAA1111,2026-12-31,20 元\n2,BBBB2222,2026-12-31,20 元\n2,BBBB2222,,\n", "utf-8"
    )
    seen = _json(run("coupons", "import", str(file), "--column", "2", "--worth-column", "4", "--dry-run", "--json"))
    assert seen == {"would_add": 2, "known": 0, "twice": 1, "worths": ["20 元", ""]}
    assert _json(run("coupons", "status", "--json"))["total"] == 0
    assert "将新增 2 张" in run("coupons", "import", str(file), "--column", "2", "--dry-run").stdout
    assert _json(run("coupons", "import", str(file), "--column", "2", "--yes", "--json")) == {"added": 2, "known": 1}
    run("coupons", "import", str(file), "--column", "9", "--yes", code=1)
    run("coupons", "import", str(file), "--column", "0", code=2)


def test_the_pool_tells_what_is_left_and_when_that_is_little(run: Run):
    assert _json(run("coupons", "given", "--json")) == {"items": [], "next": None}
    run("coupons", "generate", "3", "--worth", "20 元")
    assert "还没有发出优惠券。" in run("coupons", "given").stdout
    status = _json(run("coupons", "status", "--json"))
    assert (status["free"], status["given"]) == (3, 0)
    assert "不超过告警线" in run("coupons", "status").stdout
