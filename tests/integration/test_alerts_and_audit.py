"""What is wrong and what was done can be asked for, by programs and by people."""

import json
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import update

from app.bootstrap import Lifeboat
from app.store.audit_chain import chain_once
from app.store.tables import METADATA
from tests.deployment.facts import IT, TEN, minutes
from tests.deployment.web import Web
from tests.integration.conftest import Run


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def _three_alerts(boat: Lifeboat) -> None:
    with boat.store.writing() as uow:
        uow.alerts.tell("spool_drained", text="3 笔订单已补入", now=TEN, subject="host")
        uow.alerts.fire("batch_overdue", level="red", text="批次逾期", now=TEN + minutes(1))
        uow.alerts.fire("coupons_low", level="yellow", text="仅剩 3 张", now=TEN + minutes(2), subject="low")


def test_alerts_are_listed_newest_first_page_by_page(run: Run, boat: Lifeboat):
    assert _json(run("alerts", "list", "--json")) == {"items": [], "next": None}
    assert "没有告警。" in run("alerts", "list").stdout
    _three_alerts(boat)
    page = _json(run("alerts", "list", "--json", "--limit", "2"))
    assert [item["rule"] for item in page["items"]] == ["coupons_low", "batch_overdue"]
    assert page["items"][1] == {
        "id": 2,
        "rule": "batch_overdue",
        "level": "red",
        "state": "firing",
        "subject": "",
        "text": "批次逾期",
        "since": "2026-11-22T10:01:00+08:00",
        "until": None,
        "by": None,
    }
    rest = _json(run("alerts", "list", "--json", "--before", page["next"]))
    assert [(item["rule"], item["state"], item["until"]) for item in rest["items"]] == [
        ("spool_drained", "resolved", "2026-11-22T10:00:00+08:00")
    ]
    assert rest["next"] is None
    shown = run("alerts", "list").stdout
    assert "红灯" in shown
    assert "已恢复" in shown


async def test_alerts_are_answered_to_operations_alone(web: Web):
    _three_alerts(web.boat)
    ops = {"authorization": f"Bearer {await web.key('ops', scope='ops')}"}
    answer = await web.get("/v1/alerts?limit=1", headers=ops)
    assert answer.status_code == 200
    assert [item["rule"] for item in answer.json()["items"]] == ["coupons_low"]
    rest = await web.get(f"/v1/alerts?cursor={answer.json()['next']}", headers=ops)
    assert [item["rule"] for item in rest.json()["items"]] == ["batch_overdue", "spool_drained"]
    storefront = {"authorization": f"Bearer {await web.key()}"}
    assert (await web.get("/v1/alerts", headers=storefront)).status_code == 403
    assert (await web.get("/v1/alerts")).status_code == 401
    assert (await web.get("/v1/alerts?cursor=x", headers=ops)).status_code == 422


def test_the_audit_is_listed_with_who_and_by_which_way(run: Run):
    assert _json(run("audit", "list", "--json")) == {"items": [], "next": None}
    assert "还没有审计记录。" in run("audit", "list").stdout
    run("clients", "add", "tmall")
    run("coupons", "generate", "3")
    page = _json(run("audit", "list", "--json", "--limit", "1"))
    ((newest,), more) = (page["items"], page["next"])
    assert (newest["action"], newest["way"], newest["detail"], newest["chained"]) == (
        "coupons.generate",
        "cli",
        {"added": 3},
        False,
    )
    assert newest["actor"].startswith("cli:")
    (older,) = _json(run("audit", "list", "--json", "--before", more))["items"]
    assert (older["action"], older["detail"]) == ("client.add", {"name": "tmall", "scope": "intake"})


@pytest.mark.parametrize("touched", [False, True])
def test_an_audit_that_was_touched_is_found_out(run: Run, boat: Lifeboat, *, touched: bool):
    with boat.store.writing() as uow:
        uow.audit.record("batch.download", by=IT, at=TEN, subject="B1")
    chain_once(boat.store, now=TEN)
    if touched:
        with boat.engines.writer.begin() as connection:
            connection.execute(update(METADATA.tables["audit"]).values(actor="nobody"))
    answer = _json(run("audit", "verify", "--json", code=1 if touched else 0))
    assert (answer["intact"], answer["broken"]) == (not touched, 1 if touched else None)
    people = run("audit", "verify", code=1 if touched else 0)
    assert ("第 1 段对不上" in people.stderr) if touched else ("审计链完好：1 段，1 条记录" in people.stdout)


def test_an_alert_is_claimed_and_silenced_from_the_command_line(run: Run, boat: Lifeboat):
    _three_alerts(boat)
    claimed = _json(run("alerts", "claim", "2", "--json"))
    assert (claimed["id"], claimed["state"], claimed["silence"]) == (2, "acknowledged", None)
    assert claimed["by"].startswith("cli:")
    assert "已恢复" in run("alerts", "claim", "1", code=1).stderr
    assert "没有编号为 9 的告警" in run("alerts", "claim", "9", code=1).stderr
    silenced = _json(run("alerts", "silence", "2", "--why", "正在换机器人", "--minutes", "90", "--json"))
    assert (silenced["state"], silenced["silence"]["why"]) == ("acknowledged", "正在换机器人")
    run("alerts", "silence", "2", "--why", "x", "--minutes", "1441", code=2)
    assert "已解除静默：批次逾期" in run("alerts", "unsilence", "2").stdout
    assert "静默到 " in run("alerts", "silence", "2", "--why", "x").stdout
    assert claimed["by"] in run("alerts", "list").stdout
    actions = [deed["action"] for deed in _json(run("audit", "list", "--json"))["items"]]
    assert actions == ["alert.silence", "alert.unsilence", "alert.silence", "alert.claim"]


async def test_an_alert_is_claimed_and_silenced_over_http_by_operations_alone(web: Web):
    _three_alerts(web.boat)
    ops = {"authorization": f"Bearer {await web.key('ops', scope='ops')}"}
    claimed = await web.post("/v1/alerts/2/claim", headers=ops)
    assert claimed.status_code == 200, claimed.text
    assert (claimed.json()["state"], claimed.json()["by"], claimed.json()["silence"]) == (
        "acknowledged",
        "client:ops",
        None,
    )
    other = {"authorization": f"Bearer {await web.key('noc', scope='ops')}"}
    assert (await web.post("/v1/alerts/2/claim", headers=other)).status_code == 409
    taken = await web.post("/v1/alerts/2/claim", json={"take_over": True}, headers=other)
    assert (taken.status_code, taken.json()["by"]) == (200, "client:noc")
    silenced = await web.post("/v1/alerts/3/silence", json={"minutes": 30.0, "why": "已知"}, headers=ops)
    assert silenced.json()["silence"]["by"] == "client:ops"
    assert (await web.post("/v1/alerts/3/unsilence", headers=ops)).json()["silence"] is None
    for body in ({"minutes": 1441, "why": "x"}, {"minutes": 5}, {"minutes": 5, "why": " "}):
        assert (await web.post("/v1/alerts/3/silence", json=body, headers=ops)).status_code == 422
    assert (await web.post("/v1/alerts/1/claim", headers=ops)).status_code == 409
    assert (await web.post("/v1/alerts/99/claim", headers=ops)).status_code == 404
    storefront = {"authorization": f"Bearer {await web.key()}"}
    assert (await web.post("/v1/alerts/2/claim", headers=storefront)).status_code == 403
    listed = (await web.get("/v1/alerts", headers=ops)).json()["items"][0]
    assert sorted(listed) == ["by", "id", "level", "rule", "since", "state", "subject", "text", "until"]
