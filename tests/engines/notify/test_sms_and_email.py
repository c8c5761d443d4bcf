"""Text messages are never sent twice on a guess, and money stops at its limit; e-mail goes out; on both engines."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from app.channels.base import Sms
from app.domain.caller import Caller
from app.domain.outcome import Delivered, Outcome, Rejected, Simulated, Throttled, Unknown, Unreachable
from app.notify.dispatch.email import MailDispatcher
from app.notify.dispatch.sms import LEASE, SmsDispatcher
from app.notify.dispatch.sweep import sweep_once
from app.store.tables import Attempt, Client, ClientKey, Message, Pause
from tests.deployment import Deployment
from tests.deployment.facts import KEYS, REHEARSAL, TEN, hours, minutes, seconds
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order, new_orders
from tests.fakes.channels import FakeMail, FakeSms


class Post:
    """A dispatcher of text messages, its provider, and the dry one beside it."""

    def __init__(self, deployment: Deployment, *, per_day: int = 1000, per_client: int = 1000) -> None:
        self.deployment = deployment
        self.provider, self.dry = FakeSms(), FakeSms()
        self.dispatcher = SmsDispatcher(
            deployment.store,
            KEYS,
            deployment.clock,
            self.provider,
            dry_run=self.dry,
            per_day=per_day,
            per_client=per_client,
        )

    async def run(self) -> int:
        return await self.dispatcher.run_once()

    async def settle(self) -> int:
        return await self.dispatcher.settle_once()

    def hold_back(self, kind: type[Outcome]) -> None:
        """Let outcomes of this kind arrive only when another one of their round is recorded."""
        send, send_and_record = self.provider.send, self.dispatcher._sender.send  # noqa: SLF001 - as a provider's answers come
        recorded = asyncio.Event()

        async def send_slowly(sms: Sms) -> Outcome:
            outcome = await send(sms)
            if isinstance(outcome, kind):
                await recorded.wait()
            return outcome

        async def send_and_tell(*sending: Any) -> None:
            await send_and_record(*sending)
            recorded.set()

        self.provider.send = send_slowly  # type: ignore[method-assign]
        self.dispatcher._sender.send = send_and_tell  # type: ignore[method-assign]  # noqa: SLF001 - likewise

    @property
    def states(self) -> list[str]:
        return [message.state for message in self.deployment.rows.messages() if message.channel == "sms"]


@pytest.fixture
def post(deployment: Deployment) -> Post:
    return Post(deployment)


async def test_a_customer_is_sent_what_the_template_needs(deployment: Deployment, post: Post):
    deployment.notices.add_coupons("C-1")
    deployment.notices.composed(new_order("A"))
    assert await post.run() == 2
    notice, coupon = post.provider.sent
    number = new_order("A").number
    assert (notice.phone, notice.template, notice.reference) == ("13800138000", "notice", "lb-1")
    assert notice.values == {"order_number": number, "order_tail": number[-6:], "shop": "本店"}
    assert (coupon.template, coupon.reference) == ("coupon", "lb-2")
    assert (coupon.values["coupon"], coupon.values["coupon_worth"]) == ("C-1", "20 元")
    assert "C-1" in coupon.text
    assert post.states == ["sent", "sent"]
    assert await post.run() == 0


async def test_the_phone_is_read_from_the_sealed_order_and_stands_nowhere_else(deployment: Deployment, post: Post):
    deployment.notices.composed(new_order("A"))
    await post.run()
    assert post.provider.sent[0].phone == "13800138000"
    for row in [*deployment.rows.all(select(Message)), *deployment.rows.all(select(Attempt))]:
        assert "13800138000" not in str(row)
    assert "13800138000" not in repr(post.provider.sent[0])


async def test_a_rehearsal_never_reaches_the_provider(deployment: Deployment, post: Post):
    post.dry.then(Simulated(), Simulated())
    deployment.notices.add_coupons("C-1")
    deployment.notices.composed(new_order("A", caller=REHEARSAL))
    await post.run()
    assert post.provider.sent == []
    assert len(post.dry.sent) == 1  # no code is given away for a rehearsal
    assert post.states == ["simulated"]


async def test_an_unknown_outcome_is_asked_about_before_anything_is_sent_again(deployment: Deployment, post: Post):
    """P9: no blind retry after a time-out."""
    post.provider.then(Unknown("sms:timeout"))
    deployment.notices.composed(new_order("A"))
    await post.run()
    assert post.states == ["settling"]
    for _ in range(3):
        deployment.clock.at += seconds(1)
        assert await post.run() == 0
        assert await post.settle() == 0  # its time has not come
    deployment.clock.at += seconds(10)
    post.provider.answers.append(Unreachable("sms:not_found"))
    assert await post.settle() == 1
    (asked, sent_at) = post.provider.asked[0]
    assert (asked.phone, asked.reference, sent_at) == ("13800138000", "lb-1", TEN)
    assert post.states == ["pending"]
    await post.run()
    assert post.states == ["sent"]
    assert [sms.reference for sms in post.provider.sent] == ["lb-1", "lb-2"]


async def test_a_message_the_provider_knows_is_not_sent_again(deployment: Deployment, post: Post):
    from app.domain.outcome import Delivered  # noqa: PLC0415 - only here

    post.provider.then(Unknown("sms:timeout"))
    deployment.notices.composed(new_order("A"))
    await post.run()
    deployment.clock.at += seconds(20)
    post.provider.answers.append(Delivered("biz-7"))
    await post.settle()
    assert post.states == ["sent"]
    assert await post.run() == 0
    (attempt,) = deployment.rows.all(select(Attempt))
    assert (attempt.outcome, attempt.reference) == ("delivered", "biz-7")


async def test_what_cannot_be_told_is_in_the_end_a_persons_business_and_never_sent_again(
    deployment: Deployment, post: Post
):
    post.provider.then(Unknown("sms:timeout"))
    post.provider.answers.extend([Unknown("sms:pending")] * 5)
    deployment.notices.composed(new_order("A"))
    await post.run()
    for _ in range(60):
        deployment.clock.at += minutes(1)
        await post.settle()
        await post.run()
    assert post.states == ["dead"]
    assert len(post.provider.sent) == 1
    assert len(post.provider.asked) == 5


async def test_a_provider_that_never_takes_it_and_never_answers_is_not_tried_for_ever(
    deployment: Deployment, post: Post
):
    """Every try counts against the day's limit."""
    post.provider.then(*[Unknown("sms:timeout")] * 50)
    post.provider.answers.extend([Unreachable("sms:not_found")] * 50)
    deployment.notices.composed(new_order("A"))
    for _ in range(60):
        await post.run()
        deployment.clock.at += seconds(30)
        await post.settle()
    assert post.states == ["dead"]
    assert len(post.provider.sent) == 6


class Died(BaseException):
    """The worker was killed here."""


async def test_after_a_crash_the_provider_is_asked_before_the_message_is_sent_again(deployment: Deployment, post: Post):
    """P9: a worker that died between sending and recording costs no second text."""
    deployment.notices.composed(new_order("A"))

    class Deadly(FakeSms):
        async def send(self, message: Any) -> Any:  # noqa: ARG002 - the protocol's signature
            raise Died

    post.dispatcher._channel = Deadly()  # noqa: SLF001 - the worker before the crash
    with pytest.raises(Died):
        await post.run()
    post.dispatcher._channel = post.provider  # noqa: SLF001 - the worker after it
    assert post.states == ["sending"]
    assert await post.run() == 0
    deployment.clock.at += LEASE + seconds(1)
    assert sweep_once(deployment.store, a_policy(), deployment.clock) == 1
    assert post.states == ["settling"]
    post.provider.answers.append(Unreachable("sms:not_found"))
    await post.settle()
    await post.run()
    assert (len(post.provider.asked), len(post.provider.sent)) == (1, 1)
    assert post.states == ["sent"]


async def test_money_stops_at_the_days_limit_and_goes_on_the_next_day(deployment: Deployment):
    """A farm of phones must not cost more than the merchant has set."""
    post = Post(deployment, per_day=3)
    deployment.notices.composed(*new_orders(5))
    assert await post.run() == 3
    assert await post.run() == 0
    assert await post.run() == 0
    assert post.states == ["sent"] * 3 + ["pending"] * 2
    deployment.clock.at += hours(24) + seconds(1)
    assert await post.run() == 2


async def test_a_stolen_key_spends_its_own_days_limit_and_not_that_of_the_others(deployment: Deployment):
    post = Post(deployment, per_day=8, per_client=3)
    other = Caller(client_id="c2", name="另一家店", scope="intake", drill=False)
    with deployment.store.writing() as uow:
        client = Client(id=other.client_id, name=other.name, scope="intake", created_at=TEN)
        uow.access.add_client(client, ClientKey(id="k2", client_id="c2", secret_sha256=b"y" * 32, created_at=TEN))
    deployment.notices.composed(*new_orders(6, prefix="PUMP"))
    deployment.notices.composed(*(new_order(f"B{n}", caller=other, phone=f"139{n:08d}") for n in range(2)))
    while await post.run():
        pass
    sent = [message.target for message in deployment.rows.messages(state="sent") if message.channel == "sms"]
    assert sorted(sent) == ["c1"] * 3 + ["c2"] * 2


async def test_more_than_one_handful_takes_more_than_one_round(deployment: Deployment, post: Post):
    deployment.notices.composed(*new_orders(45))
    assert [await post.run() for _ in range(4)] == [20, 20, 5, 0]
    assert len({sms.phone for sms in post.provider.sent}) == 45


async def test_a_throttling_provider_is_left_alone_as_long_as_it_asks(deployment: Deployment, post: Post):
    post.provider.then(Throttled(minutes(2), "sms:limit"))
    deployment.notices.composed(new_order("A"))
    await post.run()
    deployment.notices.composed(new_order("B", phone="13900139000"))
    deployment.clock.at += minutes(1)
    assert await post.run() == 0
    deployment.clock.at += minutes(1) + seconds(1)
    assert await post.run() == 2
    assert post.states == ["sent", "sent"]


async def test_a_limit_counts_for_what_comes_next_though_messages_of_the_same_round_got_through(
    deployment: Deployment, post: Post
):
    """The refusal comes first, and then the answers of those that left beside it."""
    post.provider.then(Throttled(minutes(1), "sms:limit"))
    post.hold_back(Delivered)
    deployment.notices.composed(*new_orders(3))
    await post.run()
    assert sorted(post.states) == ["pending", "sent", "sent"]
    deployment.notices.composed(new_order("B", phone="13900139000"))
    assert await post.run() == 0
    deployment.clock.at += minutes(1) + seconds(1)
    assert await post.run() == 2
    assert deployment.rows.all(select(Pause)) == []


async def test_a_limit_hides_no_fault_of_the_same_round(deployment: Deployment, post: Post):
    post.provider.then(Rejected("sms:no_balance", blame="channel"), Throttled(minutes(1), "sms:limit"))
    post.hold_back(Throttled)
    deployment.notices.composed(*new_orders(2))
    await post.run()
    (pause,) = deployment.rows.all(select(Pause))
    assert (pause.fault, pause.reason, pause.until) == (True, "sms:no_balance", TEN + minutes(5))


async def test_an_account_at_fault_keeps_the_messages_and_raises_an_alarm(deployment: Deployment, post: Post):
    post.provider.then(Rejected("sms:no_balance", blame="channel"))
    deployment.notices.composed(new_order("A"))
    await post.run()
    assert post.states == ["pending"]
    with deployment.store.reading() as uow:
        assert [(fault.name, fault.reason) for fault in uow.pauses.faults()] == [("sms:", "sms:no_balance")]
    assert await post.run() == 0
    deployment.clock.at += minutes(5) + seconds(1)
    await post.run()
    assert post.states == ["sent"]
    with deployment.store.reading() as uow:
        assert uow.pauses.faults() == []


async def test_a_text_message_without_an_order_is_a_dead_letter_and_holds_up_nobody(deployment: Deployment, post: Post):
    """P14: a row that somebody damaged."""
    deployment.notices.composed(*new_orders(2))
    first, *_ = (message for message in deployment.rows.messages() if message.channel == "sms")
    deployment.rows.alter(first.id, order_id=None)
    await post.run()
    assert post.states == ["dead", "sent"]


async def test_a_number_at_fault_is_a_dead_letter_and_an_unreachable_provider_is_tried_again(
    deployment: Deployment, post: Post
):
    post.provider.then(Rejected("sms:bad_number"), Unreachable("sms:connect"))
    deployment.notices.composed(*new_orders(2))
    await post.run()
    assert sorted(post.states) == ["dead", "pending"]
    deployment.clock.at += seconds(8)
    await post.run()
    assert sorted(post.states) == ["dead", "sent"]


async def test_an_order_that_cannot_be_opened_any_more_ends_as_a_dead_letter(deployment: Deployment, post: Post):
    deployment.notices.composed(new_order("A"))
    with deployment.engines.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET look_alike = sealed, sealed = phone_index")
    await post.run()
    assert post.states == ["dead"]
    assert post.provider.sent == []


# ---- e-mail


async def test_an_alert_goes_by_mail_to_the_named(deployment: Deployment):
    mail = FakeMail()
    _alert(deployment, "批次逾期：请检查")
    dispatcher = MailDispatcher(deployment.store, deployment.clock, mail, to=("it@example.com", "ops@example.com"))
    mail.then(Unreachable("email:connect"))
    assert await dispatcher.run_once() == 1
    assert await dispatcher.run_once() == 0
    deployment.clock.at += seconds(8)
    assert await dispatcher.run_once() == 1
    assert (mail.sent[1].to, mail.sent[1].subject, mail.sent[1].text) == (
        ("it@example.com", "ops@example.com"),
        "Lifeboat 【告警】批次逾期：请检查",
        "【告警】批次逾期：请检查",
    )
    assert [message.state for message in deployment.rows.messages(kind="alert_email")] == ["sent"]


async def test_without_a_mail_server_nothing_is_called_sent(deployment: Deployment):
    _alert(deployment, "批次逾期")
    await MailDispatcher(deployment.store, deployment.clock, None, to=("it@example.com",)).run_once()
    assert [message.state for message in deployment.rows.messages(kind="alert_email")] == ["simulated"]


def _alert(deployment: Deployment, sentence: str) -> None:
    with deployment.store.writing() as uow:
        uow.alerts.fire("trouble", level="red", text=sentence, now=TEN)
    deployment.notices.composed(policy=a_policy(alert_emails=("it@example.com",)))
