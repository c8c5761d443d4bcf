"""The batch of a file is the one whose orders stand in it, on every engine."""

from pathlib import Path

import pytest

from app.batch.check_file import check_file
from app.domain.problems import NotFound
from app.files.layouts.registry import Layouts, shipped_layouts
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, TEN, minutes
from tests.deployment.maker import published


def test_the_batch_that_has_most_of_the_orders_is_the_one(deployment: Deployment, tmp_path: Path):
    deployment.door.some(3)
    first = published(deployment.maker.run(HALF_PAST)).name
    deployment.door.some(2, at=TEN + minutes(35))
    second = published(deployment.maker.run(TEN + minutes(60))).name
    with deployment.store.reading() as uow:
        assert uow.batches.holding([*deployment.maker.numbers_in(first), "LBNOBODY"]) == {first: 3}
    ours = [deployment.maker.exports.file_of(deployment.maker.batch(name).manifest, "csv") for name in (first, second)]
    lines = [path.read_text(encoding="utf-8-sig").splitlines() for path in ours]
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("\n".join([*lines[0], lines[1][1]]), encoding="utf-8")
    for layouts in (shipped_layouts(), Layouts(())):  # a layout that has gone since is not needed
        checked = check_file(deployment.store, deployment.maker.exports, layouts, mixed)
        assert (checked.batch, [change.found for change in checked.changes]) == (
            first,
            [deployment.maker.numbers_in(second)[0]],
        )


def test_orders_in_no_published_batch_tell_nothing(deployment: Deployment, tmp_path: Path):
    (number,) = deployment.door.some(1)
    path = tmp_path / "a.csv"
    path.write_text(f"应急单号\n{number}\n", encoding="utf-8")
    with pytest.raises(NotFound, match="不是我们的批次文件"):
        check_file(deployment.store, deployment.maker.exports, shipped_layouts(), path)
