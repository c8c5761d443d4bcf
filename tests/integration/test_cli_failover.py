"""``lifeboat switch`` and ``lifeboat probe``: what a person says at the command line, and what is said back."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from app.bootstrap import Lifeboat
from tests.integration.conftest import Run


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def switched(run: Run) -> list[str]:
    return [item["channel"] for item in _json(run("switch", "list", "--json"))["items"]]


def test_a_storefront_is_switched_and_back(run: Run, boat: Lifeboat):
    assert "没有切换任何渠道" in run("switch", "list").stdout
    said = _json(run("switch", "tmall", "on", "--reason", "机房检修", "--until", "2099-11-22T20:00", "--json"))
    assert (said["channel"], said["on"], said["until"]) == ("tmall", True, "2099-11-22T20:00:00+08:00")
    run("switch", "all", "on", "--reason", "全停")
    assert switched(run) == ["all", "tmall"]
    assert "机房检修" in run("switch", "list").stdout
    assert "已切回主系统" in run("switch", "tmall", "off", "--reason", "好了").stdout
    assert switched(run) == ["all"]
    with boat.store.reading() as uow:
        assert [deed.action for deed in uow.audit.page(limit=9)] == ["switch.off", "switch.on", "switch.on"]


def test_where_no_folder_is_shared_with_the_proxy_the_map_is_printed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    printed = run("switch", "tmall", "on", "--reason", "x").stdout
    assert "tmall 1;" in printed
    run("switch", "jd", "on", "--reason", "x")
    assert run("switch", "list", "--map", "haproxy").stdout.splitlines()[1:] == ["jd 1", "tmall 1"]
    assert run("switch", "list", "--map", "nginx").stdout.splitlines()[1:] == ["jd 1;", "tmall 1;"]
    run("switch", "all", "on", "--reason", "x")
    assert run("switch", "list", "--map", "haproxy").stdout.splitlines()[1:] == ["all 1", "jd 1", "tmall 1"]
    assert run("switch", "list", "--map", "nginx").stdout.splitlines()[1:] == ["default 1;", "jd 1;", "tmall 1;"]
    monkeypatch.setenv("LIFEBOAT_SWITCH_DIR", str(tmp_path / "switch"))
    assert "1;" not in run("switch", "tmall", "on", "--reason", "x").stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("tmall",), 2, "用法"),
        (("list", "on", "--reason", "x"), 2, "用法"),
        (("tmall", "maybe", "--reason", "x"), 2, ""),
        (("tmall", "on"), 1, "为什么切换"),
        (("../etc", "on", "--reason", "x"), 1, "不能作渠道名"),
        (("tmall", "off", "--reason", "x"), 1, "没有切换"),
        (("tmall", "on", "--reason", "x", "--until", "2000-01-01T00:00"), 1, "已经过去"),
    ],
)
def test_what_cannot_be_switched_says_why_and_changes_nothing(run: Run, words: tuple[str, ...], code: int, says: str):
    assert says in run("switch", *words, code=code).stderr
    assert switched(run) == []


def test_a_person_says_how_the_main_system_stands_and_takes_it_back(run: Run):
    assert _json(run("probe", "show", "--json"))["state"] is None
    assert "没有配置" in run("probe", "show").stdout
    said = run("probe", "force", "down", "--why", "机房来电话", "--minutes", "30").stdout
    assert "已认定主系统不收单" in said
    shown = _json(run("probe", "show", "--json"))
    assert (shown["state"], shown["by_person"]) == ("down", True)
    assert "机房来电话" in run("probe", "show").stdout
    assert _json(run("probe", "force", "up", "--why", "看过了", "--json"))["state"] == "up"
    assert _json(run("probe", "release", "--json")) == {"released": True}
    assert "没有人工认定" in run("probe", "release", code=1).stderr
    run("probe", "force", "unknown", "--why", "x", code=2)


def test_in_english(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIFEBOAT_LANG", "en")
    assert "stands in with Lifeboat" in run("switch", "tmall", "on", "--reason", "x").stdout
    assert "counts as down" in run("probe", "force", "down", "--why", "x").stdout
