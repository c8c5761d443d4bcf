"""Batches, messages and held orders at the console."""

from datetime import timedelta

from app.domain.states import HeldKind
from app.store.tables import Audit
from tests.deployment import Deployment
from tests.deployment.console import Browser


def deeds(at_noon: Deployment, subject: str, action: str) -> list[Audit]:
    with at_noon.boat.store.reading() as uow:
        return uow.audit.of(subject, action)


async def test_a_download_gives_the_published_bytes_and_is_recorded(at_noon: Deployment, mei: Browser):
    name = at_noon.maker.publish([at_noon.door.post(key="1")], content=b"\xef\xbb\xbfa,b\r\n")
    page = await mei.get(f"/batches/{name}/file?format=csv&seen=0")
    assert page.content == b"\xef\xbb\xbfa,b\r\n"
    assert page.headers["content-type"].startswith("text/csv")
    assert f'filename="{name}.csv"' in page.headers["content-disposition"]
    assert page.headers["cache-control"] == "no-store"
    (deed,) = deeds(at_noon, name, "batch.download")
    assert (deed.actor, deed.address, deed.detail["format"], deed.detail["rows"]) == ("mei", "203.0.113.7", "csv", 1)
    assert len(deed.detail["sha256"]) == 64


async def test_a_second_download_is_warned_of_and_still_allowed(at_noon: Deployment, mei: Browser):
    name = at_noon.maker.publish([at_noon.door.post(key="1")])
    await mei.get(f"/batches/{name}/file?seen=0")
    zhang = await at_noon.console.signed_in("zhang")
    page = await zhang.reads(f"/batches/{name}")
    assert "已由" in page
    assert "mei" in page
    assert "仍要下载" in page
    assert "seen=1" in page
    stale = await zhang.get(f"/batches/{name}/file?seen=0")  # a page from before mei's download
    assert stale.headers["location"] == f"/console/batches/{name}#downloads"
    assert "刚刚被下载过" in await zhang.reads(f"/batches/{name}")
    assert (await zhang.get(f"/batches/{name}/file?seen=1")).status_code == 200
    assert len(deeds(at_noon, name, "batch.download")) == 2
    assert "（2 次）" in await mei.reads("/batches")


async def test_a_browser_that_asks_twice_for_one_tap_gets_the_file_twice(at_noon: Deployment, mei: Browser):
    name = at_noon.maker.publish([at_noon.door.post(key="1")])
    assert (await mei.get(f"/batches/{name}/file?seen=0")).status_code == 200
    at_noon.clock.at += timedelta(seconds=2)
    assert (await mei.get(f"/batches/{name}/file?seen=0")).status_code == 200


async def test_a_file_that_was_changed_or_is_gone_is_not_given(at_noon: Deployment, mei: Browser):
    name = at_noon.maker.publish([at_noon.door.post(key="1")])
    (path,) = at_noon.boat.settings.export_dir.rglob("*.csv")
    path.write_bytes(b"tampered")
    assert (await mei.get(f"/batches/{name}/file")).status_code == 303
    assert "SHA-256 不符" in await mei.reads(f"/batches/{name}")
    path.unlink()
    await mei.get(f"/batches/{name}/file")
    assert "不在导出目录" in await mei.reads(f"/batches/{name}")
    await mei.get(f"/batches/{name}/file?format=xlsx")
    assert "没有 XLSX 文件" in await mei.reads(f"/batches/{name}")
    assert (await mei.get(f"/batches/{name}/file?format=exe")).status_code == 404
    assert not deeds(at_noon, name, "batch.download")


async def test_another_site_cannot_make_a_browser_download(at_noon: Deployment, mei: Browser):
    name = at_noon.maker.publish([at_noon.door.post(key="1")])
    assert (await mei.get(f"/batches/{name}/file", sec_fetch_site="cross-site")).status_code == 403
    assert (await mei.get(f"/batches/{name}", sec_fetch_site="cross-site")).status_code == 200


async def test_messages_are_listed_by_state(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1")
    for state in ("pending", "sending", "settling", "sent", "simulated", "merged", "dead"):
        at_noon.notices.add(state, state=state, last_reason=f"reason-{state}", order_id=at_noon.rows.order_id(number))
    for chosen, states in (("", 7), ("open", 2), ("settling", 1), ("sent", 1), ("dead", 1), ("merged", 1)):
        page = await mei.reads(f"/messages?state={chosen}")
        assert page.count("reason-") == states
    assert "reason-dead" in await mei.reads("/messages?state=dead")
    assert number in page


async def test_a_held_order_is_released_or_closed_by_a_person_and_recorded(at_noon: Deployment, mei: Browser):
    first, second, third = (at_noon.door.post(key=str(n)) for n in range(3))
    with at_noon.boat.store.writing() as uow:
        uow.orders.hold(
            [at_noon.rows.order_id(second), at_noon.rows.order_id(third)],
            kind=HeldKind.LOOK_ALIKE,
            looks_like=first,
            reason="疑似重复",
        )
    page = await mei.reads("/held")
    assert page.index(second) < page.index(third)
    assert first in page
    await mei.post(f"/orders/{second}/decide", {"decision": "release"})
    assert "已放行" in await mei.reads("/held")
    await mei.post(f"/orders/{third}/decide", {"decision": "duplicate"})
    assert f'id="o-{third}"' not in await mei.reads("/held")
    await mei.post(f"/orders/{third}/decide", {"decision": "release"})
    assert "不能执行此操作" in await mei.reads("/held")
    assert (await mei.post(f"/orders/{third}/decide", {"decision": "drop"})).status_code == 404
    assert deeds(at_noon, second, "order.release")[0].actor == "mei"
    assert deeds(at_noon, third, "order.mark_duplicate")[0].actor == "mei"
    assert "待进批次" in await mei.reads(f"/orders/{second}")
