"""Group messages leave within each robot's budget, and none is lost; on both engines."""

from sqlalchemy import select

from app.channels.kinds import WECOM
from app.domain.outcome import Simulated, Unreachable
from app.domain.send_budget import MERGE_AFTER
from app.notify.dispatch.group import GroupDispatcher
from app.notify.policy import Destination
from app.store.tables import Attempt
from tests.deployment import Deployment
from tests.deployment.facts import REHEARSAL, TEN, hours, seconds
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order, new_orders
from tests.fakes.channels import FakeRobot, most_within

LATER = MERGE_AFTER + seconds(1)


# ---- the ordinary day


async def test_a_few_orders_go_out_one_by_one_and_high_ones_mention_people(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    deployment.notices.composed(new_order("A", total="1.00"), new_order("B"))
    assert await dispatcher.run_once() == 2
    (_, high, _), (_, normal, _) = robot.seen
    assert high.content.startswith("【高优处理】")
    assert high.mentions == ("13900139000",)
    assert normal.content.startswith("【新订单】")
    assert normal.mentions == ()
    assert deployment.rows.message_states() == ["sent", "sent"]
    assert await dispatcher.run_once() == 0


async def test_an_attempt_is_written_down_before_the_message_leaves(
    deployment: Deployment, dispatcher: GroupDispatcher, robot: FakeRobot
):
    """P9: whoever dies in between has left a trace."""
    deployment.notices.composed(new_order("A"))
    robot.takes = seconds(3)
    await dispatcher.run_once()
    (attempt,) = deployment.rows.all(select(Attempt))
    assert (attempt.started_at, attempt.finished_at, attempt.outcome, attempt.reference) == (
        TEN,
        TEN + seconds(3),
        "delivered",
        "ref",
    )


async def test_a_group_without_a_robot_is_simulated_and_never_called_sent(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    robot.then(Simulated())
    deployment.notices.composed(new_order("A"))
    await dispatcher.run_once()
    assert deployment.rows.message_states() == ["simulated"]


async def test_each_group_has_its_own_budget_and_its_own_copy(deployment: Deployment):
    one, two = FakeRobot(clock=deployment.clock), FakeRobot(clock=deployment.clock)
    deployment.notices.composed(*new_orders(5, total="1.00"), policy=a_policy(robots=("r1", "r2")))
    await GroupDispatcher(
        deployment.store, deployment.clock, {Destination("wecom", "r1"): one, Destination("wecom", "r2"): two}
    ).run_once()
    assert len(one.texts) == len(two.texts) == 5


async def test_what_has_waited_goes_out_together(deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher):
    deployment.notices.composed(*new_orders(30, total="1.00"))
    assert await dispatcher.run_once() == 0  # too many for one by one; in a moment, together
    deployment.clock.at += LATER
    assert await dispatcher.run_once() == 1
    assert robot.texts[0].startswith("【新订单汇总】30 笔，合计 ¥30.00")
    assert set(deployment.rows.message_states()) == {"merged"}
    assert deployment.rows.message_states("digest_wecom") == ["sent"]


async def test_a_digest_that_fails_is_sent_again_whole(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    robot.then(Unreachable("off"))
    deployment.notices.composed(*new_orders(30, total="1.00"))
    deployment.clock.at += LATER
    await dispatcher.run_once()
    assert robot.texts == []
    deployment.clock.at += seconds(2)
    await dispatcher.run_once()
    assert robot.texts[0].startswith("【新订单汇总】30 笔")
    assert [message.attempts for message in deployment.rows.messages(kind="digest_wecom")] == [2]


async def test_a_rehearsal_and_the_real_thing_never_share_a_digest(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    deployment.notices.composed(
        *new_orders(15, total="1.00"), *new_orders(15, prefix="D", total="1.00", caller=REHEARSAL)
    )
    deployment.clock.at += LATER
    await dispatcher.run_once()
    heads = [text.splitlines()[0] for text in robot.texts]
    assert sorted(heads) == ["【新订单汇总】15 笔，合计 ¥15.00", "【演练】【新订单汇总】15 笔，合计 ¥15.00"]


# ---- the rush


async def test_a_rush_of_thousands_never_exceeds_the_robots_limit_and_loses_no_high_order(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """P9, and complaint 7: thirty notices at once must not run into the limit and be lost."""
    robot.takes = seconds(0.2)
    orders = [new_order(f"K{n}", phone=f"138{n:08d}", total="501.00" if n % 12 == 0 else "99.00") for n in range(1000)]
    composer = deployment.notices.composer()
    for second in range(0, 201, 3):
        deployment.clock.at = max(deployment.clock.at, TEN + seconds(second))
        if part := orders[second * 10 : second * 10 + 30]:
            deployment.door.take(*part)
        while composer.run_once():
            pass
        if second in {60, 120}:
            deployment.notices.alert(f"at {second}")
        await dispatcher.run_once()
    moments = [at for at, _, _ in robot.seen]
    assert most_within(moments, WECOM.pace.window) <= WECOM.pace.limit
    assert len(moments) > 30  # it was indeed a rush
    text = "\n".join(robot.texts)
    high = [order.number for order in orders if order.priority == "high"]
    assert len(high) == 84
    assert [number for number in high if number not in text] == []
    assert deployment.rows.messages(kind="order_wecom", state="pending") == []
    assert (
        sum(int(line.split("】")[1].split(" ")[0]) for line in text.splitlines() if line.startswith("【新订单汇总】"))
        + text.count("【新订单】")
        == 916
    )


async def test_an_alert_overtakes_everything_even_when_the_minute_is_nearly_spent(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    deployment.notices.composed(*new_orders(10, total="1.00"))
    await dispatcher.run_once()
    deployment.notices.composed(*new_orders(6, prefix="H"))
    await dispatcher.run_once()
    assert len(robot.seen) == 16  # what orders may use of eighteen
    deployment.notices.composed(*new_orders(3, prefix="M"))
    deployment.notices.alert("red")
    deployment.notices.alert("red too")
    deployment.notices.alert("one too many")
    assert await dispatcher.run_once() == 2
    assert [text[:8] for text in robot.texts[16:]] == ["【告警】红灯 r"] * 2
    deployment.clock.at += WECOM.pace.window
    await dispatcher.run_once()
    assert robot.texts[18] == "【告警】红灯 one too many"


async def test_high_orders_beyond_one_message_are_named_in_the_next(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    orders = new_orders(70)
    deployment.notices.composed(*orders)
    deployment.clock.at += LATER
    await dispatcher.run_once()
    assert len(robot.texts) == 2
    assert all(any(order.number in text for text in robot.texts) for order in orders)
    assert all(notice.mentions for _, notice, _ in robot.seen)


async def test_after_the_clock_was_set_back_it_waits_rather_than_exceed_the_limit(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """P11"""
    for n in range(18):
        deployment.notices.alert(f"a{n}")
    await dispatcher.run_once()
    assert len(robot.seen) == 18
    deployment.clock.at -= hours(24)
    deployment.notices.alert("later")
    assert await dispatcher.run_once() == 0
    deployment.clock.at += WECOM.pace.window - seconds(1)
    assert await dispatcher.run_once() == 0
    deployment.clock.at += seconds(
        1
    )  # nor does it wait for the clock to catch up: one window, by whatever clock, is enough
    assert await dispatcher.run_once() == 1


async def test_each_time_the_clock_is_set_back_one_window_is_waited_out(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """P11: also where the first step back is so long ago that its sends are past, and still dated ahead."""
    for n, back in enumerate((hours(24), hours(1))):
        deployment.notices.alert(f"before-{n}")
        assert await dispatcher.run_once() == 1
        deployment.clock.at -= back
        deployment.notices.alert(f"after-{n}")
        assert await dispatcher.run_once() == 0
        deployment.clock.at += WECOM.pace.window
        assert await dispatcher.run_once() == 1
