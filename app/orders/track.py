"""What a buyer may learn of an order with its number, or the number's end, and the end of the phone: where it stands.

One question with both halves in it: a wrong half and a number that nobody has are the same answer after the same work.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from app.domain.states import OrderState
from app.orders.find import joined_number
from app.store.tables.order import TAIL
from app.store.unit_of_work import UnitOfWork

LONGEST = 40
"""Characters of what is typed, groups and all."""

_NUMBER = re.compile(r"[0-9A-Z]{6,20}")
_LAST4 = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class BuyersQuestion:
    """What a buyer has typed, as our rows spell it."""

    number: str
    last4: str

    @property
    def tail(self) -> str:
        """The end of the number, by which its misses are counted however much of it was typed."""
        return self.number[-TAIL:]


@dataclass(frozen=True, slots=True)
class Tracked:
    """Where an order stands; nothing of whose it is."""

    state: OrderState
    received_at: datetime


def asked(number: str, last4: str) -> BuyersQuestion | None:
    """Read what a buyer has typed; None where it can be no order's."""
    plain, ending = joined_number(number[:LONGEST]), joined_number(last4[:LONGEST])
    if not (_NUMBER.fullmatch(plain) and _LAST4.fullmatch(ending)):
        return None
    return BuyersQuestion(plain, ending)


def track(uow: UnitOfWork, wanted: BuyersQuestion) -> Tracked | None:
    """Return where the order stands whose number and phone both end as the buyer says; None where there is none."""
    search = uow.search
    if len(wanted.number) == TAIL:
        rows = search.ending(wanted.number, last4=wanted.last4)
    else:
        rows = search.of_buyer(wanted.number, last4=wanted.last4)
    if not rows or rows[0].state not in set(OrderState):
        return None
    return Tracked(OrderState(rows[0].state), rows[0].received_at)
