"""``lifeboat compare``: what a script and a person are told, and by which exit status."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Lifeboat
from app.domain.order_number import derive
from tests.deployment.facts import KEYS
from tests.deployment.orders import new_order
from tests.integration.conftest import Run

HEADS = "系统单号,应急单号,订单状态,订单金额\n"
Take = Callable[..., list[str]]


@pytest.fixture
def incident(boat: Lifeboat, take: Take) -> Callable[..., tuple[str, list[str]]]:
    def taken(count: int = 2) -> tuple[str, list[str]]:
        numbers = take(*(new_order(f"S-{n}", phone=f"138{n:08d}") for n in range(count)))
        with boat.store.reading() as uow:
            found = uow.incidents.latest()
        assert found is not None
        return found.name, numbers

    return taken


def written(folder: Path, *rows: str, name: str = "list.csv") -> str:
    (folder / name).write_text(HEADS + "".join(f"{row}\n" for row in rows), encoding="utf-8-sig")
    return str(folder / name)


def document(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_script_reads_the_figures_and_each_discrepancy(run: Run, tmp_path: Path, incident: Any):
    name, (first, second) = incident()
    main = written(tmp_path, f"M1,{first},已发货,599.00")
    told = document(run("compare", name, "--main", main, "--json", code=1))
    assert {key: told[key] for key in ("incident", "matched", "ambiguous", "missing", "unexpected", "balances")} == {
        "incident": name,
        "matched": 1,
        "ambiguous": 0,
        "missing": 1,
        "unexpected": 0,
        "balances": False,
    }
    assert sorted((one["kind"], one["order"], one["owner"]) for one in told["discrepancies"]) == [
        ("already_there", first, "ops"),
        ("not_exported", second, "ops"),
    ]
    assert all(one["next"].endswith("。") for one in told["discrepancies"])
    (file,) = told["files"]
    assert (file["title"], file["rows"], len(file["sha256"])) == ("通用订单清单", 1, 64)


def test_what_agrees_ends_with_nought_and_needs_no_table(run: Run, tmp_path: Path, boat: Lifeboat, incident: Any):
    name, numbers = incident()
    with boat.store.writing() as uow:
        rows = [uow.orders.numbered(number) for number in numbers]
        uow.orders.move([row.id or 0 for row in rows if row], "cancelled")  # type: ignore[arg-type]
    main = written(tmp_path)
    assert document(run("compare", name, "--main", main, "--json"))["closed"] == 2
    assert "全部对上。" in run("compare", name, "--main", main).stdout


def test_a_person_sees_both_sides_and_what_to_do(
    run: Run, tmp_path: Path, incident: Any, monkeypatch: pytest.MonkeyPatch
):
    name, (first, second) = incident()
    rows = (
        f"M1,{first},已发货,599.00",
        "M2,3.30123E+18,已发货,1.00",
        f"M3,{derive(KEYS.number, 'c1', 'none')},已发货,1.00",
    )
    main = written(tmp_path, *rows)
    told = run("compare", name, "--main", main, code=1).stdout
    for words in (
        "对上 1",
        "清单里没有 1",
        "还没出批，清单里已有：1 处",
        first,
        second,
        "已发货 ¥599.00 list.csv 第 2 行",
    ):
        assert words in told
    assert "清单里有我方没有的应急单号" in told
    assert "已被表格软件改成科学计数" in told
    monkeypatch.setenv("LIFEBOAT_LANG", "en")
    told = run("compare", name, "--main", main, code=1).stdout
    for words in ("matched 1", "In no batch yet, and in the list: 1.", "list.csv row 2", "Not understood"):
        assert words in told


def test_a_file_that_was_not_read_wholly_needs_a_person(run: Run, tmp_path: Path, boat: Lifeboat, incident: Any):
    name, (number,) = incident(1)
    with boat.store.writing() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        uow.orders.move([row.id or 0], "cancelled")  # type: ignore[arg-type]
    main = written(tmp_path, "M1,3.30123E+18,已发货,1.00")
    told = document(run("compare", name, "--main", main, "--json", code=1))
    assert told["discrepancies"] == []
    assert [(one["row"], one["column"], one["code"]) for one in told["unread"]] == [(2, "应急单号", "damaged")]


def test_what_the_list_has_already_is_kept_out_of_the_next_file(
    run: Run, tmp_path: Path, boat: Lifeboat, incident: Any
):
    name, (first, second) = incident()
    main = written(tmp_path, f"M1,{first},已发货,599.00")
    assert document(run("compare", name, "--main", main, "--json", code=1))["kept_out"] is None
    told = document(run("compare", name, "--main", main, "--keep-out", "--json", code=1))
    assert told["kept_out"] == {"duplicates": 1, "held": 0, "left": 0}
    assert "已判为重复 0 笔" in run("compare", name, "--main", main, "--keep-out", code=1).stdout
    with boat.store.reading() as uow:
        rows = [uow.orders.numbered(number) for number in (first, second)]
    assert [row.state for row in rows if row] == ["duplicate", "accepted"]


def test_usage_and_settings_end_with_two(run: Run, tmp_path: Path, incident: Any, monkeypatch: pytest.MonkeyPatch):
    name, _ = incident()
    assert "--main" in run("compare", name, code=2).stderr
    assert "没有事件" in run("compare", "INC-0", "--main", written(tmp_path), code=2).stderr
    run("compare", name, "--main", str(tmp_path / "none.csv"), code=2)
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "mine.toml").write_text('witness = "bank"')
    monkeypatch.setenv("LIFEBOAT_COMPARE_COLUMNS_DIR", str(maps))
    assert "mine.toml" in run("compare", name, "--main", written(tmp_path), code=2).stderr


def test_a_merchants_own_columns_are_known(run: Run, tmp_path: Path, incident: Any, monkeypatch: pytest.MonkeyPatch):
    name, (number,) = incident(1)
    maps = tmp_path / "maps"
    maps.mkdir()
    columns = 'known_by = [["业务编号"]]\n[columns]\nnumber = [["外部号"]]\nmain_number = ["业务编号"]\n'
    (maps / "mine.toml").write_text(f'title = "自研系统"\nwitness = "main"\n{columns}', encoding="utf-8")
    monkeypatch.setenv("LIFEBOAT_COMPARE_COLUMNS_DIR", str(maps))
    (tmp_path / "own.csv").write_text(f"业务编号,外部号\nB-1,{number}\n", encoding="gb18030")
    told = document(run("compare", name, "--main", str(tmp_path / "own.csv"), "--json", code=1))
    assert (told["files"][0]["title"], told["matched"]) == ("自研系统", 1)
    assert [one["kind"] for one in told["discrepancies"]] == ["already_there"]


def test_nothing_of_a_customer_is_printed(run: Run, tmp_path: Path, incident: Any):
    name, _ = incident()
    rows = "系统单号,平台单号,手机号,收货人,订单金额\nM1,T-1,13800000000,王五,599.00\nM2,T-2,13900000001,赵六,1.00\n"
    (tmp_path / "list.csv").write_text(rows, encoding="utf-8")
    for how in ((), ("--json",)):
        result = run("compare", name, "--main", str(tmp_path / "list.csv"), *how, code=1)
        assert not any(words in result.output for words in ("13800000000", "13900000001", "王五", "赵六"))
        assert "M1" in result.output
