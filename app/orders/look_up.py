"""Asks the main system whether it has the held orders that it may have, and settles them by what it answers.

Only reads leave from here, so whatever is killed, repeated or done twice at once harms nothing: an answer counts in the
transaction that settles the order, and only if nobody and nothing has come in between.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from app.domain.actor import SYSTEM
from app.domain.circuit_breaker import CircuitBreaker
from app.domain.clock import Clock
from app.domain.look_up import QUIET, LookUpState, is_back, may_be_asked_at
from app.domain.main_system import AbsentFromMain, FindOutcome, OrderNames
from app.domain.order import Order
from app.domain.way_home import (
    AfterFind,
    AskFirst,
    ComesHome,
    PersonDecides,
    SendNow,
    StopEverybody,
    WaitThenGoOn,
    after_find,
    rest_after,
)
from app.main_system.port import MainOf, MainSystem
from app.orders.settle import LONGEST_NUMBER, absent_from_main, found_in_main
from app.store.names_in_main import names_in_main
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import LookUp, PassedOnOrder
from app.store.unit_of_work import Store, UnitOfWork

LEASE = timedelta(minutes=3)
"""Longer than any call may take: whose process died in one is asked about again."""

AT_A_TIME = 50
ENROLLED_AT_A_TIME = 500
ACCESS_REFUSED = timedelta(minutes=5)
"""How long nobody asks where key, address or clock are wrong; a person may let it ask at once."""


@dataclass(slots=True)
class Settled:
    """What a run came to, in orders."""

    found: int = 0
    not_found: int = 0
    unanswered: int = 0
    """Answered by nothing that settles it: no answer, a "no" that is not believed yet, or one for a person."""
    waiting: int = 0
    """Those whose look is still open."""


@dataclass(frozen=True, slots=True)
class _Asked:
    number: str
    names: OrderNames
    order: Order
    main: MainSystem
    until: datetime
    """The lease under which it is asked: whoever has none any more is not heard."""


@dataclass(slots=True)
class LookUps:
    """Looks one order up after the other; how fast is for its adapter, which leaves half of the account to others."""

    store: Store
    keyring: Keyring
    clock: Clock
    main_of: MainOf
    _breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    async def run_once(self, *, hurry: bool = False) -> Settled:
        """Ask about those that are due; with ``hurry`` about those that rest, or wait for a person, as well."""
        done = Settled()
        if not hurry and not await asyncio.to_thread(self._has_work):
            done.waiting = await asyncio.to_thread(self._waiting)
            return done
        await asyncio.to_thread(self._enrol, hurry)
        for _ in range(AT_A_TIME):
            if not self._breaker.allows(self.clock.now()):
                break
            asked = await asyncio.to_thread(self._claim)
            if asked is None:
                break
            outcome = await asked.main.find(asked.names)
            end = await asyncio.to_thread(self._take, asked, outcome)
            done.found += end is LookUpState.FOUND
            done.not_found += end is LookUpState.ABSENT
            done.unanswered += end in (LookUpState.OPEN, LookUpState.PERSON)
        done.waiting = await asyncio.to_thread(self._waiting)
        return done

    def _has_work(self) -> bool:
        with self.store.reading() as uow:
            return uow.look_ups.has_work(now=self.clock.now())

    def _enrol(self, hurry: bool) -> None:  # noqa: FBT001 - handed to a thread
        with self.store.writing() as uow:
            uow.look_ups.enrol(now=self.clock.now(), limit=ENROLLED_AT_A_TIME)
            if hurry:
                uow.look_ups.hurry(now=self.clock.now())
        if hurry:
            self._breaker.answered()

    def _waiting(self) -> int:
        with self.store.reading() as uow:
            return uow.look_ups.waiting()

    def _claim(self) -> _Asked | None:
        """Take the order that is due longest; one that cannot be read is a person's, and the next one is taken."""
        now = self.clock.now()
        while True:
            with self.store.writing() as uow:
                look = uow.look_ups.claim(now=now, lease=LEASE)
                if look is None:
                    return None
                row = uow.orders.numbered(look.number)
                if row is None:
                    _end(look, LookUpState.OVER, now=now)
                    continue
                try:
                    order = self.keyring.open_order(row.sealed, row.number)
                except CannotUnseal:
                    _end(look, LookUpState.PERSON, now=now, words="这一单的资料无法读取，请人工核对")
                    continue
                main = self.main_of(row.profile)
                if main is None:
                    _end(look, LookUpState.PERSON, now=now, words="没有可用的主系统接口，请人工核对")
                    continue
                return _Asked(row.number, names_in_main(uow, row), order, main, now + LEASE)

    def _take(self, asked: _Asked, outcome: FindOutcome) -> LookUpState:
        """Settle an order by an answer, or note when to ask again; return how its look stands now."""
        now = self.clock.now()
        self._breaker.heard(outcome, now=now)
        with self.store.writing() as uow:
            look = uow.look_ups.locked(asked.number)
            if look is None or not look.is_open or look.leased_until != asked.until:
                return LookUpState.OVER
            look.leased_until, look.asked_at = None, now
            noted = uow.passed_on.of(asked.number)
            if noted is None or not noted.is_open:
                return _end(look, LookUpState.OVER, now=now)
            absent = isinstance(outcome, AbsentFromMain)
            if absent and noted.times != look.times:
                return _begin_again(look, noted, now=now)
            if absent and not is_back(uow.passed_on.newest_sent_at(since=now - QUIET), now=now):
                return _wait(look, rest_after(look.asked + 1), now=now, words="主系统尚未恢复接单，暂不采信“没有此单”")
            look.asked += 1
            look.absent += absent
            after = after_find(
                outcome,
                asked.order,
                asked=look.asked,
                absent=look.absent,
                may_be_there=True,
                same_number=asked.main.same_number,
            )
            return self._settle(uow, look, after, now)

    def _settle(self, uow: UnitOfWork, look: LookUp, after: AfterFind, now: datetime) -> LookUpState:
        match after:
            case ComesHome(numbers):
                theirs = next((one for one in numbers if 0 < len(one) <= LONGEST_NUMBER and one.isprintable()), None)
                if theirs is None:
                    return _end(look, LookUpState.PERSON, now=now, words="主系统已有此单，但没有给出单号，请核对")
                found_in_main(uow, look.number, main_number=theirs, by=SYSTEM, now=now)
                return _end(look, LookUpState.FOUND, now=now, words=f"主系统已有此单：{'、'.join(numbers)}")
            case SendNow():
                absent_from_main(uow, look.number, asked=look.absent, by=SYSTEM, now=now)
                return _end(look, LookUpState.ABSENT, now=now, words=f"查询 {look.absent} 次，主系统没有此单")
            case AskFirst(wait):
                return _wait(look, wait, now=now, words=_so_far(look))
            case WaitThenGoOn(wait):
                self._breaker.leave_alone(wait, now=now)
                return _wait(look, wait, now=now, words="主系统要求稍后再查")
            case StopEverybody(code, words):
                self._breaker.leave_alone(ACCESS_REFUSED, now=now)
                return _wait(
                    look, timedelta(), now=now, words=f"主系统拒绝查询（{words or code}），请检查密钥、地址与时钟"
                )
            case PersonDecides(reason):
                return _end(look, LookUpState.PERSON, now=now, words=reason)
            case _:
                assert_never(after)


def _so_far(look: LookUp) -> str:
    return (
        f"已查询 {look.asked} 次，其中 {look.absent} 次没有此单" if look.absent else f"已查询 {look.asked} 次，尚无答复"
    )


def _begin_again(look: LookUp, noted: PassedOnOrder, *, now: datetime) -> LookUpState:
    look.times, look.asked, look.absent = noted.times, 0, 0
    return _wait(look, may_be_asked_at(noted.last_at, now=now) - now, now=now, words="又有一次请求转来，重新查询")


def _wait(look: LookUp, wait: timedelta, *, now: datetime, words: str) -> LookUpState:
    look.due_at, look.words = now + wait, words[:300]
    return LookUpState.OPEN


def _end(look: LookUp, state: LookUpState, *, now: datetime, words: str = "") -> LookUpState:
    look.state, look.ended_at, look.words = str(state), now, words[:300]
    return state
