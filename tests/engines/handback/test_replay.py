"""Orders go home by the main system's API, each exactly once whatever is killed or left unanswered; on both engines."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from app.domain.circuit_breaker import FAILURES
from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    FoundInMain,
    MainThrottled,
    MainUnknown,
    OrderNames,
    OrderRefused,
    OrderToSend,
    SameNumber,
)
from app.domain.problems import NotFound, NotInThisState
from app.domain.replay import ReplayCounts, ReplayState
from app.domain.states import OrderState
from app.handback.import_results import import_results
from app.handback.replay.decide import abort_replay, pause_replay, plan_replay, run_replay
from app.handback.replay.run import AT_A_TIME, LEASE, Replayer
from app.handback.result_lines import ResultFile, ResultLine
from app.store.tables import OrderRow, Replay
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, KEYS, OPS, minutes, seconds
from tests.engines.orders.test_changes import CANCEL, asks
from tests.fakes.scripted_main import Killed, ScriptedMain


@dataclass
class Way:
    """A deployment with a published batch, and its way home."""

    deployment: Deployment
    main: ScriptedMain = field(default_factory=ScriptedMain)
    numbers: list[str] = field(default_factory=list)
    processes: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.replayer = self.another()

    def another(self) -> Replayer:
        """Return what another process would have."""
        one, holder = self.deployment, f"process {next(self.processes)}"
        return Replayer(one.store, KEYS, one.clock, lambda _: self.main, holder=holder)

    def batch(self, count: int) -> str:
        """Publish a batch of so many orders; return its name."""
        self.numbers = self.deployment.door.some(count)
        self.deployment.clock.at = HALF_PAST
        (made,) = self.deployment.maker.run(HALF_PAST)
        self.deployment.clock.at += minutes(10)
        return str(made.name)

    def plan(self, count: int = 3) -> str:
        """Publish a batch, and plan and start its replay."""
        name = self.batch(count)
        with self.deployment.store.writing() as uow:
            _, orders = plan_replay(uow, self.incident, by=OPS, now=self.deployment.clock.at)
            assert orders == count
            run_replay(uow, by=OPS, now=self.deployment.clock.at)
        return name

    @property
    def incident(self) -> int:
        return self.deployment.rows.order(self.numbers[0]).incident_id

    async def goes_on(self, *, turns: int = 30, every: float = 5.0) -> ReplayCounts:
        """Let turns and minutes pass; return what it has come to."""
        for _ in range(turns):
            while await self.replayer.run_once():
                pass
            if self.replay.state in (ReplayState.DONE, ReplayState.ABORTED):
                break
            self.deployment.clock.at += minutes(every)
        return self.counts

    @property
    def counts(self) -> ReplayCounts:
        found = self.replayer.counts()
        assert found is not None
        return found

    @property
    def replay(self) -> Replay:
        with self.deployment.store.reading() as uow:
            found = uow.replays.newest()
            assert found is not None
            return found

    def order(self, number: str) -> OrderRow:
        return self.deployment.rows.order(number)

    def states(self) -> Counter[str]:
        return Counter(self.order(number).state for number in self.numbers)

    def people(self) -> dict[str, str]:
        with self.deployment.store.reading() as uow:
            return {number: row.words for row, number in uow.replays.for_people(self.replay.id or 0, limit=100)}

    def each_once(self) -> None:
        """Every order is there exactly once, and we know its number there."""
        assert set(self.main.created.values()) == {1}
        for number in self.numbers:
            row = self.order(number)
            assert (row.state, row.main_order_number) == (OrderState.IMPORTED, self.main.has[number].main_numbers[0])


@pytest.fixture
def way(deployment: Deployment) -> Way:
    return Way(deployment)


async def test_each_order_is_asked_for_sent_and_kept_with_its_number(way: Way):
    way.plan(5)
    assert await way.goes_on() == ReplayCounts(created=5)
    way.each_once()
    assert way.replay.state == ReplayState.DONE
    assert [names.ours for names in way.main.asked[:2]] == [way.numbers[0], way.numbers[0]]  # before it, and after it


async def test_nothing_more_leaves_before_the_first_order_has_been_found_there(way: Way):
    way.plan(4)
    hidden = True
    way.main.says = lambda names: AbsentFromMain() if hidden and names.ours in way.main.created else None
    await way.replayer.run_once()
    await way.replayer.run_once()
    way.deployment.clock.at += seconds(3)
    await way.replayer.run_once()
    assert (len(way.main.sent), way.replay.state) == (1, ReplayState.RUNNING)
    hidden = False
    way.deployment.clock.at += minutes(5)
    await way.goes_on()
    way.each_once()


async def test_a_first_order_that_never_turns_up_stops_the_replay_and_asks(way: Way):
    way.plan(4)
    way.main.says = lambda _: AbsentFromMain()
    await way.goes_on()
    assert (len(way.main.sent), way.replay.state) == (1, ReplayState.PAUSED)
    assert "第一单" in way.replay.reason
    assert list(way.people()) == way.numbers[:1]


async def test_what_is_there_already_is_not_sent(way: Way):
    way.plan(3)
    ours, shops, other = way.numbers
    way.main.has[ours] = FoundInMain(main_numbers=("A",), by="ours")
    way.main.has[shops] = FoundInMain(main_numbers=("B",), by="shop", goods=_goods(way, shops))
    way.main.has[other] = FoundInMain(main_numbers=("C",), by="ours", total_fen=1)
    await way.goes_on()
    assert way.main.sent == []
    assert way.counts == ReplayCounts(exists=2, unknown=1)
    assert [way.order(n).state for n in way.numbers] == [
        OrderState.IMPORTED,
        OrderState.DUPLICATE,
        OrderState.BATCHED,
    ]
    assert list(way.people()) == [other]


def _goods(way: Way, number: str) -> tuple[tuple[str, int], ...]:
    row = way.order(number)
    return tuple((item.sku, item.quantity) for item in KEYS.open_order(row.sealed, number).items)


async def test_what_it_refuses_is_failed_in_its_own_words(way: Way):
    name = way.plan(3)
    bad = way.numbers[1]
    way.main.does = lambda order: OrderRefused("商品编码不存在：A-1", "sku") if order.names.ours == bad else None
    assert await way.goes_on() == ReplayCounts(created=2, refused=1)
    with way.deployment.store.reading() as uow:
        batch = uow.batches.named(name)
        assert batch is not None
        last = uow.results.last_words(batch.id or 0, [way.order(bad).id or 0])
    (word,) = last.values()
    assert (word.result, word.reason) == ("failed", "商品编码不存在：A-1（sku）")
    assert way.order(bad).state == OrderState.BATCHED  # the repair batch is for it


async def test_an_answer_that_never_comes_is_looked_for_and_not_sent_again(way: Way):
    """Every order is stored, and every answer lost."""
    way.plan(6)
    way.main.then = lambda _: MainUnknown("timeout")
    assert await way.goes_on() == ReplayCounts(created=6)
    way.each_once()


@pytest.mark.parametrize("same_number", [SameNumber.REFUSES, SameNumber.UPDATES, SameNumber.EITHER])
async def test_what_was_lost_on_the_way_is_sent_again_where_that_cannot_double_it(way: Way, same_number: SameNumber):
    way.main.same_number = same_number
    way.plan(4)
    lost = Counter[str]()

    def loses_the_first(order: OrderToSend) -> CreateOutcome | None:
        lost[order.names.ours] += 1
        return MainUnknown("timeout") if lost[order.names.ours] == 1 else None

    way.main.does = loses_the_first
    assert await way.goes_on(turns=60) == ReplayCounts(created=4)
    way.each_once()


async def test_where_it_could_be_doubled_a_person_looks(way: Way):
    way.main.same_number = SameNumber.DOUBLES
    way.plan(3)
    lost = way.numbers[2]
    way.main.does = lambda order: MainUnknown("timeout") if order.names.ours == lost else None
    assert await way.goes_on() == ReplayCounts(created=2, unknown=1)
    assert list(way.people()) == [lost]
    assert sum(one.names.ours == lost for one in way.main.sent) == 1


@pytest.mark.parametrize("point", ["find", "before", "after"])
async def test_whichever_process_dies_wherever_each_order_is_there_once(way: Way, point: str):
    """At every call of every order, each process that makes it dies once; the next one ends its work."""
    way.plan(5)
    dead = Counter[str]()

    def dies(order: OrderToSend | OrderNames) -> Any:
        number = order.ours if isinstance(order, OrderNames) else order.names.ours
        dead[number] += 1
        if dead[number] == 1:
            raise Killed

    setattr(way.main, {"find": "says", "before": "does", "after": "then"}[point], dies)
    for _ in range(60):
        try:
            while await way.replayer.run_once():
                pass
        except Killed:
            way.replayer = way.another()
        if way.replay.state == ReplayState.DONE:
            break
        way.deployment.clock.at += LEASE + seconds(1)
    assert way.counts == ReplayCounts(created=5)
    assert len(dead) == 5
    way.each_once()


async def test_two_processes_at_once_send_no_order_twice_and_one_of_them_drives(way: Way):
    way.plan(6)
    other = way.another()

    def meanwhile(_: OrderToSend) -> None:
        assert uow_free(way)

    way.main.does = meanwhile
    while way.replay.state == ReplayState.RUNNING:
        await way.replayer.run_once()
        assert await other.run_once() == 0
        way.deployment.clock.at += seconds(5)
    way.each_once()


async def test_whoever_lets_go_is_followed_at_once(way: Way):
    way.plan(3)
    await way.replayer.run_once()
    way.replayer.let_go()
    way.replayer = way.another()
    assert await way.goes_on() == ReplayCounts(created=3)


def uow_free(way: Way) -> bool:
    """Tell whether the store can be written to while the main system is called: no lock is held over a call."""
    with way.deployment.store.writing() as uow:
        return uow.replays.unended(lock=True) is not None


@pytest.mark.parametrize("at", ["find", "create"])
async def test_a_limit_charges_no_order_and_is_waited_out(way: Way, at: str):
    way.plan(2)
    full = True

    def limit(_: object) -> MainThrottled | None:
        return MainThrottled(minutes(2)) if full else None

    setattr(way.main, "says" if at == "find" else "does", limit)
    await way.replayer.run_once()
    assert await way.replayer.run_once() == 0
    full = False
    assert await way.replayer.run_once() == 0
    way.deployment.clock.at += minutes(2)
    await way.replayer.run_once()
    assert len(way.main.created) == 1
    assert await way.goes_on() == ReplayCounts(created=2)
    way.each_once()


@pytest.mark.parametrize("at", ["find", "create"])
async def test_a_token_that_expires_in_the_middle_pauses_it_and_it_goes_on(way: Way, at: str):
    way.plan(6)
    expired = False

    def access(what: OrderToSend | OrderNames) -> AccessRefused | None:
        number = what.ours if isinstance(what, OrderNames) else what.names.ours
        return AccessRefused("token", "access_token 已过期") if expired and number == way.numbers[3] else None

    setattr(way.main, "says" if at == "find" else "does", access)
    expired = True
    await way.goes_on(turns=3)
    assert (way.replay.state, "access_token 已过期" in way.replay.reason) == (ReplayState.PAUSED, True)
    assert way.counts == ReplayCounts(created=3, left=3)
    expired = False
    with way.deployment.store.writing() as uow:
        run_replay(uow, by=OPS, now=way.deployment.clock.at)
    assert await way.goes_on() == ReplayCounts(created=6)
    way.each_once()


async def test_a_silent_main_system_is_left_alone(way: Way):
    way.plan(10)
    way.main.says = lambda _: MainUnknown("timeout")
    await way.replayer.run_once()
    await way.replayer.run_once()
    assert len(way.main.asked) == FAILURES
    way.main.says = lambda _: None
    assert await way.goes_on() == ReplayCounts(created=10)
    way.each_once()


async def test_paused_nothing_leaves_and_given_up_what_is_unknown_is_a_persons(way: Way):
    way.plan(5)
    now = way.deployment.clock.at

    def pauses(order: OrderToSend) -> CreateOutcome | None:
        if order.names.ours != way.numbers[1]:
            return None
        with way.deployment.store.writing() as uow:
            pause_replay(uow, reason="核对库存", by=OPS, now=now)
        return MainUnknown("timeout")

    way.main.then = pauses
    await way.goes_on(turns=3)
    assert (len(way.main.sent), way.replay.state) == (2, ReplayState.PAUSED)
    assert way.counts == ReplayCounts(created=1, unknown=1, left=3)
    with way.deployment.store.writing() as uow:
        abort_replay(uow, reason="改用文件", by=OPS, now=now)
    assert (way.counts, list(way.people())) == (ReplayCounts(created=1, unknown=1, gone=3), [way.numbers[1]])
    with pytest.raises(NotFound), way.deployment.store.writing() as uow:
        run_replay(uow, by=OPS, now=now)


async def test_an_answer_that_comes_after_it_was_given_up_is_kept(way: Way):
    way.plan(3)

    def gives_up(order: OrderToSend) -> CreateOutcome | None:
        if order.names.ours == way.numbers[1]:
            with way.deployment.store.writing() as uow:
                abort_replay(uow, reason="改用文件", by=OPS, now=way.deployment.clock.at)
        return None

    way.main.then = gives_up
    assert await way.goes_on() == ReplayCounts(created=2, gone=1)
    assert way.order(way.numbers[1]).state == OrderState.IMPORTED


async def test_what_a_file_brought_home_meanwhile_is_not_sent(way: Way):
    name = way.plan(3)
    by_file = way.numbers[1]
    line = ResultLine(1, by_file, "imported", "F-1")
    import_results(
        way.deployment.store,
        name,
        ResultFile(lines=(line,), bad=(), sha256="0" * 64),
        by=OPS,
        now=way.deployment.clock.at,
    )
    assert await way.goes_on() == ReplayCounts(created=2, gone=1)
    assert by_file not in way.main.created


async def test_an_order_that_its_storefront_cancels_meanwhile_is_not_sent(way: Way):
    """Also if that comes between the look and the sending."""
    way.plan(3)
    before, between, _ = way.numbers
    asks(way.deployment, before, CANCEL)

    def cancels(names: OrderNames) -> None:
        if names.ours == between:
            asks(way.deployment, between, CANCEL)

    way.main.says = cancels
    assert await way.goes_on() == ReplayCounts(created=1, unknown=2)
    assert set(way.main.created) == {way.numbers[2]}
    assert all("取消" in words for words in way.people().values())


async def test_one_replay_at_a_time_and_only_of_what_waits_for_a_word(way: Way):
    way.plan(2)
    now = way.deployment.clock.at
    with pytest.raises(NotInThisState, match="尚未结束"), way.deployment.store.writing() as uow:
        plan_replay(uow, way.incident, by=OPS, now=now)
    await way.goes_on()
    with pytest.raises(NotInThisState, match="没有可重放的订单"), way.deployment.store.writing() as uow:
        plan_replay(uow, way.incident, by=OPS, now=now)
    with pytest.raises(NotFound), way.deployment.store.writing() as uow:
        pause_replay(uow, reason="", by=OPS, now=now)


async def test_an_order_that_cannot_be_read_stops_no_other(way: Way):
    way.batch(3)
    broken = way.numbers[0]
    with way.deployment.store.writing() as uow:
        row = uow.held.locked(broken)
        assert row is not None
        row.sealed = b"x" * 40
    with way.deployment.store.writing() as uow:
        plan_replay(uow, way.incident, by=OPS, now=way.deployment.clock.at)
        run_replay(uow, by=OPS, now=way.deployment.clock.at)
    assert await way.goes_on() == ReplayCounts(created=2, unknown=1)
    assert list(way.people()) == [broken]


async def test_it_goes_on_over_more_orders_than_one_turn_takes(way: Way):
    way.plan(AT_A_TIME + 5)
    assert await way.goes_on() == ReplayCounts(created=AT_A_TIME + 5)
    way.each_once()


async def test_a_contradiction_is_kept_for_a_person_and_not_written_over(way: Way):
    """What the API says of an order that a person has just called otherwise goes to the queue, not over his word."""
    way.plan(2)

    def corrected(names: OrderNames) -> FindOutcome | None:
        if names.ours != way.numbers[1] or way.order(names.ours).state != OrderState.BATCHED:
            return None
        with way.deployment.store.writing() as uow:
            uow.orders.move(
                [way.order(names.ours).id or 0],
                OrderState.CANCELLED,
                only_from=(OrderState.BATCHED,),
                settled_at=way.deployment.clock.at,
            )
        return ExistsInMain(FoundInMain(main_numbers=("X",), by="ours"))

    way.main.says = corrected
    assert await way.goes_on() == ReplayCounts(created=1, gone=1)
    assert way.order(way.numbers[1]).state == OrderState.CANCELLED
