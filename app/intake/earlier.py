"""Answers retries of orders that an earlier release took and this one would refuse: same key, same body, same number.

Nothing new is taken here. The store is asked whether the order is there, a few at a time, on threads; where it cannot
say, the client is told to come again, since its order may well have been taken.
"""

import asyncio

from app.domain.order import Priority
from app.domain.problems import Busy, IntakeClosed, InvalidOrder
from app.store.commit.order_writer import NewOrder, Stored
from app.store.unit_of_work import Store

AT_ONCE = 4
"""Threads that ask; more retries than that at a time are told to come again, so that odd orders slow nobody down."""

WITHIN = 2.0
"""Seconds for the store to say; as long as a commit is waited for."""


class EarlierOrders:
    """Looks for orders by their number."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asking = 0

    async def settle(self, new: NewOrder, problem: InvalidOrder) -> Stored:
        """Return the stored order that ``new`` is a retry of.

        Raises:
            InvalidOrder: ``problem``, as there is none: the order is new, and not to be taken.
            Busy: too many ask at once.
            IntakeClosed: the store does not say.
        """
        if self._asking >= AT_ONCE:
            raise Busy
        self._asking += 1
        asked = asyncio.get_running_loop().run_in_executor(None, self._look, new)
        asked.add_done_callback(self._answered)  # and not sooner: a thread that hangs still is one
        try:
            stored = await asyncio.wait_for(asyncio.shield(asked), WITHIN)
        except Exception as error:  # the store refuses, or hangs
            raise IntakeClosed from error
        if stored is None:
            raise problem
        return stored

    def _answered(self, asked: "asyncio.Future[Stored | None]") -> None:
        self._asking -= 1
        if not asked.cancelled():
            asked.exception()

    def _look(self, new: NewOrder) -> Stored | None:
        with self._store.reading() as uow:
            row = uow.orders.numbered(new.number, client_id=new.client_id)
        if row is None:
            return None
        priority: Priority = "high" if row.priority == "high" else "normal"
        return Stored(row.received_at, priority, replayed=True, same_body=bytes(row.fingerprint) == new.fingerprint)
