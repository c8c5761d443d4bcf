"""The door over HTTP: what a storefront sends, and what it is told."""

import asyncio
import json
import re
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.order_number import is_number
from app.store.tables import OrderRow
from tests.deployment.facts import IT, TEN, minutes
from tests.deployment.orders import order_body
from tests.deployment.web import Web
from tests.fakes.serving import send_raw

CHINESE = re.compile("[\u4e00-\u9fff]")


def _problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check the one shape of all errors and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(document)
    assert (document["status"], document["code"], document["type"]) == (status, code, f"urn:lifeboat:problem:{code}")
    assert CHINESE.search(document["title"])
    assert CHINESE.search(document["detail"])
    return document


def _orders(web: Web) -> int:
    with web.boat.engines.reader.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(OrderRow)).scalar_one())


# ---- accepting


async def test_an_order_is_answered_with_its_number_once_it_is_stored(web: Web):
    """P1"""
    answer = await web.order(await web.key(), order_body("SHOP-1"))
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert set(document) == {"order_number", "status", "priority", "received_at", "message"}
    number = document["order_number"]
    assert is_number(number)
    assert (document["status"], document["priority"]) == ("accepted", "high")
    assert (
        document["received_at"] == "2026-11-22T10:00:00.000000+08:00"
        or datetime.fromisoformat(document["received_at"]) == TEN
    )
    assert number in document["message"]
    with web.boat.store.reading() as uow:
        row = uow.orders.numbered(number)
    assert row is not None
    assert web.boat.keyring.open_order(row.sealed, row.number).phone == "13800138000"


async def test_the_same_request_again_gets_the_same_body_and_a_header_that_says_so(web: Web):
    """P2, P3"""
    key = await web.key()
    first = await web.order(key, order_body("SHOP-1"))
    web.boat.clock.at += minutes(5)  # type: ignore[attr-defined]
    again = await web.order(key, order_body("SHOP-1"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert _orders(web) == 1


async def test_the_same_key_with_a_different_body_is_refused(web: Web):
    """P2"""
    key = await web.key()
    await web.order(key, order_body("SHOP-1"))
    answer = await web.order(key, order_body("SHOP-1", total="1.00"))
    _problem(answer, 422, "idempotency_conflict")
    assert _orders(web) == 1


async def test_a_key_is_the_same_bare_and_quoted_and_goes_before_the_shops_number(web: Web):
    key = await web.key()
    bare = await web.order(key, order_body("SHOP-1"), idempotency_key="k-1")
    quoted = await web.order(key, order_body("SHOP-1"), idempotency_key='"k-1"')
    other = await web.order(key, order_body("SHOP-1"), idempotency_key="k-2")
    assert (bare.status_code, quoted.status_code, other.status_code) == (201, 200, 201)
    assert bare.json()["order_number"] == quoted.json()["order_number"] != other.json()["order_number"]


async def test_many_requests_at_once_under_one_key_are_one_order(web: Web):
    """P2"""
    key = await web.key()
    answers = await asyncio.gather(*(web.order(key, order_body("SHOP-1")) for _ in range(30)))
    assert sorted(answer.status_code for answer in answers) == [200] * 29 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert _orders(web) == 1


async def test_two_clients_with_the_same_key_have_two_orders(web: Web):
    one, two = await web.key("one"), await web.key("two")
    answers = [await web.order(key, order_body("SHOP-1")) for key in (one, two)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["order_number"] != answers[1].json()["order_number"]


async def test_look_alikes_are_never_refused(web: Web):
    """Complaint 2: dropping look-alikes loses real orders."""
    key = await web.key()
    assert [(await web.order(key, order_body(name))).status_code for name in ("A", "B", None, None)] == [201] * 4


@pytest.mark.parametrize(
    ("total", "priority"), [("500.00", "normal"), ("500.01", "high"), (500, "normal"), ("0", "normal")]
)
async def test_above_five_hundred_is_high(web: Web, total: object, priority: str):
    assert (await web.order(await web.key(), order_body(total=total))).json()["priority"] == priority


async def test_the_least_order_is_accepted(web: Web):
    answer = await web.order(await web.key(), {"phone": "13800138000", "items": [{"sku": "A", "quantity": 1}]})
    assert (answer.status_code, answer.json()["priority"]) == (201, "normal")


async def test_a_key_may_come_as_x_api_key_and_json_by_its_other_names(web: Web):
    key = await web.key()
    for n, kind in enumerate(["application/json; charset=utf-8", "application/vnd.shop+json", "APPLICATION/JSON"]):
        answer = await web.post(
            "/v1/orders", content=json.dumps(order_body(f"S{n}")), headers={"x-api-key": key, "content-type": kind}
        )
        assert answer.status_code == 201
    without = await send_raw(
        web.app,
        "POST",
        "/v1/orders",
        headers=[(b"x-api-key", key.encode())],
        pieces=[json.dumps(order_body("T")).encode()],
    )
    assert without is not None
    assert without[0] == 201


async def test_every_answer_carries_an_id_by_which_it_is_found_in_the_log(web: Web):
    key = await web.key()
    good, bad = await web.order(key, order_body("A")), await web.order(key, {})
    assert good.headers["x-request-id"] != bad.headers["x-request-id"]
    assert bad.json()["instance"] == f"urn:lifeboat:request:{bad.headers['x-request-id']}"


# ---- refusing


async def test_wrong_fields_are_pointed_at(web: Web):
    document = _problem(
        await web.order(await web.key(), {"phone": "x", "items": [{"quantity": 1}], "oops": 1}), 422, "invalid_order"
    )
    assert [(error["pointer"], error["code"]) for error in document["errors"]] == [
        ("/phone", "phone"),
        ("/items/0/sku", "missing"),
        ("/oops", "extra_forbidden"),
    ]
    assert all(CHINESE.search(error["detail"]) for error in document["errors"])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"phone=13800138000"])
async def test_what_is_no_json_is_malformed(web: Web, body: bytes):
    headers = {"authorization": f"Bearer {await web.key()}", "content-type": "application/json"}
    _problem(await web.post("/v1/orders", content=body, headers=headers), 400, "malformed")


@pytest.mark.parametrize("key", ["", '""', "a b", "k" * 129, "\u00e9"])
async def test_an_idempotency_key_of_another_form_is_refused(web: Web, key: str):
    headers = [(b"authorization", f"Bearer {await web.key()}".encode()), (b"idempotency-key", key.encode("latin-1"))]
    answer = await send_raw(web.app, "POST", "/v1/orders", headers=headers, pieces=[json.dumps(order_body()).encode()])
    assert answer is not None
    assert (answer[0], json.loads(answer[2])["code"]) == (400, "bad_idempotency_key")
    assert _orders(web) == 0


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic abc", "Bearer lbk_abcdefgh_" + "x" * 43])
async def test_who_has_no_key_is_not_let_in(web: Web, header: str | None):
    await web.key()
    answer = await web.post("/v1/orders", json=order_body(), headers={"authorization": header} if header else {})
    _problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert _orders(web) == 0


async def test_the_right_id_with_another_secret_is_not_let_in(web: Web):
    key = await web.key()
    _problem(await web.order(key[:-1] + ("A" if key[-1] != "A" else "B"), order_body()), 401, "unauthenticated")


async def test_a_new_key_works_at_once_even_when_the_keys_were_looked_up_a_moment_ago(web: Web):
    from app.access.clients import add_client  # noqa: PLC0415 - only here

    await web.app.runtime.access.refresh()
    with web.boat.store.writing() as uow:
        issued = add_client(uow, "tmall", scope="intake", drill=False, by=IT, now=TEN)
    assert (await web.order(issued.key, order_body())).status_code == 201


async def test_a_revoked_key_is_refused(web: Web):
    key = await web.key()
    assert (await web.order(key, order_body("A"))).status_code == 201
    with web.boat.store.writing() as uow:
        assert uow.access.revoke(key.split("_")[1], now=TEN)
    await web.app.runtime.access.refresh()
    _problem(await web.order(key, order_body("B")), 401, "unauthenticated")


async def test_a_key_for_batches_cannot_place_orders(web: Web):
    _problem(await web.order(await web.key(scope="ops"), order_body()), 403, "forbidden")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"]
)
async def test_another_media_type_is_refused(web: Web, kind: str):
    headers = {"authorization": f"Bearer {await web.key()}", "content-type": kind}
    _problem(await web.post("/v1/orders", content=b"{}", headers=headers), 415, "unsupported_media_type")


async def test_a_packed_body_is_refused(web: Web):
    _problem(await web.order(await web.key(), order_body(), content_encoding="gzip"), 415, "unsupported_media_type")


# ---- looking up


async def test_a_client_sees_its_order_and_nobody_elses(web: Web):
    mine, theirs, ops = await web.key("one"), await web.key("two"), await web.key("ops", scope="ops")
    number = (await web.order(mine, order_body("SHOP-1"))).json()["order_number"]
    answer = await web.get(f"/v1/orders/{number}", headers={"authorization": f"Bearer {mine}"})
    assert answer.status_code == 200
    document = answer.json()
    assert (document["order_number"], document["client_order_id"], document["status"], document["total"]) == (
        number,
        "SHOP-1",
        "accepted",
        "599.00",
    )
    assert (document["batch"], document["main_order_number"]) == (None, None)
    assert [(event["event"], datetime.fromisoformat(event["at"])) for event in document["timeline"]] == [
        ("accepted", TEN)
    ]
    assert "13800138000" not in answer.text
    foreign = await web.get(f"/v1/orders/{number}", headers={"authorization": f"Bearer {theirs}"})
    _problem(foreign, 404, "not_found")
    assert (await web.get(f"/v1/orders/{number}", headers={"authorization": f"Bearer {ops}"})).status_code == 200
    _problem(await web.get(f"/v1/orders/{number}"), 401, "unauthenticated")


@pytest.mark.parametrize("number", ["LBNCRJATTXZ7YBC", "LBNCRJATTXZ7YBD", "x", "L" * 41])
async def test_a_number_that_is_none_or_nobodys_is_not_found(web: Web, number: str):
    answer = await web.get(f"/v1/orders/{number}", headers={"authorization": f"Bearer {await web.key()}"})
    assert answer.status_code in {404, 422}
    _problem(answer, answer.status_code, "invalid_order" if len(number) > 40 else "not_found")


# ---- the one shape of errors, and the document


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("POST", "/", 404, "not_found"),
        ("PUT", "/v1/orders", 405, "method_not_allowed"),
        ("DELETE", "/v1/orders", 405, "method_not_allowed"),
    ],
)
async def test_addresses_and_methods_there_are_not_have_the_same_shape(
    web: Web, method: str, path: str, status: int, code: str
):
    answer = await web.request(method, path)
    _problem(answer, status, code)
    if status == 405:
        assert "POST" in answer.headers["allow"]


async def test_the_openapi_document_shows_how_an_order_is_placed(web: Web):
    document = (await web.get("/openapi.json")).json()
    post = document["paths"]["/v1/orders"]["post"]
    assert {"200", "201", "400", "401", "403", "408", "413", "415", "422", "503"} <= set(post["responses"])
    assert post["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/OrderIn"}
    (example,) = document["components"]["schemas"]["OrderIn"]["examples"]
    assert (await web.order(await web.key(), example)).status_code == 201
    assert post["parameters"][0]["name"] == "Idempotency-Key"
    conflict = post["responses"]["422"]["content"]["application/problem+json"]["examples"]["idempotency_conflict"][
        "value"
    ]
    assert CHINESE.search(conflict["detail"])
    text = json.dumps(document)
    for reference in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert reference in document["components"]["schemas"]
