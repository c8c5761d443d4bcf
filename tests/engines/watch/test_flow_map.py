"""The stages as people plan them: rules and figures go by them; on both engines."""

import pytest

from app.access import accounts
from app.domain.actor import Actor, Way
from app.domain.contact import ContactWay
from app.domain.marks import STAGES, Mark
from app.domain.person_target import for_person
from app.domain.problems import NotFound, NotInThisState
from app.notify.group_alerts import tell_groups
from app.store.alert_steps import TroubleSighting
from app.store.contacts import sealed_contact
from app.watch.flow_map.change import WantedPlan, plan_stage
from app.watch.flow_map.plans import stage_plans, stages_of
from app.watch.stages.stage_clock import stages_now
from app.watch.stages.take_events import take_events
from app.watch.triage.look import stuck_now
from app.watch.triage.table import shipped_table
from tests.deployment import Deployment
from tests.deployment.events import reported
from tests.deployment.facts import IT, KEYS, TEN, hours, minutes
from tests.deployment.notices import a_policy

MEI = Actor("mei", Way.CONSOLE)
WANTED = WantedPlan(limit="90", owner="审单组", exceptions="批量审核")


def _plan(deployment: Deployment, number: int = 2, wanted: WantedPlan = WANTED, *, seen: int = 0) -> None:
    with deployment.store.writing() as uow:
        plan_stage(uow, number, wanted, seen=seen, by=MEI, now=deployment.clock.now())


def test_the_seed_plans_every_stage_with_its_limit(deployment: Deployment):
    with deployment.store.reading() as uow:
        plans = stage_plans(uow)
        assert stages_of(uow) == STAGES
    assert all(plan.owner and plan.exceptions and plan.version == 0 for plan in plans)


def test_a_new_limit_holds_in_figures_and_in_what_is_stuck(deployment: Deployment):
    take_events(deployment.store, [reported("A", Mark.PAID, TEN)], now=TEN)
    deployment.clock.at = TEN + minutes(60)
    _plan(deployment)
    with deployment.store.reading() as uow:
        second = stages_now(uow, now=deployment.clock.now())[1]
        assert (second.stage.limit, second.figures.over, second.window) == (minutes(90), 0, minutes(90))
        assert stuck_now(uow, shipped_table(), now=deployment.clock.now()).stuck == 0
    _plan(deployment, wanted=WantedPlan(limit="45", owner="审单组", exceptions="x"), seen=1)
    with deployment.store.reading() as uow:
        assert stages_now(uow, now=deployment.clock.now())[1].figures.over == 1
        assert stuck_now(uow, shipped_table(), now=deployment.clock.now()).stuck == 1
        assert [plan.version for plan in stage_plans(uow)] == [0, 2, 0, 0, 0]
        deed = uow.audit.page()[0]
    assert (deed.action, deed.actor, deed.subject) == ("flow.plan", "mei", "stage:2")


def test_two_who_plan_a_stage_at_once_do_not_overwrite_each_other(deployment: Deployment):
    _plan(deployment)
    for seen in (0, 2, -1):
        with pytest.raises(NotInThisState, match="刚被别人改过"):
            _plan(deployment, seen=seen)


@pytest.mark.parametrize("limit", ["0", "-5", "", "x", "43201", "1.5", "\uff19\uff10", "9" * 500])
def test_a_limit_that_is_none_is_refused(deployment: Deployment, limit: str):
    with pytest.raises(NotInThisState, match="限时"):
        _plan(deployment, wanted=WantedPlan(limit=limit, owner="a", exceptions="b"))


def test_what_is_empty_too_long_nobody_or_no_stage_is_refused(deployment: Deployment):
    for wanted, why in (
        (WantedPlan(limit="5", owner=" ", exceptions="b"), "都要填写"),
        (WantedPlan(limit="5", owner="a" * 41, exceptions="b"), "最多 40 字"),
        (WantedPlan(limit="5", owner="a", exceptions="b", keeper="nobody"), "没有这个在用的账号"),
    ):
        with pytest.raises(NotInThisState, match=why):
            _plan(deployment, wanted=wanted)
    with pytest.raises(NotFound):
        _plan(deployment, 6)


@pytest.mark.parametrize(("level", "stage", "told"), [("yellow", 2, True), ("yellow", 3, False), ("notice", 2, False)])
def test_whoever_keeps_a_stage_hears_of_its_yellow_alerts_and_of_their_end_by_mail(
    deployment: Deployment, level: str, stage: int, *, told: bool
):
    with deployment.store.writing() as uow:
        accounts.add_user(uow, "mei", role="ops", by=IT, now=TEN, password="boat-in-the-storm-7")
        user = uow.access.user_named("mei")
        assert user
        mine = for_person(user.id or 0)
        for way, address in ((ContactWay.EMAIL, "mei@shop.example"), (ContactWay.PHONE, "13912345678")):
            setattr(user, str(way), sealed_contact(KEYS, user.id or 0, way, address))
            setattr(user, f"{way}_verified_at", TEN)
    _plan(deployment, wanted=WantedPlan(limit="30", owner="a", exceptions="b", keeper="mei"))
    policy = a_policy(codes_by=frozenset({ContactWay.EMAIL, ContactWay.PHONE}), alert_texts=True)
    with deployment.store.writing() as uow:
        uow.alerts.see(None, TroubleSighting(rule="r", level=level, text="慢", stage=stage), now=TEN)
    deployment.notices.composed(policy=policy)
    tell_groups(deployment.store, policy, now=TEN + minutes(5))
    for message in deployment.rows.messages():
        deployment.rows.alter(message.id, state="sent")
    with deployment.store.writing() as uow:
        uow.alerts.resolve("r", now=TEN + hours(1))
    deployment.notices.composed(policy=policy)
    tell_groups(deployment.store, policy, now=TEN + hours(1))
    heard = [(m.channel, m.content["reason"]) for m in deployment.rows.messages() if m.target == mine]
    assert heard == ([("email", "first"), ("email", "all_resolved")] if told else [])
