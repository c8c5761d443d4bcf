"""The console's page of held orders offers what fits the reason, and completes what lacks something."""

from typing import Any

import pytest

from app.domain.passed_on import PassedOn, SentBefore
from app.domain.states import HeldKind
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import KEYS, NOON, OPS, minutes

RELEASE, DUPLICATE, COMPLETE = 'value="release"', 'value="duplicate"', "补全资料</a>"
ADDRESS = "文三路 90 号"


def hold(deployment: Deployment, number: str, kind: HeldKind, *, like: str | None = None, reason: str = "因为") -> str:
    with deployment.store.writing() as uow:
        uow.orders.hold([deployment.rows.order_id(number)], kind=kind, looks_like=like, reason=reason)
    return number


def post(deployment: Deployment, key: str, **fields: Any) -> str:
    return deployment.door.post(key=key, phone=f"138{len(key):08d}", **fields)


@pytest.fixture
def at_noon(at_noon: Deployment) -> Deployment:
    """A deployment whose files are for 聚水潭."""
    made = Deployment(at_noon.folder / "jushuitan", clock=at_noon.clock, batch_columns="jushuitan")
    assert made.door
    return made


async def offered(browser: Browser, number: str) -> str:
    """Return the part of the page that concerns one order."""
    page = await browser.reads("/held")
    return next(part for part in page.split("<section")[1:] if f"/orders/{number}" in part.split("</section>")[0])


WHOLE = {"recipient": {"name": "张三", "address": ADDRESS}}
KINDS = [
    # kind, content, reason shown besides, release, duplicate, complete
    (HeldKind.LOOK_ALIKE, WHOLE, "", True, True, False),
    (HeldKind.LOOK_ALIKE, {}, "缺少：收件人、详细地址", False, True, True),
    (HeldKind.INCOMPLETE, {}, "", False, False, True),
    (HeldKind.INCOMPLETE, {"recipient": {"name": "张*", "address": ADDRESS}}, "", True, False, True),
    (HeldKind.BROKEN, WHOLE, "", True, False, True),
    (HeldKind.UNPAID, WHOLE, "", True, False, True),
    (HeldKind.MAIN_MAY_HAVE, WHOLE, "", True, False, False),
]


@pytest.mark.parametrize(("kind", "content", "besides", "release", "duplicate", "complete"), KINDS)
async def test_each_kind_is_offered_what_fits_it_and_nothing_else(
    at_noon: Deployment, kind: HeldKind, content: Any, besides: str, *, release: bool, duplicate: bool, complete: bool
):
    """On an incomplete order one of two buttons closed it for good, the other put it into a file without an address."""
    mei = await at_noon.console.signed_in("mei")
    like = post(at_noon, "first") if kind is HeldKind.LOOK_ALIKE else None
    number = hold(at_noon, post(at_noon, "second", **content), kind, like=like, reason="这就是原因")
    shown = await offered(mei, number)
    assert "这就是原因" in shown
    assert besides in shown
    assert (RELEASE in shown, DUPLICATE in shown, COMPLETE in shown) == (release, duplicate, complete)
    page = await mei.reads(f"/orders/{number}")
    assert "这就是原因" in page
    assert ('id="complete"' in page) == (kind is not HeldKind.MAIN_MAY_HAVE)


async def test_the_page_shows_one_kind_on_request(at_noon: Deployment):
    mei = await at_noon.console.signed_in("mei")
    bad = hold(at_noon, post(at_noon, "a"), HeldKind.INCOMPLETE)
    paid = hold(at_noon, post(at_noon, "bb"), HeldKind.UNPAID)
    page = await mei.reads("/held?kind=unpaid")
    assert (paid in page, bad in page) == (True, False)
    assert "没有“无法处理”的订单" in await mei.reads("/held?kind=broken")
    assert bad in await mei.reads("/held?kind=nonsense")


async def test_an_incomplete_order_is_completed_on_its_page_and_goes_out(at_noon: Deployment):
    mei = await at_noon.console.signed_in("mei")
    number = post(at_noon, "a", recipient={"name": "欧阳小红", "city": "杭州市"})
    at_noon.maker.build(layout="jushuitan").run_once(NOON, by=OPS)
    page = await mei.reads(f"/orders/{number}")
    assert "还缺：<strong>详细地址</strong>" in page
    assert "欧阳小红" not in page  # masked also as a hint in the form
    refused = await mei.post(
        f"/orders/{number}/complete", {"recipient.address": ADDRESS, "phone": "12", "reason": "电话核实"}
    )
    assert refused.status_code == 422
    for shown in ("手机号：手机号须为 1 开头的 11 位号码", f'value="{ADDRESS}"', 'value="电话核实"'):
        assert shown in refused.text
    at_noon.clock.at += minutes(1)
    fields = {"recipient.address": ADDRESS, "phone": "", "payment.status": "paid", "clear": "placed_at"}
    done = await mei.post(f"/orders/{number}/complete", {**fields, "reason": "电话核实"})
    assert done.headers["location"] == "/console/held"
    assert f"{number} 已补全，将进入下一批次。" in await mei.reads("/held")
    order = KEYS.open_order(at_noon.rows.order(number).sealed, number)
    assert order.recipient is not None
    assert order.payment is not None
    assert (order.recipient.address, order.recipient.name, order.payment.status) == (ADDRESS, "欧阳小红", "paid")
    page = await mei.reads(f"/orders/{number}")
    assert "人工补全" in page
    assert ADDRESS not in page
    assert 'id="complete"' not in page
    at_noon.maker.build(layout="jushuitan").run_once(NOON + minutes(30), by=OPS)
    assert at_noon.rows.states([number]) == ["batched"]


async def test_what_is_still_missing_brings_back_to_the_form(at_noon: Deployment):
    mei = await at_noon.console.signed_in("mei")
    number = hold(at_noon, post(at_noon, "a"), HeldKind.INCOMPLETE)
    saved = await mei.post(f"/orders/{number}/complete", {"recipient.name": "张三", "reason": "电话"})
    assert saved.headers["location"] == f"/console/orders/{number}#complete"
    assert "已保存，但仍待人工确认：不符合聚水潭导入要求，缺少：详细地址" in await mei.reads(f"/orders/{number}")
    nothing = await mei.post(f"/orders/{number}/complete", {"reason": "电话", "state": "imported"})
    assert (nothing.status_code, "请给出要补全的字段" in nothing.text) == (422, True)
    again = await mei.post(f"/orders/{number}/complete", {"recipient.address": ADDRESS})
    assert (again.status_code, "请写明补全的原因" in again.text) == (422, True)


async def test_an_order_that_cannot_be_read_is_shown_with_a_form_to_give_it_anew(at_noon: Deployment):
    mei = await at_noon.console.signed_in("mei")
    number = post(at_noon, "a")
    with at_noon.store.writing() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        row.sealed = b"damaged"
    hold(at_noon, number, HeldKind.BROKEN, reason="订单内容无法解密")
    page = await mei.reads(f"/orders/{number}")
    assert 'name="items.0.sku"' in page
    assert RELEASE not in await offered(mei, number)
    whole = {"items.0.sku": "A", "items.0.quantity": "2", "items.0.unit_price": "5", "phone": "13912345678"}
    done = await mei.post(
        f"/orders/{number}/complete",
        {**whole, "recipient.name": "张三", "recipient.address": ADDRESS, "reason": "店铺后台"},
    )
    assert done.status_code == 303
    assert at_noon.rows.order(number).total_fen == 1000


async def test_nobody_completes_without_the_right_to_see_customers_or_without_the_pages_token(at_noon: Deployment):
    number = hold(at_noon, post(at_noon, "a", **WHOLE), HeldKind.INCOMPLETE)
    guest = await at_noon.console.signed_in("guest")
    assert 'id="complete"' not in await guest.reads(f"/orders/{number}")
    assert RELEASE not in await guest.reads("/held")
    fields = {"phone": "13912345678", "reason": "x"}
    assert (await guest.post(f"/orders/{number}/complete", fields)).status_code == 403
    mei = await at_noon.console.signed_in("mei")
    assert (await mei.post(f"/orders/{number}/complete", fields, csrf=False)).status_code == 403
    assert at_noon.rows.states([number]) == ["held"]


def passed_on(deployment: Deployment, key: str) -> str:
    """Take an order that a proxy had sent to the main system before."""
    order = deployment.door.new(key=key, **WHOLE)._replace(passed_on=PassedOn(SentBefore.YES, "504"))
    deployment.door.take(order)
    return order.number


async def test_an_order_that_the_main_system_may_have_is_settled_either_way(at_noon: Deployment):
    mei = await at_noon.console.signed_in("mei")
    there, not_there = passed_on(at_noon, "a"), passed_on(at_noon, "bb")
    shown = await offered(mei, there)
    assert "代理转来前已发给主系统" in shown
    assert 'value="in-main"' in shown
    await mei.post(f"/orders/{there}/decide", {"decision": "in-main"})
    assert "请填写主系统里的单号" in await mei.reads("/held")
    await mei.post(f"/orders/{there}/decide", {"decision": "in-main", "main_number": "M-77"})
    await mei.post(f"/orders/{not_there}/decide", {"decision": "release", "reason": "查过"})
    assert at_noon.rows.states([there, not_there]) == ["duplicate", "accepted"]
    page = await mei.reads(f"/orders/{there}")
    assert "主系统已有此单（主系统单号 M-77）" in page


async def test_one_that_was_in_a_file_when_it_was_passed_on_waits_for_a_person(at_noon: Deployment):
    mei = await at_noon.console.signed_in("mei")
    order = at_noon.door.new(key="late")
    at_noon.door.take(order)
    at_noon.maker.run(NOON + minutes(30))
    assert 'id="gone-on"' not in await mei.reads("/held?queue=look_alike")
    at_noon.door.take(order._replace(passed_on=PassedOn(SentBefore.UNKNOWN, "reset")))
    page = await mei.reads("/held?queue=look_alike")
    assert f'data-number="{order.number}"' in page
    await mei.post(f"/orders/{order.number}/decide", {"decision": "not-in-main", "queue": "look_alike"})
    assert 'id="gone-on"' not in await mei.reads("/held?queue=look_alike")
    assert "人工确认主系统没有另一笔此单" in await mei.reads(f"/orders/{order.number}")


async def test_an_unpaid_order_is_released_with_a_reason_and_a_refused_one_says_why(at_noon: Deployment):
    mei = await at_noon.console.signed_in("mei")
    bad = hold(at_noon, post(at_noon, "a"), HeldKind.INCOMPLETE)
    await mei.post(f"/orders/{bad}/decide", {"decision": "release"})
    assert f"订单 {bad} 不能放行：不符合聚水潭导入要求" in await mei.reads("/held")
    unpaid = hold(at_noon, post(at_noon, "bb", **WHOLE), HeldKind.UNPAID, reason="未付款")
    await mei.post(f"/orders/{unpaid}/decide", {"decision": "release", "reason": "月结客户"})
    assert "人工确认未付款也发货（月结客户）" in await mei.reads(f"/orders/{unpaid}")
    assert at_noon.rows.states([bad, unpaid]) == ["held", "accepted"]
