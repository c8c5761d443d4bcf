"""What an incident's page tells, read back from the rows; on both engines."""

from app.domain.states import AlertState
from app.reconcile.incidents import LONGEST_REASON, close_incident, open_incident
from app.store.reach import STANDARD, Reach
from app.store.tables import Incident
from app.web.console.incident_story import Course, chart_of, course_of, deeds_of, events_of
from tests.deployment import Deployment
from tests.deployment.facts import IT, TEN, ZONE, minutes


def _course(deployment: Deployment, reach: Reach = STANDARD) -> Course:
    with deployment.store.reading() as uow:
        incident = uow.incidents.latest()
        assert incident is not None
        return course_of(uow, incident, reach)


def _open(deployment: Deployment, reason: str = "主库锁死", *, drill: bool = False) -> Incident:
    with deployment.store.writing() as uow:
        return open_incident(uow, drill=drill, reason=reason, by=IT, now=deployment.clock.now(), zone=ZONE)


def _close(deployment: Deployment, name: str, *, force: bool = False, reason: str = "") -> int:
    where, now = deployment.settings.spool_dir, deployment.clock.now()
    closed = close_incident(
        deployment.store, name, drill=False, spool_dir=where, force=force, by=IT, now=now, reason=reason
    )
    return closed.unfinished


def test_the_course_counts_every_order_of_the_incident_in_its_minute(deployment: Deployment):
    _open(deployment)
    deployment.door.some(3, at=TEN + minutes(1))
    deployment.door.some(2, at=TEN + minutes(7))
    deployment.door.some(1, at=TEN + minutes(7), drill=True)
    course = _course(deployment)
    assert {at: sum(orders) for at, orders in course.by_minute.items()} == {
        TEN + minutes(1): 3,
        TEN + minutes(7): 2,
    }
    assert (course.first_at, course.last_at, course.whole) == (TEN + minutes(1), TEN + minutes(7), True)
    assert course.first_of_client == {"c1": TEN + minutes(1)}


def test_a_course_too_long_for_one_look_says_so(deployment: Deployment):
    _open(deployment)
    deployment.door.some(5)
    course = _course(deployment, Reach(chunk=2, chunks_a_look=2))
    assert sum(sum(orders) for orders in course.by_minute.values()) == 4
    assert not course.whole


def test_what_happened_stands_in_the_order_in_which_it_happened(deployment: Deployment):
    incident = _open(deployment)
    deployment.door.some(2, at=TEN + minutes(1))
    deployment.clock.at += minutes(31)
    deployment.maker.run(deployment.clock.now())
    with deployment.store.reading() as uow:
        batches = uow.batches.page(incident_id=incident.id)
        events = events_of(incident, course_of(uow, incident, STANDARD), batches, deeds_of(uow, batches))
    assert [event.what for event in events] == ["开启事件", "第一笔订单", f"出文件 {batches[0].name}，2 笔"]
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_incidents_are_read_page_by_page_newest_first(deployment: Deployment):
    names = []
    for n in range(5):
        names.append(_open(deployment, f"第 {n} 次").name)
        _close(deployment, names[-1])
    with deployment.store.reading() as uow:
        first = uow.incidents.page(limit=3)
        rest = uow.incidents.page(before=first[-1].id, limit=3)
    assert [one.name for one in (*first, *rest)] == names[::-1]


def test_an_unfinished_incident_is_closed_for_a_reason_that_the_audit_keeps(deployment: Deployment):
    name = _open(deployment).name
    deployment.door.some(2)
    assert _close(deployment, name, force=True, reason=" 主系统\n已报废\0 ") == 2
    with deployment.store.reading() as uow:
        (deed,) = uow.audit.of(name, "incident.close")
    assert deed.detail == {"unfinished": 2, "reason": "主系统 已报废"}


def test_a_reason_is_one_line_that_both_engines_can_keep(deployment: Deployment):
    assert _open(deployment, "锁\0表\n了\ud800" + "x" * 600).reason == ("锁 表 了 " + "x" * 600)[:LONGEST_REASON]


def test_only_alerts_of_its_time_belong_to_an_incident(deployment: Deployment):
    def fire(rule: str, begins: int, ends: int | None) -> None:
        with deployment.store.writing() as uow:
            uow.alerts.fire(rule, level="red", text=rule, now=TEN + minutes(begins))
            if ends is not None:
                uow.alerts.resolve(rule, now=TEN + minutes(ends))

    fire("before", 0, 5)
    fire("across", 5, 15)
    fire("still", 12, None)
    fire("after", 40, None)
    with deployment.store.reading() as uow:
        found = uow.alerts.during(TEN + minutes(10), TEN + minutes(30))
    assert [alert.rule for alert in found] == ["still", "across"]
    assert found[0].state == AlertState.FIRING


def test_who_took_part_is_who_did_something_in_its_time(deployment: Deployment):
    def deed(actor: str, at: int) -> None:
        with deployment.store.writing() as uow:
            uow.audit.record("x", by=type(IT)(actor, IT.way), at=TEN + minutes(at))

    for actor, at in (("lan", 0), ("mei", 11), ("mei", 12), ("zhang", 13), ("boss", 40)):
        deed(actor, at)
    with deployment.store.reading() as uow:
        assert uow.audit.people(TEN + minutes(10), TEN + minutes(30), newest=100) == [("mei", 2), ("zhang", 1)]


def test_a_chart_has_a_bounded_number_of_bars_that_add_up_to_the_orders():
    course = Course({TEN + minutes(n): (1, n % 2) for n in range(0, 900, 3)})
    chart = chart_of(course)
    assert chart is not None
    assert len(chart.bars) <= 120
    assert sum(bar.normal + bar.high for bar in chart.bars) == 450
    assert max(bar.normal_height + bar.high_height for bar in chart.bars) == 100
    assert chart_of(Course()) is None
