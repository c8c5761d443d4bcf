"""What must not go into a file is set aside for a person, and the rest goes out."""

from datetime import timedelta

from app.batch.checks import LooksLike
from app.batch.maker import Emptied
from app.domain.states import HeldKind, OrderState
from app.store.sealing import Keyring
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, SECRETS, TEN, minutes
from tests.deployment.maker import published


def hold_and_release(deployment: Deployment, number: str) -> None:
    with deployment.store.writing() as uow:
        uow.orders.move([uow.orders.numbered(number).id], OrderState.ACCEPTED, released_at=HALF_PAST)


def test_the_later_of_two_look_alikes_is_held_and_the_file_goes_out(deployment: Deployment):
    twin = {"phone": "13900139000"}
    first, second, other = deployment.door.take_in_turn(
        deployment.door.new(**twin), deployment.door.new(**twin), deployment.door.new()
    )
    outcome = published(deployment.maker.run(HALF_PAST))
    assert deployment.maker.numbers_in(outcome.name) == [first, other]
    assert outcome.manifest["held"] == 1
    row = deployment.rows.order(second)
    assert (row.state, row.looks_like, row.state_reason) == ("held", first, LooksLike(first).reason)
    assert deployment.rows.balanced()


def test_a_look_alike_of_an_order_that_is_out_already_is_held(deployment: Deployment):
    twin = {"phone": "13900139000"}
    deployment.door.take_in_turn(deployment.door.new(**twin), at=TEN + minutes(25))
    deployment.maker.run(HALF_PAST)
    (second,) = deployment.door.take_in_turn(deployment.door.new(**twin), at=TEN + minutes(34))
    (third,) = deployment.door.take_in_turn(
        deployment.door.new(**twin), at=TEN + minutes(45)
    )  # too late for either: a new order
    outcome = published(deployment.maker.run(TEN + minutes(60)))
    assert (deployment.rows.states([second]), deployment.maker.numbers_in(outcome.name)) == (["held"], [third])


def test_a_look_alike_is_found_across_the_transactions_of_one_claim(deployment: Deployment):
    twin = {"phone": "13900139000"}
    numbers = deployment.door.take_in_turn(
        deployment.door.new(**twin), *(deployment.door.new() for _ in range(9)), deployment.door.new(**twin)
    )
    outcome = published(deployment.maker.build(chunk=3).run_once(HALF_PAST))
    assert deployment.maker.numbers_in(outcome.name) == numbers[:-1]


def test_an_order_released_by_a_person_is_never_held_again(deployment: Deployment):
    twin = {"phone": "13900139000"}
    _, second = deployment.door.take_in_turn(deployment.door.new(**twin), deployment.door.new(**twin))
    deployment.maker.run(HALF_PAST)
    hold_and_release(deployment, second)
    (drained,) = deployment.door.some(1, at=TEN + minutes(1))  # for which the first order is looked at again
    outcome = published(deployment.maker.run(TEN + minutes(60)))
    assert deployment.maker.numbers_in(outcome.name) == [second, drained]
    assert deployment.maker.csv_of(outcome.name)[1][-1].endswith("疑似重复单，已人工放行")


def test_an_order_that_looks_like_a_cancelled_one_is_not_held(deployment: Deployment):
    twin = {"phone": "13900139000"}
    first, second = deployment.door.take_in_turn(deployment.door.new(**twin), deployment.door.new(**twin))
    with deployment.store.writing() as uow:
        uow.orders.move([uow.orders.numbered(first).id], OrderState.CANCELLED)
    assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST)).name) == [second]


def test_a_window_of_zero_holds_nothing(deployment: Deployment):
    twin = {"phone": "13900139000"}
    deployment.door.take_in_turn(deployment.door.new(**twin), deployment.door.new(**twin))
    assert published(deployment.maker.build(look_alike_window=timedelta()).run_once(HALF_PAST)).manifest["held"] == 0


def test_an_order_the_program_would_refuse_is_held_and_the_rest_ships(deployment: Deployment):
    good, bad = deployment.door.take_in_turn(deployment.door.new(), deployment.door.new(recipient=None))
    outcome = published(deployment.maker.build(layout="jushuitan").run_once(HALF_PAST))
    assert [row[0] for row in deployment.maker.csv_of(outcome.name)[1:]] == [good]
    assert deployment.rows.order(bad).state_reason == "不符合聚水潭导入要求，缺少：收件人、详细地址"
    valid = next(check for check in outcome.manifest["checks"] if check["name"] == "profile_valid")
    assert valid == {"name": "profile_valid", "passed": True, "detail": "不符合导入要求 1 单，已转人工处理"}


def test_an_order_that_cannot_be_unsealed_does_not_block_the_others(deployment: Deployment):
    foreign = Keyring.from_secrets(SECRETS["secret_key"], "u" * 32)
    new = deployment.door.new()
    good, bad = deployment.door.take_in_turn(
        deployment.door.new(), new._replace(sealed=foreign.seal.seal(b"{}", new.number))
    )
    assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST)).name) == [good]
    assert "SEAL_KEY" in deployment.rows.order(bad).state_reason


def test_a_batch_of_which_nothing_is_left_has_no_file(deployment: Deployment):
    (number,) = deployment.door.some(1, recipient=None)
    assert deployment.maker.build(layout="jushuitan").run_once(HALF_PAST) == [Emptied("B20261122-1030-1", held=1)]
    assert (deployment.rows.states([number]), deployment.maker.files()) == (["held"], [])
    assert deployment.maker.build(layout="jushuitan").run_once(HALF_PAST, by=IT) == []


def test_an_order_nobody_can_deliver_is_held_whatever_the_layout_and_goes_out_once_released(deployment: Deployment):
    good, bad = deployment.door.take_in_turn(
        deployment.door.new(note="要红的??还是蓝的", items=[{"sku": "*", "name": "特价*2件*装", "quantity": 1}]),
        deployment.door.new(recipient={"name": "张*", "city": "杭州市", "address": "??? 1 ?"}),
    )
    assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST)).name) == [good]
    row = deployment.rows.order(bad)
    assert (row.held_kind, row.looks_like) == (HeldKind.INCOMPLETE, None)
    assert row.state_reason == "收件人姓名、详细地址疑似乱码或被打码，可能无法送达，请核实后补全"
    hold_and_release(deployment, bad)
    assert deployment.maker.numbers_in(published(deployment.maker.run(TEN + minutes(60))).name) == [bad]
