"""审计: found, taken along and proved; what strangers wrote in it is inert, and taking it along is a deed itself."""

import csv
import io

import pytest
from sqlalchemy import update

from app import words
from app.domain.actor import Actor, Way
from app.store.audit_chain import chain_once
from app.store.tables import METADATA
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import minutes

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202e反转\u202c", "=cmd|' /C calc'!A0"]


@pytest.fixture
async def zhang(at_noon: Deployment) -> Browser:
    return await at_noon.console.signed_in("zhang")


def _record(deployment: Deployment, action: str, *, by: str = "mei", subject: str = "", **detail: str) -> None:
    with deployment.store.writing() as uow:
        uow.audit.record(
            action, by=Actor(by, Way.CONSOLE, "10.0.0.7"), at=deployment.clock.now(), subject=subject, detail=detail
        )


async def test_a_deed_is_told_in_words_with_who_when_and_from_where(at_noon: Deployment, zhang: Browser):
    number = at_noon.door.post(key="1")
    _record(at_noon, "order.cancel", subject=number, sentence="已取消：顾客要求")
    page = await zhang.reads("/audit")
    for what in ("取消订单", "mei", "控制台", "10.0.0.7", f'href="/console/orders/{number}"', "已取消：顾客要求"):
        assert what in page
    assert "条待入链" in page


async def test_the_filter_narrows_by_person_action_order_and_time(at_noon: Deployment, zhang: Browser):
    _record(at_noon, "order.cancel", by="mei", subject="LB7")
    _record(at_noon, "batch.download", by="lan", subject="B1")
    at_noon.clock.at += minutes(30)
    _record(at_noon, "kiosk.make", by="boss", subject="kiosk:1")

    async def deeds(query: str) -> set[str]:
        page = await zhang.reads(f"/audit?{query}")
        return {action for action in words.ACTIONS if f'data-deed="{action}"' in page}

    assert await deeds("person=lan") == {"batch.download"}
    assert await deeds("action=order.cancel") == {"order.cancel"}
    assert await deeds("subject=lb7") == {"order.cancel"}
    assert await deeds("person=lan&action=order.cancel") == set()
    assert await deeds("since=2026-11-22T12:30&until=2026-11-22T12:45") == {"kiosk.make"}
    assert await deeds("since=nonsense&until=9999-12-31T23:59&action=bogus&before=x") >= {"kiosk.make", "order.cancel"}
    assert "没有符合条件的记录" in await zhang.reads("/audit?subject=LB404")


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_strangers_text_is_inert_on_the_page_and_in_the_file(at_noon: Deployment, zhang: Browser, text: str):
    _record(at_noon, text[:40], by=text, subject=text, **{text: text})
    page = await zhang.reads("/audit")
    for bad in ("<script>alert", "<img src=x", "\u202e"):
        assert bad not in page
    shown = (await zhang.get(f"/audit?person={text}&subject={text}&since={text}")).text
    assert "<script>alert" not in shown
    sheet = (await zhang.post("/audit/export")).content.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(sheet)):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row), row


async def test_what_the_filter_finds_is_taken_along_and_that_is_recorded(at_noon: Deployment, zhang: Browser):
    _record(at_noon, "order.cancel", subject="LB7", sentence="已取消：\n第二行")
    _record(at_noon, "batch.download", by="lan", subject="B1")
    answer = await zhang.post("/audit/export", {"person": "mei"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "no-store"
    assert 'filename="audit-2026' in answer.headers["content-disposition"]
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head[:3] == ["编号", "时间", "谁"]
    assert [(row[2], row[5], row[6], row[7]) for row in rows] == [("mei", "取消订单", "order.cancel", "LB7")]
    with at_noon.store.reading() as uow:
        (deed,) = uow.audit.of("", "audit.export")
    assert (deed.actor, deed.way, deed.detail) == ("zhang", "console", {"actor": "mei", "rows": 1, "whole": True})
    assert (await zhang.post("/audit/export", csrf=False)).status_code == 403


async def test_a_click_proves_the_chain_and_names_the_block_that_does_not_fit(at_noon: Deployment, zhang: Browser):
    _record(at_noon, "order.cancel", subject="LB7")
    chain_once(at_noon.store, now=at_noon.clock.now())
    assert (await zhang.post("/audit/verify")).status_code == 303
    page = await zhang.reads("/audit")
    assert "审计链完好" in page
    assert "最近入链" in page
    with at_noon.engines.writer.begin() as connection:
        table = METADATA.tables["audit"]
        connection.execute(update(table).where(table.c.subject == "LB7").values(actor="somebody"))
    await zhang.post("/audit/verify")
    assert "审计链第 1 段对不上" in await zhang.reads("/audit")


@pytest.mark.parametrize("name", ["guest", "lan", "mei"])
async def test_who_does_the_deeds_does_not_read_the_record(at_noon: Deployment, name: str):
    browser = await at_noon.console.signed_in(name)
    assert (await browser.get("/audit")).status_code == 403
    assert (await browser.post("/audit/export")).status_code == 403
