"""The main system as one port: an order is created, looked up, and the access probed, whichever program it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    MainThrottled,
    MainUnknown,
    OrderNames,
    OrderToSend,
    SameNumber,
)

PROBE = OrderNames("LIFEBOAT-CHECK-0000", "LIFEBOAT-CHECK-0000")
"""Names that no order has: the answer shows whether key, address and clock are right."""

LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """One thing that was looked at; ``verdict`` is ``unproven`` where this API has no call that would tell."""

    what: Literal["access", "clock", "shop"]
    verdict: Literal["well", "wrong", "unproven"]
    code: str = ""
    words: str = ""


class MainSystem(Protocol):
    """One main system; whatever it does, a call of it ends in a value."""

    @property
    def same_number(self) -> SameNumber:
        """What it makes of an order whose number it has already."""
        ...

    async def create(self, order: OrderToSend) -> CreateOutcome:
        """Send one order; whoever calls has looked first whether it may be there."""
        ...

    async def find(self, names: OrderNames) -> FindOutcome:
        """Look an order up, also in archives."""
        ...

    async def probe(self) -> Sequence[ProbeFinding]:
        """Show, without writing anything, whether key, address, clock and shop are right."""
        ...


MainOf = Callable[[str | None], MainSystem | None]
"""The main system that an order of this profile goes home to, None where nobody has described one."""


def access_finding(outcome: FindOutcome) -> ProbeFinding:
    """Return what looking for :data:`PROBE` shows: only "no such order" proves that we are heard and understood."""
    match outcome:
        case AbsentFromMain():
            return ProbeFinding("access", "well")
        case ExistsInMain():
            return ProbeFinding("access", "wrong", "probe_found")
        case MainThrottled(words=words):
            return ProbeFinding("access", "wrong", "throttled", words)
        case AccessRefused(code, words) | MainUnknown(code, words):
            return ProbeFinding("access", "wrong", code, words)
