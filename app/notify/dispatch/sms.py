"""Sends text messages and e-mail: claimed, sent outside the transaction, recorded; never twice on a guess."""

import asyncio
import random
from datetime import datetime, timedelta

from app.channels.base import Mail, MailChannel, Sms, SmsChannel
from app.domain.clock import Clock
from app.domain.outcome import Outcome, Rejected, Simulated, Unknown
from app.domain.retry import SMS_DELAYS, NextStep, after_settling, next_step
from app.domain.states import MessageState
from app.notify.dispatch.record import Alert, Sending, end_attempt, move_message, record_outcome
from app.notify.texts import alert_text, combined_sms, coupon_sms, notice_sms
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import Message
from app.store.unit_of_work import Store, UnitOfWork

LEASE = timedelta(seconds=60)
"""Longer than any send may take: 20 s by the channels' own limit."""

MAIL_LEASE = timedelta(seconds=120)
"""A mail server may take 60 s."""

AT_ONCE = 20
"""Text messages under way together: far below any provider's rate, enough for hundreds a second."""

DAY = timedelta(days=1)
_TEXTS = {"notice": notice_sms, "coupon": coupon_sms, "combined": combined_sms}


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
        alert: Alert,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._channel = channel
        self._dry_run = dry_run
        self._per_day = per_day
        self._per_client = per_client
        self._alert = alert

    async def run_once(self) -> int:
        """Send what is due; return how many text messages left."""
        batch = await asyncio.to_thread(self._claim)
        await asyncio.gather(*(self._send(sending, sms) for sending, sms in batch))
        return len(batch)

    async def settle_once(self) -> int:
        """Ask about messages with an unknown outcome; return about how many."""
        batch = await asyncio.to_thread(self._claim_to_settle)
        await asyncio.gather(*(self._settle(sending, sms) for sending, sms in batch))
        return len(batch)

    # ---- sending ---------------------------------------------------------------------------------------------------

    def _claim(self) -> list[tuple[Sending, Sms | None]]:
        now = self._clock.now()
        with self._store.reading() as uow:
            if not uow.messages.anything_due("sms", now=now):
                return []
        with self._store.writing() as uow:
            paused = uow.leases.paused_until("sms:")
            if paused and now < paused[0] <= now + DAY:
                return []
            messages = self._claim_within_caps(uow, now)
            attempts = uow.messages.begin_attempts(messages, now=now)
            sendings = [Sending(message, attempts[message.id or 0], now) for message in messages]
            return [(sending, self._sms(uow, sending)) for sending in sendings]

    def _claim_within_caps(self, uow: UnitOfWork, now: datetime) -> list[Message]:
        """Take what the day's money allows: of the whole deployment, and of each client, who spent least first.

        A stolen storefront key that pumps messages reaches its own limit, and not that of the others.
        """
        clients = uow.access.client_names()
        spent = uow.messages.sent_counts_since("sms", now - DAY, targets=["", *clients])
        room = min(AT_ONCE, self._per_day - sum(spent.values()))
        if room <= 0:
            self._alert(uow, f"sms_cap:{now:%Y%m%d}", f"今日短信已达上限 {self._per_day} 条，后续短信暂停发送。", now)
            return []
        messages: list[Message] = []
        for client in sorted(uow.messages.targets_due("sms", now=now), key=lambda target: spent.get(target, 0)):
            mine = self._per_client - spent.get(client, 0)
            if mine <= 0:
                name = clients.get(client, client)
                sentence = f"渠道 {name} 今日短信已达上限 {self._per_client} 条，后续暂停，请确认密钥没有被盗用。"
                self._alert(uow, f"sms_cap:{client}:{now:%Y%m%d}", sentence, now)
            elif room > 0:
                lease = now + LEASE
                taken = uow.messages.claim("sms", now=now, lease_until=lease, limit=min(room, mine), target=client)
                room -= len(taken)
                messages += taken
        return messages

    async def _send(self, sending: Sending, sms: Sms | None) -> None:
        outcome = await self._channel_for(sending.message).send(sms) if sms else Rejected("sms:no_phone")
        now = self._clock.now()
        step = next_step(
            outcome,
            attempts=sending.message.attempts,
            delays=SMS_DELAYS,
            now=now,
            jitter=random.random(),  # noqa: S311 - spread, not secrecy
            settles=True,
        )
        await asyncio.to_thread(self._write, sending, outcome, step, now)

    def _write(self, sending: Sending, outcome: Outcome, step: NextStep, now: datetime) -> None:
        with self._store.writing() as uow:
            record_outcome(uow, sending, outcome, step, now=now, alert=self._alert)

    # ---- settling --------------------------------------------------------------------------------------------------

    def _claim_to_settle(self) -> list[tuple[Sending, Sms | None]]:
        now = self._clock.now()
        with self._store.writing() as uow:
            found = []
            for message in uow.messages.claim_to_settle(now=now, lease_until=now + LEASE, limit=AT_ONCE):
                attempt = uow.messages.last_attempt(message.id or 0)
                if attempt is not None:
                    sending = Sending(message, attempt.id or 0, attempt.started_at)
                    found.append((sending, self._sms(uow, sending)))
            return found

    async def _settle(self, sending: Sending, sms: Sms | None) -> None:
        message = sending.message
        outcome: Outcome = (
            await self._channel_for(message).settle(sms, sending.started_at) if sms else Rejected("sms:no_phone")
        )
        now = self._clock.now()
        step = after_settling(outcome, asked=message.asked, now=now, reason=message.last_reason or "sms:unknown")
        await asyncio.to_thread(self._write_settled, sending, outcome, step, now)

    def _write_settled(self, sending: Sending, outcome: Outcome, step: NextStep, now: datetime) -> None:
        with self._store.writing() as uow:
            if not isinstance(outcome, Unknown):
                end_attempt(uow, sending, outcome, now=now)
            move_message(uow, sending.message, step, now=now, from_states=(MessageState.SETTLING,), alert=self._alert)

    # ---- the message itself ----------------------------------------------------------------------------------------

    def _channel_for(self, message: Message) -> SmsChannel:
        return self._dry_run if message.content.get("drill") else self._channel  # a drill reaches no customer

    def _sms(self, uow: UnitOfWork, sending: Sending) -> Sms | None:
        """Return the text message; its phone is read from the sealed order and kept nowhere else."""
        content = sending.message.content
        row = uow.orders.get(sending.message.order_id or 0)
        try:
            phone = self._keyring.open_order(row.sealed, row.number).phone
        except CannotUnseal:
            return None
        template = content["template"]
        values = {"order_number": content["number"], "order_tail": content["number"][-6:], "shop": content["shop"]}
        if "coupon" in content:
            values |= {"coupon": content["coupon"], "coupon_worth": content["worth"]}
        return Sms(
            reference=f"lb-{sending.attempt_id}",
            phone=phone,
            template=template,
            text=_TEXTS[template](content),
            values=values,
        )


class MailDispatcher:
    """Sends alerts by e-mail."""

    def __init__(
        self, store: Store, clock: Clock, channel: MailChannel | None, *, to: tuple[str, ...], alert: Alert
    ) -> None:
        self._store = store
        self._clock = clock
        self._channel = channel
        self._to = to
        self._alert = alert

    async def run_once(self) -> int:
        """Send what is due; return how many e-mails left."""
        batch = await asyncio.to_thread(self._claim)
        for sending in batch:
            sentence = alert_text(sending.message.content)
            mail = Mail(self._to, f"Lifeboat {sentence[:60]}", sentence)
            outcome: Outcome = await self._channel.send(mail) if self._channel else Simulated()
            now = self._clock.now()
            step = next_step(outcome, attempts=sending.message.attempts, delays=SMS_DELAYS, now=now)
            await asyncio.to_thread(self._write, sending, outcome, step, now)
        return len(batch)

    def _claim(self) -> list[Sending]:
        now = self._clock.now()
        with self._store.reading() as uow:
            if not uow.messages.anything_due("email", now=now, target=""):
                return []
        with self._store.writing() as uow:
            messages = uow.messages.claim("email", now=now, lease_until=now + MAIL_LEASE, limit=1, target="")
            attempts = uow.messages.begin_attempts(messages, now=now)
            return [Sending(message, attempts[message.id or 0], now) for message in messages]

    def _write(self, sending: Sending, outcome: Outcome, step: NextStep, now: datetime) -> None:
        with self._store.writing() as uow:
            record_outcome(uow, sending, outcome, step, now=now, alert=self._alert)
