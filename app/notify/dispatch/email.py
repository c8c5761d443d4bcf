"""Sends alerts by e-mail to those named in the settings."""

import asyncio
from datetime import timedelta

from app.channels.base import Mail, MailChannel
from app.channels.kinds import EMAIL
from app.domain.clock import Clock
from app.domain.outcome import Outcome, Rejected, Simulated
from app.domain.retry import SMS_DELAYS
from app.notify.contents import AlertContent, Content
from app.notify.dispatch.record import Sending
from app.notify.dispatch.run import Sender, begin_sending
from app.notify.texts import alert_text
from app.store.unit_of_work import Store

LEASE = timedelta(seconds=120)
"""A mail server may take 60 s."""

SUBJECT_LENGTH = 60
"""Characters of an alert that stand in the subject of its e-mail."""


class MailDispatcher:
    """Sends what waits for the mail server; without one it records and sends nothing."""

    def __init__(self, store: Store, clock: Clock, channel: MailChannel | None, *, to: tuple[str, ...]) -> None:
        self._store = store
        self._clock = clock
        self._channel = channel
        self._to = to
        self._sender = Sender(store, clock, delays=SMS_DELAYS)

    async def run_once(self, *, to: tuple[str, ...] | None = None) -> int:
        """Send what is due, from now on to those named in ``to``; return how many e-mails left."""
        if to is not None:
            self._to = to
        begun = await asyncio.to_thread(self._claim)
        for sending in begun:
            await self._sender.send(sending, self._answer(sending.content))
        return len(begun)

    async def _answer(self, content: Content) -> Outcome:
        if not isinstance(content, AlertContent):
            return Rejected("email:not_an_alert")
        if self._channel is None:
            return Simulated()
        if not self._to:  # everybody was taken out after this was composed: a dead letter can be sent again
            return Rejected("email:nobody")
        sentence = alert_text(content)
        return await self._channel.send(Mail(self._to, f"Lifeboat {sentence[:SUBJECT_LENGTH]}", sentence))

    def _claim(self) -> list[Sending]:
        now = self._clock.now()
        with self._store.reading() as uow:
            if not uow.messages.anything_due(EMAIL.name, now=now, target=""):
                return []
        with self._store.writing() as uow:
            if uow.pauses.holds(f"{EMAIL.name}:", now=now, longest=EMAIL.longest_pause):
                return []
            claimed = uow.messages.claim(EMAIL.name, now=now, lease_until=now + LEASE, limit=1, target="")
            return begin_sending(uow, claimed, now=now)
