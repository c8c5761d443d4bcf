"""Stuck orders are looked at with what happened around them: heartbeats, changes, dependencies, jobs; on both engines."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.domain.actor import Actor, Way
from app.domain.dependency import Probed
from app.domain.marks import Mark
from app.domain.problems import IdempotencyConflict, NotFound, Refusal
from app.files.reading_process import Confinement
from app.store.tables import DependencyWindow, RuleChange
from app.watch.patrol import keep_alerts, look
from app.watch.rule import Situation, WatchPolicy
from app.watch.rules.heartbeat_down import HEARTBEAT_DOWN
from app.watch.stages.take_events import ReportedEvent, id_of, take_events
from app.watch.systemic.changes import ToldChange, take_changes
from app.watch.systemic.dependencies import figures_of, note_probes, sicknesses
from app.watch.systemic.heartbeats import hear, remove_heartbeat, set_heartbeat, time_of
from app.watch.systemic.look import Systemic, look_for_cause
from app.watch.systemic.read_changes import read_changes_apart
from app.watch.systemic.verdict import Verdict
from tests.deployment import Deployment
from tests.deployment.facts import TEN, ZONE, hours, minutes, seconds
from tests.unit.workbooks import package, sheet_xml

MEI = Actor("mei", Way.CONSOLE)
POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=True, coupon_low_at=2, sms_per_day=10, sms_per_client_per_day=5
)


def name(deployment: Deployment, called: str = "nightly", **chosen: object) -> None:
    fields = {"every": hours(1), "grace": minutes(5), "most_failures": 1, **chosen}
    with deployment.store.writing() as uow:
        set_heartbeat(uow, called, by=MEI, now=deployment.clock.now(), **fields)  # type: ignore[arg-type]


def signal(deployment: Deployment, which: str = "ok", *, called: str = "nightly", said: str = "") -> None:
    with deployment.store.writing() as uow:
        hear(uow, called, which, said=said, now=deployment.clock.now())  # type: ignore[arg-type]


def patrol(deployment: Deployment) -> list[tuple[str, str, str]]:
    situation = Situation(
        store=deployment.store,
        now=deployment.clock.now(),
        policy=POLICY,
        folders=(),
        spool=lambda: None,  # type: ignore[arg-type, return-value]
    )
    keep_alerts(look([HEARTBEAT_DOWN], situation), situation)
    return [(alert.rule, alert.subject, alert.state) for alert in deployment.rows.alerts()]


# ---- heartbeats


def test_a_heartbeat_that_does_not_come_raises_an_alert_by_itself_and_ends_it_when_it_comes(deployment: Deployment):
    name(deployment)
    assert patrol(deployment) == []
    signal(deployment)
    deployment.clock.at += hours(1) + minutes(5)
    assert patrol(deployment) == []
    deployment.clock.at += seconds(1)
    assert patrol(deployment) == [("heartbeat_down", "nightly", "firing")]
    (alert,) = deployment.rows.alerts()
    assert "应在 11-22 11:00 之前报到" in alert.text
    assert "上次成功 11-22 10:00" in alert.text
    signal(deployment)
    assert patrol(deployment) == [("heartbeat_down", "nightly", "resolved")]


def test_failures_in_a_row_and_a_run_without_an_end_raise_it_too(deployment: Deployment):
    name(deployment, most_failures=2)
    name(deployment, "hourly")
    signal(deployment, "fail", said="x" * 600 + " <b>disk\x00 full")
    signal(deployment, "start", called="hourly")
    assert patrol(deployment) == []
    signal(deployment, "fail", said="exit 1: disk full")
    assert patrol(deployment) == [("heartbeat_down", "nightly", "firing")]
    assert "连续失败 2 次：exit 1: disk full" in deployment.rows.alerts()[0].text
    deployment.clock.at += minutes(6)
    assert {subject for _, subject, _ in patrol(deployment)} == {"nightly", "hourly"}
    assert "10:00 开始运行后一直没有报完成" in next(a.text for a in deployment.rows.alerts() if a.subject == "hourly")


def test_what_a_signal_says_is_bounded_and_harmless(deployment: Deployment):
    name(deployment)
    signal(deployment, "fail", said="x" * 600 + " <@all>\x00 [a](b)")
    with deployment.store.reading() as uow:
        (row,) = uow.expected_beats.all()
    assert len(row.said) == 500
    assert row.said.endswith("\uff1c@all> [a] (b)")


def test_a_heartbeat_nobody_has_named_is_not_found_and_a_removed_one_ends_its_alert(deployment: Deployment):
    with pytest.raises(NotFound, match="没有名为 nightly 的心跳"):
        signal(deployment)
    name(deployment)
    signal(deployment, "fail")
    assert patrol(deployment) == [("heartbeat_down", "nightly", "firing")]
    with deployment.store.writing() as uow:
        remove_heartbeat(uow, "nightly", by=MEI, now=TEN)
    assert patrol(deployment) == [("heartbeat_down", "nightly", "resolved")]
    with pytest.raises(NotFound), deployment.store.writing() as uow:
        remove_heartbeat(uow, "nightly", by=MEI, now=TEN)
    with deployment.store.reading() as uow:
        assert [deed.action for deed in uow.audit.page()] == ["heartbeat.remove", "heartbeat.set"]


def test_other_times_are_reckoned_from_the_last_success(deployment: Deployment):
    name(deployment)
    signal(deployment)
    deployment.clock.at += minutes(30)
    name(deployment, every=hours(24))
    with deployment.store.reading() as uow:
        (row,) = uow.expected_beats.all()
    assert (row.due_at, row.last_ok_at) == (TEN + hours(24), TEN)


@pytest.mark.parametrize(
    ("called", "chosen"),
    [("", {}), ("a b", {}), ("x" * 49, {}), ("ok", {"every": seconds(30)}), ("ok", {"grace": hours(24 * 63)})],
)
def test_a_name_or_a_time_that_is_not_allowed_is_refused(
    deployment: Deployment, called: str, chosen: dict[str, object]
):
    with pytest.raises(Refusal):
        name(deployment, called, **chosen)
    with deployment.store.reading() as uow:
        assert uow.expected_beats.all() == []


def test_times_are_read_as_people_write_them():
    assert [time_of(one) for one in ("30m", "2h", "1d", "45", "3 小时", "2天")] == [
        *(minutes(30), hours(2), hours(24)),
        *(minutes(45), hours(3), hours(48)),
    ]
    for wrong in ("", "1w", "-5m", "1.5h", "9" * 9):
        with pytest.raises(Refusal):
            time_of(wrong)


# ---- changes


def change(what: str = "分仓规则", *, at: datetime = TEN, **fields: str) -> ToldChange:
    return ToldChange(who="ci", what=what, at=at, before="v41", after="v42", **fields)


def take(deployment: Deployment, *told: ToldChange, source: str = "client:c1") -> tuple[int, int]:
    with deployment.store.writing() as uow:
        taken = take_changes(uow, told, source=source, by=MEI, now=TEN, as_list=len(told) > 1)
    return taken.added, taken.known


def test_a_change_is_kept_once_under_its_id_or_its_words(deployment: Deployment):
    assert take(deployment, change(change_id="d-1")) == (1, 0)
    assert take(deployment, change(change_id="d-1")) == (0, 1)
    assert take(deployment, change(change_id="d-1"), source="client:c2") == (1, 0)
    assert take(deployment, change(), change(), change(at=TEN + minutes(1))) == (2, 1)
    assert take(deployment, change()) == (0, 1)
    assert deployment.rows.count(RuleChange.__table__) == 4  # type: ignore[attr-defined]
    with deployment.store.reading() as uow:
        assert [deed.action for deed in uow.audit.page()] == ["change.import", "change.tell", "change.tell"]


def test_another_change_under_a_known_id_is_refused_and_nothing_of_the_list_is_kept(deployment: Deployment):
    take(deployment, change(change_id="d-1"))
    with pytest.raises(IdempotencyConflict):
        take(deployment, change("别的", change_id="d-2"), change("别的", change_id="d-1"))
    assert deployment.rows.count(RuleChange.__table__) == 1  # type: ignore[attr-defined]


def test_changes_are_read_from_csv_and_from_a_spreadsheets_columns():
    csv = "\ufeff时间,谁,改了什么,之前,之后,编号\n2026-11-27 10:05,阿梅,运费表,8 元,'=6 元,r-1\n\n"
    (one,) = read_changes_apart(csv.encode(), zone=ZONE)
    assert (one.who, one.what, one.before, one.change_id) == ("阿梅", "运费表", "8 元", "r-1")
    assert one.at.isoformat() == "2026-11-27T10:05:00+08:00"
    (same,) = read_changes_apart("at\twho\twhat\n2026/11/27 10:05\t阿梅\t运费表\n".encode(), zone=ZONE)
    assert same.at == one.at
    assert read_changes_apart("时间,谁,改了什么\n2026-11-27T02:05:00Z,a,b".encode("gb18030"), zone=ZONE)[0].at == one.at


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "没有内容"),
        ("时间,谁\n", "缺少：改了什么"),
        ("时间,谁,改了什么\nx,a,b", "第 2 行：时间“x”无法读取"),
        ("时间,谁,改了什么\n2026-11-27 10:05,,b", "第 2 行没有写“谁”"),
        ("时间,谁,改了什么\n" + "2026-11-27 10:05,a,b\n" * 2001, "最多 2000"),
        ("x" * 2**20 + "x", "超过 1 MB"),
    ],
)
def test_a_list_that_cannot_be_taken_says_where_and_why(text: str, why: str):
    with pytest.raises(Refusal, match=why):
        read_changes_apart(text.encode(), zone=ZONE)


# ---- dependencies


def probe(deployment: Deployment, *results: int | None, called: str = "waybill", since: datetime = TEN) -> None:
    for n, ms in enumerate(results):
        note_probes(deployment.store, [Probed(called, ms, "" if ms else "timeout")], at=since + minutes(n))


def windows(deployment: Deployment, until: datetime) -> list[DependencyWindow]:
    with deployment.store.reading() as uow:
        return uow.dependencies.windows(TEN - hours(24), until)


def test_probes_are_summed_by_window_and_a_dependency_that_fails_is_sick_since_its_first_error(deployment: Deployment):
    probe(deployment, *[100] * 19, 400, *[None] * 6)
    found = windows(deployment, TEN + hours(1))
    assert [(one.probes, one.errors) for one in found] == [(10, 0), (10, 0), (6, 6)]
    (figures,) = figures_of(found, now=TEN + minutes(26))
    assert (figures.probes, figures.errors, figures.p95, figures.sick) == (26, 6, 100, True)
    assert (figures.last_ok_at, figures.reason) == (TEN + minutes(19), "timeout")
    assert [one.at for one in sicknesses(found)] == [TEN + minutes(20)]


def test_one_lost_packet_is_no_sickness_and_three_times_slower_is_one(deployment: Deployment):
    probe(deployment, *[100] * 9, None, *[100] * 10)
    assert sicknesses(windows(deployment, TEN + hours(1))) == []
    probe(deployment, *[2500] * 10, since=TEN + minutes(20))
    assert [one.at for one in sicknesses(windows(deployment, TEN + hours(1)))] == [TEN + minutes(20)]


def test_old_windows_are_forgotten(deployment: Deployment):
    probe(deployment, *[100] * 30)
    with deployment.store.writing() as uow:
        assert uow.dependencies.forget_before(TEN + minutes(20)) == 2
        assert uow._session.scalar(select(func.count()).select_from(DependencyWindow)) == 1  # noqa: SLF001 - all rows


# ---- the look


def told(order: str, mark: str, at: datetime, **attributes: object) -> ReportedEvent:
    which = Mark(mark)
    return ReportedEvent(
        index=0,
        source="wdt",
        event_id=id_of(order, which, at),
        order=order,
        channel="天猫",
        mark=which,
        at=at,
        attributes=attributes,
    )


def on_its_way(order: str, printed: datetime, until: datetime) -> list[ReportedEvent]:
    later = [told(order, "packed", printed + minutes(20)), told(order, "collected", printed + minutes(60))]
    return [event for event in later if event.at < until]


def a_warehouse_stops(deployment: Deployment, *, at: datetime, until: datetime) -> None:
    """Two orders a minute, every fourth for warehouse B, which prints nothing after ``at``."""
    events = []
    start = until - hours(5)
    for n in range(int((until - start) / seconds(30))):
        queued, warehouse = start + n * seconds(30), "B" if n % 4 == 0 else "A"
        printed = queued + minutes(10)
        events.append(told(f"SO{n}", "queued", queued, warehouse=warehouse))
        if printed < until and (warehouse == "A" or printed < at):
            events.append(told(f"SO{n}", "picking_printed", printed))
            events += on_its_way(f"SO{n}", printed, until)
    take_events(deployment.store, events, now=until)


def cause(deployment: Deployment, now: datetime) -> Systemic:
    with deployment.store.reading() as uow:
        return look_for_cause(uow, now=now, zone=ZONE)


def test_a_warehouse_that_stops_printing_is_named_with_what_happened_just_before(deployment: Deployment):
    now = TEN + hours(2)
    a_warehouse_stops(deployment, at=TEN, until=now)
    deployment.clock.at = TEN - minutes(20)
    name(deployment, "sync")
    signal(deployment, "fail", called="sync", said="exit 2")
    take(deployment, change("B 仓打印模板", at=TEN - minutes(3)), change("运费表", at=TEN - minutes(90)))
    found = cause(deployment, now)
    assert (found.judgement.verdict, found.stage) == (Verdict.SYSTEMIC, 3)
    first = found.judgement.concentrations[0]
    assert (first.dimension, first.value, first.share) == ("warehouse", "B", 1.0)
    assert found.judgement.stuck == 35
    assert [(one.kind, one.text.split(" ")[-1], one.likeliest) for one in found.time_line] == [
        ("change", "运费表", False),
        ("heartbeat", "报失败", False),
        ("change", ["B", "仓打印模板"][-1], True),
    ]
    assert "v41 → v42" in found.time_line[2].evidence


def test_a_whole_stage_that_stops_is_dated_to_the_minute(deployment: Deployment):
    now, stop = TEN + hours(2), TEN
    events = []
    for n in range(5 * 60 * 4):
        queued = now - hours(5) + n * seconds(15)
        events.append(told(f"SO{n}", "queued", queued, warehouse="A"))
        if queued + minutes(10) < stop:
            events.append(told(f"SO{n}", "picking_printed", queued + minutes(10)))
            events += on_its_way(f"SO{n}", queued + minutes(10), now)
    take_events(deployment.store, events, now=now)
    found = cause(deployment, now)
    assert found.onset is not None
    assert abs(found.onset - stop) <= minutes(1)
    assert found.judgement.verdict is not Verdict.FEW
    assert found.time_line == ()


def test_while_few_are_stuck_nothing_is_said_of_them_together(deployment: Deployment):
    take_events(deployment.store, [told(f"SO{n}", "paid", TEN, pay="wx") for n in range(9)], now=TEN)
    found = cause(deployment, TEN + minutes(31))
    assert (found.judgement.verdict, found.judgement.stuck, found.time_line) == (Verdict.FEW, 9, ())
    assert cause(deployment, TEN).judgement.stuck == 0


def test_what_an_event_says_in_another_shape_stops_no_look(deployment: Deployment):
    odd = [
        {"sku": [{"sku": "S1"}, 7, None, {"x": 1}]},
        {"sku": None, "pay": True},
        {"warehouse": " ", "carrier": ["顺丰"]},
    ]
    events = [told(f"SO{n}", "paid", TEN, **odd[n % 3]) for n in range(30)]  # type: ignore[arg-type]
    take_events(deployment.store, events, now=TEN)
    found = cause(deployment, TEN + minutes(40))
    assert found.judgement.stuck == 30
    assert found.likeliest is None


def test_a_failed_job_and_a_sick_dependency_stand_in_the_same_line(deployment: Deployment):
    now = TEN + hours(2)
    a_warehouse_stops(deployment, at=TEN, until=now)
    with deployment.store.writing() as uow:
        run = uow.jobs.begin("batch", due=TEN - minutes(30), now=TEN - minutes(30))
        uow.jobs.end(run, outcome="failed", detail="磁盘满", now=TEN - minutes(29))
        uow.jobs.end(uow.jobs.begin("audit", due=TEN, now=TEN), outcome="ok", detail="", now=TEN)
    probe(deployment, *[100] * 8, None, None, None, None, since=TEN - minutes(10))
    found = cause(deployment, now)
    assert [(one.kind, one.likeliest) for one in found.time_line] == [("job", False), ("dependency", True)]
    assert "磁盘满" in found.time_line[0].evidence
    assert timedelta() <= TEN - found.time_line[1].at <= minutes(3)


def test_a_list_of_changes_may_be_a_workbook_and_a_reader_that_breaks_refuses_it():
    row = ["2026-11-27 10:05", "阿梅", "运费表"]
    (one,) = read_changes_apart(package({"变更": sheet_xml(["时间", "谁", "改了什么"], row)}), zone=ZONE)
    assert (one.what, one.at.isoformat()) == ("运费表", "2026-11-27T10:05:00+08:00")
    with pytest.raises(Refusal, match="没有读完"):
        read_changes_apart("时间,谁,改了什么\n".encode(), zone=ZONE, confinement=Confinement(answer=0, memory=2**20))
