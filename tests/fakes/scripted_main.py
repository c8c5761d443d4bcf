"""A main system in memory: what it answers a test says, what it has it keeps, and creations are counted per number."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.domain.main_system import (
    AbsentFromMain,
    CreatedInMain,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    FoundInMain,
    OrderNames,
    OrderToSend,
    SameNumber,
)
from app.main_system.port import ProbeFinding


class Killed(BaseException):
    """The process that called has ended at this very point."""


@dataclass
class ScriptedMain:
    """Has the orders that were created; ``says`` and ``does`` answer instead where they return something.

    ``does`` is asked before an order is stored and ``then`` after: what one of them returns is the answer, and what it
    raises ends whoever called.
    """

    says: Callable[[OrderNames], FindOutcome | None] = lambda _: None
    does: Callable[[OrderToSend], CreateOutcome | None] = lambda _: None
    then: Callable[[OrderToSend], CreateOutcome | None] = lambda _: None
    same_number: SameNumber = SameNumber.REFUSES
    has: dict[str, FoundInMain] = field(default_factory=dict)
    asked: list[OrderNames] = field(default_factory=list)
    sent: list[OrderToSend] = field(default_factory=list)
    created: Counter[str] = field(default_factory=Counter)

    async def find(self, names: OrderNames) -> FindOutcome:
        """Answer as told, else by what is here."""
        self.asked.append(names)
        if (told := self.says(names)) is not None:
            return told
        found = self.has.get(names.ours)
        return AbsentFromMain() if found is None else ExistsInMain(found)

    async def create(self, order: OrderToSend) -> CreateOutcome:
        """Store an order, unless told otherwise."""
        self.sent.append(order)
        if (told := self.does(order)) is not None:
            return told
        number = f"M-{len(self.has) + 1}"
        self.created[order.names.ours] += 1
        self.has[order.names.ours] = FoundInMain(main_numbers=(number,), by="ours")
        return self.then(order) or CreatedInMain(number)

    async def probe(self) -> Sequence[ProbeFinding]:
        """Nothing to find."""
        return ()
