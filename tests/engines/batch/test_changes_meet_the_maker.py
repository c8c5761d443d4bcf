"""A change meets the maker at each of its steps: the file has it, or it is noted and told; never neither."""

import csv
import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from app.batch.publish_changes import ChangePublisher
from app.domain.actor import Actor, Way
from app.domain.order_change import ChangeKind, Wish
from app.files.disk import Disk, sha256_of
from app.files.export_folder import Exports
from app.orders.change import AnsweredChange, ask
from app.orders.decide import cancel
from app.store.database.engine import Engines
from app.store.tables import ChangeSheet, OrderChange
from app.store.unit_of_work import Store, UnitOfWork
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, KEYS, SHOP, ZONE, minutes
from tests.engines.batch.test_orders_that_break import claimed_by_an_older_program
from tests.engines.batch.test_orders_that_break import maker as maker_with_a_column_more
from tests.engines.dying import LEFT_OPEN, DyingDisk, DyingStore, Fuse, Killed, dies
from tests.harness.waiting import until

CLIENT = Actor("client:旗舰店", Way.HTTP)
UNPAID: dict[str, Any] = {"payment": {"status": "unpaid"}}
CANCEL = Wish(kind=ChangeKind.CANCEL, reason="不要了")
PAID = Wish(kind=ChangeKind.PAID, transaction_id="4200777")
LATER = HALF_PAST + minutes(5)


def asks(deployment: Deployment, number: str, wish: Wish, *, layout: str = "generic") -> AnsweredChange:
    preflight = deployment.maker.preflight(layout)
    with deployment.store.writing() as uow:
        return ask(uow, KEYS, number, wish, client_id=SHOP.client_id, preflight=preflight, by=CLIENT, now=HALF_PAST)


def publisher(deployment: Deployment, *, store: Store | None = None, disk: Disk | None = None) -> ChangePublisher:
    exports = Exports(deployment.maker.folder, disk=disk) if disk else deployment.maker.exports
    return ChangePublisher(store or deployment.store, KEYS, exports, zone=ZONE)


def told(deployment: Deployment) -> set[tuple[str, str]]:
    """Return what all files of changes tell, number and word."""
    found = set()
    for path in deployment.maker.folder.rglob("*.changes.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found |= {(row["应急单号"], row["变更"]) for row in csv.DictReader(file, strict=True)}
    return found


def in_files(deployment: Deployment) -> dict[str, str]:
    """Return the state of the payment of each order that is in a published file."""
    with deployment.store.reading() as uow:
        names = [batch.name or "" for batch in uow.batches.page()]
    found: dict[str, str] = {}
    for name in names:
        header, *rows = deployment.maker.csv_of(name)
        found |= {row[0]: row[header.index("付款状态")] for row in rows}
    return found


def is_not_lost(deployment: Deployment, number: str, wish: Wish) -> bool:
    """Return whether a change is in the file in which its order is, or told beside it: in just one of the two."""
    files, beside = in_files(deployment), told(deployment)
    if wish.kind is ChangeKind.CANCEL:
        return (number not in files) != ((number, "取消") in beside)
    return (files[number] == "已付款") != ((number, "已付款") in beside)


class Meanwhile(Fuse):
    """Lets something happen at step number ``at``, and kills the maker at the step after if it is to die."""

    def __init__(self, at: int, happens: Callable[[], object], *, then_dies: bool) -> None:
        super().__init__(at)
        self._happens, self._then_dies = happens, then_dies
        self._busy = False

    def step(self) -> None:
        if self._busy:
            return
        self.left -= 1
        if self.left == 0:
            self._busy = True
            self._happens()
            self._busy = False
        if self.left == -1 and self._then_dies:
            raise Killed


@LEFT_OPEN
@pytest.mark.parametrize(
    ("wish", "then_dies"), [(CANCEL, True), (PAID, False)], ids=["cancel-is-killed-next", "paid-goes-on"]
)
def test_a_change_at_any_step_of_the_maker_is_in_the_file_or_told_beside_it(
    deployment: Deployment, tmp_path: Path, wish: Wish, *, then_dies: bool
):
    effects = []
    for step in itertools.count(1):
        deployment = deployment.emptied(tmp_path / str(step))
        _, meant = deployment.door.some(2, **UNPAID)
        fuse = Meanwhile(step, lambda: effects.append(asks(deployment, meant, wish).change.effect), then_dies=then_dies)
        maker = deployment.maker.build(store=DyingStore(deployment, fuse), disk=DyingDisk(fuse), chunk=1)
        try:
            maker.run_once(HALF_PAST)
        except Killed:
            deployment.maker.run(LATER)
        if fuse.left > 0:
            break  # the maker had come to its end before
        deployment.maker.run(LATER + minutes(30))
        publisher(deployment).run_once(LATER)
        assert is_not_lost(deployment, meant, wish), (step, effects[-1])
        assert deployment.rows.balanced()
    assert {"applied", "noted"} == set(effects)  # else the maker was not met on both sides of its claim


def test_an_order_that_is_paid_while_a_maker_is_about_to_hold_it_for_that_goes_out(
    deployment: Deployment, tmp_path: Path
):
    for step in itertools.count(1):
        deployment = deployment.emptied(tmp_path / str(step))
        numbers = deployment.door.some(2, **UNPAID)
        met = Meanwhile(step, lambda: asks(deployment, numbers[0], PAID, layout="wangdiantong"), then_dies=False)
        deployment.maker.build(store=DyingStore(deployment, met), layout="wangdiantong").run_once(HALF_PAST)
        if met.left > 0:
            break
        deployment.maker.build(layout="wangdiantong").run_once(LATER + minutes(30))
        assert deployment.rows.states(numbers) == ["batched", "held"], step
        assert deployment.rows.balanced()
    assert step > 3


@LEFT_OPEN
def test_a_publisher_that_dies_at_any_step_is_followed_by_one_that_tells_everything(
    deployment: Deployment, tmp_path: Path
):
    for step in itertools.count(1):
        deployment = deployment.emptied(tmp_path / str(step))
        first, second, _ = deployment.door.some(3, **UNPAID)
        deployment.maker.run(HALF_PAST)
        asks(deployment, first, CANCEL)
        publisher(deployment).run_once(HALF_PAST)
        asks(deployment, second, PAID)
        died = dies(
            deployment, step, lambda store, disk: publisher(deployment, store=store, disk=disk).run_once(HALF_PAST)
        )
        (path,) = deployment.maker.folder.rglob("*.changes.csv")
        rows = path.read_text(encoding="utf-8-sig").splitlines()
        assert len(rows) in (2, 3)  # whole, whichever edition it is
        publisher(deployment).run_once(LATER)
        assert told(deployment) == {(first, "取消"), (second, "已付款")}
        (sheet,) = deployment.rows.all(select(ChangeSheet))
        assert (sheet.sha256, sheet.rows) == (sha256_of(path), 2)
        assert not [name for name in deployment.maker.files() if name.startswith(".")]
        if not died:
            break
    assert step > 5


@pytest.mark.parametrize("before", [False, True], ids=["first-edition", "later-edition"])
def test_two_that_publish_at_once_end_with_the_newest_edition(deployment: Deployment, *, before: bool):
    first, second = deployment.door.some(2, **UNPAID)
    deployment.maker.run(HALF_PAST)
    asks(deployment, first, CANCEL)
    if before:
        publisher(deployment).run_once(HALF_PAST)
        asks(deployment, first, PAID)

    def another() -> None:
        """Let another publish, who knows more, once this one's file is on disk and before its row says so."""
        asks(deployment, second, CANCEL)
        publisher(deployment).run_once(HALF_PAST)

    met = Meanwhile(1, another, then_dies=False)
    publisher(deployment, store=DyingStore(deployment, met)).run_once(HALF_PAST)
    assert met.left <= 0
    assert told(deployment) >= {(first, "取消"), (second, "取消")}
    (sheet,) = deployment.rows.all(select(ChangeSheet))
    (path,) = deployment.maker.folder.rglob("*.changes.csv")
    assert sheet.sha256 == sha256_of(path)


def test_an_order_that_leaves_its_batch_before_there_is_a_file_takes_its_change_along(deployment: Deployment):
    cancelled, paid, closed, other = deployment.door.take_in_turn(
        *(deployment.door.new(buyer=buyer, **UNPAID) for buyer in ("odd", "odd", "even", "even"))
    )
    claimed_by_an_older_program(deployment, [cancelled, paid, closed, other])
    for number, wish in ((cancelled, CANCEL), (paid, PAID), (closed, CANCEL)):
        assert asks(deployment, number, wish).change.effect == "noted"
    with deployment.store.writing() as uow:
        cancel(uow, closed, reason="电话取消", by=IT, now=HALF_PAST)
    maker_with_a_column_more(deployment).run_once(LATER)
    publisher(deployment).run_once(LATER)
    assert deployment.rows.states([cancelled, paid, closed, other]) == ["cancelled", "held", "cancelled", "batched"]
    row = deployment.rows.order(paid)
    payment = KEYS.open_order(row.sealed, paid).payment
    assert payment is not None
    assert payment.status == "paid"
    assert list(in_files(deployment)) == [other]
    assert told(deployment) == set()
    assert set(deployment.rows.all(select(OrderChange.state))) == {"applied"}
    assert deployment.rows.balanced()


def test_a_hostile_reason_reaches_the_file_as_text(deployment: Deployment):
    evil = "=cmd|' /C calc'!A0\t\"x\",'y"
    (number,) = deployment.door.some(1)
    deployment.maker.run(HALF_PAST)
    asks(deployment, number, Wish(kind=ChangeKind.CANCEL, reason=evil))
    publisher(deployment).run_once(HALF_PAST)
    (path,) = deployment.maker.folder.rglob("*.changes.csv")
    data = path.read_bytes()
    assert data.startswith(b'\xef\xbb\xbf"')
    assert data.endswith(b"\r\n")
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file, strict=True)
    assert list(row) == ["应急单号", "主系统单号", "变更", "时间", "原因"]
    assert row["原因"].startswith("'=cmd")
    assert path.stat().st_mode & 0o777 == 0o600


# ---- on PostgreSQL both hold their locks at once -----------------------------------------------------------------------


def _waits_for_a_lock(engines: Engines) -> bool:
    with engines.reader.connect() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(connection.execute(text(query)).scalar())


def _in_a_thread(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_a_change_waits_for_the_maker_that_has_the_order_and_is_noted(postgresql: Engines, tmp_path: Path):
    deployment = Deployment(tmp_path, engines=postgresql).emptied(tmp_path)
    (number,) = deployment.door.some(1)
    deployment.maker.preflight()
    answers: list[AnsweredChange] = []

    class Slow(Store):
        """Lets the change come while the maker holds the order, before it commits."""

        def writing(self) -> UnitOfWork:
            store = self

            class Held(UnitOfWork):
                def __exit__(self, *error: object) -> None:
                    row = self.orders.numbered(number)
                    if row is not None and row.batch_id is not None and not store.met:
                        store.met.append(_in_a_thread(lambda: answers.append(asks(deployment, number, CANCEL))))
                        until(lambda: _waits_for_a_lock(postgresql), within=5)
                    super().__exit__(*error)

            return Held(self._write, reach=self.reach)

        met: list[threading.Thread] = []  # noqa: RUF012 - one store

    store = Slow(postgresql)
    deployment.maker.build(store=store).run_once(HALF_PAST)
    store.met[0].join()
    publisher(deployment).run_once(LATER)
    assert answers[0].change.effect == "noted"
    assert is_not_lost(deployment, number, CANCEL)


def test_a_maker_waits_for_the_change_that_has_the_order_and_leaves_it_out(postgresql: Engines, tmp_path: Path):
    deployment = Deployment(tmp_path, engines=postgresql).emptied(tmp_path)
    number, other = deployment.door.some(2)
    preflight = deployment.maker.preflight()
    with deployment.store.writing() as uow:
        ask(uow, KEYS, number, CANCEL, client_id=SHOP.client_id, preflight=preflight, by=CLIENT, now=HALF_PAST)
        uow.flush()
        maker = _in_a_thread(lambda: deployment.maker.run(HALF_PAST))
        until(lambda: _waits_for_a_lock(postgresql), within=5)
    maker.join()
    assert list(in_files(deployment)) == [other]
    assert is_not_lost(deployment, number, CANCEL)
