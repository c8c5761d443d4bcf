"""P14: what a provider says of one number or one text concerns that message; the account's trouble concerns all."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.channels.base import Sms
from app.domain.outcome import Deferred, Delivered, Outcome, Rejected, Simulated, Unknown, Unreachable
from app.notify.dispatch.group import GroupDispatcher
from app.notify.dispatch.record import ALIKE, CHANNEL_REST, UNANSWERED
from app.notify.dispatch.requeue import DeadLetters, requeue_dead
from app.notify.dispatch.sms import SmsDispatcher
from app.notify.dispatch.sweep import sweep_once
from app.store.tables import Message, Pause
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, TEN, hours, minutes, seconds
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order, new_orders
from tests.fakes.channels import FakeRobot, FakeSms

LIMIT = "aliyun:isv.BUSINESS_LIMIT_CONTROL"
UNLISTED = "aliyun:isv.SOMETHING_NEW"


class Refusing(FakeSms):
    """A provider that says of some phones always the same, and delivers the rest."""

    def __init__(self, said: dict[str, Outcome]) -> None:
        super().__init__()
        self.said = said

    async def send(self, message: Sms) -> Outcome:
        self.sent.append(message)
        return self.said.get(message.phone, Delivered("ref"))


def _dispatcher(deployment: Deployment, provider: FakeSms) -> SmsDispatcher:
    return SmsDispatcher(
        deployment.store, KEYS, deployment.clock, provider, dry_run=FakeSms(), per_day=1000, per_client=1000
    )


def _phone(n: int) -> str:
    return f"139{n:08d}"


def _customers(deployment: Deployment, *numbers: int) -> None:
    deployment.notices.composed(*(new_order(f"K{n}", phone=_phone(n)) for n in numbers))


def _texts(deployment: Deployment) -> list[Message]:
    return [message for message in deployment.rows.messages() if message.channel == "sms"]


def _faults(deployment: Deployment) -> list[tuple[str, str]]:
    with deployment.store.reading() as uow:
        return [(fault.name, fault.reason) for fault in uow.pauses.faults()]


@pytest.mark.parametrize("wait", [minutes(1), hours(1), hours(24)])
async def test_one_numbers_limit_is_waited_out_by_that_number_alone(deployment: Deployment, wait: timedelta):
    provider = Refusing({_phone(1): Deferred(wait, LIMIT)})
    dispatcher = _dispatcher(deployment, provider)
    _customers(deployment, 1)
    await dispatcher.run_once()
    _customers(deployment, 2, 3, 4)
    assert await dispatcher.run_once() == 3
    limited, *others = _texts(deployment)
    assert (limited.state, limited.due_at, limited.last_reason) == ("pending", TEN + wait, LIMIT)
    assert [message.state for message in others] == ["sent"] * 3
    assert _faults(deployment) == []
    provider.said.clear()
    deployment.clock.at += wait
    assert await dispatcher.run_once() == 1
    assert [message.state for message in _texts(deployment)] == ["sent"] * 4


async def test_whatever_else_goes_to_a_limited_number_waits_too_and_costs_no_call(deployment: Deployment):
    """The number is known by its mark: its phone stands nowhere, and another worker knows of it."""
    provider = Refusing({_phone(1): Deferred(hours(1), LIMIT)})
    _customers(deployment, 1)
    await _dispatcher(deployment, provider).run_once()
    with deployment.store.writing() as uow:
        uow.incidents.close(uow.incidents.get(1), by="it", now=TEN)
    deployment.notices.composed(new_order("again", phone=_phone(1)))  # another incident, another notice
    other = _dispatcher(deployment, provider)
    await other.run_once()
    assert len(provider.sent) == 1
    assert [(m.state, m.due_at, m.attempts) for m in _texts(deployment)][1:] == [("pending", TEN + hours(1), 0)]
    assert _phone(1) not in "".join(pause.name for pause in deployment.rows.all(select(Pause)))
    provider.said.clear()
    deployment.clock.at += hours(1)
    await other.run_once()
    assert [message.state for message in _texts(deployment)] == ["sent", "sent"]


async def test_a_numbers_wait_is_kept_by_the_sweep_while_it_lasts_and_forgotten_after(deployment: Deployment):
    _customers(deployment, 1)
    await _dispatcher(deployment, Refusing({_phone(1): Deferred(hours(1), LIMIT)})).run_once()
    sweep_once(deployment.store, a_policy(), deployment.clock)
    assert len(deployment.rows.all(select(Pause))) == 1
    deployment.clock.at += hours(1)
    sweep_once(deployment.store, a_policy(), deployment.clock)
    assert deployment.rows.all(select(Pause)) == []


async def test_a_wait_for_one_message_holds_up_no_other_to_the_same_number(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    provider = FakeSms()
    provider.then(Delivered("r"), Deferred(hours(9), "tencent:FailedOperation.MarketingSendTimeConstraint", "message"))
    _customers(deployment, 1)
    await _dispatcher(deployment, provider).run_once()
    assert deployment.rows.all(select(Pause)) == []
    assert [(m.state, m.due_at) for m in _texts(deployment)] == [("sent", TEN), ("pending", TEN + hours(9))]


async def test_a_notice_that_would_come_a_day_late_is_given_up_with_a_sentence(deployment: Deployment):
    """A daily limit that holds a second time."""
    provider = Refusing({_phone(1): Deferred(hours(24), LIMIT)})
    dispatcher = _dispatcher(deployment, provider)
    _customers(deployment, 1)
    for _ in range(3):
        await dispatcher.run_once()
        deployment.clock.at += hours(24)
    (message,) = _texts(deployment)
    assert (message.state, message.last_reason) == ("dead", f"{LIMIT}：要等到内容已经过时才能再发，不再发送")
    assert len(provider.sent) == 2


async def test_what_a_pause_of_the_channel_has_kept_for_too_long_is_given_up_and_a_persons_wish_is_kept(
    deployment: Deployment,
):
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider)
    _customers(deployment, 1)
    deployment.clock.at += hours(27)
    assert await dispatcher.run_once() == 0
    (message,) = _texts(deployment)
    assert (message.state, message.last_reason) == ("dead", "一直没有机会发出：内容已经过时，不再发送")
    with deployment.store.writing() as uow:
        requeue_dead(uow, DeadLetters(ids=(message.id or 0,)), by=IT, now=deployment.clock.now())
    provider.then(Unreachable("aliyun:connect"))
    for _ in range(2):
        await dispatcher.run_once()
        deployment.clock.at += minutes(1)
    assert [message.state for message in _texts(deployment)] == ["sent"]


# ---- several in a row


def _refusals() -> Sequence[Outcome]:
    return (
        Rejected("aliyun:isv.BLACK_KEY_CONTROL_LIMIT"),
        Deferred(hours(1), LIMIT),
        Unreachable(UNLISTED, tries=3),
    )


@pytest.mark.parametrize("refusal", _refusals(), ids=["refused", "limited", "unlisted"])
async def test_several_different_numbers_refused_alike_in_a_row_are_the_channels_trouble(
    deployment: Deployment, refusal: Outcome
):
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider)
    for n in range(ALIKE - 1):
        provider.then(refusal)
        _customers(deployment, n)
        await dispatcher.run_once()
    assert _faults(deployment) == []
    provider.then(refusal)
    _customers(deployment, ALIKE)
    await _dispatcher(deployment, provider).run_once()  # after a restart, or another worker: counted in rows
    assert _faults(deployment) == [("sms:", refusal.reason)]  # type: ignore[union-attr]
    _customers(deployment, 90)
    assert await dispatcher.run_once() == 0
    deployment.clock.at += CHANNEL_REST
    assert await dispatcher.run_once() == 1  # one is enough to see whether it is over
    await dispatcher.run_once()
    assert _faults(deployment) == []


@pytest.mark.parametrize("refusal", _refusals(), ids=["refused", "limited", "unlisted"])
async def test_one_number_that_is_refused_ever_again_is_its_own_trouble(deployment: Deployment, refusal: Outcome):
    """However many of its messages are refused: the others go on."""
    provider = Refusing({_phone(1): refusal})
    dispatcher = _dispatcher(deployment, provider)
    for n in range(2 * ALIKE):
        with deployment.store.writing() as uow:
            if incident := uow.incidents.open_one(drill=False):
                uow.incidents.close(incident, by="it", now=TEN)
        deployment.notices.composed(new_order(f"again {n}", phone=_phone(1)))
        deployment.clock.at += hours(2)
        await dispatcher.run_once()
    assert _faults(deployment) == []
    _customers(deployment, 2)
    await dispatcher.run_once()
    assert [m.state for m in _texts(deployment)][-1] == "sent"


async def test_a_success_in_between_shows_that_the_channel_works(deployment: Deployment):
    refused = {_phone(n): Rejected("aliyun:isv.SMS_CONTENT_ILLEGAL") for n in range(20) if n % ALIKE}
    dispatcher = _dispatcher(deployment, Refusing(dict(refused)))
    for n in range(20):
        _customers(deployment, n)
        await dispatcher.run_once()
    assert _faults(deployment) == []
    assert [m.state for m in _texts(deployment)].count("sent") == 4


async def test_refusals_of_different_kinds_are_not_alike(deployment: Deployment):
    provider = FakeSms()
    dispatcher = _dispatcher(deployment, provider)
    for n in range(2 * (ALIKE - 1)):
        provider.then(Rejected(f"aliyun:isv.{'MOBILE_NUMBER_ILLEGAL' if n % 2 else 'INVALID_PARAMETERS'}"))
        _customers(deployment, n)
        await dispatcher.run_once()
    assert _faults(deployment) == []


async def test_what_we_refuse_ourselves_or_a_drill_simulates_tells_nothing_of_the_provider(deployment: Deployment):
    provider = FakeSms()
    provider.then(*[Rejected("sms:privacy_number"), Simulated()] * (2 * ALIKE))
    dispatcher = _dispatcher(deployment, provider)
    for n in range(4 * ALIKE):
        _customers(deployment, n)
        await dispatcher.run_once()
    assert _faults(deployment) == []


@pytest.mark.parametrize("silence", [Unreachable("aliyun:connect"), Unknown("aliyun:timeout")], ids=["away", "mute"])
async def test_a_provider_that_nobody_reaches_is_named_and_tried_on(deployment: Deployment, silence: Outcome):
    """Its tries have rests of their own, so nothing more is held back; it is only no secret any more."""
    provider = FakeSms()
    provider.then(*[silence] * UNANSWERED)
    dispatcher = _dispatcher(deployment, provider)
    for n in range(UNANSWERED):
        assert _faults(deployment) == []
        _customers(deployment, n)
        await dispatcher.run_once()
    assert _faults(deployment) == [("sms:", silence.reason)]  # type: ignore[union-attr]
    _customers(deployment, 90)
    assert await dispatcher.run_once() == 1
    assert _faults(deployment) == []


async def test_an_answer_that_settles_a_message_ends_the_silence(deployment: Deployment):
    provider = FakeSms()
    provider.then(*[Unknown("aliyun:timeout")] * UNANSWERED)
    provider.answers.extend([Delivered("biz")] * UNANSWERED)
    dispatcher = _dispatcher(deployment, provider)
    _customers(deployment, *range(UNANSWERED))
    await dispatcher.run_once()
    assert _faults(deployment) == [("sms:", "aliyun:timeout")]
    deployment.clock.at += seconds(10)
    await dispatcher.settle_once()
    assert _faults(deployment) == []


async def test_a_coupon_template_that_is_refused_silences_no_notice(deployment: Deployment):
    """The template, or the right to send marketing, is the coupon's own; what is wrong with all is met by notices too."""
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(9)))
    reason = "tencent:UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny"

    class NoMarketing(FakeSms):
        async def send(self, message: Sms) -> Outcome:
            self.sent.append(message)
            return Rejected(reason, blame="channel") if message.template == "coupon" else Delivered("ref")

    provider = NoMarketing()
    dispatcher = _dispatcher(deployment, provider)
    for n in range(6):
        _customers(deployment, n)
        await dispatcher.run_once()
        deployment.clock.at += minutes(2)
    assert [sms.phone for sms in provider.sent if sms.template == "notice"] == [_phone(n) for n in range(6)]
    assert len([sms for sms in provider.sent if sms.template == "coupon"]) <= 4  # a try each five minutes
    assert _faults(deployment) == [("sms:coupon", reason)]
    sweep_once(deployment.store, a_policy(), deployment.clock)
    assert _faults(deployment) == [("sms:coupon", reason)]
    deployment.clock.at += CHANNEL_REST
    healthy = _dispatcher(deployment, FakeSms())
    while await healthy.run_once():
        pass
    assert _faults(deployment) == []
    assert {message.state for message in _texts(deployment)} == {"sent"}


# ---- robots


async def test_words_of_one_order_that_are_refused_silence_no_robot(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    robot.then(Rejected("feishu:19024"))
    deployment.notices.composed(*new_orders(4, total="1.00"))
    await dispatcher.run_once()
    assert sorted(deployment.rows.message_states()) == ["dead", "sent", "sent", "sent"]
    assert _faults(deployment) == []


async def test_a_robot_that_refuses_several_messages_alike_rests_and_keeps_the_others(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """A keyword that our messages do not hold."""
    robot.then(*[Rejected("feishu:19024")] * ALIKE)
    deployment.notices.composed(*new_orders(ALIKE + 3, total="1.00"))
    await dispatcher.run_once()
    assert sorted(deployment.rows.message_states()) == ["dead"] * ALIKE + ["pending"] * 3
    assert _faults(deployment) == [("wecom:robot-1", "feishu:19024")]
    deployment.clock.at += CHANNEL_REST
    await dispatcher.run_once()
    assert _faults(deployment) == []


async def test_a_robot_that_answers_nobody_is_named_within_a_minute_of_one_messages_tries(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    robot.then(*[Unreachable("wecom:connect")] * 99)
    deployment.notices.composed(new_order("A"))
    for _ in range(90):
        await dispatcher.run_once()
        deployment.clock.at += seconds(1)
    assert _faults(deployment) == [("wecom:robot-1", "wecom:connect")]
    assert len(robot.seen) > UNANSWERED  # it is tried on by its own rests
