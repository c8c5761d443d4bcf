"""Deeds are found by person, action, subject and time, in looks of bounded length; on both engines."""

from datetime import datetime, timedelta

from app.access.audit_export import export_audit
from app.domain.actor import Actor, Way
from app.store.audit_chain import chain_once, verify_chain
from app.store.reach import Reach
from app.store.repositories.audit import DeedFilter
from tests.deployment import Deployment
from tests.deployment.facts import IT, OPS, TEN, minutes


def _record(deployment: Deployment, count: int, *, begin: datetime = TEN) -> None:
    """Record a deed a minute, by two people in turn, about three things."""
    with deployment.store.writing() as uow:
        for n in range(count):
            action = "batch.download" if n % 2 else "order.cancel"
            uow.audit.record(action, by=IT if n % 2 else OPS, at=begin + minutes(n), subject=f"B{n % 3}")


def _found(deployment: Deployment, *, before: int | None = None, limit: int = 50, **asked: object) -> list[int | None]:
    with deployment.store.reading() as uow:
        return [deed.id for deed in uow.audit.search(DeedFilter(**asked), before=before, limit=limit).deeds]  # type: ignore[arg-type]


def test_each_part_of_the_filter_counts_and_all_together(deployment: Deployment):
    _record(deployment, 12)
    everything = _found(deployment)
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 12
    assert len(_found(deployment, actor=IT.name)) == 6
    assert len(_found(deployment, action="order.cancel")) == 6
    assert len(_found(deployment, subjects=("B0", "B1"))) == 8
    assert _found(deployment, actor=IT.name, action="order.cancel") == []
    assert _found(deployment, subjects=("B1",), action="batch.download", actor=IT.name) == [
        everything[11 - n] for n in (7, 1)
    ]


def test_a_time_has_its_beginning_in_and_its_end_out(deployment: Deployment):
    _record(deployment, 60)
    found = _found(deployment, since=TEN + minutes(20), until=TEN + minutes(23))
    assert len(found) == 3
    assert _found(deployment, since=TEN + minutes(20), until=TEN + minutes(23), subjects=("B2",)) == [found[2]]
    assert _found(deployment, until=TEN) == []
    assert _found(deployment, since=TEN + minutes(60)) == []


def test_a_deed_whose_machine_is_minutes_behind_is_found_by_its_time(deployment: Deployment):
    _record(deployment, 10)
    with deployment.store.writing() as uow:
        uow.audit.record("order.cancel", by=OPS, at=TEN + minutes(6), subject="late")
    found = _found(deployment, since=TEN + minutes(5), until=TEN + minutes(8))
    assert len(found) == 4


def test_pages_follow_one_another_and_each_deed_is_on_one(deployment: Deployment):
    _record(deployment, 23)
    seen: list[int | None] = []
    before = None
    while True:
        with deployment.store.reading() as uow:
            page = uow.audit.search(DeedFilter(action="order.cancel"), before=before, limit=5)
        seen += [deed.id for deed in page.deeds]
        before = page.before
        if before is None:
            break
    assert seen == _found(deployment, action="order.cancel")
    assert len(seen) == 12


def test_a_rare_deed_is_looked_for_a_stretch_at_a_time(deployment: Deployment):
    with deployment.store.writing() as uow:
        uow.audit.record("spool.salvage", by=IT, at=TEN, subject="x")
    _record(deployment, 25)
    deployment.store.reach = Reach(stretch=10)
    wanted, looks, before = DeedFilter(action="spool.salvage"), 0, None
    while True:
        looks += 1
        with deployment.store.reading() as uow:
            page = uow.audit.search(wanted, before=before)
        if not page.unfinished:
            break
        assert page.deeds == ()
        before = page.before
    assert [deed.action for deed in page.deeds] == ["spool.salvage"]
    assert looks == 3
    assert len(export_audit(deployment.store, wanted, by=IT, now=TEN).deeds) == 1


def test_an_export_is_recorded_with_its_filter_and_says_whether_it_is_whole(deployment: Deployment):
    _record(deployment, 12)
    by = Actor("boss", Way.CONSOLE, "10.0.0.1")
    whole = export_audit(deployment.store, DeedFilter(actor=IT.name, since=TEN), by=by, now=TEN)
    part = export_audit(deployment.store, DeedFilter(), by=by, now=TEN, most=5)
    assert (len(whole.deeds), whole.whole, len(part.deeds), part.whole) == (6, True, 5, False)
    with deployment.store.reading() as uow:
        told = [(deed.actor, deed.detail) for deed in uow.audit.of("", "audit.export")]
    assert told == [
        ("boss", {"actor": IT.name, "since": TEN.isoformat(), "rows": 6, "whole": True}),
        ("boss", {"rows": 5, "whole": False}),
    ]


def test_the_newest_part_of_the_chain_is_proved_by_itself(deployment: Deployment):
    for n in range(4):
        _record(deployment, 3, begin=TEN + timedelta(hours=n))
        chain_once(deployment.store, now=TEN + timedelta(hours=n))
    whole, newest = verify_chain(deployment.store), verify_chain(deployment.store, newest=4)
    assert (newest.blocks, newest.deeds, newest.intact) == (2, 6, True)
    assert newest.head == whole.head
    assert verify_chain(deployment.store, newest=100).blocks == 4
