"""Claims waiting orders for a batch, by row and never by range, some hundred a transaction.

A transaction is short so that the door never waits for it: what takes time (unsealing, looking for look-alikes) is
done before, on rows that are only read; the transaction then takes those that nobody has moved meanwhile.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from app.batch.checks import Held, HoldDecision, LookAlikes, LooksLike, MissingFields, Ship, Unreadable
from app.batch.lease import BatchLease
from app.batch.parcel import export_order_of
from app.batch.policy import BatchPolicy
from app.domain.order import Order
from app.domain.states import BatchState
from app.files.layouts import layout_named
from app.store.look_alike_index import LookAlikeIndex
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import OrderRow
from app.store.unit_of_work import Store, UnitOfWork


class Claim:
    """Fills one batch with the waiting orders of its incident, then freezes its membership."""

    def __init__(
        self, store: Store, keyring: Keyring, lease: BatchLease, seen: LookAlikeIndex, *, rules: BatchPolicy
    ) -> None:
        self._store = store
        self._keys = keyring
        self._lease = lease
        self._table = layout_named(lease.batch.columns)
        self._seen = LookAlikes(rules.look_alike_window, seen)
        self._chunk = rules.chunk

    def run(self) -> None:
        """Claim all that waits now, then freeze: to ``writing``, or to ``emptied`` where nothing is left to write.

        Raises:
            OSError: the disk refuses; what was claimed stays so, and whoever goes on claims the rest.
            TakenOver: another maker has the batch.
        """
        incident = self._lease.batch.incident_id
        with self._store.reading() as uow:
            up_to = uow.orders.newest_id(incident)
        while self._claim_some(incident, up_to=up_to):
            pass
        self._freeze()

    def _claim_some(self, incident: int, *, up_to: int) -> bool:
        with self._store.reading() as uow:
            rows = uow.orders.waiting(incident, up_to=up_to, limit=self._chunk)
            fresh = [row.received_at for row in rows if row.released_at is None]
            if span := self._seen.uncovered(fresh):
                self._seen.add(uow.orders.look_alike_marks(incident, since=span[0], until=span[1]))
        if not rows:
            return False
        verdicts = {row.id or 0: self._judge(row) for row in rows}
        with self._lease.writing() as (uow, changes):
            ours = uow.orders.still_waiting(list(verdicts))
            held = _hold(uow, {id_: v for id_, v in verdicts.items() if id_ in ours and not isinstance(v, Ship)})
            uow.orders.join_batch(
                [id_ for id_, v in verdicts.items() if id_ in ours and isinstance(v, Ship)],
                batch_id=self._lease.batch_id,
            )
            if held:
                changes.update(self._counted(held))
        return True

    def _judge(self, row: OrderRow) -> HoldDecision:
        """Decide about one order; a person's release is final."""
        alike = self._seen.look(row.look_alike, row.received_at, row.number)
        self._seen.add([(row.look_alike, row.received_at, row.number)])
        try:
            order = self._keys.open_order(row.sealed, row.number)
        except CannotUnseal:
            return Unreadable()  # not even a person's word can put it into a file
        if row.released_at is not None:
            return Ship()
        return alike or self._fitness(row, order)

    def _fitness(self, row: OrderRow, order: Order) -> HoldDecision:
        missing = self._table.missing(export_order_of(row, order))
        return MissingFields(self._table.title, tuple(missing)) if missing else Ship()

    def _counted(self, held: Sequence[Held]) -> dict[str, object]:
        """Add to the counts, kept in the row so that a maker who takes over knows what the dead one held."""
        batch = self._lease.batch
        alikes = sum(1 for verdict in held if isinstance(verdict, LooksLike))
        return {
            "held": batch.held + len(held),
            "look_alikes": batch.look_alikes + alikes,
            "unfit": batch.unfit + len(held) - alikes,
        }

    def _freeze(self) -> None:
        # Summed before the transaction, which would keep the door out for as long as a large batch takes to read.
        # Nobody else adds to a batch that is being claimed: who takes it over changes the lease, and we stop.
        with self._store.reading() as uow:
            orders, total, first = uow.orders.sum_of_batch(self._lease.batch_id)
        with self._lease.writing() as (_, changes):
            since = min(first or self._lease.batch.window_to, self._lease.batch.window_to)
            changes.update(
                state=BatchState.WRITING if orders else BatchState.EMPTIED,
                orders=orders,
                total_fen=total,
                window_from=since,
            )


def _hold(uow: UnitOfWork, verdicts: Mapping[int, Held]) -> list[Held]:
    """Set orders aside, those with the same reason together."""
    alike: dict[Held, list[int]] = defaultdict(list)
    for order_id, verdict in verdicts.items():
        alike[verdict].append(order_id)
    for verdict, order_ids in alike.items():
        uow.orders.hold(
            order_ids, looks_like=verdict.number if isinstance(verdict, LooksLike) else None, reason=verdict.reason
        )
    return list(verdicts.values())
