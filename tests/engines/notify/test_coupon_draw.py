"""A coupon is drawn when its text message is about to leave: once for a customer and incident, and not by whoever asks."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from app.channels.base import Sms
from app.domain.caller import Caller
from app.domain.outcome import Deferred, Outcome, Rejected, Throttled, Unknown, Unreachable
from app.notify.dispatch.draw import CouponRules
from app.notify.dispatch.requeue import DeadLetters, requeue_dead
from app.notify.dispatch.sms import LEASE, SmsDispatcher
from app.notify.dispatch.sweep import sweep_once
from app.store.tables import Attempt, Client, ClientKey, Coupon, Message
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, REHEARSAL, TEN, ZONE, hours, minutes, seconds
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order, new_orders
from tests.fakes.channels import FakeSms

NIGHT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def _dispatcher(
    deployment: Deployment, provider: FakeSms, *, per_hour: int = 600, per_day: int = 1000, own_template: bool = True
) -> SmsDispatcher:
    return SmsDispatcher(
        deployment.store,
        KEYS,
        deployment.clock,
        provider,
        dry_run=FakeSms(),
        per_day=per_day,
        per_client=1000,
        coupons=CouponRules(per_client_per_hour=per_hour, zone=ZONE, own_template=own_template),
    )


def _codes(provider: FakeSms) -> list[str]:
    return [sms.values["coupon"] for sms in provider.sent if "coupon" in sms.values]


def _free(deployment: Deployment) -> int:
    with deployment.store.reading() as uow:
        return uow.coupons.free()


def _texts(deployment: Deployment) -> list[tuple[str, str, str]]:
    return [(m.kind, str(m.content["template"]), m.state) for m in deployment.rows.messages() if m.channel == "sms"]


def _a_second_client(deployment: Deployment) -> Caller:
    other = Caller(client_id="c2", name="另一家店", scope="intake", drill=False)
    with deployment.store.writing() as uow:
        client = Client(id=other.client_id, name=other.name, scope="intake", created_at=TEN)
        uow.access.add_client(client, ClientKey(id="k2", client_id="c2", secret_sha256=b"y" * 32, created_at=TEN))
    return other


async def test_a_customer_gets_one_code_however_often_he_orders(deployment: Deployment):
    """P9"""
    deployment.notices.add_coupons("C-1", "C-2", "C-3")
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider)
    for n in range(3):
        deployment.notices.composed(new_order(f"A{n}"))
        await dispatcher.run_once()
    assert _codes(provider) == ["C-1"]
    (given,) = deployment.rows.all(select(Coupon).where(Coupon.given_at.is_not(None)))  # type: ignore[union-attr]
    assert (given.code, given.order_id, given.client_id) == ("C-1", 1, "c1")


async def test_codes_are_given_oldest_first_and_a_rehearsal_gets_none(deployment: Deployment):
    deployment.notices.add_coupons("C-1", "C-2")
    provider = FakeSms()
    deployment.notices.composed(new_order("D", caller=REHEARSAL), *new_orders(2))
    await _dispatcher(deployment, provider).run_once()
    assert sorted(_codes(provider)) == ["C-1", "C-2"]


async def test_what_a_cap_keeps_back_has_taken_no_code(deployment: Deployment):
    """P14: sixty orders with made-up phones in a second: whoever ordered them leaves the pool as it was."""
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(40)))
    deployment.notices.composed(*new_orders(60))
    assert _free(deployment) == 40
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider, per_day=5)
    while await dispatcher.run_once():
        pass
    assert _free(deployment) == 40 - len(_codes(provider))
    assert len(provider.sent) == 5


async def test_a_client_gives_no_more_than_its_hours_coupons_away_and_the_others_get_theirs(deployment: Deployment):
    """P14: notices go on; the coupons wait for the next hour."""
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(40)))
    other = _a_second_client(deployment)
    deployment.notices.composed(*new_orders(9, prefix="FARM"))
    deployment.notices.composed(new_order("B", caller=other, phone="13700000001"))
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider, per_hour=4)
    while await dispatcher.run_once():
        pass
    assert len(_codes(provider)) == 5
    assert [kind for kind, _, state in _texts(deployment) if state == "pending"] == ["coupon_sms"] * 5
    assert {m.attempts for m in deployment.rows.messages(state="pending")} == {0}
    deployment.clock.at += hours(1) + seconds(1)
    while await dispatcher.run_once():
        pass
    assert len(_codes(provider)) == len(set(_codes(provider))) == 9


async def test_two_workers_count_one_hour_together(deployment: Deployment):
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(40)))
    deployment.notices.composed(*new_orders(20))
    providers = [FakeSms(), FakeSms()]
    workers = [_dispatcher(deployment, provider, per_hour=7) for provider in providers]
    for _ in range(5):
        await asyncio.gather(*(worker.run_once() for worker in workers))
    codes = [code for provider in providers for code in _codes(provider)]
    assert len(codes) == len(set(codes)) == 7


async def test_no_limit_means_as_many_as_there_are(deployment: Deployment):
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(40)))
    deployment.notices.composed(*new_orders(25))
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider, per_hour=0)
    while await dispatcher.run_once():
        pass
    assert len(_codes(provider)) == 25


async def test_an_empty_pool_keeps_coupons_waiting_and_nobody_elses_message(deployment: Deployment):
    """They are not even looked at: a notice that comes behind them leaves at once, and no attempt is counted."""
    deployment.notices.add_coupons("C-1")
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider)
    deployment.notices.composed(*new_orders(30))
    while await dispatcher.run_once():
        pass
    assert (len(provider.sent), len(_codes(provider))) == (31, 1)
    deployment.notices.composed(new_order("late", phone="13700000009"))
    assert await dispatcher.run_once() == 1
    deployment.notices.add_coupons(*(f"D-{n}" for n in range(40)))
    while await dispatcher.run_once():
        pass
    assert len(set(_codes(provider))) == 31


async def test_a_code_that_was_drawn_is_sent_again_by_each_retry(deployment: Deployment):
    """Also where the pool is empty meanwhile and the client's hour is spent."""
    deployment.notices.add_coupons("C-1")
    provider = FakeSms()
    provider.then(Unreachable("aliyun:connect"), Unreachable("aliyun:connect"), Throttled(minutes(1), "busy"))
    dispatcher = _dispatcher(deployment, provider, per_hour=1)
    deployment.notices.composed(new_order("A"))
    for _ in range(4):
        await dispatcher.run_once()
        deployment.clock.at += minutes(2)
    assert set(_codes(provider)) == {"C-1"}
    assert len(_codes(provider)) >= 2
    assert {state for _, _, state in _texts(deployment)} == {"sent"}


class Died(BaseException):
    """The worker was killed here."""


class Deadly(FakeSms):
    async def send(self, message: Sms) -> Outcome:  # noqa: ARG002 - the protocol's signature
        raise Died


@pytest.mark.parametrize("coupon", ["separate", "combined"])
async def test_a_worker_that_dies_between_drawing_and_sending_costs_no_second_code(deployment: Deployment, coupon: str):
    """P9: kill -9; whoever takes over sends the same one."""
    deployment.notices.add_coupons("C-1", "C-2")
    deployment.notices.composed(new_order("A"), policy=a_policy(coupon=coupon))
    with pytest.raises(Died):
        await _dispatcher(deployment, Deadly()).run_once()
    assert _free(deployment) == 1
    provider = FakeSms()
    other = _dispatcher(deployment, provider)
    deployment.clock.at += LEASE + seconds(1)
    sweep_once(deployment.store, a_policy(), deployment.clock)
    provider.answers.extend([Unreachable("aliyun:never_recorded")] * 2)
    await other.settle_once()
    await other.run_once()
    assert _codes(provider) == ["C-1"]
    assert _free(deployment) == 1


async def test_a_message_that_was_given_up_before_it_left_gives_its_code_back(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    provider = FakeSms()
    provider.then(Rejected("aliyun:isv.MOBILE_NUMBER_ILLEGAL"), Rejected("aliyun:isv.MOBILE_NUMBER_ILLEGAL"))
    dispatcher = _dispatcher(deployment, provider)
    deployment.notices.composed(new_order("made up"))
    await dispatcher.run_once()
    assert [state for *_, state in _texts(deployment)] == ["dead", "dead"]
    assert _free(deployment) == 1
    deployment.notices.composed(new_order("B", phone="13900000002"))
    await dispatcher.run_once()
    assert _codes(provider) == ["C-1", "C-1"]  # the first one reached nobody
    deployment.notices.add_coupons("C-2")
    with deployment.store.writing() as uow:
        requeue_dead(uow, DeadLetters(), by=IT, now=deployment.clock.now())
    await dispatcher.run_once()
    assert _codes(provider) == ["C-1", "C-1", "C-2"]


async def test_a_code_that_somebody_may_have_read_is_not_given_to_another(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    provider = FakeSms()
    provider.then(Unknown("aliyun:timeout"), Unknown("aliyun:timeout"))
    provider.answers.extend([Unknown("aliyun:pending")] * 20)
    dispatcher = _dispatcher(deployment, provider)
    deployment.notices.composed(new_order("A"))
    await dispatcher.run_once()
    for _ in range(40):
        deployment.clock.at += minutes(1)
        await dispatcher.settle_once()
    assert [state for *_, state in _texts(deployment)] == ["dead", "dead"]
    assert _free(deployment) == 0


async def test_a_number_that_takes_nothing_now_takes_no_code_either(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    provider = FakeSms()
    provider.then(Deferred(hours(1), "aliyun:isv.BUSINESS_LIMIT_CONTROL"))
    deployment.notices.composed(new_order("A"), policy=a_policy(coupon="off"))
    dispatcher = _dispatcher(deployment, provider)
    await dispatcher.run_once()
    deployment.notices.composed(new_order("B"))
    await dispatcher.run_once()
    assert (_free(deployment), len(provider.sent)) == (1, 1)


# ---- combined, and the night


async def test_a_combined_text_leaves_with_its_code(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    provider = FakeSms()
    deployment.notices.composed(new_order("A"), policy=a_policy(coupon="combined"))
    await _dispatcher(deployment, provider).run_once()
    assert [(sms.template, sms.values["coupon"]) for sms in provider.sent] == [("combined", "C-1")]


@pytest.mark.parametrize(("own_template", "template"), [(True, "coupon"), (False, "combined")])
async def test_a_combined_text_without_a_code_leaves_as_a_notice_and_its_coupon_follows(
    deployment: Deployment, template: str, *, own_template: bool
):
    """Nobody waits for the word on his order because the pool is empty."""
    deployment.notices.add_coupons("C-1")
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider, own_template=own_template)
    policy = a_policy(coupon="combined", coupon_template=own_template)
    deployment.notices.composed(*new_orders(2), policy=policy)
    await dispatcher.run_once()
    assert sorted(sms.template for sms in provider.sent) == ["combined", "notice"]
    deployment.notices.composed(*new_orders(2, prefix="again"), policy=policy)
    assert await dispatcher.run_once() == 0
    deployment.notices.add_coupons("C-2")
    while await dispatcher.run_once():
        pass
    assert provider.sent[-1].template == template
    assert sorted(_codes(provider)) == ["C-1", "C-2"]


async def test_marketing_that_missed_the_day_waits_for_the_morning_and_the_notice_does_not(deployment: Deployment):
    """Written by day and delayed into the night."""
    deployment.notices.add_coupons("C-1", "C-2")
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider)
    deployment.notices.composed(new_order("A", phone="13900000001"), policy=a_policy(coupon="combined"))
    deployment.notices.composed(new_order("B", phone="13900000002"))
    deployment.clock.at = NIGHT
    while await dispatcher.run_once():
        pass
    assert [sms.template for sms in provider.sent] == ["notice", "notice"]
    assert _free(deployment) == 2
    deployment.clock.at = MORNING
    while await dispatcher.run_once():
        pass
    assert sorted(_codes(provider)) == ["C-1", "C-2"]


async def test_a_retry_at_night_brings_no_marketing_and_the_same_code_in_the_morning(deployment: Deployment):
    deployment.notices.add_coupons("C-1", "C-2")
    provider = FakeSms()
    provider.then(Unreachable("aliyun:connect"))
    dispatcher = _dispatcher(deployment, provider)
    deployment.notices.composed(new_order("A"), policy=a_policy(coupon="combined"))
    await dispatcher.run_once()
    deployment.clock.at = NIGHT
    await dispatcher.run_once()
    assert [sms.template for sms in provider.sent] == ["combined", "notice"]
    deployment.clock.at = MORNING
    await dispatcher.run_once()
    assert _codes(provider) == ["C-1", "C-1"]


async def test_what_an_earlier_release_wrote_with_its_code_inside_still_goes(deployment: Deployment):
    """The pool may be empty by now: the code is in the message, and was given when it was written."""
    deployment.notices.add_coupons("OLD-1")
    deployment.notices.composed(new_order("A"))
    with deployment.engines.writer.begin() as connection:
        given = {"given_at": TEN, "incident_id": 1, "order_id": 1}
        connection.execute(update(Coupon).values(**given, phone_index=KEYS.phone_index("13800138000")))
        (message_id, content) = connection.execute(
            select(Message.id, Message.content).where(Message.subject == "coupon")
        ).one()
        old = {**content, "coupon": "OLD-1", "worth": "20 元"}
        connection.execute(update(Message).where(Message.id == message_id).values(content=old, lane=2))
    provider = FakeSms()
    await _dispatcher(deployment, provider).run_once()
    assert _codes(provider) == ["OLD-1"]
    assert len(deployment.rows.all(select(Attempt))) == 2
