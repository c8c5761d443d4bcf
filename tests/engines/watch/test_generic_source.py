"""Any JSON API is read as its file says: how it is asked, where its rows stand, what they mean."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.bootstrap.sources import OpenSources
from app.outbound.pace import CallPace
from app.watch.sources.check import check_source
from app.watch.sources.document import Source, Sources, WrongSource, read_source
from tests.deployment.facts import TEN, minutes
from tests.deployment.sources import SourceRig, no_wait, rig

__all__ = ["rig"]

OMS = """
name = "oms"
kind = "http"
address = "http://127.0.0.1/api"
timezone = "Asia/Shanghai"
[access]
shop = "S1"
[secrets]
token = "OMS_TOKEN"
[channels]
S1 = "自有商城"
[[reading]]
name = "orders"
path = "/orders"
page_size = 2
time = "milliseconds"
query = { from = "{since}", to = "{until}", page = "{page}", size = "{size}", shop = "{shop}" }
headers = { Authorization = "Bearer {token}" }
ok = "code == `0`"
says = "message"
list = "data.items"
total = "data.total"
[reading.events]
order = "no"
channel = "shop"
[[reading.events.marks]]
mark = "paid"
at = "paid_at"
[[reading.events.marks]]
mark = "cancelled"
at = "changed"
quality = "seen"
where = { state = ["void"] }
[[reading]]
name = "log"
method = "POST"
path = "/log"
page_size = 2
onwards = true
body = { from = "{since}", page = "{page}" }
list = "[]"
[reading.events]
order = "no"
number = "id"
[[reading.events.marks]]
mark = "queued"
at = "at"
quality = "log"
"""


@dataclass
class Oms(httpx.AsyncBaseTransport):
    """A main system of somebody's own."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    heard: list[httpx.Request] = field(default_factory=list)
    refuses: str = ""
    status: int = 200

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        if self.status != 200:
            return httpx.Response(self.status, json={})
        if self.refuses:
            return httpx.Response(200, json={"code": 5, "message": self.refuses})
        if request.url.path == "/api/log":
            page = json.loads(await request.aread())["page"]
            return httpx.Response(200, json=self.log[(page - 1) * 2 : page * 2])
        query = request.url.params
        since, until, page = (int(query[name]) for name in ("from", "to", "page"))
        rows = [one for one in self.orders if since <= one["changed"] <= until]
        return httpx.Response(
            200, json={"code": 0, "data": {"items": rows[(page - 1) * 2 : page * 2], "total": len(rows)}}
        )


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@pytest.fixture
def oms(rig: SourceRig, monkeypatch: pytest.MonkeyPatch) -> Oms:
    monkeypatch.setenv("OMS_TOKEN", "top-secret")
    oms = Oms()
    rig.opened = OpenSources(
        rig.boat,
        Sources(),
        transport=oms,
        wait=no_wait,
        paces=lambda per_minute: CallPace(per_minute, now=lambda: 0.0, sleep=no_wait),
    )
    return oms


def _source(rig: SourceRig) -> Source:
    path = rig.folder / "oms.toml"
    path.write_text(OMS, encoding="utf-8")
    found = read_source(path)
    assert not isinstance(found, WrongSource), found.sentence
    return found


async def test_it_is_off_until_it_was_tried_and_then_read(rig: SourceRig, oms: Oms):
    for n in range(5):
        at = TEN - minutes(30 - n)
        row = {
            "no": f"A{n}",
            "shop": "S1",
            "paid_at": _ms(at),
            "changed": _ms(at),
            "state": "void" if n == 4 else "new",
        }
        oms.orders.append(row)
    oms.log = [{"id": n, "no": f"A{n}", "at": _ms(TEN - minutes(20 - n))} for n in range(3)]
    source = _source(rig)
    polled = await rig.poll(source)
    assert polled.trouble is not None
    assert (polled.trouble.code, oms.heard) == ("untried", [])
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert checked.is_ok, checked
    assert checked.shops == {"自有商城": 2}
    await rig.caught_up(source)
    assert [rig.marks(f"A{n}") for n in range(5)] == [["paid", "queued"]] * 3 + [["paid"], ["paid", "cancelled"]]
    first = oms.heard[0]
    assert first.headers["Authorization"] == "Bearer top-secret"
    assert first.url.params["shop"] == "S1"


@pytest.mark.parametrize(
    ("status", "refuses", "code", "words"),
    [
        (200, "额度不足", "refused", "额度不足"),
        (401, "", "key", ""),
        (403, "", "permission", ""),
        (429, "", "throttled", ""),
        (503, "", "http_503", ""),
    ],
)
async def test_a_refusal_is_told_in_its_own_words(
    rig: SourceRig, oms: Oms, status: int, refuses: str, code: str, words: str
):
    oms.status, oms.refuses = status, refuses
    source = _source(rig)
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert (checked.readings[0].code, checked.readings[0].words) == (code, words)
    assert rig.row("oms").tried == []


async def test_rows_of_which_none_says_anything_are_no_success(rig: SourceRig, oms: Oms):
    oms.orders.append({"number": "A", "changed": _ms(TEN - minutes(10))})
    source = _source(rig)
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert checked.readings[0].code == "no_events"
    assert checked.readings[0].odd == ("orders：没有单号",)
    assert "orders" not in (rig.row("oms").tried or [])
