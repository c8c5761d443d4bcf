"""A maker that dies at any step, or is only thought dead, loses no order, doubles none, and changes no file."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from app.batch.lease import HeldBatch, TakenOver
from app.batch.maker import Postponed, Published, Underway
from app.domain.states import OrderState
from app.files.disk import Disk, sha256_of
from app.files.read_back import Reread
from app.handback.import_results import import_results
from app.handback.result_lines import ResultFile, ResultLine
from app.store.database.engine import Engines
from app.store.tables import Batch
from app.store.unit_of_work import Store, UnitOfWork
from tests.deployment.facts import IT
from tests.engines.batch.batch_fixtures import TEN, World, a_world, minutes  # noqa: F401 - a fixture
from tests.engines.dying import LEFT_OPEN, all_orders_are_out_once, dies

HALF_PAST = TEN + minutes(30)


@LEFT_OPEN
def test_a_maker_that_dies_at_any_step_is_followed_by_one_that_ends_its_work(sqlite: Engines, tmp_path: Path):
    world = World(sqlite, tmp_path)
    for step in itertools.count(1):
        world = world.another(tmp_path / str(step))
        twin = {"phone": "13900139000"}
        numbers = world.take(world.new(**twin), world.new(total=90000), world.new(), world.new(**twin), world.new())
        died = dies(
            world,
            step,
            lambda store, disk, world=world: world.maker(store=store, disk=disk, chunk=2, xlsx=True).run_once(
                HALF_PAST
            ),
        )
        visible = {
            name: sha256_of(world.root / "E20261122-1" / name) for name in world.files() if not name.startswith(".")
        }
        if died:
            world.maker(chunk=2, xlsx=True).run_once(HALF_PAST + minutes(1))  # the lease still runs: hands off
            (outcome,) = world.maker(chunk=2, xlsx=True).run_once(HALF_PAST + minutes(3), by=IT) or [None]
            assert outcome is None or isinstance(outcome, Published)
        (name,) = [batch.name for batch in _page(world)]
        assert world.numbers_in(name) == [numbers[1], numbers[0], numbers[2], numbers[4]], step
        assert world.batch(name).held == world.batch(name).manifest["held"] == 1
        assert world.states([numbers[3]]) == ["held"]
        assert all_orders_are_out_once(world, numbers)
        assert [n for n in world.files() if n.startswith(".")] == []
        assert all(sha256_of(world.root / "E20261122-1" / name) == sha256 for name, sha256 in visible.items()), step
        if not died:
            break
    assert step > 20  # else the fuse no longer reaches every step


def _row(world: World, name: str) -> Batch | None:
    with world.store.reading() as uow:
        return uow.batches.named(name)


def _page(world: World) -> list[Batch]:
    with world.store.reading() as uow:
        return uow.batches.page()


@LEFT_OPEN
def test_a_repair_that_dies_at_any_step_is_ended_by_the_next_tick(sqlite: Engines, tmp_path: Path):
    world = World(sqlite, tmp_path)
    for step in itertools.count(1):
        world = world.another(tmp_path / str(step))
        numbers = world.some(3)
        (broken,) = world.maker().run_once(HALF_PAST)
        failed = ResultFile((ResultLine(2, numbers[1], "failed"),), (), "0" * 64)
        import_results(world.store, broken.name, failed, by=IT, now=HALF_PAST)
        died = dies(
            world,
            step,
            lambda store, disk, world=world, broken=broken: world.maker(store=store, disk=disk).repair(
                broken.name, by=IT, now=HALF_PAST
            ),
        )
        world.maker().run_once(HALF_PAST + minutes(3))
        if died and len(_page(world)) == 1:  # it died before anything was kept
            assert step == 1
            world.maker().repair(broken.name, by=IT, now=HALF_PAST)
        assert [world.numbers_in(b.name or "") for b in _page(world)] == [[numbers[1]], numbers]
        assert world.balanced()
        if not died:
            break
    assert step > 7


class Interrupting(Disk):
    """Lets something else happen before the first file is made, while this maker believes it holds the batch."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile: Callable[[], object] | None = meanwhile

    def create(self, path: Path) -> BinaryIO:
        if meanwhile := self._meanwhile:
            self._meanwhile = None
            meanwhile()
        return super().create(path)


def test_a_maker_thought_dead_that_wakes_up_publishes_nothing_a_second_time(world: World):
    numbers = world.some(3)
    seen: list[object] = []

    def another() -> None:
        (outcome,) = world.maker().run_once(HALF_PAST + minutes(5))
        assert isinstance(outcome, Published)
        seen.extend((outcome.name, world.exports.file_of(world.batch(outcome.name).manifest, "csv").stat()))

    (outcome,) = world.maker(disk=Interrupting(another)).run_once(HALF_PAST)
    name, before = seen
    assert outcome == Underway(str(name))
    assert world.exports.file_of(world.batch(str(name)).manifest, "csv").stat() == before
    assert all_orders_are_out_once(world, numbers)
    assert [n for n in world.files() if n.startswith(".")] == []


@LEFT_OPEN
def test_a_maker_that_wakes_up_while_another_is_at_its_batch_keeps_its_hands_off(world: World):
    numbers = world.some(3)

    def another_dies() -> None:
        assert dies(world, 4, lambda store, disk: world.maker(store=store, disk=disk).run_once(HALF_PAST + minutes(5)))

    (outcome,) = world.maker(disk=Interrupting(another_dies)).run_once(HALF_PAST)
    assert isinstance(outcome, Underway)
    assert world.batch(outcome.name).state == "writing"
    assert [n for n in world.files() if not n.startswith(".")] == []
    (again,) = world.maker().run_once(HALF_PAST + minutes(8))
    assert isinstance(again, Published)
    assert (again.name, world.numbers_in(again.name)) == (outcome.name, numbers)


def test_a_batch_in_the_making_is_left_to_its_maker(world: World):
    world.some(2)
    seen: list[object] = []
    disk = Interrupting(lambda: seen.extend(world.maker().run_once(HALF_PAST, by=IT)))
    world.maker(disk=disk).run_once(HALF_PAST)
    assert seen == []  # nothing waits any more


def test_orders_that_come_while_a_batch_is_made_wait_for_its_end(world: World):
    world.some(2)
    seen: list[object] = []

    def meanwhile() -> None:
        world.some(1, at=HALF_PAST)
        seen.extend(world.maker().run_once(HALF_PAST, by=IT))

    (outcome,) = world.maker(disk=Interrupting(meanwhile)).run_once(HALF_PAST)
    assert isinstance(outcome, Published)
    assert seen == [Underway(outcome.name)]
    (late,) = world.maker().run_once(HALF_PAST, by=IT)
    assert isinstance(late, Published)
    assert late.manifest["orders"] == 1


def test_an_order_cancelled_between_the_look_and_the_claim_is_left_out(world: World):
    first, second = world.some(2)

    class Cancelling(Store):
        def writing(self) -> UnitOfWork:
            if world.states([first, second]) == ["accepted", "accepted"] and _row(world, "B20261122-1030-1"):
                with world.store.writing() as uow:
                    uow.orders.move([uow.orders.numbered(first).id], OrderState.CANCELLED)
                assert world.batch("B20261122-1030-1").state == "claiming"
            return super().writing()

    (outcome,) = world.maker(store=Cancelling(world.engines)).run_once(HALF_PAST)
    assert world.numbers_in(outcome.name) == [second]
    assert world.balanced()


def test_a_file_that_does_not_read_back_as_written_is_not_published(world: World):
    world.some(2)

    class Losing(Disk):
        def flush(self, path: Path) -> None:
            if path.name.endswith(".csv.part"):
                os.truncate(path, path.stat().st_size - 300)
            super().flush(path)

    (outcome,) = world.maker(disk=Losing()).run_once(HALF_PAST)
    assert isinstance(outcome, Postponed)
    assert "row_count" in outcome.reason
    assert world.files() == []
    (again,) = world.maker().run_once(HALF_PAST + minutes(1))
    assert isinstance(again, Published)
    assert isinstance(again.manifest["files"][0]["rows"], int)
    assert Reread(2, 2, 0, again.manifest["files"][0]["bytes"], again.manifest["sha256"])


def test_a_manifest_that_cannot_be_written_leaves_no_draft(world: World):
    world.some(1)

    class NoManifest(Disk):
        def write(self, file: BinaryIO, block: bytes) -> None:
            if block.startswith(b"{"):
                raise OSError(28, "No space left on device")
            super().write(file, block)

    (outcome,) = world.maker(disk=NoManifest()).run_once(HALF_PAST)
    assert isinstance(outcome, Postponed)
    assert world.files() == [f"{outcome.name}.csv"]
    (again,) = world.maker().run_once(HALF_PAST + minutes(1))
    assert isinstance(again, Published)


def test_a_long_production_renews_its_lease(world: World):
    world.many(1200)
    ticks = iter(range(0, 10**9, 20))
    maker = world.maker()
    maker._monotonic = lambda: float(next(ticks))  # noqa: SLF001 - twenty seconds at every look
    (outcome,) = maker.run_once(HALF_PAST)
    assert isinstance(outcome, Published)
    assert world.batch(outcome.name).published_at > HALF_PAST


def test_a_batch_without_a_row_cannot_be_held():
    batch = Batch(
        incident_id=1,
        kind="regular",
        columns="generic",
        state="claiming",
        window_from=TEN,
        window_to=TEN,
        claimed_at=TEN,
        lease_until=TEN,
    )
    with pytest.raises(TakenOver):
        HeldBatch.of(batch)
