"""暂存: what waits is counted, what was set aside is tried again or given up with a reason, a damaged file is named."""

import re
from pathlib import Path

import pytest

from app.store.commit.order_writer import NewOrder
from app.store.spool.file import Spool
from app.store.spool.quarantine import quarantined_records
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import TEN
from tests.deployment.orders import new_order

ROOM = 1 << 24
PLANTED = "<script>alert(1)</script>"


@pytest.fixture
async def zhang(at_noon: Deployment) -> Browser:
    return await at_noon.console.signed_in("zhang")


@pytest.fixture
def folder(at_noon: Deployment) -> Path:
    return at_noon.settings.spool_dir


def _aside(folder: Path, order: NewOrder, *, reason: str = "23505") -> None:
    spool = Spool(folder / "spool-0.db", max_bytes=ROOM)
    spool.write([order], [TEN])
    spool.quarantine(spool.oldest(1)[0], reason=reason, now=TEN)
    spool.close()


def _known(deployment: Deployment, order: NewOrder) -> bool:
    with deployment.store.reading() as uow:
        return bool(uow.orders.known_numbers([order.number]))


def _place(page: str) -> dict[str, str]:
    file, row = re.search(r'name="file" value="([^"]+)"><input type="hidden" name="id" value="(\d+)"', page).groups()  # type: ignore[union-attr]
    return {"file": file, "id": row}


async def _said(browser: Browser, path: str, fields: dict[str, str]) -> str:
    assert (await browser.post(path, fields)).status_code == 303
    return await browser.reads("/spool")


async def test_an_empty_spool_has_nothing_to_do(zhang: Browser):
    page = await zhang.reads("/spool")
    assert "暂存是空的" in page
    assert 'data-waiting="0" data-aside="0"' in page


async def test_what_waits_is_counted_and_a_damaged_file_has_its_command(folder: Path, zhang: Browser):
    spool = Spool(folder / "spool-0.db", max_bytes=ROOM)
    spool.write([new_order("W")], [TEN])
    spool.close()
    (folder / "spool-1.db.damaged-1").write_bytes(b"\xff" * 2048)
    page = await zhang.reads("/spool")
    assert 'data-waiting="1"' in page
    assert "lifeboat spool salvage spool-1.db.damaged-1" in page
    assert "2 KiB" in page
    assert "有 1 项要人处理" in page


async def test_a_record_is_tried_again_by_its_place(at_noon: Deployment, folder: Path, zhang: Browser):
    order = new_order("A")
    _aside(folder, order)
    page = await zhang.reads("/spool")
    assert order.number in page
    assert "数据库拒绝（23505）" in page
    page = await _said(zhang, "/spool/retry", _place(page))
    assert "已结清 1 笔" in page
    assert _known(at_noon, order)
    assert quarantined_records(folder) == []
    with at_noon.store.reading() as uow:
        (deed,) = uow.audit.of("", "spool.retry")
    assert (deed.actor, deed.way, deed.detail) == ("zhang", "console", {"numbers": [order.number]})


async def test_all_are_tried_again_at_once_and_what_stays_says_why(at_noon: Deployment, folder: Path, zhang: Browser):
    good, damaged = new_order("A"), new_order("B")
    _aside(folder, good)
    _aside(folder, damaged, reason="damaged")
    page = await _said(zhang, "/spool/retry", {"every": "1"})
    assert "已结清 1 笔。仍有 1 笔放在一边" in page
    assert "记录损坏" in page
    assert _known(at_noon, good)


async def test_a_record_is_given_up_with_a_reason_and_only_that_one(at_noon: Deployment, folder: Path, zhang: Browser):
    _aside(folder, new_order("A"))
    _aside(folder, new_order("B"))
    place = _place(await zhang.reads("/spool"))
    assert "请写明为什么放弃" in await _said(zhang, "/spool/give-up", {**place, "why": "  "})
    assert "没有这条记录" in await _said(zhang, "/spool/give-up", {"every": "1", "why": "x"})
    assert len(quarantined_records(folder)) == 2
    assert "已放弃 1 条" in await _said(zhang, "/spool/give-up", {**place, "why": "店铺已补单"})
    assert len(quarantined_records(folder)) == 1
    with at_noon.store.reading() as uow:
        deeds = uow.audit.page(limit=5)
    assert [(d.actor, d.detail["why"]) for d in deeds if d.action == "spool.give_up"] == [("zhang", "店铺已补单")]
    assert "没有这条记录" in await _said(zhang, "/spool/retry", place)


async def test_a_place_that_is_none_of_ours_opens_nothing(zhang: Browser):
    for place in ({"file": "../../x", "id": "1"}, {"file": "spool-0.db", "id": "x"}, {}):
        assert "没有这条记录" in await _said(zhang, "/spool/retry", place)


async def test_what_a_record_says_is_inert(folder: Path, zhang: Browser):
    _aside(folder, new_order("A", client_order_id=PLANTED), reason=PLANTED)
    page = await zhang.reads("/spool")
    assert PLANTED not in page
    assert "alert(1)" in page


async def test_operations_see_the_spool_and_may_not_touch_it(folder: Path, mei: Browser):
    _aside(folder, new_order("A"))
    page = await mei.reads("/spool")
    assert 'data-aside="1"' in page
    assert 'action="/console/spool' not in page
    for path in ("/spool/retry", "/spool/give-up"):
        assert (await mei.post(path, {"every": "1", "why": "x"})).status_code == 403
