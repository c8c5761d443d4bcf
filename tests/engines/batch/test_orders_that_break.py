"""An order that breaks what judges, formats or writes it is set aside, and the others come out; on both engines."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.batch.maker import BatchMaker, Emptied, NotBegun, Postponed, Published, Underway
from app.batch.policy import BatchPolicy
from app.domain.batch_failure import FAILING_FROM
from app.domain.order import Order
from app.domain.states import HeldKind, OrderState
from app.files.disk import Disk
from app.files.export_folder import Exports
from app.files.layouts.export_order import ExportRow
from app.files.layouts.layout import Column, Kind
from app.files.layouts.registry import Layouts, shipped_layouts
from app.files.layouts.values import MAX_CELL
from app.orders.decide import cancel, release
from app.orders.timeline import time_line
from app.store.database.engine import Engines
from app.store.tables import Batch, OrderRow
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.rules.batch_failing import BATCH_FAILING
from app.watch.rules.orders_broken import ORDERS_BROKEN
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, KEYS, ZONE, minutes
from tests.deployment.maker import published
from tests.engines.dying import LEFT_OPEN, all_orders_are_out_once, dies
from tests.engines.watch.test_rules import _found, _situation

NAME = "B20261122-1030-1"
Cell = Callable[[ExportRow], Any]


def odd(row: ExportRow) -> str:
    """A cell that breaks for some orders, by what their buyer is called."""
    if row.export.order.buyer == "odd":
        raise ZeroDivisionError("12345")  # such as no text of an order may show
    return "ok"


def maker(
    deployment: Deployment, cell: Cell = odd, *, store: Store | None = None, disk: Disk | None = None, **policy: Any
) -> BatchMaker:
    """Return a maker whose layout has a column more."""
    generic = shipped_layouts().named("generic")
    mine = replace(generic, columns=(*generic.columns, Column("多一列", Kind.TEXT, cell)))
    exports = Exports(deployment.maker.folder, disk=disk)
    return BatchMaker(
        store or deployment.store, KEYS, exports, Layouts((mine,)), policy=BatchPolicy(zone=ZONE, **policy)
    )


def claimed_by_an_older_program(deployment: Deployment, numbers: list[str]) -> None:
    """Leave a batch in ``writing``: the layout broke for nobody when these were claimed."""

    class Full(Disk):
        def create(self, path: Path) -> Any:
            raise OSError(28, "No space left on device", str(path))

    (outcome,) = maker(deployment, lambda _: "ok", disk=Full()).run_once(HALF_PAST)
    assert isinstance(outcome, Postponed)
    assert set(deployment.rows.states(numbers)) == {"batched"}


def test_one_order_in_a_thousand_is_held_and_the_others_come_out(deployment: Deployment):
    numbers = deployment.door.many(999)
    (bad,) = deployment.door.some(1, buyer="odd")
    outcome = published(maker(deployment).run_once(HALF_PAST))
    assert sorted(deployment.maker.numbers_in(outcome.name)) == sorted(numbers)
    row = deployment.rows.order(bad)
    assert (row.state, row.held_kind, row.batch_id) == ("held", HeldKind.BROKEN, None)
    assert (row.state_reason or "").startswith("处理这笔订单时程序出错（ZeroDivisionError）")
    assert "12345" not in (row.state_reason or "")
    assert (outcome.manifest["orders"], outcome.manifest["held"]) == (999, 1)
    assert deployment.rows.balanced()


def test_an_order_that_breaks_when_its_batch_is_written_leaves_it(deployment: Deployment):
    high, good = deployment.door.take_in_turn(deployment.door.new(total="900.00"), deployment.door.new())
    (bad,) = deployment.door.some(1, buyer="odd", total="700.00")
    claimed_by_an_older_program(deployment, [high, good, bad])
    outcome = published(maker(deployment, xlsx=True).run_once(HALF_PAST + minutes(1)))
    assert (outcome.name, deployment.maker.numbers_in(NAME)) == (NAME, [high, good])
    batch, row = deployment.maker.batch(NAME), deployment.rows.order(bad)
    assert (batch.orders, batch.total_fen, batch.held, batch.unfit) == (2, 100_000, 1, 1)
    assert outcome.manifest["total"] == "1000.00"
    assert (row.state, row.held_kind, row.batch_id) == ("held", HeldKind.BROKEN, None)
    assert deployment.rows.balanced()
    with deployment.store.reading() as uow:
        assert [event.event for event in time_line(uow, row)] == ["accepted", "held"]  # it never was in that file


def test_an_order_that_left_a_batch_and_was_mended_comes_out_with_the_next(deployment: Deployment):
    numbers = [*deployment.door.some(2), *deployment.door.some(1, buyer="odd")]
    claimed_by_an_older_program(deployment, numbers)
    maker(deployment).run_once(HALF_PAST + minutes(1))
    with deployment.store.writing() as uow:
        release(uow, numbers[2], preflight=deployment.maker.preflight(), by=IT, now=HALF_PAST + minutes(2))
    outcome = published(maker(deployment, lambda _: "ok").run_once(HALF_PAST + minutes(40)))
    assert deployment.maker.numbers_in(outcome.name) == [numbers[2]]
    assert all_orders_are_out_once(deployment, numbers)
    with deployment.store.reading() as uow:
        assert [b.name for b in uow.batches.of_order(deployment.rows.order_id(numbers[2]))] == [outcome.name]


def test_a_broken_order_that_a_person_releases_unmended_is_held_again(deployment: Deployment):
    (bad,) = deployment.door.some(1, buyer="odd")
    assert maker(deployment).run_once(HALF_PAST) == [Emptied(NAME, held=1)]
    with deployment.store.writing() as uow:
        release(uow, bad, preflight=deployment.maker.preflight(), by=IT, now=HALF_PAST)  # by another layout
    maker(deployment).run_once(HALF_PAST + minutes(40))
    assert deployment.rows.states([bad]) == ["held"]


def test_a_batch_all_of_whose_orders_leave_it_ends_without_a_file(deployment: Deployment):
    (bad,) = deployment.door.some(1, buyer="odd")
    claimed_by_an_older_program(deployment, [bad])
    assert maker(deployment).run_once(HALF_PAST + minutes(1)) == [Emptied(NAME, held=1)]
    assert (deployment.rows.states([bad]), deployment.maker.files()) == (["held"], [])
    assert deployment.maker.batch(NAME).orders == 0


@LEFT_OPEN
def test_whichever_maker_ends_a_batch_that_an_order_leaves_the_bytes_are_the_same(sqlite: Engines, tmp_path: Path):
    deployment, seen = Deployment(tmp_path, engines=sqlite), set[str]()
    for step in itertools.count(1):
        deployment = deployment.emptied(tmp_path / str(step))
        numbers = deployment.door.take_in_turn(
            *(deployment.door.new(buyer="odd" if n in (1, 3) else "nick") for n in range(5))
        )
        claimed_by_an_older_program(deployment, numbers)
        died = dies(
            deployment,
            step,
            lambda store, disk, deployment=deployment: maker(deployment, store=store, disk=disk).run_once(
                HALF_PAST + minutes(1)
            ),
        )
        maker(deployment).run_once(HALF_PAST + minutes(5))
        assert deployment.maker.numbers_in(NAME) == [numbers[0], numbers[2], numbers[4]], step
        assert deployment.maker.batch(NAME).held == 2
        assert all_orders_are_out_once(deployment, numbers)
        seen.add(deployment.maker.batch(NAME).sha256 or "")
        if not died:
            break
    assert step > 8
    assert len(seen) == 1


# ---- one order's trouble, or everybody's


def test_where_more_than_a_few_and_more_than_half_break_it_is_the_layout_and_no_order_is_held(deployment: Deployment):
    numbers = deployment.door.some(21, buyer="odd")
    (outcome,) = maker(deployment).run_once(HALF_PAST)
    assert isinstance(outcome, Postponed)
    assert outcome.code == "orders EveryOrderBreaks"
    assert set(deployment.rows.states(numbers)) == {"accepted"}
    (mended,) = maker(deployment, lambda _: "ok").run_once(HALF_PAST + minutes(1))
    assert isinstance(mended, Published)
    assert deployment.maker.numbers_in(mended.name) == numbers


def test_a_layout_that_breaks_only_when_it_is_written_holds_no_order_either(deployment: Deployment):
    numbers = deployment.door.some(21, buyer="odd")
    claimed_by_an_older_program(deployment, numbers)
    (outcome,) = maker(deployment).run_once(HALF_PAST + minutes(1))
    assert isinstance(outcome, Postponed)
    assert set(deployment.rows.states(numbers)) == {"batched"}
    assert published(maker(deployment, lambda _: "ok").run_once(HALF_PAST + minutes(2))).name == NAME


def test_a_few_may_all_break_and_are_held(deployment: Deployment):
    numbers = deployment.door.some(20, buyer="odd")
    assert maker(deployment).run_once(HALF_PAST) == [Emptied(NAME, held=20)]
    assert set(deployment.rows.states(numbers)) == {"held"}


def test_a_flood_of_orders_that_break_keeps_no_other_order_back(deployment: Deployment):
    """Whoever sends them first does not decide by that: all are looked at before it is."""
    deployment.door.some(30, buyer="odd")
    good = deployment.door.some(5)
    outcome = published(maker(deployment, chunk=10).run_once(HALF_PAST))
    assert deployment.maker.numbers_in(outcome.name) == good
    assert isinstance(maker(deployment).run_once(HALF_PAST + minutes(1))[0], Postponed)
    later = deployment.door.some(1, at=HALF_PAST + minutes(2))
    waits = maker(deployment).run_once(HALF_PAST + minutes(3))
    assert [type(outcome) for outcome in waits] == [Postponed, Underway]  # nobody wants a batch for every order
    again, *_ = maker(deployment).run_once(HALF_PAST + minutes(30))
    assert isinstance(again, Published)
    assert deployment.maker.numbers_in(again.name) == later


# ---- what orders held: more ways to break a file


@pytest.mark.parametrize(
    "change",
    [
        {"items": ()},
        {"note": "x" * (MAX_CELL + 1)},
    ],
    ids=["no items", "a cell no spreadsheet holds"],
)
def test_what_no_file_can_hold_keeps_back_its_own_order(
    deployment: Deployment, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    good, bad = deployment.door.some(2)
    known = type(KEYS).open_order

    def opened(self: Any, sealed: bytes, number: str) -> Order:
        return replace(known(self, sealed, number), **change) if number == bad else known(self, sealed, number)

    monkeypatch.setattr(type(KEYS), "open_order", opened)
    outcome = published(deployment.maker.run(HALF_PAST))
    assert deployment.maker.numbers_in(outcome.name) == [good]
    assert deployment.rows.order(bad).held_kind == HeldKind.BROKEN


def test_a_stored_order_with_a_time_that_cannot_be_is_written_without_it(deployment: Deployment):
    """The first releases took any year."""
    good, bad = deployment.door.take_in_turn(
        deployment.door.new(),
        deployment.door.new(),
    )
    sealed = KEYS.seal.seal(
        KEYS.seal.unseal(deployment.rows.order(bad).sealed, bad).replace(
            b'"placed_at":"2026-11-22T02:00:00Z"', b'"placed_at":"9999-12-31T23:59:59Z"'
        ),
        bad,
    )
    assert KEYS.open_order(sealed, bad).placed_at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(OrderRow).where(OrderRow.number == bad).values(sealed=sealed))  # type: ignore[arg-type]
    outcome = published(deployment.maker.run(HALF_PAST))
    assert deployment.maker.numbers_in(outcome.name) == [good, bad]
    head, _, last = deployment.maker.csv_of(outcome.name)
    assert last[head.index("下单时间")] == "2026-11-22 10:00:01"  # when we took it


def test_a_row_whose_own_time_or_priority_is_none_stops_no_batch(deployment: Deployment):
    good, early, late, unknown = deployment.door.some(4)
    with deployment.engines.writer.begin() as connection:
        for number, values in (
            (early, {"received_at": datetime(1, 1, 1, tzinfo=UTC)}),
            (late, {"received_at": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)}),
            (unknown, {"priority": "urgent"[:6]}),
        ):
            connection.execute(update(OrderRow).where(OrderRow.number == number).values(**values))  # type: ignore[arg-type]
    outcome = published(deployment.maker.run(HALF_PAST, by=IT))
    assert {good, unknown} <= set(deployment.maker.numbers_in(outcome.name))
    assert all_orders_are_out_once(deployment, [good, early, late, unknown])


# ---- a batch that cannot be finished


def test_an_order_that_is_cancelled_while_its_batch_cannot_be_finished_leaves_it(deployment: Deployment):
    numbers = deployment.door.some(3)
    claimed_by_an_older_program(deployment, numbers)
    with deployment.store.writing() as uow:
        cancel(uow, numbers[1], reason="顾客取消", by=IT, now=HALF_PAST)
    outcome = published(deployment.maker.run(HALF_PAST + minutes(1)))
    assert deployment.maker.numbers_in(outcome.name) == [numbers[0], numbers[2]]
    assert (outcome.manifest["orders"], outcome.manifest["total"]) == (2, "200.00")
    row = deployment.rows.order(numbers[1])
    assert (row.state, row.batch_id) == ("cancelled", None)
    assert deployment.rows.balanced()


def test_an_order_that_is_cancelled_after_its_file_could_be_read_stays_in_it(deployment: Deployment):
    numbers = deployment.door.some(2)

    class NoManifest(Disk):
        def rename(self, path: Path, final: Path) -> None:
            if final.name.endswith(".manifest.json"):
                raise OSError(5, "Input/output error")
            super().rename(path, final)

    maker(deployment, lambda _: "ok", disk=NoManifest()).run_once(HALF_PAST)
    assert f"{NAME}.csv" in deployment.maker.files()
    with deployment.store.writing() as uow:
        cancel(uow, numbers[1], reason="顾客取消", by=IT, now=HALF_PAST)
    published(maker(deployment, lambda _: "ok").run_once(HALF_PAST + minutes(1)))
    assert deployment.maker.numbers_in(NAME) == numbers


class Broken(Store):
    """Raises a mistake of ours in the transaction that publishes, as no test could foresee it."""

    def __init__(self, engines: Engines, incident_id: int) -> None:
        super().__init__(engines)
        self._incident_id = incident_id

    def reading(self) -> UnitOfWork:
        uow = super().reading()
        enter, incident_id = uow.__enter__, self._incident_id

        class Wrong(UnitOfWork):
            def __enter__(self) -> UnitOfWork:
                opened = enter()
                get = opened.incidents.get

                def wrong(asked: int) -> Any:
                    if asked == incident_id:
                        raise KeyError("mistake")
                    return get(asked)

                opened.incidents.get = wrong  # type: ignore[method-assign]
                return opened

            def __exit__(self, *error: object) -> None:
                uow.__exit__(*error)

        return Wrong(self._read)


def _failing(deployment: Deployment) -> list[tuple[str, str]]:
    return _found(BATCH_FAILING, _situation(deployment, now=HALF_PAST))


def test_a_mistake_of_ours_puts_off_its_own_batch_and_no_other_incidents(deployment: Deployment):
    numbers = deployment.door.some(2)
    drill = deployment.door.new(drill=True)
    deployment.door.take(drill)
    first = deployment.rows.order(numbers[0]).incident_id
    store = Broken(deployment.engines, first)
    outcomes = deployment.maker.build(store=store).run_once(HALF_PAST)
    assert [type(outcome) for outcome in outcomes] == [Postponed, Published]
    assert isinstance(outcomes[0], Postponed)
    assert outcomes[0].code == "program KeyError"
    for n in range(1, FAILING_FROM):
        assert _failing(deployment) == []
        deployment.maker.build(store=store).run_once(HALF_PAST + minutes(n))
    assert _failing(deployment) == [("batch_failing", NAME)]
    (mended,) = deployment.maker.run(HALF_PAST + minutes(9))
    assert isinstance(mended, Published)
    assert _failing(deployment) == []
    assert (deployment.maker.batch(NAME).failures, deployment.maker.batch(NAME).failure) == (0, "")


def test_a_maker_that_is_killed_each_time_fails_as_well(deployment: Deployment):
    deployment.door.some(2)

    class Out(BaseException):
        """As the kernel ends a process that takes too much memory."""

    def too_large(_: ExportRow) -> str:
        raise Out

    for n in range(FAILING_FROM + 1):
        with pytest.raises(Out):
            maker(deployment, too_large).run_once(HALF_PAST + minutes(3 * n))
    assert _failing(deployment) == [("batch_failing", NAME)]
    assert deployment.maker.batch(NAME).failure.startswith("died")


def test_who_asks_for_a_batch_hears_of_one_that_holds_orders_and_cannot_be_finished(deployment: Deployment):
    numbers = deployment.door.some(2)
    claimed_by_an_older_program(deployment, numbers)
    with deployment.engines.writer.begin() as connection:  # another maker is at it, and the last three failed
        connection.execute(update(Batch).values(lease_until=HALF_PAST + minutes(2), failures=3, failure="disk X"))
    (outcome,) = deployment.maker.run(HALF_PAST + minutes(1), by=IT)
    assert isinstance(outcome, Postponed)
    assert (outcome.name, outcome.code) == (NAME, "disk X")
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(Batch).values(failures=0, failure=""))
    assert deployment.maker.run(HALF_PAST + minutes(1), by=IT) == [Underway(NAME)]


def test_an_incident_whose_batch_cannot_begin_keeps_no_other_waiting(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    deployment.door.some(1)
    deployment.door.take(deployment.door.new(drill=True))
    wrong = deployment.maker.build()
    known = wrong._start  # noqa: SLF001 - what goes wrong there cannot be foreseen from outside

    def start(incident: int, *args: Any, **named: Any) -> Any:
        if incident == 1:
            raise ArithmeticError
        return known(incident, *args, **named)

    monkeypatch.setattr(wrong, "_start", start)
    outcomes = wrong.run_once(HALF_PAST)
    assert {type(outcome) for outcome in outcomes} == {NotBegun, Published}


def test_orders_that_are_held_as_broken_are_told_until_they_are_seen_to(deployment: Deployment):
    numbers = deployment.door.some(4, buyer="odd")
    maker(deployment).run_once(HALF_PAST)
    (trouble,) = ORDERS_BROKEN.find(_situation(deployment))
    assert trouble.text.startswith(f"有 4 笔订单无法处理，已放到一边（{'、'.join(numbers[:3])} 等）")
    with deployment.store.writing() as uow:
        for number in numbers:
            cancel(uow, number, reason="顾客取消", by=IT, now=HALF_PAST)
    assert _found(ORDERS_BROKEN, _situation(deployment)) == []
    assert deployment.rows.states(numbers) == [OrderState.CANCELLED] * 4
