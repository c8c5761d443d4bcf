"""Calls one main system: each call waits its turn, is signed by the other side's clock, and is never repeated blindly.

A refusal of the access did nothing, so that a call may be made once more with what the refusal taught: the other
side's time, or a new token. What had no answer is never repeated here.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from app.domain.clock import Clock
from app.domain.main_system import AccessRefused, MainThrottled, MainUnknown
from app.main_system.port import ProbeFinding
from app.outbound.api_call import ApiAnswer, ApiCall, Ask, NoAnswer
from app.outbound.pace import CallPace

CLOCK_TOLERANCE = timedelta(seconds=60)
"""Half of what the strictest vendor allows."""

_OK = 200
_FIRST_SERVER_ERROR = 500

Outcome = TypeVar("Outcome")


class MainCaller:
    """The way to one account of a main system."""

    def __init__(self, ask: Ask, *, pace: CallPace, clock: Clock) -> None:
        self._ask = ask
        self._pace = pace
        self._clock = clock
        self.ahead: timedelta | None = None
        """How far the other side's clock is ahead of ours; None before it has told."""

    async def heard(self, write: Callable[[datetime], ApiCall]) -> ApiAnswer | MainUnknown:
        """Make a call when it is its turn."""
        await self._pace.turn()
        answer = await self._ask(write(self._clock.now() + (self.ahead or timedelta())))
        if answer.server_at is not None:
            self.ahead = answer.server_at - self._clock.now()
        return readable(answer)

    async def heard_well(self, write: Callable[[datetime], ApiCall]) -> ApiAnswer | MainUnknown:
        """Make a call of a vendor whose answers all come as HTTP 200, refusals too; what else comes is not theirs."""
        answer = await self.heard(write)
        if isinstance(answer, ApiAnswer) and answer.status != _OK:
            return MainUnknown(f"http_{answer.status}")
        return answer

    async def attempted(
        self,
        attempt: Callable[[], Awaitable[Outcome]],
        *,
        renew: Callable[[], Awaitable[bool]] | None = None,
    ) -> Outcome:
        """Return what an attempt comes to, made again if its refusal can be put right; ``renew`` gets a token."""
        outcome = await attempt()
        if isinstance(outcome, AccessRefused):
            by_their_clock = outcome.code == "clock" and self.ahead is not None
            if by_their_clock or (outcome.code == "token" and renew is not None and await renew()):
                outcome = await attempt()
        if isinstance(outcome, MainThrottled):
            self._pace.hold(outcome.wait)
        return outcome

    def now(self) -> datetime:
        """Return the moment by our clock."""
        return self._clock.now()

    def clock_finding(self) -> ProbeFinding:
        """Return how our clock stands to the other side's."""
        if self.ahead is None:
            return ProbeFinding("clock", "unproven", "no_clock")
        if abs(self.ahead) <= CLOCK_TOLERANCE:
            return ProbeFinding("clock", "well")
        return ProbeFinding("clock", "wrong", "clock_is_off", f"{round(self.ahead.total_seconds()):+d}")


def readable(answer: ApiAnswer | NoAnswer) -> ApiAnswer | MainUnknown:
    """Return an answer that may be read; a page instead of data, and a server's error, tell nothing."""
    if isinstance(answer, NoAnswer):
        return MainUnknown(answer.code)
    return MainUnknown(f"http_{answer.status}") if answer.status >= _FIRST_SERVER_ERROR else answer
