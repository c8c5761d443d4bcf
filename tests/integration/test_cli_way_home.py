"""``lifeboat settle`` and ``lifeboat replay``: orders are looked for and sent by command, to a fake on a port."""

import json
from collections.abc import Callable
from typing import Any

from app.domain.passed_on import PassedOn, SentBefore
from app.domain.states import OrderState
from tests.deployment import Deployment
from tests.deployment.orders import new_orders
from tests.fakes.main_jushuitan import MainJushuitanFake
from tests.fakes.main_wire import TakenOrder
from tests.integration.conftest import Run

PAID: dict[str, Any] = {
    "items": [{"sku": "A-1", "name": "茶", "quantity": 1, "unit_price": "100.00"}],
    "total": "100.00",
    "payment": {"status": "paid", "transaction_id": "T-1"},
    "recipient": {
        "name": "王小明",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "address": "文一路 1 号",
    },
}
Take = Callable[..., list[str]]


def told(run: Run, *said: str, code: int = 0) -> Any:
    return json.loads(run(*said, "--json", code=code).stdout)


def batched(run: Run, take: Take, count: int) -> list[str]:
    """Accept orders that are paid, and publish them; return their numbers."""
    numbers = take(*new_orders(count, **PAID))
    run("export")
    return numbers


def test_without_a_main_system_nothing_begins_and_it_says_where_one_is_described(run: Run, take: Take):
    batched(run, take, 1)
    run("replay", "status", code=2)
    run("replay", "plan")
    assert "docs/main-system.zh-CN.md" in run("replay", "run", code=2).output
    assert told(run, "replay", "status", code=1)["state"] == "planned"
    assert "docs/main-system.zh-CN.md" in run("settle", code=2).output


def test_orders_go_home_each_once_and_both_numbers_are_known(
    run: Run, jst: MainJushuitanFake, take: Take, on_sqlite: Deployment
):
    numbers = batched(run, take, 4)
    planned = told(run, "replay", "plan")
    assert (planned["orders"], planned["left"]) == (4, 4)
    assert jst.created == {}
    assert "尚未结束" in run("replay", "plan", code=1).output
    ended = told(run, "replay", "run")
    assert (ended["created"], ended["left"], ended["unknown"], ended["state"]) == (4, 0, 0, "done")
    assert jst.created == dict.fromkeys(numbers, 1)
    for number in numbers:
        row = on_sqlite.rows.order(number)
        assert (row.state, row.main_order_number) == (OrderState.IMPORTED, jst.taken[number].their_number)
    assert "已创建 4" in run("replay", "status").output
    assert told(run, "ledger")["balanced"]


def test_one_is_given_up_and_says_why(run: Run, jst: MainJushuitanFake, take: Take):
    batched(run, take, 2)
    run("replay", "plan")
    run("replay", "pause", code=1)
    told(run, "replay", "resume")
    told(run, "replay", "pause", "--reason", "等库存核对")
    assert "等库存核对" in run("replay", "status", code=1).output
    assert told(run, "replay", "abort", "--reason", "改用文件")["gone"] == 2
    assert jst.created == {}


def test_a_refusal_is_told_in_their_words_and_waits_for_a_repair(
    run: Run, jst: MainJushuitanFake, take: Take, on_sqlite: Deployment
):
    numbers = batched(run, take, 3)
    jst.refuses = {numbers[1]: "商品编码不存在"}
    run("replay", "plan")
    ended = told(run, "replay", "run", code=1)
    assert (ended["created"], ended["refused"], ended["state"]) == (2, 1, "done")
    with on_sqlite.store.reading() as uow:
        row = on_sqlite.rows.order(numbers[1])
        (last,) = uow.results.last_words(row.batch_id or 0, [row.id or 0]).values()
        name = uow.batches.get(row.batch_id or 0).name
    assert "商品编码不存在" in (last.reason or "")
    run("repair", name or "")


def test_what_the_main_system_may_have_is_settled_by_asking_it(run: Run, jst: MainJushuitanFake, on_sqlite: Deployment):
    here, nowhere = (
        one._replace(passed_on=PassedOn(SentBefore.YES, "504")) for one in new_orders(2, prefix="S", **PAID)
    )
    on_sqlite.door.take(here, nowhere)
    jst.taken[here.number] = TakenOrder(
        here.number, "9000001", {"pay_amount": "100.00", "pay": {}, "items": [{"sku_id": "A-1", "qty": 1}]}
    )
    assert told(run, "settle", code=1) == {"found": 1, "not_found": 0, "unanswered": 1, "waiting": 1}
    row = on_sqlite.rows.order(here.number)
    assert (row.state, row.main_order_number) == (OrderState.DUPLICATE, "9000001")
    assert on_sqlite.rows.order(nowhere.number).state == OrderState.HELD
    assert "还有 1 笔等待查询" in run("settle", "--now", code=1).output
