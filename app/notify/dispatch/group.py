"""Sends group messages within each robot's budget: alerts first, high priority next, the rest merged when it is short.

One message at a time for each robot: claim it and write the attempt down, send, record. A dispatcher that dies in
between costs one place in the budget and at most one message that is seen twice.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from app.channels.base import GroupChannel, GroupNotice
from app.channels.kinds import KINDS, ChannelKind
from app.domain.clock import Clock
from app.domain.outcome import Outcome
from app.domain.retry import GROUP_DELAYS, GiveUp
from app.domain.send_budget import KEPT_FOR_ALERTS, KEPT_FOR_HIGH, Backlog, Urgency, plan
from app.domain.states import MessageState
from app.domain.subject import Subject
from app.notify.contents import (
    AlertContent,
    CodeContent,
    Content,
    CustomerContent,
    DutyContent,
    HighDigestContent,
    OrderContent,
    UnreadableContent,
    read_content,
)
from app.notify.dispatch.digest import (
    MOST_IN_DIGEST,
    MOST_IN_HIGH_DIGEST,
    DigestMember,
    digest_of,
    divide_digest,
    members_of,
)
from app.notify.dispatch.duty_call import DutyCall, duty_call
from app.notify.dispatch.record import Sending, end_attempt, move_message
from app.notify.dispatch.run import Sender, begin_sending
from app.notify.policy import Destination
from app.notify.texts import bare_text, group_text
from app.store.repositories.pauses import AHEAD
from app.store.sealing import Keyring
from app.store.tables import Message
from app.store.unit_of_work import Store, UnitOfWork

LEASE = timedelta(seconds=60)
"""Longer than any send can take (the client's time-outs add up to 18 s)."""

SLOWEST = timedelta(seconds=18)
"""A message whose sender died may still have arrived this long after it left."""

_KEPT = {Urgency.ALERT: 0, Urgency.HIGH: KEPT_FOR_ALERTS, Urgency.NORMAL: KEPT_FOR_ALERTS + KEPT_FOR_HIGH}


class GroupDispatcher:
    """Sends what waits for the groups, whatever kind their robots are."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        robots: Mapping[Destination, GroupChannel],
        *,
        keyring: Keyring | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._robots = [_Robot(store, clock, keyring, destination, channel) for destination, channel in robots.items()]

    async def run_once(self) -> int:
        """Send what the budgets allow to every group; return how many messages left."""
        return sum(await asyncio.gather(*(robot.run_once() for robot in self._robots)))


class _Robot:
    """Sends to one group."""

    def __init__(
        self, store: Store, clock: Clock, keyring: Keyring | None, destination: Destination, channel: GroupChannel
    ) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._kind: ChannelKind = KINDS[destination.channel]
        self._destination = destination
        self._channel = channel
        self._name = f"{destination.channel}:{destination.target}"
        self._sender = Sender(store, clock, delays=GROUP_DELAYS)

    async def run_once(self) -> int:
        sent = 0
        while sent < self._kind.pace.limit and (claimed := await asyncio.to_thread(self._claim)) is not None:
            sending, call = claimed
            await self._sender.send(sending, self._answer(sending, call))
            sent += 1
        return sent

    async def _answer(self, sending: Sending, call: DutyCall | None) -> Outcome:
        notice = notice_of(sending.content, self._destination.mentions, kind=self._kind, call=call)
        message = sending.message
        reference = f"lb-{message.id}-{int(message.created_at.timestamp())}"  # ids begin again with a new database

        async def again(outcome: Outcome) -> None:
            await asyncio.to_thread(self._count_call, sending, outcome)

        return await self._channel.send(replace(notice, reference=reference, again=again))

    def _count_call(self, sending: Sending, outcome: Outcome) -> None:
        """Write down a call that was refused and is followed by another one: the provider counts both."""
        with self._store.writing() as uow:
            attempts = uow.attempts.begin([sending.message], now=sending.started_at)
            for attempt_id in attempts.values():
                end_attempt(uow, attempt_id, outcome, now=self._clock.now())

    # ---- claiming --------------------------------------------------------------------------------------------------

    def _claim(self) -> tuple[Sending, DutyCall | None] | None:
        """Return what leaves next; a message that cannot be read is passed over, and the one behind it is looked at."""
        now = self._clock.now()
        channel, target = self._destination.channel, self._destination.target
        with self._store.reading() as uow:
            if not uow.messages.anything_due(channel, now=now, target=target):
                return None
        with self._store.writing() as uow:
            uow.leases.serialise(self._name)  # two who count at once would both find the last place free
            while (message := self._choose(uow, now)) is not None:
                if begun := begin_sending(uow, [message], now=now):
                    return begun[0], self._call(uow, begun[0], now)
            return None

    def _call(self, uow: UnitOfWork, sending: Sending, now: datetime) -> DutyCall | None:
        if self._keyring is None:
            return None
        return duty_call(uow, self._keyring, sending.message, sending.content, self._kind, now=now)

    def _choose(self, uow: UnitOfWork, now: datetime) -> Message | None:
        """Return the message that leaves next, claimed, or None while the budget says wait."""
        if uow.pauses.holds(self._name, now=now, longest=self._kind.longest_pause):
            return None
        free = self._free(uow, now)
        for urgency in Urgency:
            if free <= _KEPT[urgency]:
                return None
            if ready := self._take_one(uow, urgency, now, but_not=Subject.ORDER):
                divide_digest(uow, ready, limit=self._kind.text_bytes, now=now)
                return ready
            if message := self._choose_order(uow, urgency, free=free, now=now):
                return message
        return None

    def _take_one(self, uow: UnitOfWork, urgency: Urgency, now: datetime, *, but_not: str = "") -> Message | None:
        taken = uow.messages.claim(
            self._destination.channel,
            now=now,
            lease_until=now + LEASE,
            limit=1,
            target=self._destination.target,
            lane=urgency,
            but_not=but_not,
        )
        return taken[0] if taken else None

    def _free(self, uow: UnitOfWork, now: datetime) -> int:
        """Return how many messages may leave now.

        Attempts dated ahead of the clock left before it was set back. How long ago that was no clock can tell any more,
        so one window is waited out from when one process notices them; then they are past.
        """
        pace, burst = self._kind.pace, self._kind.burst
        channel, target = self._destination.channel, self._destination.target
        sent_at = uow.attempts.sends_since(channel, target, now - pace.window, slowest=SLOWEST)
        newest = uow.attempts.newest_after(channel, target, now + SLOWEST)
        if newest is not None:
            noted = uow.pauses.get(f"{AHEAD}{self._name}")
            if noted is None or newest > (noted.after_attempt or 0) or noted.until > now + pace.window:
                uow.pauses.pause(
                    f"{AHEAD}{self._name}",
                    reason="clock_set_back",
                    until=now + pace.window,
                    now=now,
                    attempt=newest,
                    longest=pace.window,
                )
                return 0
            if now < noted.until:
                return 0
            sent_at = [at for at in sent_at if at <= now + 2 * SLOWEST]
        if burst is not None and not burst.free(sent_at, now=now):
            return 0
        return pace.free(sent_at, now=now)

    def _choose_order(self, uow: UnitOfWork, urgency: Urgency, *, free: int, now: datetime) -> Message | None:
        channel, target = self._destination.channel, self._destination.target
        count, oldest = uow.messages.waiting(channel, target, urgency, subject=Subject.ORDER, now=now)
        if not count or oldest is None:
            return None
        todo = plan(urgency, Backlog(count, now - oldest), free=free)
        if todo.single:
            return self._take_one(uow, urgency, now)
        return self._merge(uow, urgency, now) if todo.digests else None

    def _merge(self, uow: UnitOfWork, urgency: Urgency, now: datetime) -> Message | None:
        """Merge what waits into a digest, claimed; None if none of it can be read."""
        waiting = uow.messages.claim_for_digest(
            self._destination.channel,
            self._destination.target,
            urgency,
            subject=Subject.ORDER,
            now=now,
            limit=MOST_IN_HIGH_DIGEST if urgency is Urgency.HIGH else MOST_IN_DIGEST,
        )
        readable = [member for message in waiting if (member := _member(uow, message, now))]
        if not readable:
            return None
        members = members_of(readable, urgency, limit=self._kind.text_bytes)
        digest = uow.messages.add(digest_of(members, urgency, now=now, lease_until=now + LEASE))
        uow.messages.merge([member.message for member in members], into=digest, now=now)
        return digest


def _member(uow: UnitOfWork, message: Message, now: datetime) -> DigestMember | None:
    """Return the order a waiting message tells of; one that cannot be read becomes a dead letter."""
    try:
        content = read_content(message.subject, message.content)
    except UnreadableContent as error:
        move_message(uow, message, GiveUp(str(error)), now=now, from_states=(MessageState.PENDING,))
        return None
    return DigestMember(message, content) if isinstance(content, OrderContent) else None


def notice_of(
    content: Content, mentions: tuple[str, ...], *, kind: ChannelKind, call: DutyCall | None = None
) -> GroupNotice:
    """Return a message as its group reads it; high priority and alerts mention the people named in the settings.

    A ``call`` stands at its end, and whoever is called is mentioned too.
    """
    if isinstance(content, CustomerContent | CodeContent):
        raise TypeError("a person's message goes to no group")
    urgent = isinstance(content, AlertContent | HighDigestContent | DutyContent) or (
        isinstance(content, OrderContent) and content.priority == "high"
    )
    mentioned = mentions if urgent else ()
    if call is not None and call.phone:
        mentioned = tuple(dict.fromkeys((*mentioned, call.phone)))
    tail = f"\n{call.line}" if call is not None else ""
    limit = kind.text_bytes if mentioned else kind.rich_bytes
    text = group_text(content, limit=limit - len(tail.encode())) + tail
    return GroupNotice(text, mentioned, bare=bare_text(content))
