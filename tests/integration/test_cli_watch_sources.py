"""``lifeboat watch source``: sources for a person and for a program, from fakes on a port of this machine."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.facts import minutes
from tests.deployment.sources import GUANYI, JUSHUITAN, SECRETS, WANGDIANTONG
from tests.fakes.serving import serve
from tests.fakes.wangdiantong import WangdiantongFake
from tests.integration.conftest import Run


@pytest.fixture
def wdt() -> WangdiantongFake:
    fake = WangdiantongFake()
    now = datetime.now(UTC)
    fake.add("JY1", placed=now - minutes(30), paid=now - minutes(29))
    return fake


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wdt: WangdiantongFake) -> Iterator[Path]:
    found = tmp_path / "sources"
    found.mkdir()
    monkeypatch.setenv("LIFEBOAT_WATCH_SOURCES_DIR", str(found))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with serve(wdt.app()) as url:
        (found / "wdt.toml").write_text(f'address = "{url}/openapi"\nper_minute = 30\n{WANGDIANTONG}', encoding="utf-8")
        yield found


def _json(run: Run, *said: str, code: int = 0) -> Any:
    return json.loads(run("watch", "source", *said, "--json", code=code).stdout)


@pytest.fixture(autouse=True)
def _no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_pace: object) -> None: ...

    monkeypatch.setattr("app.outbound.pace.CallPace.turn", at_once)


def test_without_a_folder_it_says_what_to_do(run: Run):
    assert "LIFEBOAT_WATCH_SOURCES_DIR" in run("watch", "source", "list").output
    assert _json(run, "list") == {"items": [], "wrong": [], "next": None}


def test_a_source_is_tried_read_and_shown(run: Run, folder: Path):
    assert "还没有读过" in run("watch", "source", "list").output
    checked = _json(run, "check", "wdt")
    assert checked["ok"]
    assert checked["shops"] == {"天猫旗舰店": 1}
    assert [one["name"] for one in checked["readings"]] == [
        "trades",
        "open_stockouts",
        "shipped_stockouts",
        "cancelled_stockouts",
    ]
    polled = _json(run, "poll", "wdt")
    assert (polled["events"], polled["trouble"], polled["catching_up"]) == (3, None, False)
    assert polled["until"].endswith("+08:00")
    (item,) = _json(run, "list")["items"]
    assert (item["name"], item["kind"], item["events"], item["trouble"]) == ("wdt", "wangdiantong", 3, None)
    assert "运行正常" in run("watch", "source", "list").output
    assert "新增 0 个进度" in run("watch", "source", "poll", "wdt").output


def test_what_is_wrong_is_said_in_a_sentence_with_the_vendors_words(run: Run, folder: Path, wdt: WangdiantongFake):
    wdt.secret = "another"
    assert "密钥、账号或签名不对" in run("watch", "source", "check", "wdt", code=1).output
    assert "invalid sign" in run("watch", "source", "poll", "wdt", code=1).output
    assert _json(run, "check", "wdt", code=1)["readings"][0]["code"] == "key"
    assert "密钥、账号或签名不对" in run("watch", "source", "list", code=1).output


def test_files_that_are_wrong_are_told_and_stop_no_other(run: Run, folder: Path):
    (folder / "x.toml").write_text(JUSHUITAN.replace("app_key", "appkey"), encoding="utf-8")
    shown = run("watch", "source", "list", code=1).output
    assert "x.toml 第 4 行 access.app_key：缺少必填的配置项" in shown
    assert "wdt" in shown
    said = run("watch", "source", "check", "jst", code=2).output
    assert "没有数据源 jst" in said
    assert "x.toml" in said
    assert _json(run, "list", code=1)["wrong"][0]["key"] == "access.app_key"


def test_what_nobody_has_tried_is_not_polled(run: Run, folder: Path):
    (folder / "gy.toml").write_text(GUANYI, encoding="utf-8")
    assert "还没有试读过" in run("watch", "source", "poll", "gy", code=1).output


def test_in_english_it_says_the_same(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIFEBOAT_LANG", "en")
    assert "not read yet" in run("watch", "source", "list").output
    assert "can be read" in run("watch", "source", "check", "wdt").output
