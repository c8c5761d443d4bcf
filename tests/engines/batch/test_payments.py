"""No order leaves as if it were paid that is not, unless a person says so."""

from app.domain.states import HeldKind, OrderState
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, TEN, minutes
from tests.deployment.maker import published

UNPAID, COD = {"payment": {"status": "unpaid"}}, {"payment": {"status": "cod"}}
LATER = TEN + minutes(60)


def release(deployment: Deployment, number: str) -> None:
    with deployment.store.writing() as uow:
        uow.orders.move([uow.orders.numbered(number).id], OrderState.ACCEPTED, released_at=HALF_PAST)


def test_an_unpaid_order_is_held_where_the_file_could_not_tell_and_the_rest_ships(deployment: Deployment):
    new = deployment.door.new
    paid, unpaid, cod = deployment.door.take_in_turn(new(), new(**UNPAID), new(**COD))
    outcome = published(deployment.maker.build(layout="wangdiantong").run_once(HALF_PAST))
    rows = {row[1]: row for row in deployment.maker.csv_of(outcome.name)[1:]}
    assert list(rows) == [paid, cod]
    assert "货到付款" in rows[cod]
    row = deployment.rows.order(unpaid)
    assert (row.state, row.held_kind) == ("held", HeldKind.UNPAID)
    assert row.state_reason is not None
    assert row.state_reason.startswith("未付款，而旺店通的文件没有位置标明")
    assert deployment.rows.balanced()


def test_an_order_that_a_person_lets_go_unpaid_leaves_and_is_not_held_again(deployment: Deployment):
    (number,) = deployment.door.some(1, **UNPAID)
    maker = deployment.maker.build(layout="wangdiantong")
    maker.run_once(HALF_PAST)
    release(deployment, number)
    assert published(maker.run_once(LATER)).manifest["payments"]["unpaid"] == 1


def test_a_release_of_a_look_alike_does_not_say_that_it_is_paid(deployment: Deployment):
    twin = {"phone": "13900139000", **UNPAID}
    _, second = deployment.door.take_in_turn(deployment.door.new(**twin), deployment.door.new(**twin))
    maker = deployment.maker.build(layout="wangdiantong")
    maker.run_once(HALF_PAST)
    assert deployment.rows.order(second).held_kind == HeldKind.LOOK_ALIKE
    release(deployment, second)
    maker.run_once(LATER)
    assert (deployment.rows.states([second]), deployment.rows.order(second).held_kind) == (["held"], HeldKind.UNPAID)
    release(deployment, second)
    assert published(maker.run_once(LATER + minutes(30))).manifest["orders"] == 1


def test_where_the_file_tells_of_the_payment_all_ship_with_their_mark(deployment: Deployment):
    new = deployment.door.new
    numbers = deployment.door.take_in_turn(new(), new(**UNPAID), new(**COD), new(payment=None), new(payment={}))
    outcome = published(deployment.maker.build(layout="jushuitan").run_once(HALF_PAST))
    marks = {row[0]: row[11].partition("外部单号")[0] for row in deployment.maker.csv_of(outcome.name)[1:]}
    assert [marks[number] for number in numbers] == ["", "【未付款，勿发货】", "【货到付款】", "", ""]
    assert outcome.manifest["payments"] == {"paid": 1, "unpaid": 1, "cod": 1, "unknown": 2}
    assert outcome.manifest["held"] == 0


def test_orders_whose_payment_nobody_told_of_are_held_where_the_merchant_wants_it(deployment: Deployment):
    paid, unknown = deployment.door.take_in_turn(deployment.door.new(), deployment.door.new(payment=None))
    outcome = published(deployment.maker.build(hold_unknown_payment=True).run_once(HALF_PAST))
    assert deployment.maker.numbers_in(outcome.name) == [paid]
    row = deployment.rows.order(unknown)
    assert (row.held_kind, row.state_reason) == (HeldKind.UNPAID, "付款状态未知，请核实已付款后放行，未付款请取消")


def test_a_group_reads_how_many_orders_of_a_batch_are_not_known_to_be_paid(deployment: Deployment):
    new = deployment.door.new
    deployment.door.take_in_turn(new(), new(**UNPAID), new(payment=None))
    published(deployment.maker.run(HALF_PAST))
    deployment.notices.composed()
    (message,) = deployment.rows.messages(kind="batch_wecom")
    assert (message.content["unpaid"], message.content["cod"], message.content["unknown_payment"]) == (1, 0, 1)
