"""三方对账 in the browser: a list is uploaded and compared; both pages fit the screen and are for everybody."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CHROMIUM
from tests.browser.hand import findings
from tests.deployment import Deployment

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)


def test_a_list_is_uploaded_and_both_sides_stand_beside_each_other(page: Page, at_noon: Deployment):
    with at_noon.boat.store.reading() as uow:
        incident = uow.incidents.latest()
        held = uow.orders.held()[0].number
    assert incident is not None
    listed = f"系统单号,应急单号,订单状态,订单金额\nM1,{held},已发货,1.00\nM2,{'X' * 60},已发货,2.00\n"
    page.goto(f"/console/incidents/{incident.name}/compare")
    page.get_by_label("CSV、XLSX").set_input_files(
        {"name": "主系统的订单清单.csv", "mimeType": "text/csv", "buffer": listed.encode()}
    )
    page.get_by_role("button", name="上传").click()
    expect(page.get_by_text("已选 1 份")).to_be_visible()
    for look in (lambda: None, lambda: page.get_by_role("button", name="开始对账").click()):
        look()
        expect(page.get_by_role("heading", name="三方对账")).to_be_visible()
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
    expect(page.locator("[data-kind=already_there]")).to_contain_text(held)
    expect(page.locator("[data-kind=not_ours]")).to_contain_text("第 3 行")
