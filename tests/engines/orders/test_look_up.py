"""The main system is asked about each order that it may have, and its answers settle them, each once; both engines."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from app.domain.circuit_breaker import FAILURES
from app.domain.look_up import LookUpState
from app.domain.main_system import (
    AccessRefused,
    ExistsInMain,
    FindOutcome,
    FoundInMain,
    MainThrottled,
    MainUnknown,
    OrderNames,
    SameNumber,
)
from app.domain.passed_on import PassedOn, SentBefore
from app.domain.states import HeldKind, OrderState
from app.orders.decide import release
from app.orders.look_up import LEASE, LookUps, Settled
from app.store.tables import LookUp, OrderRow
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, KEYS, OPS, minutes, seconds
from tests.fakes.scripted_main import ScriptedMain

SENT = PassedOn(SentBefore.YES, "504; addr=10.0.0.10:8080")
HERE = ExistsInMain(FoundInMain(main_numbers=("M-1",), by="ours"))


@dataclass
class Office:
    """A deployment whose main system answers as told; time passes by hand."""

    deployment: Deployment
    main: ScriptedMain = field(default_factory=ScriptedMain)

    def __post_init__(self) -> None:
        self.ups = self.another()

    def another(self) -> LookUps:
        """Return what another worker would have."""
        one = self.deployment
        return LookUps(one.store, KEYS, one.clock, lambda _: self.main)

    def handed_over(self, count: int = 1, **fields: object) -> list[str]:
        """Accept orders that were sent to the main system before."""
        orders = [self.deployment.door.new(**fields)._replace(passed_on=SENT) for _ in range(count)]
        self.deployment.door.take(*orders)
        return [order.number for order in orders]

    def passes(self, minutes_: float) -> None:
        self.deployment.clock.at += minutes(minutes_)

    def says(self, answer: FindOutcome | Callable[[OrderNames], FindOutcome]) -> None:
        self.main.says = answer if callable(answer) else lambda _: answer

    async def look(self, *, hurry: bool = False) -> Settled:
        return await self.ups.run_once(hurry=hurry)

    def look_of(self, number: str) -> LookUp:
        with self.deployment.store.reading() as uow:
            found = uow.look_ups.of(number)
            assert found is not None
            return found

    def order(self, number: str) -> OrderRow:
        return self.deployment.rows.order(number)

    def flag(self, number: str) -> str | None:
        with self.deployment.store.reading() as uow:
            said = uow.passed_on.of(number)
            return said.main_may_have if said else None


@pytest.fixture
def office(deployment: Deployment) -> Office:
    return Office(deployment)


async def test_an_order_that_is_there_becomes_its_duplicate_under_its_number(office: Office):
    (number,) = office.handed_over()
    (plain,) = office.deployment.door.some(1)
    office.says(HERE)
    office.passes(2)
    assert await office.look() == Settled(found=1)
    row = office.order(number)
    assert (row.state, row.main_order_number, office.flag(number)) == (OrderState.DUPLICATE, "M-1", "yes")
    assert [names.ours for names in office.main.asked] == [number]
    office.deployment.maker.run(HALF_PAST)
    assert office.order(plain).state == OrderState.BATCHED
    assert await office.look() == Settled()


async def test_a_no_is_believed_late_and_not_at_once(office: Office):
    """A look five seconds later, or one "no", or two, release nothing; then it goes with the next batch."""
    (number,) = office.handed_over()
    office.deployment.clock.at += seconds(5)
    assert await office.look() == Settled(waiting=1)
    assert office.main.asked == []
    for _ in range(2):
        office.passes(5)
        assert await office.look() == Settled(unanswered=1, waiting=1)
        assert office.order(number).state == OrderState.HELD
    office.passes(5)
    assert await office.look() == Settled(not_found=1)
    assert (office.order(number).state, office.flag(number)) == (OrderState.ACCEPTED, "settled_no")
    office.deployment.maker.run(HALF_PAST)
    assert office.order(number).state == OrderState.BATCHED
    assert len(office.main.asked) == 3


async def test_while_orders_that_were_sent_first_still_come_its_no_is_not_believed(office: Office):
    (number,) = office.handed_over()
    for _ in range(6):
        office.passes(5)
        office.handed_over()
        await office.look()
    assert office.order(number).state == OrderState.HELD
    assert office.look_of(number).absent == 0
    for _ in range(3):
        office.passes(20)
        await office.look()
    assert office.order(number).state == OrderState.ACCEPTED


async def test_a_further_attempt_makes_the_answers_before_it_worthless(office: Office):
    order = office.deployment.door.new()._replace(passed_on=SENT)
    office.deployment.door.take(order)
    for _ in range(2):
        office.passes(5)
        await office.look()
    assert office.look_of(order.number).absent == 2
    office.passes(5)
    office.deployment.door.take(order)
    office.passes(1.5)
    await office.look()
    assert (office.look_of(order.number).absent, office.order(order.number).state) == (0, OrderState.HELD)
    for _ in range(3):
        office.passes(5)
        await office.look()
    assert office.order(order.number).state == OrderState.ACCEPTED
    office.deployment.door.take(order)  # and once more, after it was settled
    office.says(HERE)
    office.passes(5)
    assert (await office.look()).found == 1
    assert office.order(order.number).state == OrderState.DUPLICATE


async def test_what_a_person_decided_meanwhile_stands(office: Office):
    (number,) = office.handed_over()
    preflight = office.deployment.maker.preflight("generic")

    def person(_: OrderNames) -> FindOutcome:
        with office.deployment.store.writing() as uow:
            release(uow, number, preflight=preflight, by=OPS, now=office.deployment.clock.at)
        return HERE

    office.says(person)
    office.passes(5)
    assert await office.look() == Settled()
    assert (office.order(number).state, office.order(number).main_order_number) == (OrderState.ACCEPTED, None)
    assert office.look_of(number).state == LookUpState.OVER


@pytest.mark.parametrize(
    "answer",
    [
        ExistsInMain(FoundInMain(main_numbers=("M-1",), total_fen=1)),
        ExistsInMain(FoundInMain(main_numbers=("M-1",), goods=(("OTHER", 1),))),
        ExistsInMain(FoundInMain(main_numbers=("M-1",), is_void=True)),
        ExistsInMain(FoundInMain(main_numbers=())),
        ExistsInMain(FoundInMain(main_numbers=("x" * 65, "a\nb"))),
        ExistsInMain(),
        MainUnknown("no_look_up", helps=False),
    ],
)
async def test_what_does_not_fit_is_a_persons_with_a_sentence(office: Office, answer: FindOutcome):
    (number,) = office.handed_over()
    office.says(answer)
    office.passes(5)
    assert await office.look() == Settled(unanswered=1)
    look = office.look_of(number)
    assert (look.state, bool(look.words), office.order(number).state) == (LookUpState.PERSON, True, OrderState.HELD)
    office.passes(60)
    assert await office.look() == Settled()
    office.says(HERE)  # somebody has put it right there
    assert await office.look(hurry=True) == Settled(found=1)


async def test_where_a_second_one_would_double_it_a_no_is_never_enough(office: Office):
    office.main.same_number = SameNumber.DOUBLES
    (number,) = office.handed_over()
    for _ in range(3):
        office.passes(20)
        await office.look()
    assert (office.order(number).state, office.look_of(number).state) == (OrderState.HELD, LookUpState.PERSON)


async def test_a_silent_main_system_is_left_alone_and_then_tried_by_one_call(office: Office):
    office.handed_over(20)
    office.says(MainUnknown("timeout"))
    office.passes(5)
    assert await office.look() == Settled(unanswered=FAILURES, waiting=20)
    assert await office.look() == Settled(waiting=20)
    assert len(office.main.asked) == FAILURES
    office.passes(0.6)
    await office.look()
    assert len(office.main.asked) == FAILURES + 1
    office.passes(0.6)
    await office.look()
    assert len(office.main.asked) == FAILURES + 1  # a longer rest this time
    office.says(HERE)
    office.passes(30)
    assert await office.look() == Settled(found=20)


@pytest.mark.parametrize("answer", [MainThrottled(minutes(2)), AccessRefused("signature", "签名错误")])
async def test_where_nobody_gets_through_no_order_is_charged_with_it(office: Office, answer: FindOutcome):
    numbers = office.handed_over(3)
    office.says(answer)
    office.passes(5)
    assert await office.look() == Settled(unanswered=1, waiting=3)
    assert len(office.main.asked) == 1
    assert all(office.look_of(number).absent == 0 for number in numbers)
    office.says(HERE)
    assert await office.look() == Settled(waiting=3)
    office.passes(6)
    assert await office.look() == Settled(found=3)


async def test_a_worker_that_dies_in_a_look_is_followed_by_another(office: Office):
    (number,) = office.handed_over()

    class Killed(BaseException):
        pass

    def dies(_: OrderNames) -> FindOutcome:
        raise Killed

    office.says(dies)
    office.passes(5)
    with pytest.raises(Killed):
        await office.look()
    office.says(HERE)
    assert await office.another().run_once() == Settled(waiting=1)
    office.deployment.clock.at += LEASE
    assert await office.another().run_once() == Settled(found=1)
    assert office.order(number).state == OrderState.DUPLICATE


async def test_a_late_answer_of_a_look_that_was_taken_over_is_not_heard(office: Office):
    (number,) = office.handed_over()

    def slow(_: OrderNames) -> FindOutcome:
        office.deployment.clock.at += LEASE + seconds(1)
        with office.deployment.store.writing() as uow:
            assert uow.look_ups.claim(now=office.deployment.clock.at, lease=LEASE) is not None
        return HERE

    office.says(slow)
    office.passes(5)
    assert (await office.look()).found == 0
    assert office.order(number).state == OrderState.HELD


async def test_an_order_with_another_doubt_keeps_it(office: Office):
    (number,) = office.handed_over()
    with office.deployment.store.writing() as uow:
        row = uow.held.locked(number)
        assert row is not None
        uow.held.amend(row, {"held_kind": HeldKind.INCOMPLETE, "state_reason": "缺少收货地址"})
    for _ in range(3):
        office.passes(20)
        await office.look()
    assert (office.order(number).state, office.flag(number)) == (OrderState.HELD, "settled_no")


async def test_drills_and_orders_that_went_on_are_never_asked_about(office: Office):
    drill = office.deployment.door.new(drill=True)._replace(passed_on=SENT)
    gone = office.deployment.door.new()
    office.deployment.door.take(drill, gone)
    office.passes(31)
    office.deployment.maker.run(office.deployment.clock.at)
    office.deployment.door.take(gone._replace(passed_on=SENT))
    assert office.order(gone.number).state == OrderState.BATCHED
    office.passes(5)
    assert await office.look() == Settled()
    assert office.main.asked == []


async def test_an_order_that_cannot_be_read_stops_no_other(office: Office):
    broken, whole = office.handed_over(2)
    with office.deployment.store.writing() as uow:
        row = uow.held.locked(broken)
        assert row is not None
        uow.held.amend(row, {"sealed": b"x" * 40})
    office.says(HERE)
    office.passes(5)
    assert await office.look() == Settled(found=1)
    assert (office.look_of(broken).state, office.order(whole).state) == (LookUpState.PERSON, OrderState.DUPLICATE)


async def test_a_clock_that_was_set_back_holds_nobody_for_longer(office: Office):
    (number,) = office.handed_over()
    office.deployment.clock.at -= minutes(60)
    await office.look()
    office.says(HERE)
    office.passes(2)
    assert await office.look() == Settled(found=1)
    assert office.order(number).state == OrderState.DUPLICATE


async def test_who_asks_again_and_again_does_not_make_a_no_believed_sooner(office: Office):
    (number,) = office.handed_over()
    office.passes(5)
    for _ in range(10):
        await office.look(hurry=True)
        office.deployment.clock.at += seconds(2)
    assert len(office.main.asked) == 1
    for _ in range(2):
        office.deployment.clock.at += seconds(30)
        await office.look(hurry=True)
    assert office.order(number).state == OrderState.ACCEPTED
