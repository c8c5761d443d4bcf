"""A worker, wired as in production on a store without credentials: every step does its share, and stopping is clean."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.bootstrap import ForeignSecrets, Lifeboat
from app.store.tables import Batch, Lease, Message, OrderRow
from app.worker.calendar import NotDone
from app.worker.main import Worker, work
from tests.deployment.facts import TEN, minutes, seconds
from tests.deployment.orders import new_order, new_orders
from tests.deployment.rows import Rows
from tests.fakes.clock import ClockAt


def _messages(boat: Lifeboat, kind: str) -> list[Message]:
    return Rows(boat.store).messages(kind=kind)


def _alerts(boat: Lifeboat) -> list[tuple[str, str]]:
    with boat.store.reading() as uow:
        return [(alert.rule, alert.text) for alert in uow.alerts.open()]


def _accept(boat: Lifeboat, count: int = 3) -> None:
    boat.writer().write(new_orders(count), [TEN] * count)


async def test_an_orders_messages_and_batch_come_about_step_by_step(boat: Lifeboat):
    _accept(boat)
    worker = Worker(boat)
    steps = worker.steps()
    assert await steps.compose() == 3
    assert await steps.groups() == 3
    assert await steps.sms() == 3
    assert await steps.settle() == await steps.mail() == await steps.sweep() == 0
    assert {message.state for kind in ("order_wecom", "order_sms") for message in _messages(boat, kind)} == {
        "simulated"
    }
    boat.clock.at += minutes(30)  # type: ignore[attr-defined]
    assert await steps.batch() == 0
    (batch,) = Rows(boat.store).all(select(Batch))
    assert (batch.state, batch.orders) == ("published", 3)
    await steps.compose()
    assert await steps.groups() == 1
    assert len(_messages(boat, "batch_wecom")) == 1
    await worker.aclose()


async def test_a_batch_that_does_not_come_raises_the_dead_mans_alarm_once_until_it_is_there(boat: Lifeboat):
    """P8: whoever makes batches may be dead; somebody says so."""
    _accept(boat)
    worker = Worker(boat)
    watch = worker.steps().watch
    boat.clock.at += minutes(33)  # type: ignore[attr-defined]
    await watch()
    assert _alerts(boat) == []
    boat.clock.at += minutes(1)  # type: ignore[attr-defined]
    await watch()
    await watch()
    ((rule, text),) = _alerts(boat)
    assert rule == "batch_overdue"
    assert "批次逾期" in text
    await worker.steps().batch()
    await watch()
    assert _alerts(boat) == []
    await worker.aclose()


async def test_a_chosen_layout_whose_file_is_wrong_stops_batches_and_nothing_else(
    open_boat: Callable[..., Lifeboat], tmp_path: Path
):
    """P14: messages and alerts go on, and the batch that does not come is told."""
    (tmp_path / "mine.toml").write_text("oops", encoding="utf-8")
    boat = open_boat(layouts_dir=tmp_path, batch_columns="mine")
    boat.prepare_store()
    _accept(boat)
    worker = Worker(boat)
    steps = worker.steps()
    assert await steps.compose() == 3
    assert await steps.groups() == 3
    boat.clock.at += minutes(34)  # type: ignore[attr-defined]
    assert await steps.batch() == 0
    with pytest.raises(NotDone, match=r"批次未能开始，导出列表 mine 的文件有误：mine\.toml 第 1 行"):
        await steps.batch_on_time()
    assert [rule for rule, _ in _alerts(boat)] == ["batch_overdue"]
    await worker.aclose()


async def test_a_worker_that_was_away_makes_up_for_it_once_and_says_so(boat: Lifeboat):
    """P8: it looks for a batch before it looks for a late one, and must not thereby keep quiet about the absence."""
    clock: ClockAt = boat.clock  # type: ignore[assignment]
    for n in range(4):
        boat.writer().write([new_order(f"P{n}", phone=f"139{n:08d}")], [clock.now()])
        clock.at += minutes(10)
    worker = Worker(boat)
    steps = worker.steps()
    for _ in range(3):
        await steps.batch()
        clock.at += seconds(10)
    with boat.store.reading() as uow:
        assert [(batch.state, batch.orders) for batch in uow.batches.page()] == [("published", 4)]
    await steps.compose()
    texts = [alert.content["sentence"] for alert in _messages(boat, "alert_wecom")]
    assert len(texts) == 1
    assert "批次逾期" in texts[0]
    await worker.aclose()


async def test_in_two_hours_of_ticks_nobody_waits_longer_than_half_an_hour_and_a_tick(boat: Lifeboat):
    """P8: also when looks are missed, and when two workers look at once."""
    clock: ClockAt = boat.clock  # type: ignore[assignment]
    workers = [Worker(boat), Worker(boat)]
    tick, ticks = seconds(10), 720
    for n in range(ticks):
        if n % 17 == 0:
            boat.writer().write([new_order(f"T{n}", phone=f"139{n:08d}")], [clock.now()])
        if n % 5 == 0 or n % 180 == 0:  # four looks in five are missed; none at a boundary
            for worker in workers[: 1 + n % 2]:
                await worker.steps().batch()
        clock.at += tick
    with boat.store.reading() as uow:
        batches = uow.batches.page()
        published = {batch.id: batch.published_at for batch in batches}
    rows = Rows(boat.store).all(select(OrderRow))
    waits = sorted(published[row.batch_id] - row.received_at for row in rows if row.batch_id)
    left = [clock.now() - row.received_at for row in rows if not row.batch_id]
    assert max(waits) <= minutes(30) + tick
    assert max(left) <= minutes(30)
    assert len(batches) == 3
    with boat.store.reading() as uow:
        assert not uow.alerts.page()
    for worker in workers:
        await worker.aclose()


async def test_a_worker_works_until_it_is_told_to_stop_and_hands_back_its_lease(boat: Lifeboat):
    _accept(boat)
    stop = asyncio.Event()
    working = asyncio.create_task(work(boat, stop))
    while not any(message.state == "simulated" for message in await asyncio.to_thread(_messages, boat, "order_sms")):  # noqa: ASYNC110 - rows know no event
        await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(working, 20)
    leases = {lease.name for lease in Rows(boat.store).all(select(Lease))}
    assert "leader" not in leases


async def test_a_worker_with_foreign_secrets_does_not_begin(boat: Lifeboat):
    with boat.store.writing() as uow:
        uow.access.keep_fact("seal_key", "another")
    with pytest.raises(ForeignSecrets, match="LIFEBOAT_SEAL_KEY 与数据库不符"):
        await work(boat, asyncio.Event())


async def test_a_batch_that_cannot_be_written_at_its_time_fails_the_calendars_run_and_not_the_loop(boat: Lifeboat):
    """P12: what is shown as done was done."""
    _accept(boat)
    worker = Worker(boat)
    steps = worker.steps()
    boat.clock.at += minutes(30)  # type: ignore[attr-defined]
    boat.settings.export_dir.write_text("a file where the folder should be")
    with pytest.raises(NotDone, match="B20261122-1030-1 未能写出"):
        await steps.batch_on_time()
    assert await steps.batch() == 0
    boat.settings.export_dir.unlink()
    boat.clock.at += seconds(10)  # type: ignore[attr-defined]
    assert await steps.batch_on_time() == 0
    with boat.store.reading() as uow:
        assert [(batch.state, batch.orders) for batch in uow.batches.page(limit=9)] == [("published", 3)]
    await worker.aclose()
