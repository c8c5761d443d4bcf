"""A chosen layout whose file is wrong: orders wait untouched, and the look after the file is mended makes the batch."""

from pathlib import Path

import pytest

from app.batch.maker import BatchMaker, NotBegun, Postponed
from app.batch.policy import BatchPolicy
from app.domain.states import BatchState
from app.files.export_folder import Exports
from app.files.layouts.registry import UnknownLayout, layouts_with
from app.files.layouts.values import MAX_CELL
from app.handback.import_results import import_results
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, KEYS, TEN, ZONE, minutes
from tests.deployment.maker import published
from tests.engines.batch.test_batches import Full, failed

MINE = 'name = "mine"\ntitle = "自有"\n[[column]]\nheading = "单号"\npath = "number"\nkind = "number"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "layouts" / "mine.toml"
    path.parent.mkdir()
    path.write_text(MINE + "oops", encoding="utf-8")
    return path


def maker(deployment: Deployment, file: Path, *, layout: str = "mine", xlsx: bool = False) -> BatchMaker:
    return BatchMaker(
        deployment.store,
        KEYS,
        deployment.maker.exports,
        layouts_with(file.parent),
        policy=BatchPolicy(zone=ZONE, layout=layout, xlsx=xlsx),
        read_layouts=lambda: layouts_with(file.parent),
    )


def test_no_order_is_touched_until_the_file_is_mended(deployment: Deployment, file: Path):
    numbers = deployment.door.some(2)
    made = maker(deployment, file)
    for by in (None, IT):
        (outcome,) = made.run_once(HALF_PAST, by=by)
        assert isinstance(outcome, NotBegun)
        assert outcome.reason.startswith("导出列表 mine 的文件有误：mine.toml 第 7 行")
    assert [deployment.rows.order(number).batch_id for number in numbers] == [None, None]
    assert deployment.maker.files() == []
    file.write_text(MINE, encoding="utf-8")
    assert deployment.maker.numbers_in(published(made.run_once(HALF_PAST + minutes(1))).name) == numbers


def test_nothing_due_is_nothing_to_tell(deployment: Deployment, file: Path):
    assert maker(deployment, file).run_once(HALF_PAST) == []


def test_another_layout_can_be_chosen_instead(deployment: Deployment, file: Path):
    numbers = deployment.door.some(1)
    maker(deployment, file).run_once(HALF_PAST)
    chosen = maker(deployment, file, layout="generic").run_once(HALF_PAST)
    assert deployment.maker.numbers_in(published(chosen).name) == numbers


def test_a_batch_that_was_begun_waits_for_its_own_layout(deployment: Deployment, file: Path):
    file.write_text(MINE, encoding="utf-8")
    numbers = deployment.door.some(2)
    dying = BatchMaker(
        deployment.store,
        KEYS,
        Exports(deployment.maker.folder, disk=Full(0)),
        layouts_with(file.parent),
        policy=BatchPolicy(zone=ZONE, layout="mine"),
    )
    (begun,) = dying.run_once(HALF_PAST)
    assert isinstance(begun, Postponed)
    file.write_text("oops", encoding="utf-8")
    made = maker(deployment, file)
    (outcome,) = made.run_once(HALF_PAST + minutes(1))
    assert isinstance(outcome, Postponed)
    assert (outcome.name, outcome.advice) == (begun.name, outcome.reason)
    assert "mine.toml 第 1 行" in outcome.reason
    assert deployment.maker.batch(begun.name).state == BatchState.WRITING
    file.write_text(MINE, encoding="utf-8")
    assert deployment.maker.numbers_in(published(made.run_once(HALF_PAST + minutes(2))).name) == numbers


def test_a_repair_moves_nothing(deployment: Deployment, file: Path):
    numbers = deployment.door.some(1)
    batch = published(deployment.maker.build().run_once(HALF_PAST)).name
    import_results(deployment.store, batch, failed(*numbers), by=IT, now=HALF_PAST)
    assert isinstance(maker(deployment, file).repair(batch, by=IT, now=HALF_PAST), NotBegun)
    assert [deployment.rows.order(number).batch_id for number in numbers] == [deployment.maker.batch(batch).id]


def test_a_name_that_no_file_has_refuses_the_start(deployment: Deployment, file: Path):
    file.write_text(MINE, encoding="utf-8")
    with pytest.raises(UnknownLayout, match="没有名为 nowhere"):
        maker(deployment, file, layout="nowhere")


def test_the_longest_text_of_its_own_that_a_layout_may_have_fits_a_cell(deployment: Deployment, file: Path):
    file.write_text(
        MINE + f'[[column]]\nheading = "长"\nkind = "text"\ndefault = "{"a" * MAX_CELL}"\n', encoding="utf-8"
    )
    deployment.door.some(1, at=TEN)
    assert published(maker(deployment, file, xlsx=True).run_once(HALF_PAST)).manifest["rows"] == 1
