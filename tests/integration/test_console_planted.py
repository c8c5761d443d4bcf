"""A script planted in every text that people or machines wrote down is inert on every page there is."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from sqlalchemy import Column, select, update
from sqlmodel import AutoString
from starlette.routing import Route

from app.store import tables
from app.store.tables import (
    METADATA,
    Attempt,
    Audit,
    Contradiction,
    DependencyWindow,
    ExpectedBeat,
    GuideTick,
    Handover,
    Kiosk,
    LookUp,
    MainProbe,
    Message,
    OrderChange,
    OutgoingPing,
    PassedOnOrder,
    Pause,
    Replay,
    ReplayOrder,
    RuleChange,
    SkuStock,
    StagePlanRow,
    Switched,
    TriageWording,
    WarehouseHoursRow,
)
from app.web.console.mount import create_console, frame_of
from tests.browser.outage import outage_in
from tests.deployment import Deployment
from tests.deployment.facts import NOON, OPS, minutes

PLANTED = """'"></title><img src=x onerror=alert(1)><script>alert(2)</script>{{97531*86423}}"""

FREE = {
    "alert": {"text", "acknowledged_by", "silenced_by", "silenced_why"},
    "attempt": {"reason", "reference"},
    "attention": {"claimed_by", "handled_by", "note"},
    "audit": {"actor", "subject", "address"},
    "client": {"name"},
    "contradiction": {"known_main", "said_main", "reason", "reported_by", "settled_by"},
    "coupon": {"code", "worth"},
    "dependency_window": {"reason"},
    "expected_beat": {"said", "set_by"},
    "guide_tick": {"said", "done_by"},
    "handover": {"taken_from"},
    "import_result": {"main_order_number", "reason", "reported_by"},
    "incident": {"reason", "opened_by", "closed_by"},
    "job_run": {"outcome", "detail"},
    "kept_setting": {"changed_by"},
    "kiosk": {"name", "made_by", "taken_from", "revoked_by"},
    "feed_channel": {"source", "channel"},
    "feed_hour": {"source"},
    "lifecycle_event": {"source", "event_id", "channel"},
    "main_probe": {"health_reason", "lookup_reason", "ordered_by", "ordered_why"},
    "message": {"last_reason"},
    "order_change": {"asked_by", "told_main", "settled_by", "settlement"},
    "order_flow": {"order_ref", "channel"},
    "orders": {"client_order_id", "profile", "main_order_number", "state_reason"},
    "outgoing_ping": {"reason"},
    "look_up": {"words"},
    "passed_on": {"reason"},
    "pause": {"reason", "by"},
    "replay": {"reason", "planned_by"},
    "replay_order": {"words"},
    "rule_change": {"who", "what", "before", "after", "told_by"},
    "duty_fallback": {"set_by"},
    "shift_override": {"reason", "made_by"},
    "sku_count": {"name"},
    "sku_stock": {"listed_by"},
    "stage_minute": {"channel"},
    "stage_plan": {"owner", "keeper", "exceptions", "changed_by"},
    "stage_total": {"channel"},
    "stage_hour": {"channel"},
    "stage_visit": {"channel"},
    "switched": {"by", "reason", "ended_by", "ended_why"},
    "triage_wording": {"owner", "meaning", "say", "next", "changed_by"},
    "warehouse_hours": {"changed_by"},
    "watch_parcel": {"waybill"},
    "watch_source": {"trouble_words"},
}
"""Columns that hold what somebody typed, said or called something; an audit subject may be a name as well."""

CODED = {
    "alert": {"fingerprint", "rule", "subject", "level", "state", "end_reason", "inhibited_why", "judged_by"},
    "alert_group": {"name", "level", "target"},
    "alert_group_member": {"first_told"},
    "attempt": {"channel", "target", "outcome"},
    "audit": {"way", "action"},
    "audit_block": {"hash"},
    "batch": {"name", "kind", "columns", "state", "failure", "sha256"},
    "client": {"id", "scope"},
    "client_key": {"id", "client_id"},
    "contradiction": {"known", "said", "settlement"},
    "contact_code": {"way", "nonce"},
    "coupon": {"client_id"},
    "dependency_window": {"name"},
    "expected_beat": {"name"},
    "duty_notice": {"once"},
    "event_upload": {"source"},
    "guide_tick": {"step"},
    "handover": {"batch"},
    "heartbeat": {"name", "holder"},
    "import_result": {"result"},
    "incident": {"name"},
    "instance": {"name", "value"},
    "job_run": {"name"},
    "kept_setting": {"name"},
    "lease": {"name", "holder"},
    "lifecycle_event": {"mark"},
    "login_throttle": {"subject"},
    "main_access": {"name", "seed"},
    "main_number": {"number"},
    "main_probe": {"name", "state", "answers", "ordered", "told"},
    "message": {"once", "subject", "channel", "target", "state"},
    "change_sheet": {"sha256"},
    "order_change": {"kind", "effect", "state"},
    "order_feed": {"client_id"},
    "order_flow": {"standing"},
    "order_place": {"client_id"},
    "order_goods": {"fate"},
    "orders": {
        *("number", "client_id", "idempotency_key", "phone_last4"),
        *("priority", "state", "held_kind", "looks_like"),
    },
    "outgoing_ping": {"name"},
    "look_up": {"number", "state"},
    "passed_on": {"number", "sent", "main_may_have"},
    "replay": {"state"},
    "replay_order": {"state"},
    "pause": {"name"},
    "rule_change": {"source", "change_id"},
    "sku_count": {"sku"},
    "sku_stock": {"sku"},
    "standing": {"state"},
    "switched": {"channel"},
    "triage_wording": {"code"},
    "user_account": {"name", "role", "password_hash"},
    "warehouse_hours": {"clock", "zone"},
    "watch_source": {"name", "kind", "trouble"},
}
"""Columns that hold a code, a number of ours, or what is checked where it comes in."""

NEVER_THERE = {
    *("job_run", "kept_setting", "lifecycle_event", "order_flow", "stage_minute", "stage_total", "stage_visit"),
    *("watch_parcel", "watch_source", "feed_channel", "feed_hour", "stage_hour"),
}
"""Tables that no row is put into here: their writers are ours, and the test of their pages reads them back; or they have no
page yet."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    made = outage_in(tmp_path_factory.mktemp("planted"))
    made.web.parts.lookout.close()  # a stream would last as long as somebody listens
    _rows(made)
    for name, columns in FREE.items():
        for column in columns:
            _plant(made, METADATA.tables[name].c[column])
    for table, column in ((Audit, "detail"), (Message, "content")):
        for row in made.rows.all(select(table)):
            written = _planted_in(getattr(row, column))
            with made.boat.store.writing() as uow:
                uow._session.execute(update(table).where(table.id == row.id).values({column: written}))  # noqa: SLF001
    yield made
    made.close()


def _rows(made: Deployment) -> None:
    """Put a row where the outage has none, and an order that says it in each of its fields."""
    item = {"sku": PLANTED[:64], "name": PLANTED, "quantity": 1, "unit_price": "600.00"}
    recipient = dict.fromkeys(("name", "province", "city", "district", "address"), PLANTED[:60])
    fields: dict[str, Any] = {"recipient": recipient, "note": PLANTED, "buyer": PLANTED, "items": [item]}
    number = made.door.post(key="planted", client_order_id=PLANTED[:64], **fields)
    order_id = made.rows.order_id(number)
    composer = made.notices.composer()
    while composer.run_once():
        pass
    message = made.rows.all(select(Message).where(Message.state == "dead"))[0]
    with made.boat.store.reading() as uow:
        batch, incident = uow.batches.page()[-1], uow.incidents.page()[0]
    user = made.rows.all(select(tables.User).where(tables.User.name == "boss"))[0]
    mark = {"made_at": NOON, "ends_at": NOON + minutes(5)}
    for row in (
        Attempt(message_id=message.id, number=1, channel="wecom", target="r", started_at=NOON, outcome="rejected"),
        Contradiction(
            order_id=order_id, batch_id=batch.id, known="imported", said="failed", reported_by="x", reported_at=NOON
        ),
        OrderChange(
            order_id=order_id,
            batch_id=batch.id,
            kind="cancel",
            effect="noted",
            state="noted",
            sealed=b"x",
            asked_by="x",
            asked_at=NOON,
            settled_by="x",
            settlement="x",
        ),
        GuideTick(incident_id=incident.id, step="duty", done_at=NOON, done_by="x"),
        DependencyWindow(name="waybill", begins_at=NOON, probes=1, errors=1, latencies_ms=[]),
        ExpectedBeat(name="nightly", every_s=60, grace_s=60, set_at=NOON, set_by="x"),
        OutgoingPing(name="patrol", tried_at=NOON),
        RuleChange(source="c", change_id="1", who="x", what="x", at=NOON, told_at=NOON, told_by="x"),
        Handover(code_mark=b"m" * 32, batch=batch.name, user_id=user.id, **mark),
        Kiosk(name="x", link_sha256=b"l" * 32, link_ends_at=NOON, made_by="x", **mark),
        PassedOnOrder(number=number, sent="1", reason="x", main_may_have="maybe", times=1, first_at=NOON, last_at=NOON),
        LookUp(number=number, times=1, due_at=NOON, words="x"),
        Replay(state="paused", reason="x", planned_by="x", planned_at=NOON),
        ReplayOrder(replay_id=1, order_id=order_id, batch_id=batch.id, state="person", due_at=NOON, words="x"),
        MainProbe(name="main", state="down", looked_at=NOON, ordered="down", ordered_until=NOON + minutes(60)),
        Switched(channel="tmall", since=NOON, by="x", reason="x"),
        Switched(channel="jd", since=NOON, by="x", reason="x", ended_at=NOON, ended_by="x", ended_why="x"),
        Pause(name="person:sms:", reason="x", by="x", since=NOON, until=NOON + minutes(60)),
        StagePlanRow(
            stage=2, version=1, limit_minutes=30, owner="x", keeper="x", exceptions="x", changed_at=NOON, changed_by="x"
        ),
        TriageWording(
            code="risk", version=1, owner="x", meaning="x", say="x", next="x", changed_at=NOON, changed_by="x"
        ),
        WarehouseHoursRow(
            clock="warehouse",
            version=1,
            starts_at=NOON,
            zone="Asia/Shanghai",
            week=["08:00-20:00"] * 7,
            special_days={},
            changed_at=NOON,
            changed_by="x",
        ),
        SkuStock(sku=PLANTED[:64], stock=1, listed_at=NOON, listed_by="x"),
    ):
        made.rows.add(row)
    with made.boat.store.writing() as uow:
        uow.audit.record("client.add", by=OPS, at=NOON, subject="x", detail={"sentence": "x"})


def _plant(made: Deployment, column: "Column[Any]") -> None:
    """Write it into a column of every row, each time a little different where two may not be alike."""
    table, length = column.table, getattr(column.type, "length", None) or 500
    keys = list(table.primary_key.columns)
    query = select(*keys)
    if table.name == "audit" and column.name == "subject":  # else the pages of batches would lose their records
        query = query.where(table.c.action == "client.add")
    with made.boat.store.writing() as uow:
        session = uow._session  # noqa: SLF001 - no verb of ours would write this
        for n, row in enumerate(session.execute(query).all()):
            which = [key == value for key, value in zip(keys, row, strict=True)]
            session.execute(update(table).where(*which).values({column.name: f"{n}{PLANTED}"[:length]}))


def _planted_in(written: Any) -> Any:
    match written:
        case dict():
            codes = {"v", "kind", "number", "batch", "sha256", "format", "template", "priority", "at", "url"}
            return {key: value if key in codes else _planted_in(value) for key, value in written.items()}
        case str():
            return PLANTED
        case _:
            return written


class Inert(HTMLParser):
    """Looks for what a page of ours never has: a picture of a stranger, a script in the page, a handler."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        links = [names.get(name) or "" for name in ("href", "src", "action", "formaction")]
        if (
            (tag == "img" and not (names.get("src") or "").startswith("/"))
            or (tag == "script" and "src" not in names)
            or any(name.startswith("on") for name in names)
            or any(re.match(r"\s*(javascript|data|vbscript):", link, re.IGNORECASE) for link in links)
        ):
            self.alive.append(str(self.get_starttag_text()))


def is_inert(page: str) -> bool:
    looking = Inert()
    looking.feed(page)
    assert looking.alive == []
    assert str(97531 * 86423) not in page
    return True


def test_every_column_of_text_is_free_or_coded():
    def columns(of: dict[str, set[str]]) -> set[tuple[str, str]]:
        return {(table, column) for table, names in of.items() for column in names}

    texts = {
        (table.name, column.name)
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, AutoString)
    }
    assert len(texts) > 100
    assert columns(FREE) | columns(CODED) == texts
    assert not columns(FREE) & columns(CODED)


def test_something_is_planted_in_every_table(planted: Deployment):
    for table in FREE.keys() - NEVER_THERE:
        assert planted.rows.count(METADATA.tables[table]), table


async def test_no_page_brings_it_to_life(planted: Deployment):
    browser = planted.console.browser()
    assert (await browser.sign_in("boss")).status_code == 303
    with planted.store.reading() as uow:
        batch, incident = uow.batches.page()[-1].name, uow.incidents.page()[0].name
    orders = planted.rows.all(select(tables.OrderRow))
    some = {one.state: one.number for one in orders} | {"planted": orders[-1].number}
    ids = [*planted.rows.all(select(Message.id).where(Message.state == "dead")), 1, 2]
    places: dict[str, list[Any]] = {"number:str": list(some.values()), "name:str": [batch], "id:int": ids}
    seen, shown = 0, 0
    parts = planted.console.web.parts
    for one in create_console(parts, frame_of(parts)).routes:
        if not isinstance(one, Route) or "GET" not in (one.methods or ()) or one.name in {"login", "live"}:
            continue
        variable = next((name for name in places if f"{{{name}}}" in one.path), "")
        values = [incident] if one.name == "incident" else places.get(variable, [""])
        for path in (one.path.replace(f"{{{variable}}}", str(value)) for value in values):
            page = await browser.get(path)
            assert page.status_code < 500, (path, page.status_code)
            if "html" in page.headers.get("content-type", ""):
                assert is_inert(page.text), path
                seen, shown = seen + (page.status_code == 200), shown + ("&lt;img src=x" in page.text)
    for queue in ("look_alike", "incomplete", "failed", "unsent", "alerts"):
        assert is_inert(await browser.reads(f"/held?queue={queue}"))
    assert seen > 35
    assert shown > 15  # else the pages would be inert because they are empty


async def test_no_answer_to_a_form_brings_it_to_life(planted: Deployment):
    browser = planted.console.browser()
    assert (await browser.sign_in("boss")).status_code == 303
    number = planted.rows.all(select(tables.OrderRow.number))[-1]
    with planted.store.reading() as uow:
        batch = uow.batches.page()[-1].name
    sheet = f'"{PLANTED}","{PLANTED}"\n'.replace('"></', '""></').encode()
    results = "应急单号,结果,主系统单号,原因\n".encode() + sheet * 2
    answers = [
        await browser.post(f"/orders/{number}/unmask"),
        await browser.post("/orders/search", {"q": PLANTED}),
        await browser.post("/keys", {"name": PLANTED[:60], "scope": "intake"}),
        await browser.post("/people", {"name": PLANTED, "role": "ops"}),
        await browser.post("/kiosks", {"name": PLANTED[:60]}),
        await browser.post("/orders/new", {"phone": PLANTED, "name": PLANTED, "sku-0": PLANTED, "quantity-0": PLANTED}),
        await browser.post("/incidents", {"reason": PLANTED}),
        await browser.post("/systemic/changes", {"what": PLANTED, "at": PLANTED}),
        await browser.post("/systemic/changes/import", {"list": f"时间,谁,改了什么\n{PLANTED},a,b"}),
        await browser.post("/systemic/heartbeats", {"name": PLANTED, "every": PLANTED, "grace": "1m", "failures": "1"}),
        await browser.post("/kept/change", {"name": "wecom_robots", "value": PLANTED}),
        await browser.upload(f"/batches/{batch}/results", results),
        await browser.upload(f"/batches/{batch}/results", fields={"text": f"第 2 行 {PLANTED}"}),
        await browser.upload("/orders/import", f"手机号,商品编码,数量\n{PLANTED}".encode(), name=PLANTED),
        await browser.upload("/goods/stock", f"商品编码,库存\n{PLANTED}".encode(), name=PLANTED),
        await browser.upload("/coupons/preview", f"{PLANTED},{PLANTED}\n".encode(), name=PLANTED),
    ]
    assert not [answer.status_code for answer in answers if answer.status_code >= 500]
    for answer in answers:
        assert is_inert(answer.text)
    for path in ("/keys", "/people", "/kiosks", "/account"):  # what was said after a redirect is shown once
        assert is_inert(await browser.reads(path))
    assert sum("&lt;img src=x" in answer.text for answer in answers) > 5


async def test_no_page_for_everybody_brings_it_to_life(planted: Deployment):
    transport = httpx.ASGITransport(planted.web, client=("203.0.113.9", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test") as stranger:
        number = planted.rows.all(select(tables.OrderRow.number))[-1]
        pages = [
            await stranger.get("/track", params={"number": PLANTED, "last4": PLANTED}),
            await stranger.post("/track", data={"number": number[-6:], "last4": PLANTED}),
            await stranger.get("/track", params={"number": number, "last4": "8000"}),
            await stranger.get("/handover/", params={"code": PLANTED}),
            await stranger.get("/wall/connect", params={"link": PLANTED}),
            await stranger.get("/console/login", params={"next": PLANTED}),
            await stranger.get("/" + PLANTED),
        ]
    for page in pages:
        assert page.status_code < 500
        assert is_inert(page.text)
