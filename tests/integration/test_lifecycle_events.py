"""Lifecycle events over HTTP: each is judged by itself, and only a key for it may tell."""

from typing import Any

import pytest
from sqlalchemy import select

from app.store.tables import OrderFlow
from tests.deployment.web import Web

PAID = {"source": "wdt", "order": "SO1", "mark": "paid", "at": "2026-11-22T09:00:00+08:00"}


async def told(web: Web, *events: Any) -> dict[str, Any]:
    key = {"authorization": f"Bearer {await web.key('erp', scope='lifecycle')}"}
    answer = await web.post("/v1/lifecycle-events", json={"events": list(events)}, headers=key)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_events_are_taken_once_and_a_bad_one_stops_no_other(web: Web):
    placed = {**PAID, "mark": "placed", "at": "2026-11-22T08:50:00+08:00", "channel": "天猫"}
    answer = await told(web, placed, {**PAID, "mark": "payed"}, PAID, 7, PAID)
    assert (answer["applied"], answer["unchanged"]) == (2, 1)
    assert [(one["index"], one["code"]) for one in answer["rejected"]] == [(1, "enum"), (3, "model_type")]
    assert "/mark" in answer["rejected"][0]["detail"]
    with web.app.parts.boat.store.reading() as uow:
        (row,) = uow._session.scalars(select(OrderFlow))  # noqa: SLF001 - no page shows it yet
        assert (row.order_ref, row.stage, row.channel) == ("SO1", 2, "天猫")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"at": "2026-11-22T09:00:00"}, "timezone_aware"),
        ({"at": "1970-01-01T00:00:00Z"}, "no_time"),
        ({"at": 1763773200}, "datetime_type"),
        ({"order": ""}, "string_too_short"),
        ({"order": "a\u0000b"}, "string_pattern_mismatch"),
        ({"order": 12}, "string_type"),
        ({"source": "x" * 33}, "string_too_long"),
        ({"source": "Lifeboat"}, "own_source"),
        ({"colour": "red"}, "extra_forbidden"),
        ({"attributes": {"a": "x" * 3000}}, "too_long"),
        ({"attributes": {"a": float("1e999")}}, "unreadable"),
    ],
)
async def test_what_is_wrong_with_an_event_is_told_by_its_place(web: Web, wrong: dict[str, Any], code: str):
    key = {"authorization": f"Bearer {await web.key('erp', scope='lifecycle')}", "content-type": "application/json"}
    import json  # noqa: PLC0415 - only here

    body = json.dumps({"events": [PAID, {**PAID, "event_id": "2", **wrong}]}).encode()
    answer = await web.post("/v1/lifecycle-events", content=body, headers=key)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["applied"], [(one["index"], one["code"]) for one in said["rejected"]]) == (1, [(1, code)])
    assert said["rejected"][0]["detail"]


@pytest.mark.parametrize("scope", ["intake", "ops"])
async def test_only_a_key_for_it_may_tell(web: Web, scope: str):
    key = {"authorization": f"Bearer {await web.key(scope, scope=scope)}"}
    assert (await web.post("/v1/lifecycle-events", json={"events": []}, headers=key)).status_code == 403


async def test_more_than_a_thousand_are_refused_as_a_whole(web: Web):
    key = {"authorization": f"Bearer {await web.key('erp', scope='lifecycle')}"}
    many = [{**PAID, "event_id": str(n)} for n in range(1001)]
    answer = await web.post("/v1/lifecycle-events", json={"events": many}, headers=key)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_long")


@pytest.mark.parametrize("scope", ["ops", "lifecycle"])
async def test_the_stages_are_told_to_whoever_may_look(web: Web, scope: str):
    await told(web, PAID)
    key = {"authorization": f"Bearer {await web.key(f'look-{scope}', scope=scope)}"}
    answer = (await web.get("/v1/stages", headers=key)).json()
    assert [one["stage"] for one in answer["items"]] == [1, 2, 3, 4, 5]
    second = answer["items"][1]
    assert (second["name"], second["inside"], second["limit"], second["thin"]) == ("支付完成→进入仓库队列", 1, 30, True)
    assert second["kinds"] == [
        {"channel": "", "priority": "normal", "inside": 1, "exits": 0, "flow_mean": second["flow_mean"], "inferred": 0}
    ]
    stranger = {"authorization": f"Bearer {await web.key('shop')}"}
    assert (await web.get("/v1/stages", headers=stranger)).status_code == 403
