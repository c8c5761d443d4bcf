"""三方对账 in the console: files are added one by one, nothing is believed of a form, both sides stand beside each other."""

import re

import pytest
from httpx import Response

from app.store.tables import Incident
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import minutes

PLANTED = "<script>alert(1)</script>\u202e"
HEADS = "系统单号,应急单号,订单状态,订单金额,手机号\n"
BILL = "商户订单号,交易类型,金额,支付时间,流水号\n"


@pytest.fixture
def incident(at_noon: Deployment) -> str:
    at_noon.door.some(3, at=at_noon.clock.now() - minutes(5))
    with at_noon.store.reading() as uow:
        found = uow.incidents.latest()
    assert isinstance(found, Incident)
    return found.name


def numbers(deployment: Deployment) -> list[str]:
    with deployment.store.reading() as uow:
        return sorted(row.number for row in uow.inflow.newest(limit=50))


async def added(browser: Browser, incident: str, *files: tuple[str, str, str]) -> str:
    """Add files (witness, name, text), each with what the page carried on; return the last page."""
    carried, page = "", ""
    for witness, name, text in files:
        fields = {"witness": witness, "added": carried}
        answer = await browser.upload(f"/incidents/{incident}/compare", text.encode(), name=name, fields=fields)
        assert answer.status_code == 200, answer.text
        page = answer.text
        carried = carried_in(page)
    return page


def carried_in(page: str) -> str:
    return re.findall(r'name="added" value="([^"]*)"', page)[0].replace("&#10;", "\n")


async def compared(browser: Browser, incident: str, page: str, **more: str) -> Response:
    return await browser.post(f"/incidents/{incident}/compare/run", {"added": carried_in(page), **more})


async def test_a_list_and_a_statement_are_added_and_compared(at_noon: Deployment, mei: Browser, incident: str):
    first, second, third = numbers(at_noon)
    assert "开始对账" not in await mei.reads(f"/incidents/{incident}/compare")
    main = HEADS + f"M1,{first},已发货,100.00,\nM2,{second},已发货,90.00,\nM3,3.3E+18,已发货,1.00,\n"
    money = BILL + f"{first},收款,100.00,2026-11-22 10:00:01,T1\n{third},收款,100.00,2026-11-22 10:00:01,T2\n"
    page = await added(mei, incident, ("main", "清单.csv", main), ("money", "账单.csv", money))
    assert ('data-witness="main"' in page, 'data-witness="money"' in page, "账单.csv" in page) == (True,) * 3
    answer = await compared(mei, incident, page)
    assert answer.status_code == 200
    told = answer.text
    found = dict(re.findall(r'data-kind="(\w+)" data-count="(\d+)"', told))
    assert found == {"already_there": "2", "amount_differs": "1", "not_paid": "1", "paid_nowhere": "1"}
    assert dict(re.findall(r'data-part="(\w+)" data-count="(\d+)"', told))["matched"] == "2"
    assert f'href="/console/orders/{third}"' in told
    assert "清单.csv</bdi> 第 3 行" in told
    assert "已被表格软件改成科学计数" in told
    assert "有要人看的" in await mei.reads(f"/incidents/{incident}")


async def test_what_is_in_the_list_is_kept_out_of_the_next_file_where_that_is_asked(
    at_noon: Deployment, mei: Browser, incident: str
):
    number = numbers(at_noon)[0]
    page = await added(mei, incident, ("main", "清单.csv", HEADS + f"M1,{number},已发货,100.00,\n"))
    assert "已判为重复 1 笔" in (await compared(mei, incident, page, keep_out="1")).text
    with at_noon.store.reading() as uow:
        row = uow.orders.numbered(number)
    assert row is not None
    assert (row.state, row.main_order_number) == ("duplicate", "M1")


async def test_nothing_that_a_file_or_a_form_says_is_believed(at_noon: Deployment, mei: Browser, incident: str):
    rows = f"M{PLANTED},T-1,{PLANTED},1.00,13800000000\nM2,T-2,已发货,1.00,13900000000\n"
    page = await added(mei, incident, ("main", f"{PLANTED}/../x.csv", HEADS + rows))
    for text in (page, (await compared(mei, incident, page)).text):
        assert "<script>alert" not in text
        assert "\u202e" not in text
        assert "13900000000" not in text
    for wrong in ("main/" + "0" * 32 + "/x.csv", "main/../../etc/passwd/x", "nobody/x/y", "\n\n"):
        answer = await mei.post(f"/incidents/{incident}/compare/run", {"added": wrong})
        assert answer.status_code == 422
        assert "重新上传" in answer.text or "--main" in answer.text


async def test_a_file_is_its_own_persons_and_its_own_incidents(at_noon: Deployment, mei: Browser, incident: str):
    page = await added(mei, incident, ("main", "清单.csv", HEADS))
    other = await at_noon.console.signed_in("zhang")
    answer = await other.post(f"/incidents/{incident}/compare/run", {"added": carried_in(page)})
    assert (answer.status_code, "重新上传" in answer.text) == (422, True)
    assert (await mei.get("/incidents/INC-0/compare")).status_code == 404


async def test_what_is_no_list_is_refused_and_the_others_stay(at_noon: Deployment, mei: Browser, incident: str):
    path = f"/incidents/{incident}/compare"
    assert "请选择文件" in (await mei.upload(path, fields={"witness": "main"})).text
    assert "请选择文件" in (await mei.upload(path, b"x", fields={"witness": "bank"})).text
    page = await added(mei, incident, ("main", "清单.csv", HEADS), ("money", "图.png", "\x89PNG"))
    answer = await compared(mei, incident, page)
    assert answer.status_code == 422
    assert "图.png" in answer.text
    assert carried_in(answer.text) == carried_in(page)
    assert numbers(at_noon)
