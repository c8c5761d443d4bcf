"""What must not go into a file is set aside for a person, and the rest goes out."""

from datetime import timedelta

from app.batch.checks import LooksLike
from app.batch.maker import Emptied, MakeOutcome, Published
from app.domain.states import OrderState
from app.store.sealing import Keyring
from tests.deployment.facts import IT
from tests.engines.batch.batch_fixtures import TEN, World, a_world, minutes  # noqa: F401 - a fixture

HALF_PAST = TEN + minutes(30)


def published(outcomes: list[MakeOutcome]) -> Published:
    (outcome,) = outcomes
    assert isinstance(outcome, Published), outcome
    return outcome


def hold_and_release(world: World, number: str) -> None:
    with world.store.writing() as uow:
        uow.orders.move([uow.orders.numbered(number).id], OrderState.ACCEPTED, released_at=HALF_PAST)


def test_the_later_of_two_look_alikes_is_held_and_the_file_goes_out(world: World):
    twin = {"phone": "13900139000"}
    first, second, other = world.take(world.new(**twin), world.new(**twin), world.new())
    outcome = published(world.maker().run_once(HALF_PAST))
    assert world.numbers_in(outcome.name) == [first, other]
    assert outcome.manifest["held"] == 1
    row = world.row(second)
    assert (row.state, row.looks_like, row.state_reason) == ("held", first, LooksLike(first).reason)
    assert world.balanced()


def test_a_look_alike_of_an_order_that_is_out_already_is_held(world: World):
    twin = {"phone": "13900139000"}
    world.take(world.new(**twin), at=TEN + minutes(25))
    world.maker().run_once(HALF_PAST)
    (second,) = world.take(world.new(**twin), at=TEN + minutes(34))
    (third,) = world.take(world.new(**twin), at=TEN + minutes(45))  # too late for either: a new order
    outcome = published(world.maker().run_once(TEN + minutes(60)))
    assert (world.states([second]), world.numbers_in(outcome.name)) == (["held"], [third])


def test_a_look_alike_is_found_across_the_transactions_of_one_claim(world: World):
    twin = {"phone": "13900139000"}
    numbers = world.take(world.new(**twin), *(world.new() for _ in range(9)), world.new(**twin))
    outcome = published(world.maker(chunk=3).run_once(HALF_PAST))
    assert world.numbers_in(outcome.name) == numbers[:-1]


def test_an_order_released_by_a_person_is_never_held_again(world: World):
    twin = {"phone": "13900139000"}
    _, second = world.take(world.new(**twin), world.new(**twin))
    world.maker().run_once(HALF_PAST)
    hold_and_release(world, second)
    (drained,) = world.some(1, at=TEN + minutes(1))  # for which the first order is looked at again
    outcome = published(world.maker().run_once(TEN + minutes(60)))
    assert world.numbers_in(outcome.name) == [second, drained]
    assert world.csv_of(outcome.name)[1][-1].endswith("疑似重复单，已人工放行")


def test_an_order_that_looks_like_a_cancelled_one_is_not_held(world: World):
    twin = {"phone": "13900139000"}
    first, second = world.take(world.new(**twin), world.new(**twin))
    with world.store.writing() as uow:
        uow.orders.move([uow.orders.numbered(first).id], OrderState.CANCELLED)
    assert world.numbers_in(published(world.maker().run_once(HALF_PAST)).name) == [second]


def test_a_window_of_zero_holds_nothing(world: World):
    twin = {"phone": "13900139000"}
    world.take(world.new(**twin), world.new(**twin))
    assert published(world.maker(look_alike_window=timedelta()).run_once(HALF_PAST)).manifest["held"] == 0


def test_an_order_the_program_would_refuse_is_held_and_the_rest_ships(world: World):
    good, bad = world.take(world.new(), world.new(recipient=None))
    outcome = published(world.maker(layout="jushuitan").run_once(HALF_PAST))
    assert [row[0] for row in world.csv_of(outcome.name)[1:]] == [good]
    assert world.row(bad).state_reason == "不符合聚水潭导入要求，缺少：收件人、详细地址"
    valid = next(check for check in outcome.manifest["checks"] if check["name"] == "profile_valid")
    assert valid == {"name": "profile_valid", "passed": True, "detail": "不符合导入要求 1 单，已转人工处理"}


def test_an_order_that_cannot_be_unsealed_does_not_block_the_others(world: World):
    foreign = Keyring.from_secrets("s" * 32, "u" * 32)
    new = world.new()
    good, bad = world.take(world.new(), new._replace(sealed=foreign.seal.seal(b"{}", new.number)))
    assert world.numbers_in(published(world.maker().run_once(HALF_PAST)).name) == [good]
    assert "SEAL_KEY" in world.row(bad).state_reason


def test_a_batch_of_which_nothing_is_left_has_no_file(world: World):
    (number,) = world.some(1, recipient=None)
    assert world.maker(layout="jushuitan").run_once(HALF_PAST) == [Emptied("B20261122-1030-1", held=1)]
    assert (world.states([number]), world.files()) == (["held"], [])
    assert world.maker(layout="jushuitan").run_once(HALF_PAST, by=IT) == []
