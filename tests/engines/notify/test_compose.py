"""What is owed for an order, written in the transaction that marks it composed; on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.domain.send_budget import Urgency
from app.notify.policy import Destination
from app.store.tables import Coupon, OrderRow
from tests.deployment import Deployment
from tests.deployment.facts import REHEARSAL, TEN, minutes
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order, new_orders

NIGHT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
"""Ten in the evening in Shanghai."""

MORNING = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
"""Eight the next morning."""


def _sms(deployment: Deployment) -> list[tuple[str, str, str | None, datetime]]:
    return [
        (m.kind, m.content["template"], m.content["coupon"] or None, m.due_at)
        for m in deployment.rows.messages()
        if m.channel == "sms"
    ]


def test_an_order_is_told_to_every_group_and_to_the_customer(deployment: Deployment):
    policy = a_policy(robots=("r1", "r2"))
    messages = deployment.notices.composed(new_order("SHOP-1"), policy=policy)
    assert [(m.kind, m.channel, m.target) for m in messages] == [
        ("order_wecom", "wecom", "r1"),
        ("order_wecom", "wecom", "r2"),
        ("order_sms", "sms", "c1"),
    ]
    content = messages[0].content
    assert content == {
        "v": 1,
        "number": new_order("SHOP-1").number,
        "client_order_id": "SHOP-1",
        "priority": "high",
        "total": 59_900,
        "pieces": 1,
        "goods": "跑步鞋 42 ×1",
        "phone": "138****8000",
        "client": "旗舰店",
        "at": "2026-11-22 10:00:00",
        "drill": False,
    }
    assert all(m.due_at == TEN and m.order_id == 1 and m.incident_id == 1 for m in messages)


def test_no_message_keeps_a_name_a_phone_or_an_address(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    for message in deployment.notices.composed(new_order("SHOP-1", note="请打 13911112222")):
        assert not any(private in str(message.content) for private in ("13800138000", "张三", "文三路", "13911112222"))


def test_high_priority_goes_by_its_own_lane(deployment: Deployment):
    messages = deployment.notices.composed(new_order("A"), new_order("B", phone="13900139000", total="500.00"))
    assert {(m.content["priority"], m.lane) for m in messages if m.kind == "order_wecom"} == {
        ("high", Urgency.HIGH),
        ("normal", Urgency.NORMAL),
    }


def test_each_order_is_composed_once_however_often_and_by_whomever(deployment: Deployment):
    """P9"""
    deployment.notices.composed(*new_orders(3))
    first = len(deployment.rows.messages())
    assert deployment.notices.composer().run_once() == 0
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(OrderRow).values(composed_at=None))
    assert deployment.notices.composer().run_once() == 3  # as if two composers had seen the same rows
    assert len(deployment.rows.messages()) == first == 6


def test_many_orders_are_composed_page_by_page(deployment: Deployment):
    deployment.door.take(*new_orders(205))
    composer = deployment.notices.composer()
    assert [composer.run_once() for _ in range(4)] == [100, 100, 5, 0]
    with deployment.store.reading() as uow:
        assert uow.orders.uncomposed_count() == 0
    assert len(deployment.rows.messages(kind="order_wecom")) == 205


def test_an_order_that_was_rolled_back_is_never_spoken_of(deployment: Deployment):
    """P9"""
    with pytest.raises(Exception, match=r"(?i)null"):
        deployment.door.take(new_order("A"), new_order("B")._replace(sealed=None))  # type: ignore[arg-type]
    assert deployment.notices.composed() == []


def test_a_row_that_cannot_be_opened_blocks_no_other(deployment: Deployment):
    """Poison: of a damaged order its row alone is told; the batch stage leaves it to a person."""
    deployment.door.take(*new_orders(3))
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(OrderRow).where(OrderRow.idempotency_key == "K1").values(sealed=b"\x01torn"))
    deployment.notices.composed()
    assert [m.order_id for m in deployment.rows.messages(kind="order_wecom")] == [1, 2, 3]
    assert [m.order_id for m in deployment.rows.messages(kind="order_sms")] == [1, 3]


# ---- the customer: one notice and one coupon


def test_a_phone_gets_one_notice_and_one_coupon_in_an_incident(deployment: Deployment):
    """P9: however often it orders, and in however many transactions; nothing is drawn before it leaves."""
    deployment.notices.add_coupons("C-1", "C-2", "C-3")
    deployment.notices.composed(new_order("A"), new_order("B"))
    deployment.clock.at += minutes(5)
    deployment.notices.composed(new_order("C", total="1.00"))
    assert _sms(deployment) == [("order_sms", "notice", None, TEN), ("coupon_sms", "coupon", None, TEN)]
    with deployment.store.reading() as uow:
        assert (uow.coupons.free(), uow.coupons.total()) == (3, 3)


def test_the_next_incident_is_another_occasion(deployment: Deployment):
    deployment.notices.add_coupons("C-1", "C-2")
    deployment.notices.composed(new_order("A"))
    with deployment.store.writing() as uow:
        uow.incidents.close(uow.incidents.get(1), by="it", now=TEN)
    deployment.notices.composed(new_order("B"))
    assert [kind for kind, *_ in _sms(deployment)] == ["order_sms", "coupon_sms"] * 2


def test_two_phones_get_two_coupons(deployment: Deployment):
    deployment.notices.add_coupons("C-1", "C-2")
    deployment.notices.composed(*new_orders(2))
    assert [kind for kind, *_ in _sms(deployment)] == ["order_sms", "coupon_sms"] * 2


def test_at_night_the_notice_goes_at_once_and_the_coupon_waits_for_the_morning(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    deployment.clock.at = NIGHT
    deployment.notices.composed(new_order("A"))
    assert _sms(deployment) == [("order_sms", "notice", None, NIGHT), ("coupon_sms", "coupon", None, MORNING)]


def test_combined_by_day_is_one_message(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    deployment.notices.composed(new_order("A"), policy=a_policy(coupon="combined"))
    assert _sms(deployment) == [("order_sms", "combined", None, TEN)]


@pytest.mark.parametrize(("own_template", "template"), [(True, "coupon"), (False, "combined")])
def test_combined_at_night_is_a_notice_now_and_the_coupon_in_the_morning(
    deployment: Deployment, template: str, *, own_template: bool
):
    deployment.notices.add_coupons("C-1")
    deployment.clock.at = NIGHT
    deployment.notices.composed(new_order("A"), policy=a_policy(coupon="combined", coupon_template=own_template))
    assert _sms(deployment) == [("order_sms", "notice", None, NIGHT), ("coupon_sms", template, None, MORNING)]


def test_combined_by_day_is_not_followed_by_a_second_coupon_message_at_night(deployment: Deployment):
    """P9: one coupon per customer and incident, also across the change of the hour."""
    deployment.notices.add_coupons("C-1", "C-2")
    policy = a_policy(coupon="combined")
    deployment.notices.composed(new_order("A"), policy=policy)
    deployment.clock.at = NIGHT
    deployment.notices.composed(new_order("B"), policy=policy)
    assert _sms(deployment) == [("order_sms", "combined", None, TEN)]


@pytest.mark.parametrize("coupon", ["combined", "separate"])
def test_a_coupon_that_was_missing_at_first_comes_with_a_later_order(deployment: Deployment, coupon: str):
    """Before the first codes were filled in nobody was promised one; the notice is out already, so it goes by itself."""
    policy = a_policy(coupon=coupon)
    deployment.notices.composed(new_order("A"), policy=policy)
    deployment.notices.add_coupons("C-1")
    deployment.clock.at += minutes(1)
    deployment.notices.composed(new_order("B"), policy=policy)
    assert _sms(deployment) == [("order_sms", "notice", None, TEN), ("coupon_sms", "coupon", None, TEN + minutes(1))]


def test_with_coupons_off_the_notice_goes_alone(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    deployment.notices.composed(new_order("A"), policy=a_policy(coupon="off"))
    assert _sms(deployment) == [("order_sms", "notice", None, TEN)]


def test_a_privacy_number_gets_no_text_and_spends_no_coupon(deployment: Deployment):
    deployment.notices.add_coupons("C-1")
    deployment.notices.composed(new_order("A", phone="13800138000-6762"))
    assert _sms(deployment) == []
    with deployment.store.reading() as uow:
        assert uow.coupons.free() == 1


def test_a_rehearsals_messages_say_so(deployment: Deployment):
    messages = deployment.notices.composed(new_order("A", caller=REHEARSAL), new_order("B"))
    assert {m.content["number"]: m.content["drill"] for m in messages} == {
        new_order("A", caller=REHEARSAL).number: True,
        new_order("B").number: False,
    }


def test_a_products_name_cannot_ping_or_colour(deployment: Deployment):
    items = [{"sku": "A", "name": "<@all><font color='red'>急\n\n", "quantity": 2}, {"sku": "B", "quantity": 3}]
    (group, _) = deployment.notices.composed(new_order("A", items=items))
    assert group.content["goods"] == "＜@all>＜font color='red'>急 ×2 等 2 种"  # noqa: RUF001
    assert group.content["pieces"] == 5


# ---- the pool


def test_an_alert_is_told_once_when_it_begins_and_once_when_it_ends(deployment: Deployment):
    """P16: to every group, and by mail to the named."""
    policy = a_policy(robots=("r1", "r2"), alert_emails=("it@example.com",))
    composer = deployment.notices.composer(policy)
    with deployment.store.writing() as uow:
        assert uow.alerts.fire("disk_low", level="orange", text="磁盘快满了", now=TEN)
        assert not uow.alerts.fire("disk_low", level="orange", text="磁盘快满了", now=TEN)
    for _ in range(2):
        composer.run_once()
    told = deployment.rows.messages()
    assert [(m.kind, m.target, m.content["sentence"], m.content["ended"]) for m in told] == [
        ("alert_wecom", "r1", "磁盘快满了", False),
        ("alert_wecom", "r2", "磁盘快满了", False),
        ("alert_email", "", "磁盘快满了", False),
    ]
    assert {m.lane for m in told} == {Urgency.ALERT}
    with deployment.store.writing() as uow:
        assert uow.alerts.resolve("disk_low", now=TEN + minutes(5))
        assert not uow.alerts.resolve("disk_low", now=TEN + minutes(5))
    for _ in range(2):
        composer.run_once()
    assert [m.content["ended"] for m in deployment.rows.messages()] == [False] * 3 + [True] * 3


def test_an_alert_that_was_over_before_anybody_heard_is_told_once(deployment: Deployment):
    with deployment.store.writing() as uow:
        uow.alerts.tell("spool_drained", text="3 笔订单已补入", now=TEN, subject="host")
        uow.alerts.tell("spool_drained", text="3 笔订单已补入", now=TEN, subject="host")
    deployment.notices.composed()
    deployment.notices.composed()
    assert [(m.content["sentence"], m.content["ended"]) for m in deployment.rows.messages()] == [
        ("3 笔订单已补入", False)
    ] * 2
    assert [(alert.episode, alert.state) for alert in deployment.rows.alerts()] == [(1, "resolved"), (2, "resolved")]


def test_the_next_episode_of_a_trouble_is_told_again(deployment: Deployment):
    for n in range(2):
        with deployment.store.writing() as uow:
            uow.alerts.fire("batch_overdue", level="red", text="逾期", now=TEN + minutes(n))
            uow.alerts.resolve("batch_overdue", now=TEN + minutes(n))
        deployment.notices.composed()
    assert [alert.episode for alert in deployment.rows.alerts()] == [1, 2]
    assert len(deployment.rows.messages(kind="alert_wecom")) == 2


def test_codes_are_added_once_and_given_oldest_first(deployment: Deployment):
    assert deployment.notices.add_coupons("C-1", "C-2", "C-1") == 2
    assert deployment.notices.add_coupons("C-2", "C-3") == 1
    assert [coupon.code for coupon in deployment.rows.all(select(Coupon).order_by(Coupon.id))] == ["C-1", "C-2", "C-3"]


def test_two_composers_at_once_write_every_customer_one_notice_and_one_coupon(deployment: Deployment):
    """P9: under concurrency too; on PostgreSQL they work at the same time."""
    import threading  # noqa: PLC0415 - only here

    deployment.notices.add_coupons(*(f"C-{n}" for n in range(120)))
    deployment.door.take(
        *(new_order(f"K{n}", phone=f"138{n % 100:08d}") for n in range(110))
    )  # some phones on both pages
    errors: list[Exception] = []

    def work() -> None:
        composer = deployment.notices.composer()
        while True:
            try:
                if composer.run_once() == 0:
                    return
            except Exception as error:  # noqa: BLE001 - a clash is tried again by the loop, as in production
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(errors) < 10
    assert len(deployment.rows.messages(kind="order_sms")) == len(deployment.rows.messages(kind="coupon_sms")) == 100
    assert len(deployment.rows.messages(kind="order_wecom")) == 110


# ---- batches


def test_a_published_batch_is_announced_once_with_its_figures(deployment: Deployment):
    deployment.notices.composed(new_order("A"))
    deployment.maker.add_published("B20261122-1030-1", orders=3, rows=5, total_fen=100, held=2, sha256="f" * 64)
    deployment.notices.composed()
    deployment.notices.composed()
    (message,) = deployment.rows.messages(kind="batch_wecom")
    assert (message.lane, message.batch_id, message.incident_id) == (Urgency.ALERT, 1, 1)
    assert message.content == {
        "v": 1,
        "batch": "B20261122-1030-1",
        "kind": "regular",
        "orders": 3,
        "rows": 5,
        "total": 100,
        "high": 0,
        "held": 2,
        "sha256": "f" * 64,
        "url": "https://lifeboat.example/console/batches/B20261122-1030-1",
        "unpaid": 0,
        "cod": 0,
        "unknown_payment": 0,
        "drill": False,
    }


# ---- the half hours


def test_a_batch_is_announced_to_feishu_a_little_later_and_an_alert_at_once(deployment: Deployment):
    """It refuses nearly everything at :00 and :30, just when batches come out."""
    groups = (Destination("wecom", "w"), Destination("feishu", "f"))
    deployment.door.take(new_order("A"))
    deployment.maker.add_published("B1")
    with deployment.store.writing() as uow:
        uow.alerts.fire("trouble", level="red", text="红灯", now=TEN)
    deployment.notices.composed(policy=a_policy(groups=groups))
    due = {message.kind: message.due_at - TEN for message in deployment.rows.messages()}
    assert due["batch_wecom"] == due["alert_wecom"] == due["alert_feishu"] == due["order_feishu"] == timedelta()
    assert timedelta(seconds=20) <= due["batch_feishu"] <= timedelta(seconds=100)


def test_two_groups_of_feishu_are_told_at_different_moments(deployment: Deployment):
    groups = tuple(Destination("feishu", f"f{n}") for n in range(8))
    deployment.door.take(new_order("A"))
    deployment.maker.add_published("B1")
    deployment.notices.composed(policy=a_policy(groups=groups))
    assert len({message.due_at for message in deployment.rows.messages(kind="batch_feishu")}) > 1


def test_an_order_that_cannot_be_composed_is_told_by_its_row_and_the_others_as_ever(deployment: Deployment):
    first, broken, last = new_orders(3)
    deployment.door.take(first, broken._replace(sealed=b"damaged"), last)
    messages = [m for m in deployment.notices.composed() if m.channel == "wecom"]
    told = {m.content["number"]: m.content["goods"] for m in messages}
    assert told == {
        first.number: "跑步鞋 42 ×1",
        broken.number: "（内容无法读取，请在控制台查看）",
        last.number: "跑步鞋 42 ×1",
    }
    bare = next(m for m in messages if m.content["number"] == broken.number)
    assert (bare.content["phone"], bare.content["total"]) == (f"*******{broken.phone_last4}", 59_900)
    assert len(_sms(deployment)) == 2
    assert deployment.notices.composer().run_once() == 0  # nothing is tried again and again


def test_an_order_whose_own_time_no_clock_can_show_is_told_without_it(deployment: Deployment):
    deployment.door.take(*new_orders(2))
    with deployment.engines.writer.begin() as connection:
        never = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
        connection.execute(update(OrderRow).where(OrderRow.id == 1).values(received_at=never))  # type: ignore[arg-type]
    assert [m.content["at"] for m in deployment.notices.composed() if m.channel == "wecom"] == [
        "",
        "2026-11-22 10:00:00",
    ]


def test_a_batch_and_an_alert_are_told_although_an_order_breaks(deployment: Deployment):
    deployment.door.take(new_order("A")._replace(sealed=b"damaged"))
    deployment.maker.add_published("B20261122-1030-1")
    deployment.notices.alert("磁盘")
    assert {m.subject for m in deployment.rows.messages()} == {"order", "batch", "alert"}
