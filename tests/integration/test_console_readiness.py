"""体检 and 定时任务: what doctor says, since when, and what to do about it; what ran when and what is due next."""

import asyncio
import json
from pathlib import Path

import pytest

from app.bootstrap.checkup import QUICK, findings
from app.bootstrap.finding import Finding
from app.store.repositories.jobs import PlannedJob
from app.watch.rules import RULES
from app.web.console.pages.readiness import ANY, STEPS, step_for
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import hours, minutes, seconds
from tests.deployment.main_files import JUSHUITAN
from tests.integration.conftest import Run

PLANTED = "<script>alert(1)</script>"


@pytest.fixture
async def zhang(at_noon: Deployment) -> Browser:
    return await at_noon.console.signed_in("zhang")


async def test_the_page_says_what_doctor_says_and_what_to_do_about_it(at_noon: Deployment, zhang: Browser):
    page = await zhang.reads("/readiness")
    assert 'data-check="schema" data-status="ok"' in page
    assert 'data-check="worker_silent" data-status="warn"' in page  # no worker runs in this test
    assert "可以接单，有" in page
    assert 'href="/console/jobs">重启后台进程' in page
    assert 'data-check="commit"' not in page  # it would commit on each look
    assert 'data-region="readiness"' in page


async def test_a_trouble_tells_since_when_it_is_there(at_noon: Deployment, zhang: Browser):
    with at_noon.store.writing() as uow:
        uow.alerts.fire("worker_silent", level="red", text="x", now=at_noon.clock.now())
    at_noon.clock.at += minutes(20)
    page = await zhang.reads("/readiness")
    assert "自 12:10 起（20 分钟前）" in page


async def test_the_whole_check_up_commits_and_counts_and_is_done_one_at_a_time(at_noon: Deployment, zhang: Browser):
    at_noon.door.post(key="1")
    answer = await zhang.post("/readiness/run")
    assert answer.status_code == 200
    for check in ("commit", "kept_counts", "ledger"):
        assert f'data-check="{check}" data-status="ok"' in answer.text
    assert "全面体检，用时" in answer.text
    assert 'data-region="readiness"' not in answer.text  # it would be replaced by the quick one
    both = await asyncio.gather(zhang.post("/readiness/run"), zhang.post("/readiness/run"))
    assert sorted(one.status_code for one in both) in ([200, 200], [200, 303])


async def test_a_ledger_that_does_not_balance_is_a_failure_with_a_next_step(at_noon: Deployment, zhang: Browser):
    at_noon.door.post(key="1")
    with at_noon.engines.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM orders")
    page = (await zhang.post("/readiness/run")).text
    assert 'data-check="ledger" data-status="fail"' in page
    assert "lifeboat ledger --full" in page
    assert "项失败，请马上处理" in page


async def test_operations_see_it_and_cannot_have_the_whole_done(at_noon: Deployment, mei: Browser):
    page = await mei.reads("/readiness")
    assert "/readiness/run" not in page
    assert 'href="/console/settings/values"' not in page  # a step that leads where they may not go has no link
    assert (await mei.post("/readiness/run")).status_code == 403


def test_doctor_and_the_page_have_the_same_checks(run: Run):
    names = {check["name"] for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert {"schema", "commit", "data_disk", "ledger", "kept_counts", "layout", "sms"} <= names


def test_a_main_system_that_nobody_has_tried_is_told(
    on_sqlite: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "erp.toml"
    file.write_text(JUSHUITAN, encoding="utf-8")
    monkeypatch.setenv("JST_SECRET", "lb-secret-01")
    monkeypatch.setenv("JST_TOKEN", "lb-token-01")
    boat = on_sqlite.opened(main_system=file)
    told = [one for one in findings(boat, QUICK) if one.name == "main_system"]
    assert [(one.status, "还没有试通" in one.detail) for one in told] == [("warn", True)]
    assert step_for(told[0]) is STEPS["main_system"]
    file.write_text("kind = 1", encoding="utf-8")
    (wrong,) = [one for one in findings(boat, QUICK) if one.name == "main_system"]
    assert wrong.status == "warn"
    assert "erp.toml" in wrong.detail


def test_whatever_is_wrong_has_a_next_step():
    for rule in RULES:
        assert step_for(Finding(rule.name, "warn", "x", rule.name)) is not None
    assert step_for(Finding("standby", "warn", "x", "database_could_lose")) is ANY
    assert step_for(Finding("something new", "fail", "x")) is ANY
    assert step_for(Finding("schema", "ok", "x")) is None
    assert step_for(Finding("spool", "warn", "x", "spool_waiting")) is STEPS["spool_waiting"]


# ---- jobs --------------------------------------------------------------------------------------------------------------


def _plan(deployment: Deployment, *, after: int = 20) -> None:
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        uow.jobs.keep_plans(
            [
                PlannedJob("batch", "出批次", now + minutes(after), minutes(24)),
                PlannedJob("audit", "审计入链", now + minutes(2), minutes(2)),
            ]
        )


async def test_without_a_worker_the_page_says_how_one_comes(zhang: Browser):
    assert "还没有任务运行过" in await zhang.reads("/jobs")


async def test_what_ran_when_how_it_ended_and_what_is_next(at_noon: Deployment, zhang: Browser):
    now = at_noon.clock.now()
    with at_noon.store.writing() as uow:
        done = uow.jobs.begin("batch", due=now - minutes(10), now=now - minutes(10))
        uow.jobs.end(done, outcome="failed", detail=PLANTED, now=now - minutes(10) + seconds(7))
        uow.jobs.begin("audit", due=now - hours(1), now=now - hours(1))  # its worker was killed
    _plan(at_noon)
    page = await zhang.reads("/jobs")
    for what in ("出批次", "失败", "用时 7 秒", "下次 12:30", "被中断"):
        assert what in page
    assert PLANTED not in page
    assert "还没有运行</b>" not in page


async def test_a_job_that_is_missing_says_so(at_noon: Deployment, zhang: Browser):
    _plan(at_noon, after=20)
    at_noon.clock.at += minutes(30)
    page = await zhang.reads("/jobs")
    assert "应在 12:30，还没有运行" in page
    assert "后台进程可能停了" in page
