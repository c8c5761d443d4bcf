"""The buttons of an order's page: each says what happened, asks for a reason, and belongs to its roles."""

import pytest

from app.orders.scripts import shipped_scripts
from tests.deployment import Deployment
from tests.deployment.console import Browser


async def _after(browser: Browser, path: str, fields: dict[str, str] | None = None) -> str:
    """Send a form and return the page it leads to."""
    answer = await browser.post(path, fields)
    assert answer.status_code == 303, answer.text
    return await browser.reads(answer.headers["location"].removeprefix("/console"))


async def test_a_high_order_is_claimed_and_handled_in_the_list(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1", total="899.00")
    home = await mei.reads("/")
    assert "/console/orders/urgent" in home
    assert "高优待认领" in home
    assert number in await mei.reads("/orders/urgent")
    page = await _after(mei, f"/orders/{number}/claim", {"back": "urgent"})
    assert "已由您认领" in page
    assert 'data-claimed="mei"' in page
    page = await _after(mei, f"/orders/{number}/handled", {"back": "urgent", "note": "<b>已联系"})
    assert "已标记为已处理" in page
    assert f'data-order="{number}"' not in page
    page = await mei.reads(f"/orders/{number}")
    assert "&lt;b&gt;已联系" in page
    assert "撤销" in page
    assert "没有人" not in await _after(mei, f"/orders/{number}/let-go")
    assert number in await mei.reads("/orders/urgent")


async def test_two_people_see_who_has_an_order_and_one_may_take_over(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1", total="899.00")
    lan = await at_noon.console.signed_in("lan")
    await mei.post(f"/orders/{number}/claim")
    assert "已由 mei 认领" in await _after(lan, f"/orders/{number}/claim")
    assert "原由 mei 跟进" in await _after(lan, f"/orders/{number}/claim", {"take_over": "1"})


async def test_service_cancels_at_the_customers_wish_and_may_not_close_or_correct(at_noon: Deployment):
    lan = await at_noon.console.signed_in("lan")
    number, filed = at_noon.door.post(key="1"), at_noon.door.post(key="2")
    at_noon.maker.publish([filed])
    page = await lan.reads(f"/orders/{number}")
    assert "取消…" in page
    assert "人工关闭…" not in page
    assert "更正…" not in page
    assert "要写明原因" in await _after(lan, f"/orders/{number}/cancel", {"reason": "  "})
    assert "不会进入批次" in await _after(lan, f"/orders/{number}/cancel", {"reason": "顾客不要了"})
    assert at_noon.rows.order(number).state == "cancelled"
    assert "主系统里拦截" in await _after(lan, f"/orders/{filed}/cancel", {"reason": "顾客不要了"})
    for deed in ("reject", "correct"):
        assert (await lan.post(f"/orders/{filed}/{deed}", {"reason": "x", "to": "imported"})).status_code == 403


async def test_a_wrong_word_is_corrected_and_corrected_again(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1")
    at_noon.maker.publish([number])
    page = await _after(mei, f"/orders/{number}/correct", {"to": "imported", "main": "SO-9", "reason": "电话核对"})
    assert "已更正" in page
    assert at_noon.rows.order(number).main_order_number == "SO-9"
    await _after(mei, f"/orders/{number}/correct", {"to": "batched", "reason": "看错了"})
    assert at_noon.rows.order(number).state == "batched"
    assert "已人工关闭" in await _after(mei, f"/orders/{number}/reject", {"reason": "SKU 下架"})
    assert (await mei.post(f"/orders/{number}/correct", {"to": "accepted", "reason": "x"})).status_code == 404


async def test_the_answer_stands_ready_to_be_copied(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1", payment={"status": "paid"})
    page = await mei.reads(f"/orders/{number}")
    script = next(one for one in shipped_scripts() if one.code == "paid_but_missing")
    groups = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    assert script.text.replace("{number}", groups) in page
    assert 'data-copy="#answer"' in page
    assert f'data-copy-text="{number}"' in page


async def test_who_saw_the_customer_stands_in_the_orders_way(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1")
    await mei.post(f"/orders/{number}/unmask")
    assert "mei 查看了完整客户信息" in await mei.reads(f"/orders/{number}")


@pytest.mark.parametrize("deed", ["claim", "handled", "let-go", "cancel", "reject"])
async def test_an_unknown_order_is_a_sentence_and_no_fault(at_noon: Deployment, mei: Browser, deed: str):
    answer = await mei.post(f"/orders/LB0/{deed}", {"reason": "x"})
    assert answer.status_code == 303
    assert "没有订单 LB0" in await mei.reads("/")
