"""Replays and their orders: planned at once, taken one by one, counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, false, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from app.domain.replay import ReplayCounts, ReplayState, SentState
from app.domain.states import BatchState, OrderState
from app.store.tables import Batch, ImportResult, OrderRow, Replay, ReplayOrder
from app.store.tables.replay import OPEN, UNENDED

_COUNTED = {
    SentState.CREATED: "created",
    SentState.EXISTS: "exists",
    SentState.REFUSED: "refused",
    SentState.SENT: "unknown",
    SentState.PERSON: "unknown",
    SentState.WAITING: "left",
    SentState.GONE: "gone",
}


class ReplayRepository:
    """Keeps how far each replay and each of its orders has come."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def unended(self, *, lock: bool = False) -> Replay | None:
        """Return the replay that has not ended, locked for the transaction if wanted; None if there is none."""
        query = select(Replay).where(UNENDED.query).order_by(Replay.id).limit(1)
        return self._session.scalars(query.with_for_update() if lock else query).first()

    def one(self, replay_id: int, *, lock: bool = False) -> Replay | None:
        """Return a replay by its id, in the same way."""
        query = select(Replay).where(Replay.id == replay_id)
        return self._session.scalars(query.with_for_update() if lock else query).first()

    def newest(self) -> Replay | None:
        """Return the replay that was planned last."""
        return self._session.scalars(select(Replay).order_by(Replay.id.desc()).limit(1)).first()

    def plan(self, incident_id: int, *, by: str, now: datetime) -> tuple[Replay, int]:
        """Take all orders of an incident's published batches of which the main system has said nothing yet."""
        replay = Replay(state=ReplayState.PLANNED, planned_by=by, planned_at=now)
        self._session.add(replay)
        self._session.flush()
        columns = ["replay_id", "order_id", "batch_id", "state", "due_at", "sends", "asked", "absent", "named", "words"]
        rows = self._silent(incident_id).add_columns(
            literal(str(SentState.WAITING)), literal(now), literal(0), literal(0), literal(0), false(), literal("")
        )
        chosen = rows.with_only_columns(literal(replay.id), *rows.selected_columns)
        self._session.execute(insert(ReplayOrder).from_select(columns, chosen))
        return replay, self.open_count(replay.id or 0)

    def _silent(self, incident_id: int) -> Select[tuple[int | None, int | None]]:
        said = exists().where(ImportResult.order_id == OrderRow.id, ImportResult.batch_id == OrderRow.batch_id)
        of = and_(Batch.id == OrderRow.batch_id, Batch.incident_id == incident_id, Batch.state == BatchState.PUBLISHED)
        return (
            select(OrderRow.id, OrderRow.batch_id)
            .join(Batch, of)
            .where(OrderRow.state == OrderState.BATCHED, OrderRow.drill.is_(False), ~said)
        )

    def claim(self, replay_id: int, *, now: datetime, lease: timedelta, alone: bool = False) -> ReplayOrder | None:
        """Take the order that is due longest, None if none is; ``alone`` takes no further one before one is settled.

        A lease of before the clock was set back holds nobody.
        """
        o = ReplayOrder
        if alone and (sent := self._first_sent(replay_id)) is not None and sent.due_at > now:
            return None
        free = or_(o.leased_until.is_(None), o.leased_until <= now, o.leased_until > now + lease)
        query = select(o).where(OPEN.query, o.replay_id == replay_id, o.due_at <= now, free)
        if alone:
            query = query.order_by(o.state)  # sent before waiting
        query = query.order_by(o.due_at, o.order_id).limit(1).with_for_update(skip_locked=True)
        found = self._session.scalars(query).first()
        if found is not None:
            found.leased_until = now + lease
            self._session.add(found)
        return found

    def _first_sent(self, replay_id: int) -> ReplayOrder | None:
        of = (ReplayOrder.replay_id == replay_id, ReplayOrder.state == SentState.SENT)
        return self._session.scalars(select(ReplayOrder).where(*of).limit(1)).first()

    def locked(self, replay_id: int, order_id: int) -> ReplayOrder | None:
        """Return one order of a replay, locked until the transaction ends."""
        of = (ReplayOrder.replay_id == replay_id, ReplayOrder.order_id == order_id)
        return self._session.scalars(select(ReplayOrder).where(*of).with_for_update()).first()

    def open_count(self, replay_id: int) -> int:
        """Count the orders of a replay that are not settled."""
        query = select(func.count()).select_from(ReplayOrder).where(OPEN.query, ReplayOrder.replay_id == replay_id)
        return self._session.scalar(query) or 0

    def give_up(self, replay_id: int) -> None:
        """Let go of the orders that were not sent; what was sent stays open to nobody and is for a person."""
        mine = update(ReplayOrder).where(ReplayOrder.replay_id == replay_id)
        self._session.execute(mine.where(ReplayOrder.state == SentState.WAITING).values(state=str(SentState.GONE)))
        asks = "重放已中止时结果未知，请到主系统核对"
        unknown = mine.where(ReplayOrder.state == SentState.SENT)
        self._session.execute(unknown.values(state=str(SentState.PERSON), words=asks))

    def counts(self, replay_id: int) -> ReplayCounts:
        """Count the orders of a replay by what has become of them."""
        query = select(ReplayOrder.state, func.count()).where(ReplayOrder.replay_id == replay_id)
        found: dict[str, int] = {}
        for state, orders in self._session.execute(query.group_by(ReplayOrder.state)):
            name = _COUNTED[SentState(state)]
            found[name] = found.get(name, 0) + orders
        return ReplayCounts(**found)

    def for_people(self, replay_id: int, *, limit: int) -> Sequence[tuple[ReplayOrder, str]]:
        """Return orders that nobody but a person can settle, with their numbers."""
        query = select(ReplayOrder, OrderRow.number).join(OrderRow, OrderRow.id == ReplayOrder.order_id)
        of = query.where(ReplayOrder.replay_id == replay_id, ReplayOrder.state == SentState.PERSON)
        return [(row, number) for row, number in self._session.execute(of.order_by(ReplayOrder.order_id).limit(limit))]
