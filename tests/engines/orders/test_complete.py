"""A held order is completed by a person, checked and sealed as at the door, and goes out; on both engines."""

from typing import Any

import pytest

from app.domain.fitness import Fitness
from app.domain.order import Order
from app.domain.problems import InvalidOrder, NotInThisState
from app.domain.states import HeldKind
from app.intake.amend import Amender
from app.orders.complete import Completed, complete
from app.orders.timeline import time_line
from app.store.sealing import Keyring
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, KEYS, OPS, SECRETS, TEN, minutes
from tests.deployment.maker import published
from tests.fakes.clock import ClockAt

AMEND = Amender(KEYS, ClockAt(TEN), high_above_fen=50_000)
NOWHERE: dict[str, Any] = {"recipient": {"name": "张三", "city": "杭州市"}}
UNPAID = Fitness(HeldKind.UNPAID, "未付款")
PHONE = "13700137000"


def incomplete(deployment: Deployment, key: str = "K-1", **fields: Any) -> str:
    """Let a batch hold an order that goes nowhere."""
    new = deployment.door.new(key, **{**NOWHERE, **fields})
    deployment.door.take(new)
    deployment.maker.build(layout="jushuitan").run_once(HALF_PAST, by=OPS)
    assert deployment.rows.order(new.number).held_kind == HeldKind.INCOMPLETE
    return new.number


def completed(deployment: Deployment, number: str, changes: dict[str, Any], **how: Any) -> Completed:
    fixed = {"amend": AMEND, "preflight": deployment.maker.preflight("jushuitan"), "reason": "电话核实"}
    with deployment.store.writing() as uow:
        return complete(uow, number, changes, by=OPS, now=deployment.clock.now(), **{**fixed, **how})


def content(deployment: Deployment, number: str) -> Order:
    return KEYS.open_order(deployment.rows.order(number).sealed, number)


def wrong(deployment: Deployment, number: str, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidOrder) as refused:
        completed(deployment, number, {path.replace("__", "."): value for path, value in changes.items()})
    return [(error.pointer, error.code) for error in refused.value.errors]


def test_a_completed_order_goes_out_with_the_next_batch_and_says_what_it_was_told(deployment: Deployment):
    number = incomplete(deployment)
    deployment.clock.at = HALF_PAST + minutes(3)
    done = completed(deployment, number, {"recipient.address": "文三路 1 号", "phone": "137 0013 7000"})
    assert (done.state, done.kind, done.fitness) == ("accepted", None, Fitness())
    row = deployment.rows.order(number)
    assert (row.state, row.state_reason, row.released_at) == ("accepted", None, None)
    with deployment.store.reading() as uow:  # it waits since it was completed: nobody cries overdue
        assert uow.orders.longest_waiting_since() == HALF_PAST + minutes(3)
    outcome = published(deployment.maker.build(layout="jushuitan").run_once(TEN + minutes(60)))
    (line,) = deployment.maker.csv_of(outcome.name)[1:]
    assert {number, "张三", PHONE, "杭州市"} <= set(line)
    assert any("文三路 1 号" in cell for cell in line)
    assert deployment.rows.balanced()


def test_its_total_priority_and_marks_follow_and_the_shops_retry_is_still_a_replay(deployment: Deployment):
    """P2: what a person changed here is no conflict with what the shop sends again."""
    number = incomplete(deployment)
    before = deployment.rows.order(number)
    deployment.notices.composed()
    told = len(deployment.rows.messages())
    changes = {"recipient.address": "文三路 1 号", "phone": PHONE, "total": None, "items.0.unit_price": "900.00"}
    completed(deployment, number, changes)
    row = deployment.rows.order(number)
    assert (row.total_fen, row.priority, row.phone_last4) == (90_000, "high", "7000")
    assert row.phone_index == KEYS.phone_index(PHONE)
    assert row.look_alike == KEYS.look_alike_of(phone=PHONE, goods=[("A-1", 1)], total_fen=90_000)
    assert row.fingerprint == before.fingerprint
    again = deployment.door.new("K-1", phone="13800000001", **NOWHERE)
    (stored,) = deployment.door.take(again)
    assert (again.number, stored.replayed, stored.same_body) == (number, True, True)
    deployment.notices.composed()
    assert len(deployment.rows.messages()) == told  # what the customer was told is not told again


def test_what_it_said_first_is_kept_sealed_and_the_audit_holds_no_value(deployment: Deployment):
    number = incomplete(deployment)
    first = content(deployment, number)
    completed(deployment, number, {"recipient.name": "李四"})
    completed(deployment, number, {"recipient.address": "秘密路 7 号", "placed_at": ""})
    row = deployment.rows.order(number)
    assert row.sealed_original is not None
    assert KEYS.open_order(row.sealed_original, number) == first
    assert content(deployment, number).placed_at is None
    with deployment.store.reading() as uow:
        deeds = uow.audit.of(number, "order.complete")
        events = [event.detail for event in time_line(uow, row) if event.event == "complete"]
    assert [deed.detail["fields"] for deed in deeds] == [["recipient.name"], ["placed_at", "recipient.address"]]
    assert (deeds[1].actor, deeds[1].detail["reason"]) == ("ops", "电话核实")
    assert "秘密路" not in str([deed.detail for deed in deeds])
    assert events == [
        "人工补全 收件人姓名（电话核实），仍待人工确认：不符合聚水潭导入要求，缺少：详细地址",
        "人工补全 下单时间、详细地址（电话核实），进入下一批次",
    ]


def test_what_is_still_missing_is_said_and_keeps_it(deployment: Deployment):
    number = incomplete(deployment, items=[{"sku": "A-1", "quantity": 1}], total="100.00")
    done = completed(deployment, number, {"recipient.address": "文三路 1 号"})
    assert (done.state, done.kind, done.fitness.missing) == ("held", "incomplete", ("单价",))
    row = deployment.rows.order(number)
    assert (row.state, row.state_reason) == ("held", "不符合聚水潭导入要求，缺少：单价")
    assert completed(deployment, number, {"items.0.unit_price": "100"}).state == "accepted"


def test_a_completed_order_that_is_unpaid_waits_for_that(deployment: Deployment):
    number = incomplete(deployment)
    done = completed(deployment, number, {"recipient.address": "文三路 1 号"}, preflight=lambda _row: UNPAID)
    row = deployment.rows.order(number)
    assert (done.state, done.kind, row.held_kind, row.state_reason) == ("held", "unpaid", "unpaid", "未付款")


def test_a_completed_order_is_judged_anew_by_the_batch(deployment: Deployment):
    number = incomplete(deployment, phone="13900139000")
    (twin,) = deployment.door.take_in_turn(deployment.door.new(phone="13900139000"), at=TEN - minutes(1))
    deployment.maker.build(layout="jushuitan").run_once(HALF_PAST, by=OPS)
    assert deployment.rows.order(twin).looks_like == number
    completed(deployment, number, {"recipient.address": "文三路 1 号"})
    outcome = published(deployment.maker.build(layout="jushuitan").run_once(TEN + minutes(60)))
    assert deployment.maker.numbers_in(outcome.name) == [number]  # the other one waits for it, and not it for the other
    late = incomplete(deployment, key="K-2", phone="13900139111")
    (first,) = deployment.door.take_in_turn(deployment.door.new(phone="13900139222"), at=TEN)
    deployment.maker.build(layout="jushuitan").run_once(TEN + minutes(61), by=OPS)
    completed(deployment, late, {"recipient.address": "文三路 1 号", "phone": "13900139222"})
    deployment.maker.build(layout="jushuitan").run_once(TEN + minutes(90), by=OPS)
    row = deployment.rows.order(late)
    assert (row.state, row.held_kind, row.looks_like) == ("held", "look_alike", first)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"phone": "12"}, [("/phone", "phone")]),
        ({"phone": "138****8000"}, [("/phone", "phone_masked")]),
        ({"recipient__nam": "张"}, [("/recipient/nam", "extra_forbidden")]),
        ({"items__5__sku": "A"}, [("/items/5/sku", "no_such_field")]),
        ({"phone__area": "571"}, [("/phone/area", "no_such_field")]),
        ({"items__0__quantity": "0"}, [("/items/0/quantity", "greater_than_equal")]),
        ({"items__0__unit_price": "-1"}, [("/items/0/unit_price", "money")]),
        ({"items__0": ""}, [("/items", "too_short")]),
        ({"payment__status": "maybe"}, [("/payment/status", "literal_error")]),
        ({"buyer": "b" * 301}, [("/buyer", "string_too_long")]),
        ({"phone": ""}, [("/phone", "missing")]),
        ({"client_order_id": "SHOP-2"}, [("/client_order_id", "not_changeable")]),
        ({"": "x"}, [("/", "extra_forbidden")]),
        ({}, []),
    ],
)
def test_what_the_door_would_refuse_is_refused_in_its_words_and_changes_nothing(
    deployment: Deployment, changes: dict[str, str], errors: list[tuple[str, str]]
):
    number = incomplete(deployment)
    before = deployment.rows.order(number)
    assert wrong(deployment, number, **changes) == errors
    assert deployment.rows.order(number) == before


def test_lines_of_goods_are_added_taken_out_and_named_by_pointers_too(deployment: Deployment):
    number = incomplete(deployment)
    done = completed(
        deployment,
        number,
        {"items.1.quantity": "2", "items.1.sku": "B", "/recipient/address": "文三路 1 号", "items.1.unit_price": "1"},
    )
    assert done.state == "accepted"
    assert [(item.sku, item.quantity) for item in content(deployment, number).items] == [("A-1", 1), ("B", 2)]
    other = incomplete(deployment, key="K-2", items=[{"sku": s, "quantity": 1, "unit_price": "1"} for s in "AB"])
    completed(deployment, other, {"items.0": None, "recipient": {"name": "张三", "address": "文三路 1 号"}})
    assert [item.sku for item in content(deployment, other).items] == ["B"]


def test_an_order_that_cannot_be_read_is_given_anew(deployment: Deployment):
    foreign = Keyring.from_secrets(SECRETS["secret_key"], "u" * 32)
    new = deployment.door.new("SHOP-7")
    deployment.door.take(new._replace(sealed=foreign.seal.seal(b"{}", new.number)))
    deployment.maker.run(HALF_PAST)
    assert wrong(deployment, new.number, note="x") == [("/phone", "missing"), ("/items", "too_short")]
    whole = {"phone": PHONE, "items.0.sku": "A-1", "items.0.quantity": 1, "items.0.unit_price": "1"}
    done = completed(deployment, new.number, {**whole, "recipient.name": "张三", "recipient.address": "文三路 1 号"})
    assert (done.state, content(deployment, new.number).client_order_id) == ("accepted", "SHOP-7")


def test_only_a_held_order_is_completed_and_only_with_a_reason(deployment: Deployment):
    number = incomplete(deployment)
    for reason in ("", "  ", "x" * 301):
        with pytest.raises(InvalidOrder, match="原因"):
            completed(deployment, number, {"phone": PHONE}, reason=reason)
    with deployment.store.writing() as uow:
        row = uow.held.locked(number)
        assert row is not None
        assert uow.held.amend(row, {"held_kind": HeldKind.MAIN_MAY_HAVE, "state_reason": "主系统可能已有"})
    with pytest.raises(NotInThisState, match="不能补全：主系统可能已有"):
        completed(deployment, number, {"phone": PHONE})
    (waiting,) = deployment.door.some(1)
    with pytest.raises(NotInThisState, match="待进批次"):
        completed(deployment, waiting, {"phone": PHONE})
    assert content(deployment, waiting).phone != PHONE
