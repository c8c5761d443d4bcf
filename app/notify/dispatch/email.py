"""Sends e-mail: alerts to those named in the settings, and what people of ours are told."""

import asyncio
from datetime import timedelta

from app.channels.base import Mail, MailChannel
from app.channels.kinds import EMAIL
from app.domain.clock import Clock
from app.domain.outcome import Outcome, Rejected, Simulated
from app.domain.retry import SMS_DELAYS
from app.notify.contents import AlertContent, AlertGroupContent, Content
from app.notify.dispatch.person import SUBJECT_LENGTH, claim_for_people, person_mail
from app.notify.dispatch.record import Sending
from app.notify.dispatch.run import Sender, begin_sending
from app.notify.texts import alert_group_text, alert_text
from app.store.sealing import Keyring
from app.store.unit_of_work import Store

LEASE = timedelta(seconds=120)
"""A mail server may take 60 s."""

Letter = tuple[Sending, Mail | Rejected | None]
"""A message on its way, and the e-mail it is, or why it can be none; None for those named in the settings."""


class MailDispatcher:
    """Sends what waits for the mail server; without one it records and sends nothing."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        channel: MailChannel | None,
        *,
        to: tuple[str, ...],
        keyring: Keyring | None = None,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._channel = channel
        self._to = to
        self._sender = Sender(store, clock, delays=SMS_DELAYS)

    async def run_once(self, *, to: tuple[str, ...] | None = None) -> int:
        """Send what is due, from now on to those named in ``to``; return how many e-mails left."""
        if to is not None:
            self._to = to
        begun = await asyncio.to_thread(self._claim)
        for sending, mail in begun:
            await self._sender.send(sending, self._send(mail) if mail else self._answer(sending.content))
        return len(begun)

    async def _send(self, mail: Mail | Rejected) -> Outcome:
        if isinstance(mail, Rejected):
            return mail
        return Simulated() if self._channel is None else await self._channel.send(mail)

    async def _answer(self, content: Content) -> Outcome:
        if not isinstance(content, AlertContent | AlertGroupContent):
            return Rejected("email:not_an_alert")
        if self._channel is None:
            return Simulated()
        if not self._to:  # everybody was taken out after this was composed: a dead letter can be sent again
            return Rejected("email:nobody")
        text = alert_text(content) if isinstance(content, AlertContent) else alert_group_text(content)
        return await self._channel.send(Mail(self._to, f"Lifeboat {text.splitlines()[0][:SUBJECT_LENGTH]}", text))

    def _claim(self) -> list[Letter]:
        """Take one e-mail, to a person, else as the settings say: each may take a minute, and its lease is for two."""
        now = self._clock.now()
        with self._store.reading() as uow:
            if not uow.messages.anything_due(EMAIL.name, now=now):
                return []
        with self._store.writing() as uow:
            if uow.pauses.holds(f"{EMAIL.name}:", now=now, longest=EMAIL.longest_pause):
                return []
            if self._keyring is not None:
                people = claim_for_people(uow, EMAIL.name, now=now, lease=LEASE, limit=1)
                begun = begin_sending(uow, people, now=now)
                if begun:
                    return [(one, person_mail(uow, self._keyring, one.message, one.content)) for one in begun]
            claimed = uow.messages.claim(EMAIL.name, now=now, lease_until=now + LEASE, limit=1, target="")
            return [(sending, None) for sending in begin_sending(uow, claimed, now=now)]
