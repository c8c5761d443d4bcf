"""Heartbeats, changes and the verdict over HTTP, in the console and at the command line."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.watch.systemic.heartbeats import set_heartbeat
from app.web.ops import health
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import IT, minutes
from tests.deployment.web import Web
from tests.integration.conftest import Run

PLANTED = "<script>alert(1)</script>"
CHANGE = {
    "id": "d-1",
    "who": "ci",
    "what": "分仓规则",
    "before": "v41",
    "after": "v42",
    "at": "2026-11-22T09:00:00+08:00",
}


async def lifecycle(web: Web, scope: str = "lifecycle") -> dict[str, str]:
    return {"authorization": f"Bearer {await web.key(scope, scope=scope)}"}  # type: ignore[arg-type]


def name(web: Web, called: str = "nightly") -> None:
    with web.boat.store.writing() as uow:
        set_heartbeat(
            uow, called, every=minutes(60), grace=minutes(5), most_failures=1, by=IT, now=web.boat.clock.now()
        )


async def test_a_job_says_that_it_begins_ends_and_fails(web: Web):
    key = await lifecycle(web)
    name(web)
    said = [
        (await web.post(f"/v1/heartbeats/nightly{path}", headers=key, json=body)).json()
        for path, body in (("/start", {}), ("", {"text": "1204 rows"}), ("/fail", {"text": f"exit 1 {PLANTED}"}))
    ]
    assert [(one["state"], one["failures"]) for one in said] == [("up", 0), ("up", 0), ("down", 1)]
    assert said[0]["started"]
    assert said[1]["due"] == "2026-11-22T11:00:00+08:00"
    assert said[2]["text"].startswith("exit 1 \uff1cscript>")
    (listed,) = (await web.get("/v1/heartbeats", headers=key)).json()["items"]
    assert (listed["name"], listed["every"], listed["grace"]) == ("nightly", 60.0, 5.0)


async def test_a_signal_without_a_body_is_enough(web: Web):
    key = await lifecycle(web)
    name(web)
    assert (await web.post("/v1/heartbeats/nightly", headers=key)).json()["state"] == "up"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/heartbeats/unknown", {}, 404),
        ("/v1/heartbeats/nightly", {"text": 7}, 422),
        ("/v1/heartbeats/nightly", {"text": "x" * 10_001}, 422),
        ("/v1/heartbeats/nightly", {"colour": "red"}, 422),
        ("/v1/heartbeats/nightly/pause", {}, 404),
    ],
)
async def test_a_wrong_signal_is_refused_and_changes_nothing(web: Web, path: str, body: dict[str, Any], status: int):
    key = await lifecycle(web)
    name(web)
    assert (await web.post(path, headers=key, json=body)).status_code == status
    assert (await web.get("/v1/heartbeats", headers=key)).json()["items"][0]["state"] == "new"


@pytest.mark.parametrize("path", ["/v1/heartbeats/nightly", "/v1/heartbeats/nightly/fail", "/v1/changes"])
async def test_only_a_key_for_it_may_tell(web: Web, path: str):
    name(web)
    for scope in ("intake", "ops"):
        assert (await web.post(path, headers=await lifecycle(web, scope), json={})).status_code == 403
    assert (await web.post(path, json={})).status_code == 401


async def test_a_change_is_told_once_and_another_under_its_id_is_refused(web: Web):
    key = await lifecycle(web)
    answers = [await web.post("/v1/changes", headers=key, json=CHANGE) for _ in range(2)]
    assert [(one.status_code, one.json()) for one in answers] == [(201, {"added": True}), (200, {"added": False})]
    other = await web.post("/v1/changes", headers=key, json={**CHANGE, "after": "v43"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    with web.boat.store.reading() as uow:
        (deed,) = uow.audit.page(limit=1)
    assert (deed.action, deed.actor, deed.subject) == ("change.tell", "client:lifecycle", "change:d-1")


@pytest.mark.parametrize(
    "wrong",
    [{"at": "2026-11-22T09:00:00"}, {"at": "1970-01-01T00:00:00Z"}, {"who": ""}, {"what": " "}, {"what": "x" * 201}],
)
async def test_a_wrong_change_is_refused(web: Web, wrong: dict[str, Any]):
    key = await lifecycle(web)
    assert (await web.post("/v1/changes", headers=key, json={**CHANGE, **wrong})).status_code == 422


@pytest.mark.parametrize("scope", ["ops", "lifecycle"])
async def test_the_verdict_is_told_to_whoever_may_look(web: Web, scope: str):
    answer = await web.get("/v1/systemic", headers=await lifecycle(web, scope))
    found = answer.json()
    assert (found["verdict"], found["stuck"], found["time_line"], found["onset"]) == ("few", 0, [], None)
    assert (await web.get("/v1/systemic", headers=await lifecycle(web, "intake"))).status_code == 403


async def test_a_worker_that_was_not_heard_of_for_minutes_is_told_on_every_page_and_by_readyz(
    at_noon: Deployment, mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(health, "REMEMBER", 0.0)
    runtime = at_noon.web.runtime
    assert "data-worker-silent" not in await mei.reads("/orders")
    with at_noon.store.writing() as uow:
        uow.jobs.beat("worker", now=at_noon.clock.now(), holder="w")
    at_noon.clock.at += minutes(4)
    runtime._look_out()  # noqa: SLF001 - as its loop does
    assert "data-worker-silent" in await mei.reads("/orders")
    assert "没有动静" in await mei.reads("/")
    transport = httpx.ASGITransport(at_noon.web)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test") as client:
        assert "worker_silent" in (await client.get("/readyz?verbose")).text


# ---- the page


async def test_the_page_is_whole_while_there_is_nothing(mei: Browser):
    page = await mei.reads("/systemic")
    assert 'data-verdict="few"' in page
    for empty in ("还没有登记变更", "还没有心跳", "没有配置外部依赖", "没有配置外部看门狗"):
        assert empty in page


async def test_changes_are_told_and_pasted_in_the_page(at_noon: Deployment, mei: Browser):
    await mei.post("/systemic/changes", {"what": f"分仓规则{PLANTED}", "before": "A", "after": "B"})
    page = await mei.reads("/systemic")
    assert "已登记 1 项变更" in page
    assert "分仓规则" in page
    assert PLANTED not in page
    await mei.post("/systemic/changes/import", {"list": "时间,谁,改了什么\n2026-11-22 09:30,阿梅,运费表\n坏时间,a,b\n"})
    page = await mei.reads("/systemic")
    assert "第 3 行：时间“坏时间”无法读取" in page
    assert "运费表" not in page
    for _ in range(2):
        await mei.post("/systemic/changes/import", {"list": "时间\t谁\t改了什么\n2026-11-22 09:30\t阿梅\t运费表\n"})
    assert "另有 1 项此前已登记" in await mei.reads("/systemic")
    with at_noon.store.reading() as uow:
        assert len(uow.rule_changes.newest(limit=9)) == 2


async def test_heartbeats_are_named_and_removed_by_those_who_keep_it_running(at_noon: Deployment, mei: Browser):
    fields = {"name": "nightly", "every": "1d", "grace": "30m", "failures": "1"}
    assert (await mei.post("/systemic/heartbeats", fields)).status_code == 403
    zhang = await at_noon.console.signed_in("zhang")
    await zhang.post("/systemic/heartbeats", fields)
    page = await zhang.reads("/systemic")
    assert 'data-beat="nightly"' in page
    assert "还没报到" in page
    for wrong in ({"every": "soon"}, {"failures": "x"}, {"name": PLANTED}):
        await zhang.post("/systemic/heartbeats", {**fields, **wrong})
        assert PLANTED not in await zhang.reads("/systemic")
    await zhang.post("/systemic/heartbeats/remove", {"name": "nightly"})
    await zhang.post("/systemic/heartbeats/remove", {"name": "nightly"})
    page = await zhang.reads("/systemic")
    assert 'data-beat="nightly"' not in page
    assert "没有名为 nightly 的心跳" in page


async def test_who_may_only_look_sees_no_form(at_noon: Deployment):
    page = await (await at_noon.console.signed_in("guest")).reads("/systemic")
    assert "登记一项变更" not in page
    assert "登记心跳" not in page


# ---- the command line


def test_heartbeats_at_the_command_line(run: Run):
    assert "还没有登记心跳" in run("watch", "heartbeat", "list").output
    run("watch", "heartbeat", "set", "nightly", "--every", "1d", "--grace", "30m")
    shown = json.loads(run("watch", "heartbeat", "list", "--json").output)
    assert [(one["name"], one["every"], one["state"]) for one in shown["items"]] == [("nightly", 1440.0, "new")]
    assert "nightly" in run("watch", "heartbeat", "list").output
    assert "不是一段时间" in run("watch", "heartbeat", "set", "x", "--every", "soon", "--grace", "1m", code=1).output
    assert json.loads(run("watch", "heartbeat", "remove", "nightly", "--json").output) == {"removed": "nightly"}
    assert "没有名为 nightly" in run("watch", "heartbeat", "remove", "nightly", code=1).output


def test_changes_and_the_verdict_at_the_command_line(run: Run, tmp_path: Path):
    file = tmp_path / "changes.csv"
    file.write_text("时间,谁,改了什么\n2026-11-22 09:30,阿梅,运费表\n", encoding="utf-8")
    assert json.loads(run("watch", "changes", "import", str(file), "--json").output) == {"added": 1, "known": 0}
    assert "另有 1 项此前已登记" in run("watch", "changes", "import", str(file)).output
    assert "滞留不足 10 笔" in run("watch", "systemic").output
    assert json.loads(run("watch", "systemic", "--json").output)["verdict"] == "few"
