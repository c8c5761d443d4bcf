"""Sends group messages within each robot's budget: alerts first, high priority next, the rest merged when it is short.

One message at a time for each robot: claim it and write the attempt down, send, record. A dispatcher that dies in
between costs one place in the budget and at most one message that is seen twice.
"""

import asyncio
import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from app.channels.base import GroupChannel, GroupNotice
from app.domain.clock import Clock
from app.domain.outcome import Outcome
from app.domain.retry import GROUP_DELAYS, NextStep, next_step
from app.domain.send_budget import KEPT_FOR_ALERTS, KEPT_FOR_HIGH, WECOM_PACE, Backlog, Urgency, plan
from app.notify.dispatch.digest import MOST_IN_DIGEST, MOST_IN_HIGH_DIGEST, digest_of, members_of
from app.notify.dispatch.record import Alert, Sending, record_outcome
from app.notify.texts import alert_text, batch_text, digest_text, high_digest_text, order_text
from app.store.tables import Message
from app.store.unit_of_work import Store, UnitOfWork

LEASE = timedelta(seconds=60)
"""Longer than any send can take (the client's time-outs add up to 18 s)."""

SLOWEST = timedelta(seconds=18)
"""A message whose sender died may still have arrived this long after it left."""

_KEPT = {Urgency.ALERT: 0, Urgency.HIGH: KEPT_FOR_ALERTS, Urgency.NORMAL: KEPT_FOR_ALERTS + KEPT_FOR_HIGH}


class GroupDispatcher:
    """Sends what waits for the WeCom groups."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        robots: Mapping[str, GroupChannel],
        *,
        mentions: tuple[str, ...],
        alert: Alert,
    ) -> None:
        self._store = store
        self._clock = clock
        self._robots = robots
        self._mentions = mentions
        self._alert = alert

    async def run_once(self) -> int:
        """Send what the budgets allow to every group; return how many messages left."""
        return sum(await asyncio.gather(*(self._send_to(target, robot) for target, robot in self._robots.items())))

    async def _send_to(self, target: str, robot: GroupChannel) -> int:
        sent = 0
        while sent < WECOM_PACE.limit and (sending := await asyncio.to_thread(self._claim, target)) is not None:
            outcome = await robot.send(notice_of(sending.message, self._mentions))
            now = self._clock.now()
            step = next_step(
                outcome,
                attempts=sending.message.attempts,
                delays=GROUP_DELAYS,
                now=now,
                jitter=random.random(),  # noqa: S311 - spread, not secrecy
            )
            await asyncio.to_thread(self._record, sending, outcome, step, now)
            sent += 1
        return sent

    def _record(self, sending: Sending, outcome: Outcome, step: NextStep, now: datetime) -> None:
        with self._store.writing() as uow:
            record_outcome(uow, sending, outcome, step, now=now, alert=self._alert)

    # ---- claiming --------------------------------------------------------------------------------------------------

    def _claim(self, target: str) -> Sending | None:
        now = self._clock.now()
        with self._store.reading() as uow:
            if not uow.messages.anything_due("wecom", now=now, target=target):
                return None
        with self._store.writing() as uow:
            uow.leases.serialise(f"wecom:{target}")  # two who count at once would both find the last place free
            message = self._choose(uow, target, now)
            if message is None:
                return None
            attempts = uow.messages.begin_attempts([message], now=now)
            return Sending(message, attempts[message.id or 0], now)

    def _choose(self, uow: UnitOfWork, target: str, now: datetime) -> Message | None:
        """Return the message that leaves next, claimed, or None while the budget says wait."""
        paused = uow.leases.paused_until(f"wecom:{target}")
        if paused and now < paused[0] <= now + timedelta(hours=1):  # further ahead: the clock was set back since
            return None
        free = self._free(uow, target, now)
        for lane in Urgency:
            if free <= _KEPT[lane]:
                return None
            ready = uow.messages.claim(
                "wecom", now=now, lease_until=now + LEASE, limit=1, target=target, lane=lane, but_not="order_wecom"
            )
            if ready:
                return ready[0]
            message = self._choose_order(uow, target, lane, free=free, now=now)
            if message is not None:
                return message
        return None

    def _free(self, uow: UnitOfWork, target: str, now: datetime) -> int:
        """Return how many messages may leave now.

        Attempts dated ahead of the clock left before it was set back. How long ago that was no clock can tell any more,
        so one window is waited out from when they are noticed, whoever noticed it; then they are past.
        """
        sent_at = uow.messages.sends_since("wecom", target, now - WECOM_PACE.window, slowest=SLOWEST)
        newest = uow.messages.newest_attempt_after("wecom", target, now + SLOWEST)
        if newest is None:
            return WECOM_PACE.free(sent_at, now=now)
        noted = uow.leases.paused_until(f"ahead:{target}")
        if noted is None or newest > int(noted[1]) or noted[0] > now + WECOM_PACE.window:
            uow.leases.pause(f"ahead:{target}", reason=str(newest), until=now + WECOM_PACE.window)
            return 0
        if now < noted[0]:
            return 0
        return WECOM_PACE.free([at for at in sent_at if at <= now + 2 * SLOWEST], now=now)

    def _choose_order(self, uow: UnitOfWork, target: str, lane: Urgency, *, free: int, now: datetime) -> Message | None:
        count, oldest = uow.messages.waiting("wecom", target, lane, kind="order_wecom", now=now)
        if not count or oldest is None:
            return None
        todo = plan(lane, Backlog(count, now - oldest), free=free)
        if todo.single:
            return uow.messages.claim("wecom", now=now, lease_until=now + LEASE, limit=1, target=target, lane=lane)[0]
        if not todo.digests:
            return None
        most = MOST_IN_HIGH_DIGEST if lane is Urgency.HIGH else MOST_IN_DIGEST
        waiting = uow.messages.claim_for_digest("wecom", target, lane, kind="order_wecom", now=now, limit=most)
        members = members_of(waiting, lane)
        digest = uow.messages.add(digest_of(members, lane, now=now, lease_until=now + LEASE))
        uow.messages.merge(members, into=digest, now=now)
        return digest


def notice_of(message: Message, mentions: tuple[str, ...]) -> GroupNotice:
    """Return a message as its group reads it; high priority mentions the people named in the settings."""
    content = message.content
    match message.kind:
        case "order_wecom":
            return GroupNotice(order_text(content), mentions if content["priority"] == "high" else ())
        case "digest_wecom" if "high" in content:
            return GroupNotice(high_digest_text(content["high"]), mentions)
        case "digest_wecom":
            return GroupNotice(digest_text(content))
        case "batch_wecom":
            return GroupNotice(batch_text(content))
        case _:
            return GroupNotice(alert_text(content), mentions)
