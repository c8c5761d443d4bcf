"""Claims waiting orders for a batch, by row and never by range, some hundred a transaction.

A transaction is short so that the door never waits for it: what takes time (unsealing, looking for look-alikes) is
done before, on rows that are only read; the transaction then takes those that nobody has moved meanwhile.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from app.batch.checks import Held, HoldDecision, LookAlike, Ship
from app.batch.judge import Judge
from app.batch.lease import BatchChange, BatchLease
from app.batch.look_alikes import LookAlikes
from app.batch.one_order import Tried, trouble_of, window_from
from app.batch.policy import BatchPolicy
from app.batch.shop_twins import ShopTwins
from app.domain.states import BatchState
from app.domain.times import is_a_time
from app.store.look_alike_index import Sighting
from app.store.statements import chunks
from app.store.tables import OrderRow
from app.store.unit_of_work import Store


class Claim:
    """Fills one batch with the waiting orders of its incident, then freezes its membership."""

    def __init__(
        self,
        store: Store,
        lease: BatchLease,
        judge: Judge,
        *,
        policy: BatchPolicy,
        look_alikes: LookAlikes,
        due: Callable[[datetime], bool],
    ) -> None:
        self._store = store
        self._lease = lease
        self._judge = judge
        self._policy = policy
        self._look_alikes = look_alikes
        self._due = due
        self._tried = Tried()
        self._shop_twins = ShopTwins()

    def run(self) -> None:
        """Claim all that waits now, then freeze: to ``writing``, or to ``emptied`` where nothing is left to write.

        Raises:
            OSError: the disk refuses; what was claimed stays so, and the maker that goes on claims the rest.
            EveryOrderBreaks: so many break that it is the layout's trouble: those stay waiting, and none is held.
            TakenOver: another maker has the batch.
        """
        incident = self._lease.batch.incident_id
        with self._store.reading() as uow:
            up_to = uow.orders.newest_id(incident)
        after_id = 0
        while rows := self._waiting(incident, up_to=up_to, after_id=after_id):
            after_id = rows[-1].id or 0
            while rows:
                rows = self._again(self._claim(self._tried.note(self._decide(rows)), rows))
        self._hold_breaking()
        self._freeze()

    def _waiting(self, incident: int, *, up_to: int, after_id: int) -> list[OrderRow]:
        """Read some orders, and what was decided before about those they may look like."""
        with self._store.reading() as uow:
            rows = uow.orders.waiting(incident, up_to=up_to, limit=self._policy.chunk, after_id=after_id)
            fresh = [row.received_at for row in rows if row.released_at is None and self._dated(row)]
            if span := self._look_alikes.uncovered(fresh):
                marks = uow.orders.look_alike_marks(incident, since=span[0], until=span[1])
                self._look_alikes.add(Sighting(*mark) for mark in marks)
            self._shop_twins = ShopTwins.of_page(uow, rows)
        return rows

    def _dated(self, row: OrderRow) -> bool:
        return is_a_time(row.received_at, now=self._lease.now)

    def _decide(self, rows: Sequence[OrderRow]) -> dict[int, HoldDecision]:
        """Decide about each order, by what has been seen before it."""
        decisions: dict[int, HoldDecision] = {}
        for row in rows:
            looks_like = shop_twin = None
            if self._dated(row):
                looks_like = self._look_alikes.look(row.look_alike, row.received_at, row.number)
                self._look_alikes.add([Sighting(row.look_alike, row.received_at, row.number)])
                shop_twin = self._shop_twins.first_of(row)
            try:
                decisions[row.id or 0] = self._judge.judge(
                    row, released=row.released_at is not None, looks_like=looks_like, shop_twin=shop_twin
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, the other orders go on
                decisions[row.id or 0] = trouble_of(error)
        return decisions

    def _again(self, order_ids: Sequence[int]) -> list[OrderRow]:
        """Read orders that are to be decided about anew."""
        with self._store.reading() as uow:
            return [uow.orders.get(order_id) for order_id in order_ids]

    def _claim(self, decisions: Mapping[int, HoldDecision], rows: Sequence[OrderRow] = ()) -> list[int]:
        """Take the orders that nobody has moved meanwhile, and hold those that a person must see.

        Return those of ``rows`` that were to be held and say something else by now: their storefront has been paid.
        """
        with self._lease.writing() as change:
            ours = change.uow.orders.still_waiting(list(decisions))
            shipped = [id_ for id_, decision in decisions.items() if id_ in ours and isinstance(decision, Ship)]
            change.uow.orders.join_batch(shipped, batch_id=change.batch.id, now=self._lease.now)
            held = {id_: one for id_, one in decisions.items() if id_ in ours and not isinstance(one, Ship)}
            again = change.uow.changes.resealed([row for row in rows if row.id in held])
            held = {id_: one for id_, one in held.items() if id_ not in again}
            if held:
                _hold(change, held, now=self._lease.now)
        return again

    def _hold_breaking(self) -> None:
        """Hold the orders that break; where they are too many, what else was claimed goes out without them.

        Those stay waiting, and the next batch is begun for them alone: it stays open until they are mended, and lets
        out what has come meanwhile when that is due.
        """
        if self._tried.too_many:
            with self._store.reading() as uow:
                orders, _, first = uow.orders.sum_of_batch(self._lease.batch.id)
            if not orders or first is None or not self._due(first):
                raise self._tried.everybody()
            return
        for some in chunks(list(self._tried.breaking), self._policy.chunk):
            self._claim({order_id: self._tried.breaking[order_id] for order_id in some})

    def _freeze(self) -> None:
        # Summed before the transaction, which would keep the door out for as long as a large batch takes to read.
        # Nobody else adds to a batch that is being claimed: a maker that takes it over changes the lease, and we stop.
        batch = self._lease.batch
        with self._store.reading() as uow:
            orders, total, first = uow.orders.sum_of_batch(batch.id)
        with self._lease.writing() as change:
            change.set(
                state=BatchState.WRITING if orders else BatchState.EMPTIED,
                orders=orders,
                total_fen=total,
                window_from=window_from(first, batch.window_to),
            )


def _hold(change: BatchChange, decisions: Mapping[int, Held], *, now: datetime) -> None:
    """Set orders aside, those with the same reason together, and count them.

    The counts are kept in the row, so that a maker that takes over knows what the dead one held.
    """
    alike: dict[Held, list[int]] = defaultdict(list)
    for order_id, decision in decisions.items():
        alike[decision].append(order_id)
    for decision, order_ids in alike.items():
        looks_like = decision.number if isinstance(decision, LookAlike) else None
        change.uow.orders.hold(order_ids, kind=decision.kind, looks_like=looks_like, reason=decision.reason, now=now)
    alikes = sum(len(ids) for decision, ids in alike.items() if isinstance(decision, LookAlike))
    batch = change.batch
    change.set(
        held=batch.held + len(decisions),
        look_alikes=batch.look_alikes + alikes,
        unfit=batch.unfit + len(decisions) - alikes,
    )
