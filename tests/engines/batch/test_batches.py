"""Each waiting order comes out in exactly one file, at the half hour, on SQLite and on PostgreSQL."""

import csv
import json
import threading
from datetime import datetime, timedelta
from typing import BinaryIO

import pytest

from app.batch.maker import MakeOutcome, Nothing, Postponed, Published, Underway
from app.domain.problems import NotFound, NotInThisState
from app.files.disk import Disk, sha256_of
from app.files.layouts.registry import UnknownLayout
from app.handback.import_results import import_results
from app.handback.result_lines import ResultFile, ResultLine
from app.orders.decide import cancel
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, KEYS, TEN, ZONE, minutes
from tests.deployment.maker import published


def test_at_the_half_hour_the_waiting_orders_come_out_in_one_file(deployment: Deployment):
    numbers = deployment.door.some(3)
    assert deployment.maker.run(HALF_PAST - minutes(1)) == []
    outcome = published(deployment.maker.run(HALF_PAST))
    assert outcome.name == "B20261122-1030-1"
    assert deployment.maker.numbers_in(outcome.name) == numbers
    assert set(deployment.rows.states(numbers)) == {"batched"}
    assert deployment.rows.balanced()


def test_a_second_run_finds_nothing(deployment: Deployment):
    deployment.door.some(2)
    deployment.maker.run(HALF_PAST)
    assert deployment.maker.run(HALF_PAST) == []
    assert deployment.maker.run(HALF_PAST, by=IT) == []


def test_a_missed_run_is_made_up_at_the_next_tick(deployment: Deployment):
    deployment.door.some(2)
    assert published(deployment.maker.run(TEN + minutes(47))).manifest["orders"] == 2


def test_a_forced_batch_does_not_wait_for_the_half_hour(deployment: Deployment):
    deployment.door.some(2)
    outcome = published(deployment.maker.run(TEN + minutes(3), by=IT))
    assert outcome.manifest["window_from"] == "2026-11-22T10:00:00+08:00"
    assert outcome.manifest["window_to"] == "2026-11-22T10:03:00+08:00"


def test_an_order_drained_late_from_the_spool_is_due_by_its_own_time(deployment: Deployment):
    deployment.door.some(1, at=HALF_PAST + minutes(1))
    deployment.door.some(1, at=TEN + minutes(29))  # its row came after
    assert published(deployment.maker.run(HALF_PAST + minutes(2))).manifest["orders"] == 2


def test_a_clock_that_was_set_back_keeps_no_order_waiting_for_ever(deployment: Deployment):
    deployment.door.some(2, at=TEN + timedelta(days=1))
    assert published(deployment.maker.run(TEN)).manifest["orders"] == 2


def test_high_priority_comes_first_then_the_order_of_arrival(deployment: Deployment):
    first, second, third = deployment.door.take_in_turn(
        deployment.door.new(), deployment.door.new(total="500.01"), deployment.door.new(total="500.00")
    )
    outcome = published(deployment.maker.run(HALF_PAST))
    assert deployment.maker.numbers_in(outcome.name) == [second, first, third]
    assert deployment.maker.csv_of(outcome.name)[1][3] == "高优处理"


def test_the_row_of_the_batch_says_what_the_files_are(deployment: Deployment):
    two = [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}]
    deployment.door.take_in_turn(deployment.door.new(items=two), deployment.door.new(items=two[:1], total=None))
    outcome = published(deployment.maker.build(xlsx=True).run_once(HALF_PAST))
    row = deployment.maker.batch(outcome.name)
    assert (row.orders, row.rows, row.total_fen, row.held, row.state) == (2, 3, 10000, 0, "published")
    assert row.manifest == outcome.manifest
    for file in outcome.manifest["files"]:
        path = deployment.maker.exports.file_of(row.manifest, file["format"])
        assert (path.name, path.stat().st_size, sha256_of(path)) == (file["name"], file["bytes"], file["sha256"])
        assert path.stat().st_mode & 0o777 == 0o600
    assert row.sha256 == outcome.manifest["sha256"] == outcome.manifest["files"][0]["sha256"]
    assert json.loads(deployment.maker.exports.file_of(row.manifest, "manifest").read_bytes()) == outcome.manifest
    assert deployment.maker.files() == [outcome.name + ending for ending in (".csv", ".manifest.json", ".xlsx")]


def test_the_storefront_is_named_and_a_drill_is_marked_as_one(deployment: Deployment):
    deployment.door.some(1)
    live = published(deployment.maker.run(HALF_PAST))
    deployment.door.take_in_turn(deployment.door.new(drill=True))
    drill = published(deployment.maker.run(HALF_PAST))
    assert deployment.maker.csv_of(live.name)[1][2] == "旗舰店"
    assert deployment.maker.csv_of(live.name)[1][-1] == "买家：nick"
    assert deployment.maker.csv_of(drill.name)[1][-1] == "买家：nick；演练订单，请勿发货"
    assert (live.manifest["incident"][0], drill.manifest["incident"][0]) == ("E", "D")


def test_live_orders_and_those_of_a_drill_never_share_a_file(deployment: Deployment):
    live, drill = deployment.door.take_in_turn(deployment.door.new(), deployment.door.new(drill=True))
    outcomes = deployment.maker.run(HALF_PAST)
    assert [deployment.maker.numbers_in(o.name) for o in outcomes if isinstance(o, Published)] == [[live], [drill]]


def test_one_incident_alone_can_be_asked_for(deployment: Deployment):
    _, drill = deployment.door.take_in_turn(deployment.door.new(), deployment.door.new(drill=True))
    incident = deployment.rows.order(drill).incident_id
    outcome = published(deployment.maker.run(TEN, by=IT, incident_id=incident))
    assert deployment.maker.numbers_in(outcome.name) == [drill]


def test_orders_of_a_closed_incident_still_come_out(deployment: Deployment):
    deployment.door.some(2)
    with deployment.store.writing() as uow:
        uow.incidents.close(uow.incidents.latest(), by="it", now=TEN)
    assert published(deployment.maker.run(HALF_PAST)).manifest["orders"] == 2


def test_a_misspelt_layout_is_told_at_the_start(deployment: Deployment):
    with pytest.raises(UnknownLayout):
        deployment.maker.build(layout="jst")


class Full(Disk):
    """A disk that takes so many blocks and no more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, file: BinaryIO, block: bytes) -> None:
        if self.room == 0:
            raise OSError(28, "No space left on device")
        self.room -= 1
        super().write(file, block)


@pytest.mark.parametrize("room", [0, 3, 5])
def test_a_full_disk_leaves_nothing_behind_and_the_next_tick_tries_again(deployment: Deployment, room: int):
    numbers = deployment.door.some(3)
    (outcome,) = deployment.maker.build(disk=Full(room), xlsx=True).run_once(HALF_PAST)
    assert isinstance(outcome, Postponed)
    assert not [name for name in deployment.maker.files() if name.endswith(".part")]
    assert deployment.maker.batch(outcome.name).state == "writing"
    assert deployment.maker.run(HALF_PAST) == []
    again = published(deployment.maker.run(HALF_PAST + minutes(1)))
    assert (again.name, deployment.maker.numbers_in(again.name)) == (outcome.name, numbers)


def test_two_makers_at_once_never_put_an_order_into_two_files(deployment: Deployment):
    numbers: list[str] = []
    outcomes: list[MakeOutcome] = []

    def make(now: datetime, together: threading.Barrier) -> None:
        maker = deployment.maker.build(chunk=5)
        together.wait()
        outcomes.extend(maker.run_once(now, by=IT))

    for start in range(3):
        numbers += deployment.door.some(40, at=TEN + minutes(40 * start))
        now = TEN + minutes(40 * start + 35)
        together = threading.Barrier(3)
        threads = [threading.Thread(target=make, args=(now, together)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    names = [outcome.name for outcome in outcomes if isinstance(outcome, Published)]
    assert len(names) == len(set(names))
    assert sorted(n for name in names for n in deployment.maker.numbers_in(name)) == sorted(numbers)
    assert not [o for o in outcomes if not isinstance(o, Published | Underway)]
    assert deployment.rows.balanced()


def failed(*numbers: str) -> ResultFile:
    return ResultFile(
        tuple(ResultLine(i, n, "failed", None, "商品编码不存在") for i, n in enumerate(numbers)), (), "0" * 64
    )


def test_a_repair_batch_takes_the_failed_orders_alone(deployment: Deployment):
    numbers = deployment.door.some(4)
    maker = deployment.maker.build()
    broken = published(maker.run_once(HALF_PAST)).name
    import_results(deployment.store, broken, failed(numbers[3], numbers[1]), by=IT, now=HALF_PAST)
    repaired = maker.repair(broken, by=IT, now=HALF_PAST + minutes(5))
    assert isinstance(repaired, Published)
    assert repaired.name == "R20261122-1035-2"
    assert (repaired.manifest["kind"], deployment.maker.batch(repaired.name).repairs_id) == ("repair", 1)
    assert deployment.maker.numbers_in(repaired.name) == [numbers[1], numbers[3]]
    assert deployment.maker.numbers_in(broken) == numbers  # its file never changes
    assert maker.repair(broken, by=IT, now=HALF_PAST + minutes(6)) == Nothing()
    assert deployment.rows.balanced()
    with deployment.store.reading() as uow:
        (deed,) = uow.audit.of(broken, "batch.repair")
        assert (deed.actor, deed.detail) == ("it", {"batch": repaired.name, "orders": 2})
        assert uow.batches.size(1) == 2


def test_an_order_settled_by_a_late_result_goes_back_to_its_batch_out_of_a_repair_that_has_no_file_yet(
    deployment: Deployment,
):
    home, broken, cancelled = deployment.door.some(3)
    batch = published(deployment.maker.run(HALF_PAST)).name
    import_results(deployment.store, batch, failed(home, broken, cancelled), by=IT, now=HALF_PAST)
    assert isinstance(deployment.maker.build(disk=Full(0)).repair(batch, by=IT, now=HALF_PAST), Postponed)
    late = ResultFile((ResultLine(1, home, "imported", "M1", None),), (), "1" * 64)
    import_results(deployment.store, batch, late, by=IT, now=HALF_PAST)
    with deployment.store.writing() as uow:
        cancel(uow, cancelled, reason="买家退单", by=IT, now=HALF_PAST)
    repaired = published(deployment.maker.run(HALF_PAST + minutes(20)))
    assert deployment.maker.numbers_in(repaired.name) == [broken]
    assert deployment.rows.states([home, broken, cancelled]) == ["imported", "batched", "cancelled"]
    assert [deployment.rows.order(number).batch_id for number in (home, broken, cancelled)] == [1, 2, 1]
    with deployment.store.reading() as uow:
        assert [uow.batches.size(batch_id) for batch_id in (1, 2)] == [2, 1]
        assert [one.name for one in uow.batches.of_order(deployment.rows.order_id(home))] == [batch]
    assert deployment.rows.balanced()


def test_a_batch_that_is_not_there_or_not_out_cannot_be_repaired(deployment: Deployment):
    deployment.door.some(1)
    with pytest.raises(NotFound):
        deployment.maker.repair("B1", by=IT, now=TEN)
    (outcome,) = deployment.maker.build(disk=Full(0)).run_once(HALF_PAST)
    with pytest.raises(NotInThisState):
        deployment.maker.repair(outcome.name, by=IT, now=TEN)


def test_a_repair_under_way_does_not_delay_the_regular_batch(deployment: Deployment):
    numbers = deployment.door.some(1)
    broken = published(deployment.maker.run(HALF_PAST)).name
    import_results(deployment.store, broken, failed(*numbers), by=IT, now=HALF_PAST)
    assert isinstance(deployment.maker.build(disk=Full(0)).repair(broken, by=IT, now=HALF_PAST), Postponed)
    later = deployment.door.some(1, at=HALF_PAST)
    outcomes = deployment.maker.run(TEN + minutes(60))
    assert [deployment.maker.numbers_in(o.name) for o in outcomes if isinstance(o, Published)] == [numbers, later]


def test_a_hundred_rows_of_csv_are_read_back_by_any_program(deployment: Deployment):
    numbers = deployment.door.some(100)
    outcome = published(deployment.maker.run(HALF_PAST))
    with deployment.maker.exports.file_of(deployment.maker.batch(outcome.name).manifest, "csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    assert [row["应急单号"] for row in rows] == numbers
    assert {row["下单时间"] for row in rows} == {f"{TEN.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"}
    assert KEYS.open_order(deployment.rows.order(numbers[0]).sealed, numbers[0]).phone == rows[0]["手机号"]
