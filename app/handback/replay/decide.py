"""What people decide about a replay: it is planned, run, paused and given up; one at a time."""

from datetime import datetime

from app.domain.actor import Actor
from app.domain.problems import NotFound, NotInThisState
from app.domain.replay import ReplayState
from app.store.tables import Replay
from app.store.unit_of_work import UnitOfWork

ONE_AT_A_TIME = "replay"
"""The name under which planning is serialised."""


def plan_replay(uow: UnitOfWork, incident_id: int, *, by: Actor, now: datetime) -> tuple[Replay, int]:
    """Take up the orders of an incident's published batches of which the main system has said nothing; return how many.

    Raises:
        NotInThisState: another replay has not ended, or there is nothing to send.
    """
    uow.leases.serialise(ONE_AT_A_TIME)
    if (other := uow.replays.unended()) is not None:
        raise NotInThisState(f"已有一次重放（{other.id}）尚未结束，请先完成或中止。")
    replay, orders = uow.replays.plan(incident_id, by=by.name, now=now)
    if not orders:
        raise NotInThisState("没有可重放的订单：已发布批次里没有等待主系统结果的订单。")
    uow.audit.record("replay.plan", by=by, at=now, subject=str(replay.id), detail={"orders": orders})
    return replay, orders


def run_replay(uow: UnitOfWork, *, by: Actor, now: datetime) -> Replay:
    """Start the replay that was planned, or let a paused one go on.

    Raises:
        NotFound: there is none.
    """
    replay = _current(uow)
    if replay.state != ReplayState.RUNNING:
        replay.state, replay.reason = ReplayState.RUNNING, ""
        uow.audit.record("replay.run", by=by, at=now, subject=str(replay.id))
    return replay


def pause_replay(uow: UnitOfWork, *, reason: str, by: Actor, now: datetime) -> Replay:
    """Send no further order; what is under way is followed up once it runs again.

    Raises:
        NotFound: there is none.
        NotInThisState: it does not run.
    """
    replay = _current(uow)
    if replay.state != ReplayState.RUNNING:
        raise NotInThisState("重放没有在进行中，无需暂停。")
    pause(uow, replay, reason=reason, by=by, now=now)
    return replay


def pause(uow: UnitOfWork, replay: Replay, *, reason: str, by: Actor, now: datetime) -> None:
    """Pause a running replay, whoever does it."""
    replay.state, replay.reason = ReplayState.PAUSED, reason[:300]
    uow.audit.record("replay.pause", by=by, at=now, subject=str(replay.id), detail={"reason": replay.reason})


def abort_replay(uow: UnitOfWork, *, reason: str, by: Actor, now: datetime) -> Replay:
    """End a replay: what was not sent goes home by file, and what nobody knows of is for a person.

    Raises:
        NotFound: there is none.
    """
    replay = _current(uow)
    uow.replays.give_up(replay.id or 0)
    replay.state, replay.reason, replay.ended_at = ReplayState.ABORTED, reason[:300], now
    uow.audit.record("replay.abort", by=by, at=now, subject=str(replay.id), detail={"reason": replay.reason})
    return replay


def _current(uow: UnitOfWork) -> Replay:
    replay = uow.replays.unended(lock=True)
    if replay is None:
        raise NotFound("没有进行中的重放，请先计划：lifeboat replay plan。")
    return replay
