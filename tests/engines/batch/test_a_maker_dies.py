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
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, TEN, minutes
from tests.engines.dying import LEFT_OPEN, all_orders_are_out_once, dies


@LEFT_OPEN
def test_a_maker_that_dies_at_any_step_is_followed_by_one_that_ends_its_work(sqlite: Engines, tmp_path: Path):
    deployment = Deployment(tmp_path, engines=sqlite)
    for step in itertools.count(1):
        deployment = deployment.emptied(tmp_path / str(step))
        twin = {"phone": "13900139000"}
        numbers = deployment.door.take_in_turn(
            deployment.door.new(**twin),
            deployment.door.new(total="900.00"),
            deployment.door.new(),
            deployment.door.new(**twin),
            deployment.door.new(),
        )
        died = dies(
            deployment,
            step,
            lambda store, disk, deployment=deployment: deployment.maker.build(
                store=store, disk=disk, chunk=2, xlsx=True
            ).run_once(HALF_PAST),
        )
        visible = {
            name: sha256_of(deployment.maker.folder / "E20261122-1" / name)
            for name in deployment.maker.files()
            if not name.startswith(".")
        }
        if died:
            deployment.maker.build(chunk=2, xlsx=True).run_once(
                HALF_PAST + minutes(1)
            )  # the lease still runs: hands off
            (outcome,) = deployment.maker.build(chunk=2, xlsx=True).run_once(HALF_PAST + minutes(3), by=IT) or [None]
            assert outcome is None or isinstance(outcome, Published)
        (name,) = [batch.name for batch in _page(deployment)]
        assert deployment.maker.numbers_in(name) == [numbers[1], numbers[0], numbers[2], numbers[4]], step
        assert deployment.maker.batch(name).held == deployment.maker.batch(name).manifest["held"] == 1
        assert deployment.rows.states([numbers[3]]) == ["held"]
        assert all_orders_are_out_once(deployment, numbers)
        assert [n for n in deployment.maker.files() if n.startswith(".")] == []
        assert all(
            sha256_of(deployment.maker.folder / "E20261122-1" / name) == sha256 for name, sha256 in visible.items()
        ), step
        if not died:
            break
    assert step > 20  # else the fuse no longer reaches every step


def _row(deployment: Deployment, name: str) -> Batch | None:
    with deployment.store.reading() as uow:
        return uow.batches.named(name)


def _page(deployment: Deployment) -> list[Batch]:
    with deployment.store.reading() as uow:
        return uow.batches.page()


@LEFT_OPEN
def test_a_repair_that_dies_at_any_step_is_ended_by_the_next_tick(sqlite: Engines, tmp_path: Path):
    deployment = Deployment(tmp_path, engines=sqlite)
    for step in itertools.count(1):
        deployment = deployment.emptied(tmp_path / str(step))
        numbers = deployment.door.some(3)
        (broken,) = deployment.maker.run(HALF_PAST)
        failed = ResultFile((ResultLine(2, numbers[1], "failed"),), (), "0" * 64)
        import_results(deployment.store, broken.name, failed, by=IT, now=HALF_PAST)
        died = dies(
            deployment,
            step,
            lambda store, disk, deployment=deployment, broken=broken: deployment.maker.build(
                store=store, disk=disk
            ).repair(broken.name, by=IT, now=HALF_PAST),
        )
        deployment.maker.run(HALF_PAST + minutes(3))
        if died and len(_page(deployment)) == 1:  # it died before anything was kept
            assert step == 1
            deployment.maker.repair(broken.name, by=IT, now=HALF_PAST)
        assert [deployment.maker.numbers_in(b.name or "") for b in _page(deployment)] == [[numbers[1]], numbers]
        assert deployment.rows.balanced()
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


def test_a_maker_thought_dead_that_wakes_up_publishes_nothing_a_second_time(deployment: Deployment):
    numbers = deployment.door.some(3)
    seen: list[object] = []

    def another() -> None:
        (outcome,) = deployment.maker.run(HALF_PAST + minutes(5))
        assert isinstance(outcome, Published)
        seen.extend(
            (
                outcome.name,
                deployment.maker.exports.file_of(deployment.maker.batch(outcome.name).manifest, "csv").stat(),
            )
        )

    (outcome,) = deployment.maker.build(disk=Interrupting(another)).run_once(HALF_PAST)
    name, before = seen
    assert outcome == Underway(str(name))
    assert deployment.maker.exports.file_of(deployment.maker.batch(str(name)).manifest, "csv").stat() == before
    assert all_orders_are_out_once(deployment, numbers)
    assert [n for n in deployment.maker.files() if n.startswith(".")] == []


@LEFT_OPEN
def test_a_maker_that_wakes_up_while_another_is_at_its_batch_keeps_its_hands_off(deployment: Deployment):
    numbers = deployment.door.some(3)

    def another_dies() -> None:
        assert dies(
            deployment,
            4,
            lambda store, disk: deployment.maker.build(store=store, disk=disk).run_once(HALF_PAST + minutes(5)),
        )

    (outcome,) = deployment.maker.build(disk=Interrupting(another_dies)).run_once(HALF_PAST)
    assert isinstance(outcome, Underway)
    assert deployment.maker.batch(outcome.name).state == "writing"
    assert [n for n in deployment.maker.files() if not n.startswith(".")] == []
    (again,) = deployment.maker.run(HALF_PAST + minutes(8))
    assert isinstance(again, Published)
    assert (again.name, deployment.maker.numbers_in(again.name)) == (outcome.name, numbers)


def test_a_batch_in_the_making_is_left_to_its_maker(deployment: Deployment):
    deployment.door.some(2)
    seen: list[object] = []
    disk = Interrupting(lambda: seen.extend(deployment.maker.run(HALF_PAST, by=IT)))
    deployment.maker.build(disk=disk).run_once(HALF_PAST)
    assert seen == [Underway("B20261122-1030-1")]  # nothing waits any more, and the person hears why


def test_orders_that_come_while_a_batch_is_made_wait_for_its_end(deployment: Deployment):
    deployment.door.some(2)
    seen: list[object] = []

    def meanwhile() -> None:
        deployment.door.some(1, at=HALF_PAST)
        seen.extend(deployment.maker.run(HALF_PAST, by=IT))

    (outcome,) = deployment.maker.build(disk=Interrupting(meanwhile)).run_once(HALF_PAST)
    assert isinstance(outcome, Published)
    assert seen == [Underway(outcome.name)]
    (late,) = deployment.maker.run(HALF_PAST, by=IT)
    assert isinstance(late, Published)
    assert late.manifest["orders"] == 1


def test_an_order_cancelled_between_the_look_and_the_claim_is_left_out(deployment: Deployment):
    first, second = deployment.door.some(2)

    class Cancelling(Store):
        def writing(self) -> UnitOfWork:
            if deployment.rows.states([first, second]) == ["accepted", "accepted"] and _row(
                deployment, "B20261122-1030-1"
            ):
                with deployment.store.writing() as uow:
                    uow.orders.move([uow.orders.numbered(first).id], OrderState.CANCELLED)
                assert deployment.maker.batch("B20261122-1030-1").state == "claiming"
            return super().writing()

    (outcome,) = deployment.maker.build(store=Cancelling(deployment.engines)).run_once(HALF_PAST)
    assert deployment.maker.numbers_in(outcome.name) == [second]
    assert deployment.rows.balanced()


def test_a_file_that_does_not_read_back_as_written_is_not_published(deployment: Deployment):
    deployment.door.some(2)

    class Losing(Disk):
        def flush(self, path: Path) -> None:
            if path.name.endswith(".csv.part"):
                os.truncate(path, path.stat().st_size - 300)
            super().flush(path)

    (outcome,) = deployment.maker.build(disk=Losing()).run_once(HALF_PAST)
    assert isinstance(outcome, Postponed)
    assert "row_count" in outcome.reason
    assert deployment.maker.files() == []
    (again,) = deployment.maker.run(HALF_PAST + minutes(1))
    assert isinstance(again, Published)
    assert isinstance(again.manifest["files"][0]["rows"], int)
    assert Reread(2, 2, 0, again.manifest["files"][0]["bytes"], again.manifest["sha256"])


def test_a_manifest_that_cannot_be_written_leaves_no_draft(deployment: Deployment):
    deployment.door.some(1)

    class NoManifest(Disk):
        def write(self, file: BinaryIO, block: bytes) -> None:
            if block.startswith(b"{"):
                raise OSError(28, "No space left on device")
            super().write(file, block)

    (outcome,) = deployment.maker.build(disk=NoManifest()).run_once(HALF_PAST)
    assert isinstance(outcome, Postponed)
    assert deployment.maker.files() == [f"{outcome.name}.csv"]
    (again,) = deployment.maker.run(HALF_PAST + minutes(1))
    assert isinstance(again, Published)


def test_a_long_production_renews_its_lease(deployment: Deployment):
    deployment.door.many(1200)
    ticks = iter(range(0, 10**9, 20))
    maker = deployment.maker.build(monotonic=lambda: float(next(ticks)))  # twenty seconds at every look
    (outcome,) = maker.run_once(HALF_PAST)
    assert isinstance(outcome, Published)
    assert deployment.maker.batch(outcome.name).published_at > HALF_PAST


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
