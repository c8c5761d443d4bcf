"""Channels that do as they are told: group robots, a provider of text messages, a mail server."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.channels.base import GroupNotice, Mail, Sms
from app.channels.kinds import WECOM, ChannelKind
from app.domain.outcome import Delivered, Outcome, Rejected
from tests.deployment.facts import TEN
from tests.fakes.clock import ClockAt


@dataclass
class Told:
    """Outcomes in order of use; when they run out, everything is delivered."""

    outcomes: deque[Outcome | Exception] = field(default_factory=deque)

    def then(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes.extend(outcomes)

    def next(self) -> Outcome:
        outcome = self.outcomes.popleft() if self.outcomes else Delivered("ref")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass
class FakeRobot(Told):
    """A group that keeps what it was sent and when, and refuses what is too long; ``takes`` is how long one send lasts."""

    clock: ClockAt = field(default_factory=lambda: ClockAt(TEN))
    takes: timedelta = timedelta()
    kind: ChannelKind = WECOM
    seen: list[tuple[datetime, GroupNotice, Outcome]] = field(default_factory=list)

    async def send(self, message: GroupNotice) -> Outcome:
        await asyncio.sleep(0)
        self.clock.at += self.takes
        limit = self.kind.text_bytes if message.mentions else self.kind.rich_bytes
        fits = len(message.content.encode()) <= limit
        outcome = self.next() if fits else Rejected(f"{self.kind.name}:too_long")
        self.seen.append((self.clock.now(), message, outcome))
        return outcome

    async def aclose(self) -> None: ...

    @property
    def texts(self) -> list[str]:
        """What the group has read."""
        return [notice.content for _, notice, outcome in self.seen if isinstance(outcome, Delivered)]


@dataclass
class FakeSms(Told):
    """A provider of text messages; ``answers`` are what it says when it is asked about an unknown outcome."""

    sent: list[Sms] = field(default_factory=list)
    asked: list[tuple[Sms, datetime]] = field(default_factory=list)
    answers: deque[Outcome] = field(default_factory=deque)

    async def send(self, message: Sms) -> Outcome:
        self.sent.append(message)
        return self.next()

    async def settle(self, message: Sms, sent_at: datetime) -> Outcome:
        self.asked.append((message, sent_at))
        return self.answers.popleft()

    async def aclose(self) -> None: ...


@dataclass
class FakeMail(Told):
    """A mail server."""

    sent: list[Mail] = field(default_factory=list)

    async def send(self, message: Mail) -> Outcome:
        self.sent.append(message)
        return self.next()

    async def aclose(self) -> None: ...


def most_within(moments: Sequence[datetime], window: timedelta) -> int:
    """Return how many of ``moments`` at most fall into one window."""
    ordered, oldest, most = sorted(moments), 0, 0
    for newest, moment in enumerate(ordered):
        while moment - ordered[oldest] >= window:
            oldest += 1
        most = max(most, newest - oldest + 1)
    return most
