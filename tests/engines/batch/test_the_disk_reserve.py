"""P14: a disk that has no more than is kept for orders: files and uploads wait, orders do not, and nothing is lost."""

from pathlib import Path

import pytest

from app.batch.maker import BatchMaker, NotBegun
from app.batch.policy import BatchPolicy
from app.domain.problems import NoRoom
from app.files.disk_reserve import DiskReserve
from app.files.export_folder import Exports
from app.files.layouts.registry import shipped_layouts
from app.handback.import_results import import_results
from app.handback.upload import Upload, take_results
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, KEYS, ZONE, minutes
from tests.deployment.maker import published
from tests.engines.batch.test_batches import failed

EVERYTHING = 1 << 60


@pytest.fixture
def exports(deployment: Deployment, tmp_path: Path) -> Exports:
    """The export folder on a disk that is too full for anything but orders."""
    return Exports(deployment.maker.folder, reserve=DiskReserve(EVERYTHING, (tmp_path,)))


def maker(deployment: Deployment, exports: Exports) -> BatchMaker:
    return BatchMaker(deployment.store, KEYS, exports, shipped_layouts(), policy=BatchPolicy(zone=ZONE))


def make_room(exports: Exports) -> None:
    exports.reserve = DiskReserve()


def test_no_batch_begins_and_no_order_is_touched_until_there_is_room(deployment: Deployment, exports: Exports):
    numbers = deployment.door.some(2)
    for by in (None, IT):
        (outcome,) = maker(deployment, exports).run_once(HALF_PAST, by=by)
        assert isinstance(outcome, NotBegun)
        assert outcome.reason.startswith("磁盘剩余空间已低于为订单保留的")
    assert deployment.rows.states(numbers) == ["accepted", "accepted"]
    assert deployment.maker.files() == []
    numbers += deployment.door.some(1, at=HALF_PAST)  # orders are taken all the while
    make_room(exports)
    made = published(maker(deployment, exports).run_once(HALF_PAST + minutes(1)))
    assert deployment.maker.numbers_in(made.name) == numbers


def test_nothing_due_is_nothing_to_tell(deployment: Deployment, exports: Exports):
    assert maker(deployment, exports).run_once(HALF_PAST) == []


def test_a_repair_batch_waits_as_well(deployment: Deployment, exports: Exports):
    (number,) = deployment.door.some(1)
    batch = published(deployment.maker.run(HALF_PAST)).name
    import_results(deployment.store, batch, failed(number), by=IT, now=HALF_PAST)
    assert isinstance(maker(deployment, exports).repair(batch, by=IT, now=HALF_PAST), NotBegun)
    make_room(exports)
    assert not isinstance(maker(deployment, exports).repair(batch, by=IT, now=HALF_PAST), NotBegun)


def test_an_upload_of_results_is_refused_with_a_sentence_and_taken_once_there_is_room(
    deployment: Deployment, exports: Exports
):
    (number,) = deployment.door.some(1)
    batch = published(deployment.maker.run(HALF_PAST)).name
    upload = Upload(f"应急单号,结果,主系统单号\n{number},成功,SO-1\n".encode(), "text/csv")
    with pytest.raises(NoRoom):
        take_results(deployment.store, exports, shipped_layouts(), batch, upload, by=IT, now=HALF_PAST)
    assert deployment.rows.states([number]) == ["batched"]
    make_room(exports)
    take_results(deployment.store, exports, shipped_layouts(), batch, upload, by=IT, now=HALF_PAST)
    assert deployment.rows.states([number]) == ["imported"]
