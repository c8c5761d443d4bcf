"""What every command keeps to: help and version from the root, JSON on request, times with their offset, whole sentences."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from app.bootstrap import Lifeboat
from app.domain.states import HeldKind
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT
from tests.deployment.maker import published
from tests.deployment.orders import new_order, new_orders
from tests.integration.conftest import Run

OFFSET = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+08:00")


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def hold(boat: Lifeboat, number: str) -> str:
    with boat.store.writing() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        uow.orders.hold([row.id or 0], kind=HeldKind.UNPAID, looks_like=None, reason="未付款")
    return number


# ---- from the root ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("-h",), ("held", "-h"), ("held", "release", "-h"), ("export", "-h")])
def test_help_is_asked_for_by_one_letter_everywhere(run: Run, words: tuple[str, ...]):
    assert run(*words).stdout == run(*words[:-1], "--help").stdout


def test_the_version_is_told(run: Run):
    assert re.fullmatch(r"lifeboat \d+\.\d+\.\d+\n", run("--version").stdout)


def test_completion_is_installed_from_the_root_and_completes(run: Run):
    assert "--install-completion" in run("--help").stdout
    assert "completion" not in run("users", "--help").stdout

    def completed(typed: str) -> list[str]:
        asked = {"_LIFEBOAT_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
        command = [sys.executable, "-c", "import sys; sys.argv[0] = 'lifeboat'; from app.cli.main import main; main()"]
        done = subprocess.run(
            command, env={**os.environ, **asked}, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout.split()

    assert completed("lifeboat he") == ["held"]
    assert completed("lifeboat held un") == ["undo"]


@pytest.mark.parametrize("name", ["DATA_DIR", "EXPORT_DIR"])
def test_a_file_where_a_folder_should_be_gets_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    """It was a traceback."""
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv(f"LIFEBOAT_{name}", str(place))
        refused = run("held", "list", code=2)
        assert f"LIFEBOAT_{name}: {tmp_path / 'file'} 是文件，不是目录" in refused.stderr


# ---- decisions -------------------------------------------------------------------------------------------------------


def test_what_becomes_of_an_order_is_told_to_programs_too(run: Run, take: Callable[..., list[str]], boat: Lifeboat):
    one, two, three = take(*new_orders(3))
    assert _json(run("orders", "cancel", one.lower(), "--reason", "顾客取消", "--json")) == {
        "order_number": one,
        "status": "cancelled",
    }
    hold(boat, two)
    assert _json(run("orders", "reject", two, "--reason", "x", "--json"))["status"] == "rejected"
    corrected = run("orders", "correct", two, "--to", "imported", "--main", "SO-1", "--reason", "导错", "--json")
    assert _json(corrected) == {"order_number": two, "status": "imported"}
    assert f"订单 {three} 已取消。" in run("orders", "cancel", three, "--reason", "x").stdout


def test_a_decision_is_taken_back_at_the_command_line_while_it_can_be(
    run: Run, take: Callable[..., list[str]], boat: Lifeboat
):
    one, two = (hold(boat, number) for number in take(*new_orders(2)))
    assert _json(run("held", "release", one, two, "--reason", "月结", "--json"))["released"] == [one, two]
    (undone,) = _json(run("held", "undo", one, "--json"))["undone"]
    assert undone == {"order_number": one, "decision": "人工确认未付款也发货（月结），放行进入下一批次"}
    assert f"{two} 已撤销" in run("held", "undo", two).stdout
    assert "没有可以撤销的裁定" in run("held", "undo", two, code=1).stderr
    assert {item["order_number"] for item in _json(run("held", "list", "--json"))} == {one, two}


# ---- incidents, times, amounts ---------------------------------------------------------------------------------------


def test_incidents_are_listed_a_page_at_a_time(run: Run):
    assert _json(run("incident", "list", "--json")) == {"items": [], "next": None}
    assert "还没有应急事件" in run("incident", "list").stdout
    names = []
    for reason in ("一", "二", "三"):
        names.append(_json(run("incident", "open", "--reason", reason, "--json"))["incident"])
        run("incident", "close")
    first = _json(run("incident", "list", "--limit", "2", "--json"))
    second = _json(run("incident", "list", "--limit", "2", "--before", first["next"], "--json"))
    assert [one["incident"] for one in first["items"] + second["items"]] == names[::-1]
    assert second["next"] is None
    assert (first["items"][0]["state"], first["items"][0]["reason"]) == ("closed", "三")
    text = run("incident", "list", "--limit", "2").stdout
    assert names[2] in text
    assert f"lifeboat incident list --before {first['next']}" in text


def test_every_time_has_the_merchants_offset(run: Run, take: Callable[..., list[str]]):
    (number,) = take(new_order("A"))
    run("clients", "add", "tmall")
    moments = [
        _json(run("orders", "show", number, "--json"))["timeline"][0]["at"],
        _json(run("incident", "show", "--json"))["opened_at"],
        _json(run("incident", "list", "--json"))["items"][0]["opened_at"],
        *(client["created_at"] for client in _json(run("clients", "list", "--json"))),
    ]
    assert [moment for moment in moments if not OFFSET.fullmatch(moment)] == []


def test_amounts_have_their_thousands_separated_for_people_alone(
    run: Run, take: Callable[..., list[str]], boat: Lifeboat
):
    goods = [{"sku": "A", "quantity": 1, "unit_price": "1234567.80"}]
    (number,) = take(new_order("A", items=goods, total="1234567.80"))
    assert "1,234,567.80 元" in run("orders", "show", number).stdout
    assert _json(run("orders", "show", number, "--json"))["total"] == "1234567.80"
    hold(boat, number)
    assert "1,234,567.80" in run("held", "list").stdout
    run("held", "release", number, "--reason", "x")
    assert "合计 ¥1,234,567.80" in run("export").stdout


def test_nothing_is_cut_in_a_pipe(run: Run, take: Callable[..., list[str]], boat: Lifeboat):
    (number,) = take(new_order("A"))
    with boat.store.writing() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        reason = "很长的原因" * 40
        uow.orders.hold([row.id or 0], kind=HeldKind.UNPAID, looks_like=None, reason=reason)
    text = run("held", "list").stdout
    assert number in text
    assert reason in text


def test_a_batch_that_was_repaired_names_its_repair(run: Run, take: Callable[..., list[str]], on_sqlite: Deployment):
    """It said that no order was waiting."""
    take(*new_orders(2))
    name = published(on_sqlite.maker.run(HALF_PAST, by=IT)).name
    assert f"批次 {name} 没有待补录的订单。还没有补录批次。" in run("repair", name).stdout
    numbers = on_sqlite.maker.numbers_in(name)
    file = on_sqlite.folder / "results.csv"
    file.write_text(f"应急单号,结果,原因\n{numbers[0]},失败,库存不足\n", encoding="utf-8")
    run("import-results", name, str(file))
    made = _json(run("repair", name, "--json"))["batch"]
    assert f"已有补录批次：{made}" in run("repair", name).stdout
    assert _json(run("repair", name, "--json")) == {"batch": None, "repairs": [made]}
    assert made != name


def test_failed_sends_are_called_so_everywhere(run: Run):
    for words in (("messages", "--help"), ("messages", "list", "--help"), ("messages", "retry", "--help")):
        text = run(*words).stdout
        assert "发送失败" in text
        assert "死信" not in text
    assert "没有发送失败的消息" in run("messages", "retry", "--all", "--json", code=1).stderr


# ---- accounts --------------------------------------------------------------------------------------------------------


def test_an_account_is_closed_opened_and_given_another_role(run: Run):
    run("users", "add", "boss", "--role", "admin")
    run("users", "add", "li", "--role", "viewer")
    unreached = {"phone": None, "phone_verified": False, "email": None, "email_verified": False}
    changed = _json(run("users", "set-role", "li", "ops", "--json"))
    assert changed == {"name": "li", "role": "ops", "disabled": False, **unreached}
    assert _json(run("users", "disable", "li", "--json"))["disabled"] is True
    assert "账号 li：运营，正常。" in run("users", "enable", "li").stdout
    both = _json(run("users", "set", "li", "--role", "it", "--disabled", "--json"))
    assert both == {"name": "li", "role": "it", "disabled": True, **unreached}
    assert _json(run("users", "set", "li", "--enabled", "--json"))["disabled"] is False
    run("users", "set", "li", code=2)
    run("users", "set-role", "li", "king", code=2)
    assert "没有账号 nobody" in run("users", "set-role", "nobody", "it", code=1).stderr
    actions = [deed["action"] for deed in _json(run("audit", "list", "--json"))["items"]]
    assert [action for action in actions if action.startswith("user.")] == [
        *("user.enable", "user.disable", "user.set_role"),
        *("user.enable", "user.disable", "user.set_role", "user.add", "user.add"),
    ]


def test_the_last_administrator_stays(run: Run):
    run("users", "add", "boss", "--role", "admin")
    run("users", "add", "li", "--role", "ops")
    for command in (("disable", "boss"), ("set-role", "boss", "it"), ("set", "boss", "--role", "viewer", "--disabled")):
        assert "boss 是唯一在用的管理员" in run("users", *command, code=1).stderr
    run("users", "set-role", "li", "admin")
    run("users", "set-role", "boss", "viewer")
    assert "li 是唯一在用的管理员" in run("users", "disable", "li", code=1).stderr
    listed = {user["name"]: (user["role"], user["disabled"]) for user in _json(run("users", "list", "--json"))}
    assert listed == {"boss": ("viewer", False), "li": ("admin", False)}
