"""``lifeboat watch``: the stages for a person and for a program."""

import json
from datetime import UTC, datetime
from pathlib import Path

from app.domain.marks import Mark
from app.watch.flow_map.warehouse_hours import WantedHours, set_hours
from app.watch.stages.take_events import ReportedEvent, take_events
from app.web.api.lifecycle import EventIn
from tests.deployment import Deployment
from tests.deployment.events import reported
from tests.deployment.facts import IT, ZONE, minutes
from tests.integration.conftest import Run


def test_without_an_event_it_says_what_to_do(run: Run):
    assert "POST /v1/lifecycle-events" in run("watch", "status").output
    assert [one["n"] for one in json.loads(run("watch", "status", "--json").output)["items"]] == [0] * 5


def test_the_stages_are_shown_with_what_is_over_its_limit(run: Run, on_sqlite: Deployment):
    now = datetime.now(UTC)  # a command has the clock of this machine
    events = [
        ReportedEvent(
            index=n,
            source="erp",
            event_id=str(n),
            order=f"SO{n}",
            channel="天猫",
            mark=Mark.PAID,
            at=now - minutes(45 + n),
        )
        for n in range(3)
    ]
    assert take_events(on_sqlite.store, events, now=now).applied == 3
    shown = run("watch", "status").output
    assert "支付完成→进入仓库队列" in shown
    assert "只供参考" in shown
    second = json.loads(run("watch", "status", "--json").output)["items"][1]
    assert (second["inside"], second["over"], second["p50"]) == (3, 3, None)
    assert second["oldest"] >= 46


def test_a_simulated_day_is_taken_as_it_is_printed(run: Run):
    lines = run(
        "watch", "simulate", "--rate", "0.2", "--seed", "7", "--fault", "stop:3@10:00-10:50"
    ).output.splitlines()
    assert (
        lines
        == run("watch", "simulate", "--rate", "0.2", "--seed", "7", "--fault", "stop:3@10:00-10:50").output.splitlines()
    )
    assert len(lines) > 300
    for line in lines:
        EventIn.model_validate_json(line, strict=True)
    assert "故障" in run("watch", "simulate", "--fault", "stop:9@1:00-2:00", code=2).output


def test_a_recorded_day_is_replayed_and_tells_what_would_have_rung(run: Run, tmp_path: Path):
    """Three paid orders wait, and after half an hour somebody is told; once they have entered, it is over."""
    began = datetime(2026, 11, 11, 10, 0, tzinfo=ZONE)

    def event(order: str, mark: str, at: datetime) -> str:
        said = {"source": "erp", "order": order, "channel": "天猫", "mark": mark, "at": at.isoformat()}
        return json.dumps({**said, "event_id": f"{order}-{mark}"}, ensure_ascii=False)

    lines = [event(f"W{n}", "paid", began) for n in range(3)]
    lines += [event(f"W{n}", "queued", began + minutes(45)) for n in range(3)]
    lines.append(event("later", "cancelled", began + minutes(70)))
    file = tmp_path / "day.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    told = [json.loads(line) for line in run("watch", "replay", str(file), "--json").output.splitlines()]
    gate = [one for one in told if one["rule"] == "gate_blocked"]
    assert [(one["event"], one["to"], one["at"][11:16]) for one in gate] == [
        ("firing", ["duty"], "10:31"),
        ("resolved", ["duty"], "10:56"),
    ]
    assert {(one["kind"], one["stage"], one["level"]) for one in gate} == {("天猫", 2, "orange")}
    assert "入仓停了" in run("watch", "replay", str(file)).output
    quiet = run("watch", "replay", str(file), "--quiet-before", "2026-11-12")
    assert "没有告警会响" in quiet.output


def test_a_line_that_is_no_event_is_named(run: Run, tmp_path: Path):
    file = tmp_path / "day.jsonl"
    file.write_text('\n{"source": "erp"}\n', encoding="utf-8")
    assert "第 2 行：/order" in run("watch", "replay", str(file), code=2).output
    file.write_text("no JSON", encoding="utf-8")
    assert "第 1 行不是 JSON" in run("watch", "replay", str(file), code=2).output
    assert "无法读取" in run("watch", "replay", str(tmp_path / "none.jsonl"), code=2).output


def test_what_if_judges_the_last_days_by_other_lines(run: Run, on_sqlite: Deployment):
    now = datetime.now(UTC)
    events = [reported(f"SO{n}", Mark.PAID, now - minutes(90)) for n in range(5)]
    assert take_events(on_sqlite.store, events, now=now).applied == 5
    said = json.loads(
        run("watch", "what-if", "--set", "gate_waiting=6", "--set", "gate_high_waiting=6", "--json").output
    )
    assert said["in_force"]["by_rule"] == {"gate_blocked": 1}
    assert said["wanted"] | {"episodes": []} == {
        "lines": ["gate_waiting=6", "gate_high_waiting=6"],
        "rung": 0,
        "untold": 0,
        "by_rule": {},
        "episodes": [],
    }
    (rung,) = said["in_force"]["episodes"]
    assert (rung["rule"], rung["stage"], rung["kind"], rung["until"]) == ("gate_blocked", 2, "天猫", None)
    assert "short" in said["doubts"]
    assert (
        "会响 0 次"
        in run("watch", "what-if", "--days", "1", "--set", "gate_waiting=6", "--set", "gate_high_waiting=6").output
    )
    assert "入仓停了" in run("watch", "what-if", "--days", "1").output


def test_what_if_refuses_lines_that_cannot_be(run: Run):
    assert "须小于" in run("watch", "what-if", "--set", "slow_times=1.1", code=2).output
    assert "没有这一项阈值" in run("watch", "what-if", "--set", "slowly=1", code=2).output


def test_old_orders_are_purged_after_one_has_seen_how_many(run: Run, on_sqlite: Deployment):
    now = datetime.now(UTC)
    for days in (100, 1):
        at = now - minutes(60 * 24 * days)
        cancelled = reported(f"SO{days}", Mark.CANCELLED, at)
        assert take_events(on_sqlite.store, [cancelled], now=at).applied == 1
    would = json.loads(run("watch", "purge", "--dry-run", "--json").stdout)
    assert (would["dry_run"], would["orders"], would["events"]) == (True, 1, 1)
    assert "会清理" in run("watch", "purge", "--dry-run").output
    assert "已清理" in run("watch", "purge", "--days", "90").output
    assert json.loads(run("watch", "purge", "--json").stdout)["orders"] == 0


def test_the_hours_of_the_warehouse_are_shown_to_a_person_and_to_a_program(run: Run, on_sqlite: Deployment):
    assert "一直计时" in run("watch", "hours").output
    always = json.loads(run("watch", "hours", "--json").output)
    assert (always["version"], always["week"], always["open"]) == (0, ["00:00-24:00"] * 7, True)
    now = datetime.now(UTC)
    with on_sqlite.store.writing() as uow:
        wanted = WantedHours(["08:00-20:00"] * 6 + ["休"], "2027-02-17 休")
        set_hours(uow, wanted, seen=0, zone=ZONE, by=IT, now=now)
    shown = run("watch", "hours").output
    for word in ("周六", "08:00-20:00", "2027-02-17", "起生效"):
        assert word in shown
    told = json.loads(run("watch", "hours", "--json").output)
    assert (told["version"], told["week"][6], told["special_days"]) == (1, "", {"2027-02-17": ""})
    assert datetime.fromisoformat(told["starts_at"]) > now


def test_a_made_up_warehouse_that_is_closed_at_night_lets_nothing_out(run: Run):
    lines = run("watch", "simulate", "--rate", "0.3", "--hours", "08:00-20:00").output.splitlines()
    told = [(one["mark"], datetime.fromisoformat(one["at"])) for one in map(json.loads, lines)]
    left = [at for mark, at in told if mark in {"picking_printed", "packed", "collected"}]
    assert len(left) > 100
    assert {8 <= at.hour < 20 or (at.hour, at.minute, at.second) == (20, 0, 0) for at in left} == {True}
    assert any(at.hour < 8 for mark, at in told if mark == "queued")
    assert "看不懂" in run("watch", "simulate", "--hours", "早上", code=2).output


def test_a_recorded_day_is_judged_by_the_hours_that_are_said(run: Run, tmp_path: Path):
    day = tmp_path / "day.jsonl"
    lines = run("watch", "simulate", "--rate", "0.25", "--hours", "08:00-20:00").output.splitlines()
    evening = [line for line in lines if json.loads(line)["at"] < "2026-11-11T23:00"]
    day.write_text("\n".join(evening), encoding="utf-8")
    replay = ("watch", "replay", str(day), "--json", "--quiet-before", "2026-11-11T22:30")
    assert "stage_bottleneck" in run(*replay).output  # the night counts
    assert [one for one in run(*replay, "--hours", "08:00-20:00").output.splitlines() if "stage_" in one] == []
