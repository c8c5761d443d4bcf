"""Cancelling, paying and listing over HTTP, as a storefront's program and as ops meet them."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.store.spool.file import Spool
from app.store.tables import OrderPlace
from app.web.api import own_orders
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, TEN, minutes
from tests.deployment.orders import new_order, order_body
from tests.deployment.web import Web
from tests.fakes.clock import ClockAt

UNPAID = {"payment": {"status": "unpaid"}}


@dataclass
class Shop:
    """A web process whose loops do not run, asked with the keys of two storefronts and of ops."""

    web: Web
    made: Deployment
    keys: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, *, by: str = "shop", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.keys[by]}", **more.pop("headers", {})}
        return await self.web.request(method, path, headers=headers, **more)

    async def orders(self, count: int, *, by: str = "shop", **fields: Any) -> list[str]:
        numbers = []
        for n in range(count):
            body = order_body(f"S-{n}", phone=f"1380013{n:04d}", **fields)
            numbers.append((await self.ask("POST", "/v1/orders", by=by, json=body)).json()["order_number"])
        return numbers

    async def batched(self, count: int) -> tuple[str, list[str]]:
        numbers = await self.orders(count, **UNPAID)
        made = await self.ask("POST", "/v1/batches", by="ops")
        return made.json()["batch"], numbers


@pytest.fixture
async def shop(on_sqlite: Deployment) -> AsyncIterator[Shop]:
    runtime = on_sqlite.web.runtime
    runtime.commit.start()
    async with Web(on_sqlite.web) as web:
        desk = Shop(web, on_sqlite)
        for name, scope in (("shop", "intake"), ("other", "intake"), ("ops", "ops")):
            desk.keys[name] = await web.key(name, scope=scope)  # type: ignore[arg-type]
        yield desk
    await runtime.commit.close()


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    return answer.status_code, answer.json()["code"]


# ---- cancel and payment ------------------------------------------------------------------------------------------------


async def test_a_cancellation_is_answered_and_its_retry_the_same(shop: Shop):
    (number,) = await shop.orders(1)
    first = await shop.ask("POST", f"/v1/orders/{number}/cancel", json={"reason": "顾客不要了"})
    again = await shop.ask("POST", f"/v1/orders/{number}/cancel", json={"reason": "顾客不要了"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json()["effect"] == "applied"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    shown = (await shop.ask("GET", f"/v1/orders/{number}")).json()
    assert (shown["status"], shown["reason"], shown["changes"][0]["state"]) == ("cancelled", "渠道取消", "applied")
    assert "client_cancel" in {event["event"] for event in shown["timeline"]}


async def test_nothing_need_be_said_and_what_is_unknown_is_refused(shop: Shop):
    first, second = await shop.orders(2, **UNPAID)
    assert (await shop.ask("POST", f"/v1/orders/{first}/cancel")).status_code == 200
    assert (await shop.ask("POST", f"/v1/orders/{second}/payment")).status_code == 200
    for path, body in (("cancel", {"why": "x"}), ("payment", {"total": "1"}), ("payment", {"status": "unpaid"})):
        assert code(await shop.ask("POST", f"/v1/orders/{second}/{path}", json=body)) == (422, "invalid_order")
    too_long = await shop.ask("POST", f"/v1/orders/{first}/cancel", json={"reason": "长" * 301})
    assert code(too_long) == (422, "invalid_order")
    assert too_long.json()["errors"][0]["pointer"] == "/reason"
    assert code(await shop.ask("POST", f"/v1/orders/{first}/cancel", content=b"{")) == (400, "malformed")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("一\n二\u2028三\x00四\x1b[31m", "一 二 三四[31m"),
        (" \t ", None),
        ("", None),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
async def test_a_hostile_reason_is_kept_as_one_line_of_text(shop: Shop, said: str, kept: str | None):
    _batch, (number,) = await shop.batched(1)
    for _ in range(2):  # the retry is compared in the form in which it is kept
        answer = await shop.ask("POST", f"/v1/orders/{number}/cancel", json={"reason": said})
        assert answer.status_code == 200, answer.text
    (waits,) = (await shop.ask("GET", "/v1/order-changes", by="ops")).json()["items"]
    assert waits["reason"] == kept


async def test_a_payment_is_checked_like_that_of_an_order(shop: Shop):
    (number,) = await shop.orders(1, **UNPAID)
    path = f"/v1/orders/{number}/payment"
    for body, pointer in (
        ({"amount": "12.345"}, "/amount"),
        ({"amount": "598.99"}, "/amount"),
        ({"transaction_id": "x\ny"}, "/transaction_id"),
        ({"paid_at": "2026-11-22 10:00"}, "/paid_at"),
        ({"paid_at": "1970-01-01T00:00:00Z"}, "/paid_at"),
    ):
        refused = await shop.ask("POST", path, json=body)
        assert code(refused) == (422, "invalid_order")
        assert refused.json()["errors"][0]["pointer"] == pointer
    paid = {"amount": 599, "transaction_id": "4200", "paid_at": "2026-11-22T10:05:00+08:00"}
    answer = await shop.ask("POST", path, json=paid)
    assert answer.status_code == 200, answer.text
    same = {**paid, "amount": "599.00", "paid_at": "2026-11-22T02:05:00Z"}
    assert (await shop.ask("POST", path, json=same)).headers["idempotent-replayed"] == "true"
    assert code(await shop.ask("POST", path, json={**paid, "transaction_id": "4201"})) == (422, "change_conflict")


async def test_only_the_storefront_that_sent_an_order_may_change_it(shop: Shop):
    (number,) = await shop.orders(1)
    for path in ("cancel", "payment"):
        assert code(await shop.ask("POST", f"/v1/orders/{number}/{path}", by="other")) == (404, "not_found")
        assert code(await shop.ask("POST", f"/v1/orders/{number}/{path}", by="ops")) == (403, "forbidden")
        assert (await shop.web.post(f"/v1/orders/{number}/{path}")).status_code == 401
        assert code(await shop.ask("POST", f"/v1/orders/NONSENSE/{path}")) == (404, "not_found")
    assert (await shop.ask("GET", f"/v1/orders/{number}")).json()["status"] == "accepted"


async def test_a_closed_order_is_a_conflict_with_a_stable_code(shop: Shop):
    (number,) = await shop.orders(1, **UNPAID)
    await shop.ask("POST", f"/v1/orders/{number}/cancel")
    assert code(await shop.ask("POST", f"/v1/orders/{number}/payment")) == (409, "conflict")


# ---- the file, its results, and the desk -------------------------------------------------------------------------------


async def test_changes_of_a_batch_come_in_a_file_and_its_results_go_back(shop: Shop):
    batch, numbers = await shop.batched(3)
    await shop.ask("POST", f"/v1/orders/{numbers[0]}/cancel", json={"reason": "=1+1"})
    paid = {"transaction_id": "4200", "amount": "599.00", "paid_at": "2026-11-22T10:05:00+08:00"}
    await shop.ask("POST", f"/v1/orders/{numbers[1]}/payment", json=paid)
    await shop.ask("POST", f"/v1/orders/{numbers[2]}/cancel")
    waiting = (await shop.ask("GET", "/v1/order-changes", by="ops", params={"limit": 2})).json()
    assert [(one["order_number"], one["change"]) for one in waiting["items"]] == [
        (numbers[0], "cancel"),
        (numbers[1], "paid"),
    ]
    more = (await shop.ask("GET", "/v1/order-changes", by="ops", params={"cursor": waiting["next"]})).json()
    assert (len(more["items"]), more["next"]) == (1, None)
    file = await shop.ask("GET", f"/v1/batches/{batch}/changes/file", by="ops")
    assert file.status_code == 200
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline=""), strict=True))
    assert list(rows[0]) == ["应急单号", "主系统单号", "变更", "时间", "原因"]
    assert [(row["应急单号"], row["变更"], row["原因"]) for row in rows] == [
        (numbers[0], "取消", "'=1+1"),
        (numbers[1], "已付款", "支付单号 4200，金额 599.00 元"),
        (numbers[2], "取消", ""),
    ]
    assert rows[1]["时间"] == "2026-11-22 10:05:00"
    unchanged = await shop.ask(
        "GET", f"/v1/batches/{batch}/changes/file", by="ops", headers={"if-none-match": file.headers["etag"]}
    )
    assert unchanged.status_code == 304
    said = io.StringIO(newline="")
    writer = csv.writer(said)
    writer.writerow([*rows[0], "结果", "处理说明"])
    outcomes = (("已取消", ""), ("成功", ""), ("失败", "已发货"))
    writer.writerows([*row.values(), *outcome] for row, outcome in zip(rows, outcomes, strict=True))
    for applied, unchanged_ones in ((3, 0), (0, 3)):
        answer = await shop.ask(
            "POST", f"/v1/batches/{batch}/import-results", by="ops", content=said.getvalue().encode()
        )
        assert answer.status_code == 200, answer.text
        report = answer.json()
        assert (report["applied"], report["unchanged"], report["unmatched"]) == (applied, unchanged_ones, [])
    states = [(await shop.ask("GET", f"/v1/orders/{number}")).json() for number in numbers]
    assert [one["status"] for one in states] == ["cancelled", "batched", "batched"]
    assert [one["changes"][0]["state"] for one in states] == ["done", "done", "refused"]
    assert states[2]["changes"][0]["reason"] == "已发货"
    assert (await shop.ask("GET", "/v1/order-changes", by="ops")).json() == {"items": [], "next": None}


async def test_results_of_changes_in_json_say_what_fits_no_change_and_contradict_nothing(shop: Shop):
    batch, (number, other) = await shop.batched(2)
    await shop.ask("POST", f"/v1/orders/{number}/cancel")
    await shop.ask("POST", f"/v1/orders/{number}/payment")
    path = f"/v1/batches/{batch}.changes/import-results"
    said = [
        {"order_number": number, "result": "imported"},
        {"order_number": number, "change": "cancel", "result": "imported"},
        {"order_number": other, "change": "paid", "result": "imported"},
        {"order_number": number, "change": "refund", "result": "imported"},
        {"order_number": "LBNONSENSE", "change": "cancel", "result": "imported"},
    ]
    tried = (await shop.ask("POST", path + "?dry_run=true", by="ops", json={"results": said})).json()
    report = (await shop.ask("POST", path, by="ops", json={"results": said})).json()
    assert (tried["applied"], tried["dry_run"], report["applied"]) == (1, True, 1)
    codes = ["which_change", "no_change", "unknown_change", "bad_number"]
    assert sorted(one["code"] for one in report["unmatched"]) == sorted(codes)
    failed = [{"order_number": number, "change": "cancel", "result": "failed", "reason": "晚了"}]
    answer = (await shop.ask("POST", path, by="ops", json={"results": failed})).json()
    assert [one["known"]["result"] for one in answer["conflicts"]] == ["imported"]
    assert (await shop.ask("GET", f"/v1/orders/{number}")).json()["status"] == "cancelled"


async def test_the_file_of_changes_sent_back_as_it_is_makes_no_fact_of_anything(shop: Shop):
    batch, (number,) = await shop.batched(1)
    await shop.ask("POST", f"/v1/orders/{number}/cancel")
    file = await shop.ask("GET", f"/v1/batches/{batch}/changes/file", by="ops")
    for name in (batch, f"{batch}.changes"):
        answer = await shop.ask("POST", f"/v1/batches/{name}/import-results", by="ops", content=file.content)
        assert code(answer) == (422, "invalid_results")
    rest = await shop.ask(
        "POST",
        f"/v1/batches/{batch}/import-results?rest=imported&confirm=1",
        by="ops",
        content=f"应急单号,变更,结果\n{number},取消,成功\n".encode(),
    )
    assert code(rest) == (422, "invalid_results")
    assert (await shop.ask("GET", f"/v1/orders/{number}")).json()["status"] == "batched"


async def test_ops_settles_one_by_hand(shop: Shop):
    _batch, (number,) = await shop.batched(1)
    await shop.ask("POST", f"/v1/orders/{number}/cancel")
    (waits,) = (await shop.ask("GET", "/v1/order-changes", by="ops")).json()["items"]
    path = f"/v1/order-changes/{waits['id']}/settle"
    assert code(await shop.ask("POST", path, by="ops", json={"outcome": "refused"})) == (409, "conflict")
    assert code(await shop.ask("POST", path, by="shop", json={"outcome": "done"})) == (403, "forbidden")
    done = (await shop.ask("POST", path, by="ops", json={"outcome": "done", "reason": "已拦截"})).json()
    assert (done["state"], done["settled_by"], done["order_status"]) == ("done", "client:ops", "cancelled")
    assert code(await shop.ask("POST", path, by="ops", json={"outcome": "done"})) == (409, "conflict")
    assert code(await shop.ask("POST", "/v1/order-changes/99/settle", by="ops", json={"outcome": "done"})) == (
        404,
        "not_found",
    )


def file_of_changes(shop: Shop) -> Path:
    (path,) = shop.made.settings.export_dir.rglob("*.changes.csv")
    return path


async def test_a_file_of_changes_that_is_gone_or_altered_is_written_anew(shop: Shop):
    batch, (number,) = await shop.batched(1)
    assert code(await shop.ask("GET", f"/v1/batches/{batch}/changes/file", by="ops")) == (404, "not_found")
    await shop.ask("POST", f"/v1/orders/{number}/cancel")
    first = await shop.ask("GET", f"/v1/batches/{batch}/changes/file", by="ops")
    path = file_of_changes(shop)
    path.write_bytes(b"altered")
    assert (await shop.ask("GET", f"/v1/batches/{batch}/changes/file", by="ops")).content == first.content
    path.unlink()
    assert (await shop.ask("GET", f"/v1/batches/{batch}/changes/file", by="ops")).content == first.content


# ---- only in a spool ---------------------------------------------------------------------------------------------------


def spooled(shop: Shop, *, client: str, quarantined: bool = False) -> tuple[str, str]:
    """Leave an order in this machine's spool; return its number and the shop's."""
    caller = shop.web.app.parts.door.access.by_name(client)
    assert caller is not None
    new = new_order("S-77", caller=caller)
    spool = Spool(shop.made.settings.spool_dir / "spool-3.db", max_bytes=1 << 20)
    spool.write([new], [TEN])
    if quarantined:
        (record,) = spool.oldest(1)
        spool.quarantine(record, reason="refused", now=TEN)
    spool.close()
    return new.number, "S-77"


@pytest.mark.parametrize("quarantined", [False, True], ids=["waiting", "set-aside"])
async def test_an_order_that_is_only_in_the_spool_is_away_and_never_unknown(shop: Shop, *, quarantined: bool):
    number, theirs = spooled(shop, client="shop", quarantined=quarantined)
    for method, path in (
        ("GET", f"/v1/orders/{number}"),
        ("POST", f"/v1/orders/{number}/cancel"),
        ("POST", f"/v1/orders/{number}/payment"),
        ("GET", f"/v1/orders?client_order_id={theirs}"),
    ):
        answer = await shop.ask(method, path)
        assert code(answer) == (503, "store_away"), path
        assert int(answer.headers["retry-after"]) > 0
    assert code(await shop.ask("GET", f"/v1/orders/{number}", by="ops")) == (503, "store_away")
    assert code(await shop.ask("GET", f"/v1/orders/{number}", by="other")) == (404, "not_found")
    assert (await shop.ask("GET", f"/v1/orders?client_order_id={theirs}", by="other")).json()["items"] == []


async def test_once_the_spool_is_drained_the_order_is_there(shop: Shop):
    number, theirs = spooled(shop, client="shop")
    await shop.made.web.runtime.drain()
    assert (await shop.ask("GET", f"/v1/orders/{number}")).json()["status"] == "accepted"
    found = (await shop.ask("GET", f"/v1/orders?client_order_id={theirs}")).json()["items"]
    assert [one["order_number"] for one in found] == [number]
    assert (await shop.ask("POST", f"/v1/orders/{number}/cancel")).json()["effect"] == "applied"


async def test_a_damaged_spool_may_have_any_order_and_an_empty_one_has_none(shop: Shop):
    number = new_order("NEVER-SENT").number
    assert code(await shop.ask("GET", f"/v1/orders/{number}")) == (404, "not_found")
    folder = shop.made.settings.spool_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spool-4.db").write_bytes(b"")
    assert code(await shop.ask("GET", f"/v1/orders/{number}")) == (404, "not_found")
    (folder / "spool-4.db").write_bytes(b"no database at all" * 100)
    assert code(await shop.ask("GET", f"/v1/orders/{number}")) == (503, "store_away")
    (folder / "spool-4.db").rename(folder / "spool-4.db.damaged-1")
    assert code(await shop.ask("GET", f"/v1/orders/{number}")) == (503, "store_away")


async def test_a_store_that_does_not_answer_is_away(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    (number,) = await shop.orders(1)

    def away() -> None:
        raise OSError("away")

    for name in ("reading", "writing"):
        monkeypatch.setattr(shop.web.boat.store, name, away)
    for method, path in (
        ("GET", f"/v1/orders/{number}"),
        ("POST", f"/v1/orders/{number}/cancel"),
        ("POST", f"/v1/orders/{number}/payment"),
        ("GET", "/v1/orders?client_order_id=S-0"),
        ("GET", "/v1/orders"),
    ):
        assert code(await shop.ask(method, path)) == (503, "store_away"), path


# ---- lists -------------------------------------------------------------------------------------------------------------


async def test_a_storefront_goes_through_its_orders_page_by_page_and_on_from_the_last(shop: Shop):
    numbers = await shop.orders(5)
    await shop.orders(2, by="other")
    seen, cursor = [], None
    while True:
        params = {"limit": "2", "updated_since": "2026-11-22T00:00:00+08:00"} | ({"cursor": cursor} if cursor else {})
        page = (await shop.ask("GET", "/v1/orders", params=params)).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [one["order_number"] for one in seen] == numbers
    await shop.ask("POST", f"/v1/orders/{numbers[1]}/cancel")
    since = {"updated_since": seen[-1]["updated_at"]}
    after = (await shop.ask("GET", "/v1/orders", params=since)).json()["items"]
    assert (after[-1]["order_number"], after[-1]["status"]) == (numbers[1], "cancelled")
    assert {one["order_number"] for one in after} == set(numbers)  # the clock stands: all of them are of one instant


async def test_a_change_between_two_pages_is_on_a_later_one(shop: Shop):
    numbers = await shop.orders(4)
    first = (await shop.ask("GET", "/v1/orders", params={"limit": 2})).json()
    await shop.ask("POST", f"/v1/orders/{numbers[0]}/cancel")
    await shop.ask("POST", f"/v1/orders/{numbers[2]}/cancel")
    second = (await shop.ask("GET", "/v1/orders", params={"limit": 50, "cursor": first["next"]})).json()
    assert [one["order_number"] for one in second["items"]] == [numbers[3], numbers[0], numbers[2]]


async def test_more_than_one_request_may_place_is_gone_on_with(shop: Shop, clock: ClockAt):
    numbers = await shop.orders(3)
    with shop.made.store.writing() as uow:
        uow.orders.claim_uncomposed(limit=10, now=clock.now())
    for number in numbers:
        shop.made.rows.order(number)
    seen = (await shop.ask("GET", "/v1/orders", params={"limit": 200})).json()
    assert [one["order_number"] for one in seen["items"]] == numbers
    assert own_orders.PLACED_AT_ONCE * own_orders.MOST_ROUNDS >= 1000
    assert shop.made.rows.count(OrderPlace) == 3


async def test_a_list_shows_both_numbers(shop: Shop):
    batch, (number,) = await shop.batched(1)
    said = [{"order_number": number, "result": "imported", "main_order_number": "SO-1"}]
    await shop.ask("POST", f"/v1/batches/{batch}/import-results", by="ops", json={"results": said})
    (one,) = (await shop.ask("GET", "/v1/orders?client_order_id=S-0")).json()["items"]
    assert one["order_number"] == number
    assert (one["client_order_id"], one["status"]) == ("S-0", "imported")
    assert (one["main_order_number"], one["main_order_numbers"]) == ("SO-1", ["SO-1"])


async def test_the_shops_number_is_found_at_once_under_any_key_and_several_times(shop: Shop):
    for key in ("a-1", "a-2", "a-3"):
        body = order_body("SAME", phone="13800130001", note=key)
        await shop.ask("POST", "/v1/orders", json=body, headers={"idempotency-key": key})
    first = (await shop.ask("GET", "/v1/orders?client_order_id=SAME&limit=2")).json()
    second = (await shop.ask("GET", "/v1/orders?client_order_id=SAME", params={"cursor": first["next"]})).json()
    found = [one["order_number"] for one in (*first["items"], *second["items"])]
    assert (len(first["items"]), len(set(found))) == (2, 3)
    for nothing in ("", " ", "NEVER", "a\x00b", "100%"):
        page = await shop.ask("GET", "/v1/orders", params={"client_order_id": nothing})
        assert page.json() == {"items": [], "next": None}, nothing


async def test_a_cursor_is_ours_or_refused_and_is_nobody_elses(shop: Shop):
    await shop.orders(2)
    await shop.orders(2, by="other")
    cursor = (await shop.ask("GET", "/v1/orders", params={"limit": 1})).json()["next"]
    forged = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    for bad in (forged, "x", "", "é", "=" * 5, cursor + "AAAA", "'; --"):
        answer = await shop.ask("GET", "/v1/orders", params={"cursor": bad})
        assert code(answer) == (422, "invalid_order"), bad
        assert answer.json()["errors"][0]["pointer"] == "/query/cursor"
    assert code(await shop.ask("GET", "/v1/orders", by="other", params={"cursor": cursor})) == (422, "invalid_order")


@pytest.mark.parametrize("bad", ["", "yesterday", "2026-11-22T10:00:00", "1700000000", "0001-01-01T00:00:00+14:00"])
async def test_a_time_that_is_none_is_refused(shop: Shop, bad: str):
    answer = await shop.ask("GET", "/v1/orders", params={"updated_since": bad})
    assert code(answer) == (422, "invalid_order")


async def test_a_time_may_come_with_a_plus_that_nobody_has_escaped(shop: Shop):
    numbers = await shop.orders(1)
    found = await shop.ask("GET", "/v1/orders?updated_since=2026-11-22T09:00:00+08:00")
    assert [one["order_number"] for one in found.json()["items"]] == numbers
    later = (HALF_PAST + minutes(600)).astimezone(UTC).isoformat()
    assert (await shop.ask("GET", "/v1/orders", params={"updated_since": later})).json()["items"] == []
    assert datetime.fromisoformat(found.json()["items"][0]["updated_at"]) >= TEN
    both = await shop.ask("GET", "/v1/orders?client_order_id=x&updated_since=2026-11-22T09:00:00Z")
    assert code(both) == (422, "invalid_order")
