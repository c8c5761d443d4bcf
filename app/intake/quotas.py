"""How much one client may have stored in a minute, so that one that floods us, or whose key was stolen, waits alone.

Counted is what was stored, after the commit: only then is it known that an order is no repeat, and repeats are never
counted. What is under way when a share is used up still gets in, at most as much as the queue holds; so does a repeat
of what was stored of late, while an older one waits. Shares are kept in the memory of each web process by the monotonic
clock, and are whole again after a minute, or after a restart.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from app.domain.problems import QuotaExceeded
from app.store.commit.order_writer import NewOrder, Stored

MINUTE = 60.0

MOST_REMEMBERED = 10_000
"""Orders of one client whose repeats get in whatever it has left: some 2 MB, and more than retries reach back."""


@dataclass(frozen=True, slots=True)
class Share:
    """What may be stored in a minute: at once, or spread over it. 0 sets no limit."""

    orders: int = 0
    size: int = 0
    """Bytes, as they are kept: the sealed order, and beside it the original payload of a drop-in."""


UNLIMITED = Share()


@dataclass(slots=True)
class _Bucket:
    """What is left of a share; below nothing where more was under way than was left."""

    orders: float
    size: float
    filled_at: float
    stored: dict[str, None]
    """The numbers of the orders stored last, the oldest first."""


Party = str | tuple[str, str]
"""Whose share it is: a client's by its id, or a keyless profile's by its name, which must not use up the client's."""


class ClientQuotas:
    """The shares of all clients. Belongs to one event loop."""

    def __init__(
        self,
        share: Share = UNLIMITED,
        *,
        keyless_share: Share = UNLIMITED,
        keyless: frozenset[str] = frozenset(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the share of a client, and that of each profile named in ``keyless``: anybody may send by its path."""
        self._share, self._keyless_share, self._keyless = share, keyless_share, keyless
        self._counts = any(one != UNLIMITED for one in (share, keyless_share))
        self._monotonic = monotonic
        self._buckets: dict[Party, _Bucket] = {}
        self._over: dict[Party, float] = {}
        """Who has used up its share, and until when: the one thing that an order at the door is looked up in."""

    def ask(self, order: NewOrder) -> None:
        """Let an order in, if its client has something left, or if it is known for a repeat.

        Raises:
            QuotaExceeded: neither is so; ``retry_after`` says how long to wait.
        """
        if not self._over:
            return
        party = self._party(order)
        until = self._over.get(party)
        if until is None or order.number in self._buckets[party].stored:
            return
        wait = until - self._monotonic()
        if wait > 0:
            raise QuotaExceeded(retry_after=math.ceil(wait))
        del self._over[party]

    def count(self, orders: Sequence[NewOrder], results: Sequence[Stored]) -> None:
        """Count what has been stored; ``results`` tell of each order whether it is new."""
        if not self._counts:
            return
        new: dict[Party, list[NewOrder]] = {}
        for order, stored in zip(orders, results, strict=True):
            if not stored.replayed:
                new.setdefault(self._party(order), []).append(order)
        now = self._monotonic()
        for party, of_party in new.items():
            self._take(party, of_party, now=now)

    def _party(self, order: NewOrder) -> Party:
        profile = order.profile
        return order.client_id if profile is None or profile not in self._keyless else ("profile", profile)

    def _take(self, party: Party, orders: Sequence[NewOrder], *, now: float) -> None:
        share = self._keyless_share if isinstance(party, tuple) else self._share
        bucket = self._buckets.setdefault(party, _Bucket(share.orders, share.size, now, {}))
        for order in orders:
            bucket.stored[order.number] = None
        for number in list(islice(bucket.stored, max(len(bucket.stored) - MOST_REMEMBERED, 0))):
            del bucket.stored[number]
        size = sum(len(order.sealed) + len(order.sealed_payload or b"") for order in orders)
        passed = max(now - bucket.filled_at, 0.0) / MINUTE
        bucket.filled_at = now
        bucket.orders = _left(bucket.orders, len(orders), of=share.orders, passed=passed)
        bucket.size = _left(bucket.size, size, of=share.size, passed=passed)
        wait = max(_until_one(bucket.orders, of=share.orders), _until_one(bucket.size, of=share.size))
        if wait > 0:
            self._over[party] = now + wait


def _left(left: float, used: int, *, of: int, passed: float) -> float:
    """Return what is left; a debt is at most one share, so that nobody waits longer than a minute."""
    return max(min(of, left + passed * of) - used, 1.0 - of)


def _until_one(left: float, *, of: int) -> float:
    """Return the seconds until there is one again, 0 where there is or where nothing is counted."""
    return (1.0 - left) / of * MINUTE if of and left < 1.0 else 0.0
