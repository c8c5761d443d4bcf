"""What a person decides, where every order is, and its whole way; on both engines."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.domain.fitness import Fitness
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import HeldKind, OrderState
from app.notify.dispatch.group import GroupDispatcher
from app.orders import decide
from app.orders.timeline import time_line
from app.store.commit.order_writer import NewOrder
from app.store.ledger import NoSuchIncident, ledger_of
from app.store.reach import Reach
from app.store.spool.file import Spool
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork
from tests.deployment import Deployment
from tests.deployment.facts import OPS, REHEARSAL, TEN, minutes
from tests.deployment.notices import ROBOT, a_policy
from tests.deployment.orders import new_order, new_orders
from tests.fakes.channels import FakeRobot


def _held(deployment: Deployment, new: NewOrder) -> str:
    deployment.door.take(new)
    with deployment.store.writing() as uow:
        row = uow.orders.numbered(new.number)
        assert row is not None
        assert uow.orders.hold([row.id or 0], kind=HeldKind.LOOK_ALIKE, looks_like="LBOTHER", reason="相似") == 1
    return new.number


def _release(uow: UnitOfWork, number: str, **fields: Any) -> None:
    decide.release(uow, number, preflight=lambda _row: Fitness(), **fields)


def _close_as_duplicate(uow: UnitOfWork, number: str, **fields: Any) -> None:
    first = uow.orders.numbered(new_order("FIRST").number)
    assert first is not None
    decide.mark_duplicate(uow, number, of=first.number, **fields)


def _decide(deployment: Deployment, decision: Any, number: str, **fields: Any) -> None:
    with deployment.store.writing() as uow:
        decision(uow, number, by=OPS, now=deployment.clock.now(), **fields)


def _row(deployment: Deployment, number: str) -> OrderRow:
    with deployment.store.reading() as uow:
        row = uow.orders.numbered(number)
    assert row is not None
    return row


# ---- decisions


def test_a_released_order_waits_for_the_next_batch_and_is_never_held_again(deployment: Deployment):
    number = _held(deployment, new_order("A"))
    deployment.clock.at += minutes(7)
    _decide(deployment, _release, number)
    row = _row(deployment, number)
    assert (row.state, row.released_at) == ("accepted", TEN + minutes(7))
    with deployment.store.reading() as uow:
        assert uow.orders.waiting_since(row.incident_id) == TEN + minutes(7)
        assert uow.orders.held() == []


def test_a_duplicate_is_closed_for_good_and_written_down(deployment: Deployment):
    deployment.door.take(new_order("FIRST", phone="13700137000"))
    number = _held(deployment, new_order("A"))
    _decide(deployment, _close_as_duplicate, number)
    row = _row(deployment, number)
    assert (row.state, row.settled_at, decide.state_in_chinese(row)) == ("duplicate", TEN, "重复单")
    with deployment.store.reading() as uow:
        (deed,) = uow.audit.of(number)
    assert (deed.action, deed.actor, deed.address) == ("order.mark_duplicate", "ops", "10.0.0.1")


@pytest.mark.parametrize(
    ("decision", "fields", "state", "allowed"),
    [
        (_release, {}, "accepted", {"held"}),
        (_close_as_duplicate, {}, "duplicate", {"held"}),
        (decide.cancel, {"reason": "不要了"}, "cancelled", {"accepted", "held", "batched"}),
        (decide.reject, {"reason": "地址不存在"}, "rejected", {"held", "batched"}),
    ],
)
def test_a_decision_is_possible_from_some_states_and_changes_nothing_from_others(
    deployment: Deployment, decision: Any, fields: dict[str, str], state: str, allowed: set[str]
):
    deployment.door.take(new_order("FIRST", phone="13700137000"))
    for n, before in enumerate(OrderState):
        new = new_order(f"K{n}", phone=f"138{n:08d}")
        deployment.door.take(new)
        with deployment.engines.writer.begin() as connection:
            connection.execute(update(OrderRow).where(OrderRow.number == new.number).values(state=before))
        if before in allowed:
            _decide(deployment, decision, new.number, **fields)
            assert _row(deployment, new.number).state == state
            if fields:
                assert _row(deployment, new.number).state_reason == fields["reason"]
        else:
            with pytest.raises(NotInThisState, match=f"订单 {new.number} 当前为“.+”，不能执行此操作。"):
                _decide(deployment, decision, new.number, **fields)
            assert _row(deployment, new.number).state == before
            with deployment.store.reading() as uow:
                assert uow.audit.of(new.number) == []


def test_an_order_nobody_knows_cannot_be_decided(deployment: Deployment):
    with pytest.raises(NotFound, match="没有订单 LB1。"):
        _decide(deployment, _release, "LB1")


# ---- the ledger


def test_the_ledger_knows_where_every_order_is(deployment: Deployment, tmp_path: Path):
    """P7: accepted = batched + waiting + held + closed + spooled, at any instant."""
    orders = new_orders(len(OrderState) + 2)
    deployment.door.take(*orders)
    for new, state in zip(orders, OrderState, strict=False):
        with deployment.engines.writer.begin() as connection:
            connection.execute(update(OrderRow).where(OrderRow.number == new.number).values(state=state))
    ledger = ledger_of(deployment.store, spool_dir=tmp_path)
    assert (ledger.incident, ledger.accepted, ledger.waiting, ledger.held, ledger.batched) == (
        "E20261122-1",
        9,
        3,
        1,
        1,
    )
    assert (ledger.imported, ledger.duplicate, ledger.rejected, ledger.cancelled, ledger.spooled) == (1, 1, 1, 1, 0)
    assert ledger.balanced


@pytest.mark.parametrize("how", [{}, {"full": True}])
def test_the_ledger_tells_held_orders_apart_and_their_sum_is_the_total(
    deployment: Deployment, tmp_path: Path, how: dict[str, bool]
):
    held = [HeldKind.LOOK_ALIKE, HeldKind.UNPAID, HeldKind.INCOMPLETE, HeldKind.INCOMPLETE]
    orders = new_orders(len(held) + 2)
    deployment.door.take(*orders)
    with deployment.store.writing() as uow:
        for new, kind in zip(orders, held, strict=False):
            uow.orders.hold([deployment.rows.order_id(new.number)], kind=kind, looks_like=None, reason="")
    for reach in (deployment.store.reach, Reach(one_by_one=0)):
        deployment.store.reach = reach
        ledger = ledger_of(deployment.store, spool_dir=tmp_path, **how)
        assert (ledger.held, ledger.held_by) == (4, {"incomplete": 2, "look_alike": 1, "unpaid": 1})
    _decide(deployment, decide.cancel, orders[0].number, reason="不要了")
    ledger = ledger_of(deployment.store, spool_dir=tmp_path, **how)
    assert (ledger.held_by, ledger.balanced) == ({"incomplete": 2, "unpaid": 1}, True)


def test_what_is_in_the_spool_is_accepted_and_not_counted_twice(deployment: Deployment, tmp_path: Path):
    """P6, P7: also after a drain that was cut off between its commit and its clean-up."""
    both, only, drill = new_order("A"), new_order("B"), new_order("D", caller=REHEARSAL)
    spool = Spool(tmp_path / "spool-0.db", max_bytes=1 << 20)
    spool.write([both, only, drill], [TEN] * 3)
    spool.close()
    none = ledger_of(deployment.store, spool_dir=tmp_path)
    assert (none.incident, none.accepted, none.spooled, none.balanced) == (None, 3, 3, True)
    deployment.door.take(both)
    live = ledger_of(deployment.store, spool_dir=tmp_path)
    assert (live.accepted, live.waiting, live.spooled, live.balanced) == (2, 1, 1, True)


def test_a_closed_incident_does_not_wait_for_the_spool(deployment: Deployment, tmp_path: Path):
    deployment.door.take(new_order("A"))
    with deployment.store.writing() as uow:
        uow.incidents.close(uow.incidents.get(1), by="it", now=TEN)
    spool = Spool(tmp_path / "spool-0.db", max_bytes=1 << 20)
    spool.write([new_order("B")], [TEN])
    spool.close()
    assert ledger_of(deployment.store, spool_dir=tmp_path, incident="E20261122-1").spooled == 0


def test_an_incident_nobody_knows_has_no_ledger(deployment: Deployment, tmp_path: Path):
    with pytest.raises(NoSuchIncident):
        ledger_of(deployment.store, spool_dir=tmp_path, incident="E1")


def test_an_order_whose_state_and_batch_disagree_is_found(deployment: Deployment):
    deployment.door.take(*new_orders(3))
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(OrderRow).where(OrderRow.idempotency_key == "K1").values(state="batched"))
    with deployment.store.reading() as uow:
        assert list(uow.ledger.unbatched_strays(1)) == [new_orders(3)[1].number]


# ---- the time line


def test_the_time_line_tells_an_orders_way_in_the_order_it_happened(deployment: Deployment):
    new = new_order("A")
    number = _held(deployment, new)
    deployment.notices.composed()
    deployment.clock.at += minutes(1)
    wecom, sms = deployment.rows.messages()
    deployment.rows.alter(wecom.id, state="sent", finished_at=deployment.clock.now())
    deployment.clock.at += minutes(1)
    deployment.rows.alter(sms.id, state="dead", finished_at=deployment.clock.now())
    assert _events(deployment, number) == [
        ("accepted", f"已受理，应急单号 {number}"),
        ("held", "疑似重复单（LBOTHER），待人工确认"),
        ("notified", "企业微信群通知已发送"),
        ("undelivered", "安抚短信未送达"),
    ]
    deployment.clock.at += minutes(1)
    _decide(deployment, _release, number)
    deployment.clock.at += minutes(1)
    _decide(deployment, decide.cancel, number, reason="不要了")
    assert [event for event, _ in _events(deployment, number)][-2:] == ["release", "cancel"]


def test_a_simulated_message_is_never_told_as_sent_and_a_pending_one_not_at_all(deployment: Deployment):
    new = new_order("A")
    wecom, _ = deployment.notices.composed(new)
    deployment.rows.alter(wecom.id, state="simulated", finished_at=TEN)
    assert _events(deployment, new.number)[1:] == [("simulated", "企业微信群通知（模拟发送，未实际发出）")]


async def test_an_order_told_of_in_a_digest_counts_as_told_once_the_digest_is_out(deployment: Deployment):
    orders = new_orders(30, total="1.00")
    deployment.notices.composed(*orders, policy=a_policy())
    deployment.clock.at += minutes(1)
    robot = FakeRobot(clock=deployment.clock)
    await GroupDispatcher(deployment.store, deployment.clock, {ROBOT: robot}).run_once()
    assert _events(deployment, orders[7].number)[1:] == [("notified", "企业微信群通知已发送")]


def _events(deployment: Deployment, number: str) -> list[tuple[str, str]]:
    with deployment.store.reading() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        return [(event.event, event.detail) for event in time_line(uow, row)]
