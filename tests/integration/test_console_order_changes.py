"""Noted changes in 待办 and on the order's page: seen, settled with a word, taken as a file; nothing comes to life."""

import re

import pytest

from app.domain.actor import Actor, Way
from app.domain.order_change import ChangeKind, Wish
from app.orders.change import ask
from tests.deployment import Deployment
from tests.deployment.facts import KEYS, NOON, OPS, SHOP, minutes

CLIENT = Actor("client:旗舰店", Way.HTTP)
EVIL = "<script>alert(1)</script>=1+1"


@pytest.fixture
def changed(at_noon: Deployment) -> tuple[Deployment, str, str]:
    """A deployment with a file that is out, one of whose orders its storefront has cancelled."""
    number = at_noon.door.post(key="A", at=NOON - minutes(40))
    (batch,) = at_noon.maker.run(NOON - minutes(10), by=OPS)
    wish = Wish(kind=ChangeKind.CANCEL, reason=EVIL)
    with at_noon.store.writing() as uow:
        how = {"client_id": SHOP.client_id, "preflight": at_noon.maker.preflight(), "by": CLIENT, "now": NOON}
        ask(uow, KEYS, number, wish, **how)  # type: ignore[arg-type]
    return at_noon, number, batch.name  # type: ignore[union-attr]


async def test_a_noted_change_waits_in_todo_and_on_the_orders_page(changed: tuple[Deployment, str, str]):
    made, number, batch = changed
    browser = await made.console.signed_in("mei")
    for path in ("/held", f"/orders/{number}"):
        page = (await browser.get(path)).text
        assert "取消" in page
        assert batch in page
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page
    assert 'data-queue="changes">1<' in (await browser.get("/held")).text


async def test_it_is_settled_with_a_word_and_is_gone(changed: tuple[Deployment, str, str]):
    made, number, _batch = changed
    browser = await made.console.signed_in("mei")
    page = (await browser.get("/held?queue=changes")).text
    action = re.search(r'action="/console(/order-changes/\d+/settle)"', page)
    assert action is not None
    refused = await browser.post(action[1], {"outcome": "refused", "reason": " ", "back": "order"})
    assert refused.headers["location"].endswith("/held?queue=changes")
    assert "必须写明原因" in (await browser.get("/held?queue=changes")).text
    done = await browser.post(action[1], {"outcome": "done", "reason": "已拦截", "back": "order"})
    assert done.headers["location"] == f"/console/orders/{number}"
    page = (await browser.get(f"/orders/{number}")).text
    assert "已处理" in page
    assert "已拦截" in page
    assert made.rows.states([number]) == ["cancelled"]
    assert "没有待处理的变更" in (await browser.get("/held?queue=changes")).text
    assert (await browser.post(action[1], {"outcome": "maybe"})).status_code == 404


async def test_the_file_is_taken_and_that_is_recorded(changed: tuple[Deployment, str, str]):
    made, number, batch = changed
    browser = await made.console.signed_in("mei")
    assert f"/console/order-changes/{batch}/file" in (await browser.get(f"/batches/{batch}")).text
    file = await browser.get(f"/order-changes/{batch}/file")
    assert file.status_code == 200
    assert number in file.text
    assert "'=1+1" not in file.text.splitlines()[0]
    with made.store.reading() as uow:
        (taken,) = uow.audit.of(f"{batch}.changes", "batch.download")
    assert taken.actor == "mei"
    nothing = await browser.get("/order-changes/B1/file")
    assert nothing.status_code == 303


async def test_who_may_only_look_is_shown_no_button(changed: tuple[Deployment, str, str]):
    made, number, batch = changed
    browser = await made.console.signed_in("guest")
    for path in ("/held?queue=changes", f"/orders/{number}", f"/batches/{batch}"):
        assert "/console/order-changes/" not in (await browser.get(path)).text
    assert (await browser.get(f"/order-changes/{batch}/file")).status_code == 403
