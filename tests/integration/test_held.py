"""Orders that wait for a person, on the command line and over HTTP."""

import json
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console

from app.cli.terminal import grid
from app.domain.passed_on import PassedOn, SentBefore
from app.domain.states import HeldKind
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, OPS, TEN
from tests.deployment.orders import new_order, order_body
from tests.deployment.web import Web
from tests.integration.conftest import Run

NOWHERE = {"recipient": {"name": "张三"}}


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def jushuitan(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands on a deployment whose files are for 聚水潭."""
    monkeypatch.setenv("LIFEBOAT_BATCH_COLUMNS", "jushuitan")
    return run


def three(deployment: Deployment) -> list[str]:
    """Accept an order, one that looks like it, and one that goes nowhere, and make a batch."""
    orders = new_order("A"), new_order("B"), new_order("C", phone="13700137000", **NOWHERE)
    numbers = deployment.door.take_in_turn(*orders)
    deployment.maker.build(layout="jushuitan").run_once(HALF_PAST, by=OPS)
    return numbers


def test_held_orders_are_listed_with_their_kind_and_what_is_missing(jushuitan: Run, on_sqlite: Deployment):
    first, twin, bad = three(on_sqlite)
    listed = {item["order_number"]: item for item in _json(jushuitan("held", "list", "--json"))}
    assert set(listed) == {twin, bad}
    assert (listed[twin]["kind"], listed[twin]["looks_like"], listed[twin]["missing"]) == ("look_alike", first, [])
    assert (listed[bad]["kind"], listed[bad]["looks_like"], listed[bad]["missing"]) == (
        "incomplete",
        None,
        ["详细地址"],
    )
    assert listed[bad]["received_at"] == "2026-11-22T10:00:02+08:00"
    only = _json(jushuitan("held", "list", "--kind", "incomplete", "--json"))
    assert [item["order_number"] for item in only] == [bad]
    assert _json(jushuitan("held", "list", "--kind", "broken", "--json")) == []
    jushuitan("held", "list", "--kind", "odd", code=2)


def test_a_list_names_whole_orders_and_whole_reasons_in_a_pipe(jushuitan: Run, on_sqlite: Deployment):
    first, twin, bad = three(on_sqlite)
    text = jushuitan("held", "list").stdout
    for shown in (first, twin, bad, "资料不全", "疑似重复", "不符合聚水潭导入要求，缺少：详细地址"):
        assert shown in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_list_is_cut_nowhere_at_any_width(width: int):
    numbers, reason = [f"LB{n:013}" for n in range(3)], "不符合聚水潭导入要求，缺少：收件人、详细地址、单价"
    rows = [(number, "资料不全", number, "1234.00", reason) for number in numbers]
    screen = Console(width=width, force_terminal=True, record=True, highlight=False, soft_wrap=True)
    screen.print(
        grid("待人工确认", ("应急单号", "类别", "疑似与", "金额", "原因"), rows, whole=("疑似与",), width=width)
    )
    text = screen.export_text()
    assert all(text.count(number) == 2 for number in numbers)
    assert all(text.count(sign) >= 3 * reason.count(sign) for sign in reason)
    assert "…" not in text


def test_a_program_would_refuse_it_so_nothing_of_the_command_is_released(jushuitan: Run, on_sqlite: Deployment):
    _, twin, bad = three(on_sqlite)
    refused = jushuitan("held", "release", twin, bad, code=1)
    assert f"订单 {bad} 不能放行：不符合聚水潭导入要求，缺少：详细地址" in refused.stderr
    assert "不像任何一笔订单" in jushuitan("held", "mark-duplicate", bad, code=1).stderr
    assert on_sqlite.rows.states([twin, bad]) == ["held", "held"]
    assert _json(jushuitan("held", "release", twin, "--json")) == {"released": [twin], "held": []}


def test_of_names_the_order_that_is_repeated(run: Run, on_sqlite: Deployment):
    first, second = on_sqlite.door.take_in_turn(new_order("A"), new_order("B", phone="13700137000"))
    with on_sqlite.store.writing() as uow:
        uow.orders.hold([2], kind=HeldKind.INCOMPLETE, looks_like=None, reason="缺地址")
    closed = _json(run("held", "mark-duplicate", second, "--of", first.lower(), "--json"))
    assert closed == {"duplicates": [{"order_number": second, "of": first}]}
    assert "已标记" not in run("held", "mark-duplicate", second, "--of", first, code=1).stdout


def test_an_answer_that_leaves_another_question_open_says_so(run: Run, on_sqlite: Deployment):
    first, second = on_sqlite.door.take_in_turn(
        new_order("A"), new_order("B", recipient={"name": "张*", "address": "文三路"})
    )
    with on_sqlite.store.writing() as uow:
        uow.orders.hold([2], kind=HeldKind.LOOK_ALIKE, looks_like=first, reason="疑似重复单")
    said = run("held", "release", second, code=1).stdout
    assert f"{second} 已记录，但收件人姓名疑似乱码或被打码" in said
    assert "已放行" not in said
    assert "已放行 1 笔" in run("held", "release", second, "--reason", "真名如此").stdout
    assert "人工确认资料无误（真名如此）" in run("orders", "show", second).stdout


def test_an_order_is_completed_at_the_command_line(jushuitan: Run, on_sqlite: Deployment):
    _, _, bad = three(on_sqlite)
    because = ("--reason", "电话核实")
    assert "请写成 字段=值：oops" in jushuitan("orders", "complete", bad, "oops", *because, code=2).stderr
    refused = jushuitan("orders", "complete", bad, "phone=12", *because, code=1).stderr
    assert "/phone: 手机号须为 1 开头的 11 位号码" in refused
    said = jushuitan("orders", "complete", bad, "recipient.name=李四", *because, code=1).stdout
    assert f"订单 {bad} 已保存，但仍待人工确认：不符合聚水潭导入要求，缺少：详细地址" in said
    done = jushuitan("orders", "complete", bad.lower(), "recipient.address=文三路 a=b", *because, "--json")
    assert _json(done) == {"order_number": bad, "status": "accepted", "held_kind": None, "missing": [], "reason": None}
    assert "人工补全 详细地址（电话核实），进入下一批次" in jushuitan("orders", "show", bad).stdout
    assert "不能执行此操作" in jushuitan("orders", "complete", bad, "phone=13800138000", *because, code=1).stderr


def test_without_a_layout_nothing_is_released_and_the_list_is_still_read(
    run: Run, on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch
):
    _, twin, bad = three(on_sqlite)
    monkeypatch.setenv("LIFEBOAT_BATCH_COLUMNS", "gone")
    assert {item["order_number"] for item in _json(run("held", "list", "--json"))} == {twin, bad}
    assert "没有名为 gone 的导出列表" in run("held", "release", twin, code=1).stderr


async def test_an_order_is_completed_over_http_by_operations_alone(open_web: Any, on_sqlite: Deployment):
    async with open_web(batch_columns="jushuitan") as web:
        shop, ops = await web.key("one"), await web.key("ops", scope="ops")
        number = (await web.order(shop, order_body("A", **NOWHERE))).json()["order_number"]
        on_sqlite.maker.build(layout="jushuitan").run_once(HALF_PAST, by=OPS)

        async def complete(body: Any, key: str = ops, number: str = number) -> Any:
            path, headers = f"/v1/orders/{number}/complete", {"authorization": f"Bearer {key}"}
            answer = await web.post(path, content=json.dumps(body), headers=headers)
            return answer.status_code, answer.json()

        address = {"changes": {"recipient.address": "文三路 1 号"}, "reason": "电话核实"}
        assert (await complete(address, key=shop))[0] == 403
        assert (await complete(address, number="LBNCRJATTXZ7YBC"))[0] == 404
        assert (await complete("x"))[1]["code"] == "invalid_order"
        status, problem = await complete({**address, "changes": {}})
        assert (status, problem["errors"][0]["pointer"]) == (422, "/changes")
        status, problem = await complete({**address, "changes": {"phone": "12"}})
        assert (status, problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (422, "/phone", "phone")
        status, document = await complete({"changes": {"note": "快"}, "reason": "r"})
        assert (status, document["status"], document["held_kind"]) == (200, "held", "incomplete")
        assert document["missing"] == ["详细地址"]
        status, document = await complete(address)
        assert document == {
            "order_number": number, "status": "accepted", "held_kind": None, "missing": [], "reason": None,
        }  # fmt: skip
        assert (await complete(address))[1]["code"] == "conflict"
        again = await web.order(shop, order_body("A", **NOWHERE))
        assert (again.status_code, again.json()["order_number"]) == (200, number)
    with on_sqlite.store.reading() as uow:
        (first, _) = uow.audit.of(number, "order.complete")
    assert (first.actor, first.way) == ("client:ops", "http")


async def test_a_client_is_told_why_its_order_is_held_and_not_of_whose_order(web: Web, on_sqlite: Deployment):
    mine, theirs, ops = await web.key("one"), await web.key("two"), await web.key("ops", scope="ops")
    first = (await web.order(theirs, order_body("A"))).json()["order_number"]
    second = (await web.order(mine, order_body("B"))).json()["order_number"]
    on_sqlite.maker.run(HALF_PAST, by=OPS)
    assert HALF_PAST > TEN
    asked = await web.get(f"/v1/orders/{second}", headers={"authorization": f"Bearer {mine}"})
    assert (asked.json()["status"], asked.json()["held_kind"]) == ("held", "look_alike")
    assert asked.json()["reason"] == "疑似重复单：手机号、商品与金额同 另一笔订单"
    assert first not in asked.text
    seen = await web.get(f"/v1/orders/{second}", headers={"authorization": f"Bearer {ops}"})
    assert seen.text.count(first) == 2
    replayed = await web.order(mine, order_body("B"))
    assert first not in replayed.text


def test_what_the_main_system_may_have_is_settled_at_the_command_line(run: Run, on_sqlite: Deployment):
    sent = PassedOn(SentBefore.YES, "504")
    there, in_file = on_sqlite.door.new()._replace(passed_on=sent), on_sqlite.door.new()
    on_sqlite.door.take(there, in_file)
    (item,) = _json(run("held", "list", "--json"))
    assert (item["order_number"], item["kind"]) == (there.number, "main_may_have")
    assert _json(run("held", "in-main", there.number.lower(), "--as", "M-1", "--json")) == {
        "order_number": there.number,
        "main_order_number": "M-1",
    }
    run("held", "in-main", there.number, "--as", "M-1", code=1)
    on_sqlite.maker.run(HALF_PAST)
    on_sqlite.door.take(in_file._replace(passed_on=sent))
    assert _json(run("held", "not-in-main", in_file.number, "--json")) == {
        "order_number": in_file.number,
        "main_may_have": "settled_no",
    }
    assert on_sqlite.rows.states([there.number, in_file.number]) == ["duplicate", "batched"]
