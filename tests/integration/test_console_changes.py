"""A list of changes that is pasted at the console: read apart, noted as a whole, or refused with the row and the reason."""

import pytest

from app.store.tables import RuleChange
from tests.deployment.console import Browser, Console
from tests.deployment.rows import Rows
from tests.deployment.web import Web


@pytest.fixture
async def mei(web: Web) -> Browser:
    """Somebody of operations."""
    return await Console(web.boat, web.app).signed_in("mei")


async def _pasted(browser: Browser, text: str) -> str:
    assert (await browser.post("/systemic/changes/import", {"list": text})).status_code == 303
    return await browser.reads("/systemic")


async def test_a_pasted_list_is_noted_once_and_as_a_whole(web: Web, mei: Browser):
    rows = "时间\t谁\t改了什么\n2026-11-22 09:05\t阿梅\t运费表\n2026-11-22 09:06\t阿梅\t<b>库存</b>\n"
    page = await _pasted(mei, rows)
    assert "已登记 2 项变更" in page
    assert "<b>库存" not in page
    assert "另有 2 项此前已登记" in await _pasted(mei, rows)
    assert "第 3 行：时间“昨天”无法读取" in await _pasted(mei, "时间,谁,改了什么\n2026-11-22 09:07,a,b\n昨天,a,b\n")
    assert "没有内容" in await _pasted(mei, "")
    assert Rows(web.boat.store).count(RuleChange) == 2
