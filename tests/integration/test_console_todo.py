"""待办: six queues, the evidence beside a look-alike, seconds in which a decision is taken back, and the way on."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.batch.made import Published
from app.domain.states import HeldKind, MessageState
from app.handback.import_results import import_results
from app.handback.result_lines import ResultFile, ResultLine
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import IT, NOON, OPS, minutes, seconds

QUEUES = ("look_alike", "incomplete", "failed", "unsent", "alerts", "changes")
PAID = {"payment": {"status": "paid", "transaction_id": "4200001"}}


def counts(page: str) -> dict[str, int]:
    """Return the number on each tab."""
    return {name: int(count) for name, count in re.findall(r'data-queue="(\w+)">(\d+)<', page)}


def in_menu(page: str) -> str:
    return re.sub(
        r"<[^>]+>|\s|，|件", "", page.split('id="todo-count"')[1].split(">", 1)[1].split("</b>", maxsplit=1)[0]
    )


def card(page: str, number: str) -> str:
    """Return the part of the page that concerns one order."""
    return page.split(f'id="o-{number}"')[1].split("</section>", maxsplit=1)[0]


def twins(deployment: Deployment, pairs: int = 1, *, gap: int = 2, **of_second: Any) -> list[tuple[str, str]]:
    """Let a batch hold the second of two orders some seconds apart, ``pairs`` times."""
    made = []
    for n in range(pairs):
        same = {"phone": f"1390000{n:04d}", **PAID}
        first = deployment.door.post(key=f"one-{n}", at=NOON - minutes(20), **same)
        second = deployment.door.post(key=f"two-{n}", at=NOON - minutes(20) + seconds(gap), **{**same, **of_second})
        made.append((first, second))
    deployment.maker.run(NOON, by=OPS)
    assert deployment.rows.states([second for _, second in made]) == ["held"] * pairs
    return made


def hold(deployment: Deployment, key: str, kind: HeldKind) -> str:
    number = deployment.door.post(key=key, phone=f"138{len(key):08d}")
    with deployment.store.writing() as uow:
        uow.orders.hold([deployment.rows.order_id(number)], kind=kind, looks_like=None, reason="因为")
    return number


def refuse(deployment: Deployment, count: int, reason: str = "库存不足") -> str:
    """Let the main system refuse orders of a batch of one more; return its name."""
    return refused(deployment, count, reason)[0]


def refused(deployment: Deployment, count: int, reason: str = "库存不足") -> tuple[str, list[str]]:
    """Return besides the numbers of what is in the batch."""
    numbers = [deployment.door.post(key=f"r-{n}", phone=f"1370000{n:04d}") for n in range(count + 1)]
    (outcome,) = deployment.maker.run(deployment.clock.now(), by=IT)
    assert isinstance(outcome, Published)
    lines = tuple(ResultLine(n + 2, number, "failed", None, reason) for n, number in enumerate(numbers[:count]))
    import_results(deployment.store, outcome.name, ResultFile(lines, (), "a" * 64), by=IT, now=deployment.clock.now())
    return outcome.name, numbers


def kill_messages(deployment: Deployment, reason: str) -> int:
    deployment.notices.composed()
    with deployment.store.writing() as uow:
        waiting = uow.messages.in_state("pending")
        for message in waiting:
            uow.messages.finish(
                message.id or 0, MessageState.DEAD, from_states=(MessageState.PENDING,), now=NOON, reason=reason
            )
    return len(waiting)


# ---- the queues ------------------------------------------------------------------------------------------------------


async def test_each_queue_counts_what_waits_and_the_menu_all_of_it(at_noon: Deployment, mei: Browser):
    assert counts(await mei.reads("/held")) == dict.fromkeys(QUEUES, 0)
    assert in_menu(await mei.reads("/")) == ""
    twins(at_noon, 2)
    hold(at_noon, "a", HeldKind.UNPAID)
    hold(at_noon, "bb", HeldKind.MAIN_MAY_HAVE)
    refuse(at_noon, 3)
    dead = kill_messages(at_noon, "wecom:connect")
    at_noon.clock.at += minutes(1)
    page = await mei.reads("/held")
    assert dead
    assert counts(page) == {"look_alike": 3, "incomplete": 1, "failed": 3, "unsent": dead, "alerts": 0, "changes": 0}
    assert in_menu(page) == in_menu(await mei.reads("/orders")) == str(7 + dead)
    assert (await mei.reads("/held/count")).split(">")[2].startswith(str(7 + dead))


@pytest.mark.parametrize("queue", QUEUES)
async def test_an_empty_queue_says_what_would_come_here_and_leads_to_what_waits(
    at_noon: Deployment, mei: Browser, queue: str
):
    page = await mei.reads(f"/held?queue={queue}")
    assert "lb-empty" in page
    hold(at_noon, "a", HeldKind.UNPAID)
    at_noon.clock.at += minutes(1)
    page = await mei.reads(f"/held?queue={queue}")
    assert ("lb-empty" in page) is (queue != "incomplete")
    assert page.count('href="/console/held?queue=incomplete"') >= 1 + (queue != "incomplete")


async def test_the_first_queue_in_which_anything_waits_is_shown_unless_one_is_asked_for(
    at_noon: Deployment, mei: Browser
):
    name = refuse(at_noon, 1)
    assert f'data-batch="{name}"' in await mei.reads("/held")
    assert f'data-batch="{name}"' not in await mei.reads("/held?queue=look_alike")
    assert f'data-batch="{name}"' in await mei.reads("/held?queue=nonsense&after=x&decided=LB0")


async def test_a_long_queue_goes_on_where_the_page_ends(
    at_noon: Deployment, mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.web.console.pages.held.SHOWN", 2)
    numbers = [hold(at_noon, "x" * n, HeldKind.UNPAID) for n in range(1, 6)]
    seen, path = [], "/held?queue=incomplete"
    for _ in range(3):
        page = await mei.reads(path)
        seen += re.findall(r'id="o-(\w+)"', page)
        following = re.search(r'href="(\?[^"]*after=\d+)"', page)
        path = "/held" + following[1].replace("&amp;", "&") if following else ""
    assert (seen, path) == (numbers, "")


# ---- look-alikes -----------------------------------------------------------------------------------------------------


async def test_a_look_alike_stands_beside_the_other_with_the_evidence_in_words(at_noon: Deployment, mei: Browser):
    ((first, second),) = twins(at_noon)
    shown = card(await mei.reads("/held"), second)
    assert "同店铺同购物车、支付流水号相同、相隔 2 秒" in shown
    assert "多半是重复" in shown
    assert first in shown
    rows = re.findall(r'<th scope="row">([^<]+)<', shown)
    assert rows == ["受理"]  # all else is the same, and is not in the way
    assert "除单号与时间外完全相同" in shown


async def test_only_what_differs_is_in_the_table_and_the_customer_stays_masked(at_noon: Deployment, mei: Browser):
    away = {"name": "欧阳大明", "city": "宁波市", "address": "中山路 90 号"}
    ((_, second),) = twins(
        at_noon, gap=65, recipient=away, note="请送前台", payment={"status": "paid", "transaction_id": "4200002"}
    )
    shown = card(await mei.reads("/held"), second)
    assert "支付流水号不同、相隔 65 秒" in shown
    assert "多半是两笔真实订单" in shown
    rows = re.findall(r'<th scope="row">([^<]+)<', shown)
    assert rows == ["受理", "收件人", "省市区", "详细地址", "支付流水号", "买家留言"]
    assert "宁波市" in shown
    for secret in ("欧阳大明", "中山路", "请送前台"):
        assert secret not in shown


async def test_a_number_of_the_shops_is_told_and_a_damaged_order_breaks_no_page(at_noon: Deployment, mei: Browser):
    ((first, second),) = twins(at_noon)
    with at_noon.store.writing() as uow:
        row = uow.orders.numbered(first)
        assert row is not None
        row.sealed = b"damaged"
    assert "同店铺、相隔 2 秒" in card(await mei.reads("/held"), second)


@pytest.mark.parametrize(("decision", "state"), [("release", "accepted"), ("duplicate", "duplicate")])
async def test_one_tap_decides_the_list_stays_where_it_was_and_the_decision_can_be_taken_back(
    at_noon: Deployment, mei: Browser, decision: str, state: str
):
    (_, one), (_, two), (_, three) = twins(at_noon, 3)
    page = card(await mei.reads("/held?queue=look_alike"), two)
    assert "data-confirm" not in page
    fields = dict(re.findall(r'name="(queue|next)" value="([^"]*)"', page))
    assert fields == {"queue": "look_alike", "next": three}
    done = await mei.post(f"/orders/{two}/decide", {**fields, "decision": decision})
    assert done.headers["location"] == f"/console/held?queue=look_alike&decided={two}#o-{three}"
    assert at_noon.rows.states([two]) == [state]
    there = f"/held?queue=look_alike&decided={two}"
    page = await mei.reads(there)
    assert counts(page)["look_alike"] == 2
    assert f'action="/console/held/{two}/undo"' in page
    at_noon.clock.at += seconds(11)
    assert "/undo" not in await mei.reads(there)
    at_noon.clock.at -= seconds(11)
    back = await mei.post(f"/held/{two}/undo", {"queue": "look_alike", "next": two})
    assert back.headers["location"] == f"/console/held?queue=look_alike#o-{two}"
    page = await mei.reads("/held?queue=look_alike")
    assert f"{two} 的裁定已撤销" in page
    assert at_noon.rows.states([one, two, three]) == ["held"] * 3
    again = await mei.post(f"/held/{two}/undo", {})
    assert again.status_code == 303
    assert "没有可以撤销的裁定" in await mei.reads("/held")


async def test_what_a_batch_has_taken_or_somebody_else_decided_is_told(at_noon: Deployment, mei: Browser):
    (_, one), (_, two) = twins(at_noon, 2)
    await mei.post(f"/orders/{one}/decide", {"decision": "release"})
    await mei.post(f"/orders/{two}/decide", {"decision": "duplicate"})
    zhang = await at_noon.console.signed_in("zhang")
    assert "/undo" not in await zhang.reads(f"/held?decided={two}")
    await zhang.post(f"/held/{two}/undo")
    assert "由 mei 裁定" in await zhang.reads("/held")
    boss = await at_noon.console.signed_in("boss")
    assert f"/held/{two}/undo" in await boss.reads(f"/held?decided={two}")
    at_noon.maker.run(NOON, by=OPS)
    assert "/undo" not in await mei.reads(f"/held?decided={one}")
    await mei.post(f"/held/{one}/undo")
    assert "已被批次取走" in await mei.reads("/held")
    assert at_noon.rows.states([one, two]) == ["batched", "duplicate"]


async def test_the_way_back_leads_nowhere_else(at_noon: Deployment, mei: Browser):
    number = hold(at_noon, "a", HeldKind.UNPAID)
    bad = {"queue": "//evil.example", "next": "x\r\nSet-Cookie: a=b", "after": "1; drop"}
    done = await mei.post(f"/orders/{number}/decide", {"decision": "release", "reason": "月结", **bad})
    assert done.headers["location"] == f"/console/held?decided={number}"


async def test_who_may_not_decide_has_no_buttons(at_noon: Deployment):
    twins(at_noon)
    refuse(at_noon, 1)
    kill_messages(at_noon, "wecom:connect")
    guest = await at_noon.console.signed_in("guest")
    for queue in QUEUES:
        page = (await guest.reads(f"/held?queue={queue}")).split("<main")[1]
        assert 'method="post"' not in page.replace('action="/console/messages/retry"', "") or "<button" not in page


# ---- incomplete ------------------------------------------------------------------------------------------------------


@pytest.fixture
def for_jushuitan(at_noon: Deployment) -> Deployment:
    """A deployment whose files are for 聚水潭, which refuses orders without a price or an address."""
    made = Deployment(at_noon.folder / "jushuitan", clock=at_noon.clock, batch_columns="jushuitan")
    assert made.door
    return made


async def test_what_is_missing_is_an_input_in_the_queue_itself(for_jushuitan: Deployment):
    mei = await for_jushuitan.console.signed_in("mei")
    bare = {"items": [{"sku": "A-1", "name": "跑步鞋", "quantity": 1}], "total": "100.00"}
    number = for_jushuitan.door.post(key="a", recipient={"name": "张三", "city": "杭州市"}, **bare)
    later = for_jushuitan.door.post(key="bb", phone="13700137000")
    for_jushuitan.maker.build(layout="jushuitan").run_once(NOON, by=OPS)
    shown = card(await mei.reads("/held?queue=incomplete"), number)
    assert re.findall(r'<input class="lb-input"[^>]* name="([^"]+)"', shown) == [
        *("recipient.address", "items.0.unit_price", "reason"),
    ]
    fields = {"recipient.address": "文三路 1 号", "items.0.unit_price": "100", "reason": "电话核实"}
    done = await mei.post(f"/orders/{number}/complete", {**fields, "queue": "incomplete", "next": later})
    assert done.headers["location"] == f"/console/held?queue=incomplete#o-{later}"
    assert for_jushuitan.rows.states([number, later]) == ["accepted", "held"]
    for_jushuitan.clock.at += minutes(30)
    for_jushuitan.maker.build(layout="jushuitan").run_once(NOON + minutes(30), by=OPS)
    assert for_jushuitan.rows.states([number, later]) == ["batched", "held"]


async def test_a_destroyed_name_is_asked_for_and_its_text_not_shown(for_jushuitan: Deployment):
    mei = await for_jushuitan.console.signed_in("mei")
    number = for_jushuitan.door.post(key="a", recipient={"name": "欧*红", "address": "文三路 1 号"})
    for_jushuitan.maker.build(layout="jushuitan").run_once(NOON, by=OPS)
    shown = card(await mei.reads("/held"), number)
    assert 'name="recipient.name"' in shown
    assert 'name="recipient.address"' not in shown
    assert "欧*红" not in shown


async def test_an_incomplete_order_can_neither_be_called_a_duplicate_nor_reach_a_file_from_here(
    for_jushuitan: Deployment,
):
    """Finding 1: one of its two buttons closed it for good, the other put it into a file without an address."""
    mei = await for_jushuitan.console.signed_in("mei")
    number = for_jushuitan.door.post(key="a")
    for_jushuitan.maker.build(layout="jushuitan").run_once(NOON, by=OPS)
    shown = card(await mei.reads("/held"), number)
    assert 'value="duplicate"' not in shown
    assert 'value="release"' not in shown
    for decision, refused in (("duplicate", "不能标记为重复单"), ("release", "不能放行：不符合聚水潭导入要求")):
        await mei.post(f"/orders/{number}/decide", {"decision": decision, "reason": "就要"})
        page = await mei.reads("/held")
        assert refused in page
        assert "/undo" not in page
    await mei.post(f"/orders/{number}/complete", {"recipient.name": "张三", "reason": "电话"})
    for_jushuitan.maker.build(layout="jushuitan").run_once(NOON + timedelta(hours=1), by=OPS)
    row = for_jushuitan.rows.order(number)
    assert (row.state, row.batch_id) == ("held", None)


# ---- refused, unsent, alerts -----------------------------------------------------------------------------------------


async def test_refused_orders_stand_by_reason_and_are_repaired_at_once(at_noon: Deployment, mei: Browser):
    name = refuse(at_noon, 3)
    page = await mei.reads("/held?queue=failed")
    assert re.search(r"库存不足.*?<strong>3</strong>", page)
    done = await mei.post(f"/batches/{name}/repair")
    assert done.status_code == 303
    page = await mei.reads("/held?queue=failed")
    assert counts(page)["failed"] == 0
    assert "没有等补录的订单" in page


async def test_words_that_contradict_each_other_wait_among_the_refused(at_noon: Deployment, mei: Browser):
    name, (number, _) = refused(at_noon, 1)
    for result, main in (("imported", "SO-1"), ("imported", "SO-2")):
        line = ResultLine(2, number, result, main)
        import_results(at_noon.store, name, ResultFile((line,), (), "b" * 64), by=IT, now=NOON)
    page = await mei.reads("/held?queue=failed")
    assert "互相矛盾，等人裁定" in page
    assert number in page


async def test_failed_sends_stand_by_kind_and_reason_in_words_and_a_kind_is_sent_again(
    at_noon: Deployment, mei: Browser
):
    at_noon.door.post(key="a")
    kill_messages(at_noon, "wecom:connect (10 attempts)")
    page = await mei.reads("/held?queue=unsent")
    kinds = re.findall(r'data-unsent="(\w+)"', page)
    assert "order_wecom" in kinds
    assert "wecom:connect" not in page.split("<main")[1]
    asked = await mei.post("/messages/retry", {"kind": "order_wecom"})
    assert asked.status_code == 200  # of many it is asked first, with their number
    await mei.post("/messages/retry", {"kind": "order_wecom", "confirmed": "1"})
    assert "order_wecom" not in re.findall(r'data-unsent="(\w+)"', await mei.reads("/held?queue=unsent"))


async def test_open_alerts_stand_there_with_the_way_to_them(at_noon: Deployment, mei: Browser):
    with at_noon.store.writing() as uow:
        uow.alerts.fire("trouble", level="red", text="批次逾期", now=NOON)
        uow.alerts.fire("news", level="notice", text="已恢复", now=NOON)
    page = await mei.reads("/held?queue=alerts")
    assert counts(page)["alerts"] == 1
    shown = page.split("data-item")[1]
    assert "批次逾期" in shown
    assert 'href="/console/alerts">去认领' in shown
