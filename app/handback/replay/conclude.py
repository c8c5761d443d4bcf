"""What an answer of the main system changes for an order of a replay, in the transaction that keeps it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from app.domain.actor import SYSTEM
from app.domain.circuit_breaker import CircuitBreaker
from app.domain.main_system import (
    AbsentFromMain,
    CreatedInMain,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    OrderToSend,
)
from app.domain.replay import ReplayState, SentState
from app.domain.states import OrderState
from app.domain.way_home import (
    RESTS,
    AskFirst,
    ComesHome,
    PersonDecides,
    SendNow,
    StaysRefused,
    StopEverybody,
    WaitThenGoOn,
    after_create,
    after_find,
)
from app.handback.import_results import take_result
from app.handback.replay.decide import pause
from app.handback.result_lines import MAX_NUMBER, Result, ResultLine
from app.main_system.port import MainSystem
from app.store.tables import Batch, Replay, ReplayOrder
from app.store.unit_of_work import UnitOfWork
from app.words.changes import CHANGES

MOST_SENDS = 3
"""After so many, each of which nobody could find, a person looks."""

SOON = timedelta(seconds=2)
"""Until the first order of a replay, which the main system says it has, is looked for there."""


@dataclass(frozen=True, slots=True)
class OrderInHand:
    """An order that one process has in hand; ``until`` is its lease, and whoever has none any more is not heard."""

    replay_id: int
    order_id: int
    order: OrderToSend
    main: MainSystem
    until: datetime


@dataclass(frozen=True, slots=True)
class _AsItStands:
    uow: UnitOfWork
    taken: OrderInHand
    replay: Replay
    row: ReplayOrder
    batch: Batch
    now: datetime


def conclude_find(
    uow: UnitOfWork, taken: OrderInHand, outcome: FindOutcome, *, breaker: CircuitBreaker, now: datetime
) -> bool:
    """Keep what a look found; tell whether the order is to be sent now, which is written down then."""
    one = _in_hand(uow, taken, now=now)
    if one is None:
        return False
    row = one.row
    row.asked += 1
    row.absent += isinstance(outcome, AbsentFromMain)
    noted = uow.passed_on.of(taken.order.names.ours)
    after = after_find(
        outcome,
        taken.order.order,
        asked=row.asked,
        absent=row.absent,
        may_be_there=row.sends > 0 or (noted is not None and noted.is_open),
        same_number=taken.main.same_number,
    )
    match after:
        case ComesHome(numbers):
            by_us = isinstance(outcome, ExistsInMain) and outcome.found is not None and outcome.found.by == "ours"
            _comes_home(one, numbers, ours=row.sends > 0 or by_us, created=row.sends > 0)
        case SendNow():
            return _may_send(one)
        case AskFirst(wait):
            _ask_again(one, wait)
        case WaitThenGoOn() | StopEverybody():
            _held_up(one, after, breaker)
        case PersonDecides(reason):
            _for_a_person(one, reason)
        case _:
            assert_never(after)
    return False


def conclude_send(
    uow: UnitOfWork, taken: OrderInHand, outcome: CreateOutcome, *, breaker: CircuitBreaker, now: datetime
) -> None:
    """Keep what came of sending an order."""
    one = _in_hand(uow, taken, now=now)
    if one is None:
        return
    row = one.row
    after = after_create(outcome, taken.order.order)
    match after:
        case ComesHome(numbers) if isinstance(outcome, CreatedInMain):
            if one.replay.proven:
                _comes_home(one, numbers, ours=True, created=True)
            else:
                row.words = f"主系统答复已创建（{'、'.join(numbers)}），正在核对"[:500]
                row.named, row.asked, row.absent = True, 0, 0
                _ask_again(one, SOON)
        case ComesHome(numbers):
            _comes_home(one, numbers, ours=row.sends > 1, created=row.sends > 1)
        case StaysRefused(words, at):
            reason = f"{words}（{at}）" if at else words
            take_result(uow, one.batch, _line(taken, "failed", (), reason), by=SYSTEM, now=now)
            row.state, row.words, row.leased_until = SentState.REFUSED, reason[:500], None
        case AskFirst(wait):
            row.asked = row.absent = 0
            _ask_again(one, wait)
        case WaitThenGoOn() | StopEverybody():  # nothing was done
            row.sends -= 1
            row.state = SentState.SENT if row.sends else SentState.WAITING
            _held_up(one, after, breaker)
        case PersonDecides(reason):
            _for_a_person(one, reason)
        case _:
            assert_never(after)


def person(row: ReplayOrder, words: str) -> None:
    """Leave an order to a person, who reads why."""
    row.state, row.words, row.leased_until = SentState.PERSON, words[:500], None


def _in_hand(uow: UnitOfWork, taken: OrderInHand, *, now: datetime) -> _AsItStands | None:
    """Return an order as it stands, locked; None where somebody else has it, or has settled it meanwhile."""
    replay = uow.replays.one(taken.replay_id, lock=True)
    row = uow.replays.locked(taken.replay_id, taken.order_id)
    if replay is None or row is None or row.leased_until != taken.until:
        return None
    order = uow.held.locked(taken.order.names.ours)
    if order is None or order.state != OrderState.BATCHED or order.batch_id != row.batch_id:
        row.state, row.leased_until = SentState.GONE, None
        return None
    return _AsItStands(uow, taken, replay, row, uow.batches.get(row.batch_id), now)


def _may_send(one: _AsItStands) -> bool:
    row = one.row
    if row.named:
        _for_a_person(one, f"{row.words.partition('，')[0]}，但查询 {row.absent} 次都没有，请核对后处理")
        return False
    if row.sends >= MOST_SENDS:
        _for_a_person(one, f"已发送 {row.sends} 次，主系统里仍查不到，请核对后处理")
        return False
    if noted := one.uow.changes.noted_of([row.order_id]):
        said = "、".join(CHANGES[change.kind] for change in noted)
        _for_a_person(one, f"店铺随后要求：{said}；没有发送，请在待办里了结")
        return False
    if one.replay.state != ReplayState.RUNNING:  # paused or given up while it was looked for
        row.leased_until = None
        return False
    row.state, row.sends, row.due_at = SentState.SENT, row.sends + 1, one.now + RESTS[0]
    row.asked = row.absent = 0
    return True


def _comes_home(one: _AsItStands, numbers: tuple[str, ...], *, ours: bool, created: bool) -> None:
    """Keep that an order is there: by our doing, or as one that had been there before."""
    fit = tuple(number for number in numbers if 0 < len(number) <= MAX_NUMBER and number.isprintable())
    line = _line(one.taken, "imported" if ours else "duplicate", fit, None)
    take_result(one.uow, one.batch, line, by=SYSTEM, now=one.now)
    one.row.state = SentState.CREATED if created else SentState.EXISTS
    one.row.words, one.row.leased_until = "", None
    if created:
        one.replay.proven = True


def _line(taken: OrderInHand, result: Result, numbers: tuple[str, ...], reason: str | None) -> ResultLine:
    return ResultLine(
        row=0,
        number=taken.order.names.ours,
        result=result,
        main_order_number=numbers[0] if numbers else None,
        reason=reason[:500] if reason else None,
        further=numbers[1:],
    )


def _ask_again(one: _AsItStands, wait: timedelta) -> None:
    one.row.due_at, one.row.leased_until = one.now + wait, None


def _held_up(one: _AsItStands, after: WaitThenGoOn | StopEverybody, breaker: CircuitBreaker) -> None:
    """Let the order wait as it is: nobody gets through, and it is not charged with that."""
    _ask_again(one, timedelta())
    if isinstance(after, WaitThenGoOn):
        breaker.leave_alone(after.wait, now=one.now)
    elif one.replay.state == ReplayState.RUNNING:
        reason = f"主系统拒绝访问（{after.words or after.code}），请检查密钥、地址与时钟后继续"
        pause(one.uow, one.replay, reason=reason, by=SYSTEM, now=one.now)


def _for_a_person(one: _AsItStands, reason: str) -> None:
    person(one.row, reason)
    if not one.replay.proven and one.row.sends and one.replay.state == ReplayState.RUNNING:
        pause(one.uow, one.replay, reason=f"第一单未能核对：{reason}", by=SYSTEM, now=one.now)
