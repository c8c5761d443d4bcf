"""The guide's steps, derived from the rows or ticked by a person; on both engines."""

import pytest

from app.domain.ledger import Ledger
from app.orders.decide import cancel
from app.reconcile.guide import DUTIES, NoSuchStep, tick_step, untick_step
from app.reconcile.incidents import NotOpen, open_incident
from app.store.reach import STANDARD
from app.store.tables import Incident
from app.web.console.guide_steps import Lamp, Measured, current, returning, switching
from app.web.console.incident_story import course_of
from app.web.console.passport import passports_of
from tests.deployment import Deployment
from tests.deployment.facts import IT, OPS, ZONE, minutes


def _open(deployment: Deployment) -> Incident:
    with deployment.store.writing() as uow:
        return open_incident(uow, drill=False, reason="锁死", by=IT, now=deployment.clock.now(), zone=ZONE)


def _tick(deployment: Deployment, name: str, step: str, said: str = "") -> None:
    with deployment.store.writing() as uow:
        tick_step(uow, name, step, said=said, by=OPS, now=deployment.clock.now())


def _measured(deployment: Deployment) -> Measured:
    with deployment.store.reading() as uow:
        incident = uow.incidents.latest()
        assert incident is not None
        firsts = course_of(uow, incident, STANDARD).first_of_client
        batches = uow.batches.page(incident_id=incident.id)[::-1]
        return Measured(
            incident=incident,
            ledger=uow.ledger.of(incident),
            lamps=[Lamp("店铺", firsts.get("c1"))],
            batches=batches,
            passports=passports_of(uow, batches),
            ticks=uow.guide.of(incident.id or 0),
        )


def _done(deployment: Deployment) -> list[str]:
    measured = _measured(deployment)
    return [step.name for step in (*switching(measured), *returning(measured)) if step.done]


def test_before_an_incident_is_open_the_first_step_is_to_open_one():
    assert current(switching(None)) == "open"
    assert not [step for step in (*switching(None), *returning(None)) if step.done]


def test_a_storefronts_first_order_ticks_the_switch_by_itself(deployment: Deployment):
    _open(deployment)
    assert _done(deployment) == ["open"]
    deployment.door.some(1, at=deployment.clock.now())
    assert _done(deployment) == ["open", "switch"]
    (switch,) = [step for step in switching(_measured(deployment)) if step.name == "switch"]
    assert (switch.at, switch.by, switch.tick) == (deployment.clock.now(), "", "")


def test_what_nothing_measures_is_ticked_by_a_person_and_taken_back(deployment: Deployment):
    name = _open(deployment).name
    _tick(deployment, name, "told")
    (told,) = [step for step in switching(_measured(deployment)) if step.name == "tell"]
    assert (told.done, told.by, told.at) == (True, OPS.name, deployment.clock.now())
    with deployment.store.writing() as uow:
        untick_step(uow, name, "told", by=IT, now=deployment.clock.now())
    assert "tell" not in _done(deployment)
    with deployment.store.reading() as uow:
        assert [deed.action for deed in uow.audit.of(name)] == ["incident.open", "guide.tick", "guide.untick"]


def test_the_jobs_are_given_out_once_each_has_a_name(deployment: Deployment):
    name = _open(deployment).name
    for duty in sorted(DUTIES):
        assert "duties" not in _done(deployment)
        _tick(deployment, name, duty, "小林\0 138…")
    assert "duties" in _done(deployment)
    assert {tick.said for tick in _measured(deployment).ticks.values()} == {"小林 138…"}
    _tick(deployment, name, "duty_it", "小陈")
    assert _measured(deployment).ticks["duty_it"].said == "小陈"


def test_the_way_back_ticks_itself_as_orders_come_home(deployment: Deployment):
    name = _open(deployment).name
    numbers = deployment.door.some(2, at=deployment.clock.now())
    assert "last" not in _done(deployment)
    _tick(deployment, name, "switched_back")
    assert current(returning(_measured(deployment))) == "last"
    deployment.clock.at += minutes(31)
    deployment.maker.run(deployment.clock.now())
    assert current(returning(_measured(deployment))) == "import"  # nobody has taken the file
    with deployment.store.writing() as uow:
        (batch,) = uow.batches.page()
        uow.audit.record("batch.download", by=OPS, at=deployment.clock.now(), subject=batch.name or "")
    assert current(returning(_measured(deployment))) == "results"
    with deployment.store.writing() as uow:
        for number in numbers:
            cancel(uow, number, reason="x", by=OPS, now=deployment.clock.now())
    assert _measured(deployment).ledger.unfinished == 0


def test_nothing_is_at_zero_before_the_main_system_takes_orders_again(deployment: Deployment):
    _open(deployment)
    assert _measured(deployment).ledger == Ledger(incident=_measured(deployment).incident.name, accepted=0)
    assert not [step for step in returning(_measured(deployment)) if step.done]


@pytest.mark.parametrize("step", ["", "open", "duty_it", "x" * 200])
def test_only_known_steps_are_ticked_and_a_job_only_with_a_name(deployment: Deployment, step: str):
    name = _open(deployment).name
    with pytest.raises(NoSuchStep):
        _tick(deployment, name, step)
    with pytest.raises(NoSuchStep), deployment.store.writing() as uow:
        untick_step(uow, name, step, by=OPS, now=deployment.clock.now())


def test_a_closed_incident_is_ticked_no_more(deployment: Deployment):
    name = _open(deployment).name
    with deployment.store.writing() as uow:
        incident = uow.incidents.named(name)
        assert incident is not None
        uow.incidents.close(incident, by="x", now=deployment.clock.now())
    for nobody in (name, "E20990101-1"):
        with pytest.raises(NotOpen):
            _tick(deployment, nobody, "told")
