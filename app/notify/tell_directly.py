"""Tells the groups that the worker is silent, from a process that is not the worker: nobody else would.

Whoever is on duty is called as the worker would call him. The alert is claimed and its messages are written in one
transaction, under the names that the worker would give them, so that of all processes, and of a worker that comes back
meanwhile, one alone tells. A lease keeps the others from asking the robots at the same time; one who dies in between is
followed by the next when it has run out. Where nothing is left to tell, a look reads and takes no lease.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.channels.base import GroupChannel
from app.channels.kinds import KINDS
from app.domain.clock import Clock
from app.domain.retry import GROUP_DELAYS
from app.notify.alert_messages import alert_messages
from app.notify.dispatch.duty_call import DutyCall, duty_call
from app.notify.dispatch.group import LEASE, notice_of
from app.notify.dispatch.record import Sending
from app.notify.dispatch.run import Sender, begin_sending
from app.notify.policy import Destination, MessagePolicy
from app.store.sealing import Keyring
from app.store.unit_of_work import Store

LEASE_NAME = "telling_of_silence"
LEASE_LASTS = timedelta(seconds=60)
"""Longer than telling can take; a teller that died is followed after that."""

Robots = Mapping[Destination, GroupChannel]


@dataclass(frozen=True, slots=True)
class _Called:
    """A message on its way, and whom it calls, if anybody is on duty."""

    sending: Sending
    call: DutyCall | None


class SilenceTeller:
    """Tells of one rule's alert, of the worker's silence, on behalf of the worker."""

    def __init__(
        self, store: Store, clock: Clock, policy: MessagePolicy, keyring: Keyring, *, rule: str, holder: str
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._policy = policy
        self._rule = rule
        self._holder = holder

    async def run_once(self, open_robots: Callable[[], Robots]) -> int:
        """Tell the groups if there is something to tell; return how many messages left. Robots are opened only then."""
        now = self._clock.now()
        with self._store.reading() as uow:
            alert = uow.outbox_of_alerts.firing(self._rule)
            if alert is None or not uow.outbox_of_alerts.is_owed(alert, now=now):
                return 0
        with self._store.writing() as uow:
            if not uow.leases.take(LEASE_NAME, holder=self._holder, now=now, until=now + LEASE_LASTS):
                return 0
        robots = open_robots()
        try:
            return await self._tell(robots)
        finally:
            for robot in robots.values():
                await robot.aclose()
            with self._store.writing() as uow:
                uow.leases.give_up(LEASE_NAME, holder=self._holder)

    async def _tell(self, robots: Robots) -> int:
        sender, sent = Sender(self._store, self._clock, delays=GROUP_DELAYS), 0
        for destination, robot in robots.items():
            for one in self._claim(destination):
                content, kind = one.sending.content, KINDS[destination.channel]
                notice = notice_of(content, destination.mentions, kind=kind, call=one.call)
                await sender.send(one.sending, robot.send(notice))
                sent += 1
        return sent

    def _claim(self, destination: Destination) -> list[_Called]:
        """Write the alert's messages if nobody has, and take the one for this group."""
        now, name = self._clock.now(), f"{destination.channel}:{destination.target}"
        with self._store.writing() as uow:
            alert = uow.outbox_of_alerts.firing(self._rule)
            if alert is None:  # the worker is back
                return []
            if uow.outbox_of_alerts.claim(alert, now=now):
                uow.messages.add_new([message.as_row() for message in alert_messages(alert, self._policy, now=now)])
            if uow.pauses.holds(name, now=now, longest=KINDS[destination.channel].longest_pause):
                return []
            claimed = uow.outbox_of_alerts.take(
                alert, destination.channel, destination.target, now=now, lease_until=now + LEASE
            )
            kind = KINDS[destination.channel]
            return [
                _Called(one, duty_call(uow, self._keyring, one.message, one.content, kind, now=now))
                for one in begin_sending(uow, claimed, now=now)
            ]
