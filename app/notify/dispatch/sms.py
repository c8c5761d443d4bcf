"""Sends text messages within the day's money, and never twice on a guess: an unknown outcome is asked about first."""

import asyncio
from datetime import datetime, timedelta

from app.channels.base import Sms, SmsChannel
from app.channels.kinds import COUPONS, SMS
from app.domain.clock import Clock
from app.domain.outcome import Delivered, Outcome, Rejected, Unknown
from app.domain.person_target import is_for_person
from app.domain.retry import SMS_DELAYS, GiveUp, NextStep, RetryAt, after_settling, while_worth
from app.domain.send_budget import Urgency
from app.domain.states import MessageState
from app.domain.subject import Subject
from app.domain.worth import worth_until
from app.notify.contents import CustomerContent
from app.notify.dispatch.draw import CouponDraw, CouponRules
from app.notify.dispatch.person import claim_for_people, person_text
from app.notify.dispatch.record import Sending, end_attempt, lift_pauses, move_message
from app.notify.dispatch.run import Sender, begin_sending, resume_sending
from app.notify.new_message import UNDRAWN
from app.notify.texts import customer_text
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import Message
from app.store.unit_of_work import Store, UnitOfWork

LEASE = timedelta(seconds=60)
"""Longer than any send may take: 20 s by the channels' own limit."""

AT_ONCE = 20
"""Text messages under way together: far below any provider's rate, enough for hundreds a second."""

DAY = timedelta(days=1)

AS_SHIPPED = CouponRules()

Letter = tuple[Sending, Sms | Rejected]
"""A message on its way, and the text message it is, or why it can be none: its phone cannot be read any more."""


class SmsDispatcher:
    """Sends text messages, and asks the provider about those whose outcome is unknown."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        channel: SmsChannel,
        *,
        dry_run: SmsChannel,
        per_day: int,
        per_client: int,
        coupons: CouponRules = AS_SHIPPED,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._channel = channel
        self._dry_run = dry_run
        self._per_day = per_day
        self._per_client = per_client
        self._coupons = coupons
        self._sender = Sender(store, clock, delays=SMS_DELAYS, settles=True)

    async def run_once(self) -> int:
        """Send what is due; return how many text messages left."""
        letters = await asyncio.to_thread(self._claim)
        await asyncio.gather(*(self._sender.send(sending, self._answer(sending, sms)) for sending, sms in letters))
        return len(letters)

    async def settle_once(self) -> int:
        """Ask about messages with an unknown outcome; return about how many."""
        letters = await asyncio.to_thread(self._claim_to_settle)
        await asyncio.gather(*(self._settle(sending, sms) for sending, sms in letters))
        return len(letters)

    async def _answer(self, sending: Sending, sms: Sms | Rejected) -> Outcome:
        return sms if isinstance(sms, Rejected) else await self._channel_for(sending).send(sms)

    # ---- claiming --------------------------------------------------------------------------------------------------

    def _claim(self) -> list[Letter]:
        now = self._clock.now()
        with self._store.reading() as uow:
            if not self._anything_leaves(uow, now):
                return []
        with self._store.writing() as uow:
            uow.leases.serialise(f"{SMS.name}:")  # two who count at once would both find the last place free
            people = claim_for_people(uow, SMS.name, now=now, lease=LEASE, limit=AT_ONCE)
            staff = [(one, self._sms(uow, one)) for one in begin_sending(uow, people, now=now)]
            if uow.pauses.holds(f"{SMS.name}:", now=now, longest=SMS.longest_pause):
                return staff
            draw = CouponDraw(uow, self._coupons, now=now, at_most=AT_ONCE)
            claimed = self._still_worth_it(uow, self._claim_within_caps(uow, draw, now), now)
            begun = begin_sending(uow, draw.draw_for(claimed), now=now)
            return staff + [(sending, self._sms(uow, sending)) for sending in begun]

    def _anything_leaves(self, uow: UnitOfWork, now: datetime) -> bool:
        """Tell whether there is anything that may leave; coupons without a code that they could have are not."""
        lanes = (Urgency.ALERT, Urgency.NORMAL)
        if any(uow.messages.anything_due(SMS.name, now=now, lane=lane) for lane in lanes):
            return True
        if uow.pauses.holds(COUPONS, now=now, longest=SMS.longest_pause):
            return False
        draw = CouponDraw(uow, self._coupons, now=now, at_most=1)
        return any(draw.room(client) for client in uow.messages.targets_due(SMS.name, now=now, lane=UNDRAWN))

    def _claim_within_caps(self, uow: UnitOfWork, draw: CouponDraw, now: datetime) -> list[Message]:
        """Take what the day's money allows: of the whole deployment, and of each client, who spent least first.

        A stolen storefront key that pumps messages reaches its own limit, and not that of the others. A channel that is
        known to be at fault is asked with one message, and not with a handful that it refuses.
        """
        clients = uow.access.client_names()
        spent = uow.attempts.sent_counts_since(SMS.name, now - DAY, targets=["", *clients])
        faults = {fault.name for fault in uow.pauses.faults()}
        room = min(1 if f"{SMS.name}:" in faults else AT_ONCE, self._per_day - sum(spent.values()))
        new_coupons = 1 if COUPONS in faults else AT_ONCE
        rest = uow.pauses.holds(COUPONS, now=now, longest=SMS.longest_pause)
        messages: list[Message] = []
        targets = [name for name in uow.messages.targets_due(SMS.name, now=now) if not is_for_person(name)]
        for client in sorted(targets, key=lambda target: spent.get(target, 0)):
            allowed = min(room, self._per_client - spent.get(client, 0))
            for lane, limit in (
                (Urgency.NORMAL, AT_ONCE),
                (UNDRAWN, 0 if rest else min(new_coupons, draw.room(client))),
            ):
                if (some := min(allowed, limit)) > 0:
                    taken = uow.messages.claim(
                        SMS.name,
                        now=now,
                        lease_until=now + LEASE,
                        limit=some,
                        target=client,
                        lane=lane,
                        but_not=Subject.COUPON if rest else "",
                    )
                    allowed -= len(taken)
                    room -= len(taken)
                    messages += taken
        return messages

    def _still_worth_it(self, uow: UnitOfWork, claimed: list[Message], now: datetime) -> list[Message]:
        """Give up what comes too late, and let what goes to a number wait that takes nothing now; return the rest."""
        marks = uow.messages.phone_marks(claimed)
        waits = uow.pauses.waiting_numbers(set(marks.values()), now=now)
        kept = []
        for message in claimed:
            worth = worth_until(message.subject, created_at=message.created_at, due_at=message.due_at)
            until = waits.get(marks.get(message.id or 0, b""))
            step: NextStep
            if worth is not None and now > worth:
                step = GiveUp(f"{message.last_reason or '一直没有机会发出'}：内容已经过时，不再发送")
            elif until is not None:
                step = while_worth(
                    RetryAt(until, message.last_reason or "sms:number_waits", counted=False), until=worth
                )
            else:
                kept.append(message)
                continue
            move_message(uow, message, step, now=now, from_states=(MessageState.SENDING,))
        return kept

    # ---- settling --------------------------------------------------------------------------------------------------

    def _claim_to_settle(self) -> list[Letter]:
        now = self._clock.now()
        with self._store.writing() as uow:
            claimed = uow.messages.claim_to_settle(now=now, lease_until=now + LEASE, limit=AT_ONCE)
            begun = resume_sending(uow, claimed, now=now, from_state=MessageState.SETTLING)
            return [(sending, self._sms(uow, sending)) for sending in begun]

    async def _settle(self, sending: Sending, sms: Sms | Rejected) -> None:
        message = sending.message
        outcome: Outcome = (
            sms if isinstance(sms, Rejected) else await self._channel_for(sending).settle(sms, sending.started_at)
        )
        now = self._clock.now()
        step = while_worth(
            after_settling(outcome, asked=message.asked, now=now, reason=message.last_reason or "sms:unknown"),
            until=worth_until(message.subject, created_at=message.created_at, due_at=message.due_at),
        )
        await asyncio.to_thread(self._write_settled, sending, outcome, step, now)

    def _write_settled(self, sending: Sending, outcome: Outcome, step: NextStep, now: datetime) -> None:
        with self._store.writing() as uow:
            if not isinstance(outcome, Unknown):
                end_attempt(uow, sending.attempt_id, outcome, now=now)
            if isinstance(outcome, Delivered):
                lift_pauses(uow, sending)
            move_message(uow, sending.message, step, now=now, from_states=(MessageState.SETTLING,))

    # ---- the message itself ----------------------------------------------------------------------------------------

    def _channel_for(self, sending: Sending) -> SmsChannel:
        return self._dry_run if sending.message.drill else self._channel  # a drill reaches no customer

    def _sms(self, uow: UnitOfWork, sending: Sending) -> Sms | Rejected:
        """Return the text message; its phone is read from the sealed order, or account, and kept nowhere else."""
        content = sending.content
        if is_for_person(sending.message.target):
            return person_text(uow, self._keyring, sending)
        if not isinstance(content, CustomerContent) or sending.message.order_id is None:
            return Rejected("sms:no_phone")
        row = uow.orders.get(sending.message.order_id)
        try:
            phone = self._keyring.open_order(row.sealed, row.number).phone
        except CannotUnseal:
            return Rejected("sms:no_phone")
        values = {"order_number": content.number, "order_tail": content.number[-6:], "shop": content.shop}
        if content.coupon:
            values |= {"coupon": content.coupon, "coupon_worth": content.worth}
        return Sms(
            reference=f"lb-{sending.attempt_id}",
            phone=phone,
            template=content.template,
            text=customer_text(content),
            values=values,
        )
