"""Orders that Lifeboat takes are in the flow of the main system, once, under its names, and make no alarm of an outage."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count

import pytest
from sqlalchemy import select, text, update

from app.domain.flow import OWN_SOURCE
from app.domain.marks import Mark
from app.domain.order import Payment
from app.domain.order_change import ChangeKind, Wish
from app.domain.states import OrderState
from app.handback.import_results import import_results
from app.handback.result_lines import Result, ResultFile, ResultLine
from app.orders import decide
from app.orders.change import ask
from app.orders.correct import correct
from app.store.commit.order_writer import NewOrder
from app.store.spool.file import SpoolCounts
from app.store.tables import FlowNote, OrderFlow, OrderRow, StoredEvent
from app.watch.order_patrol import patrol_orders
from app.watch.rule import HOME, Situation, WatchPolicy
from app.watch.stages.look import LooksAtOrders
from app.watch.stages.own_orders import AT_A_LOOK, paid_at, tell_own_orders
from app.watch.stages.take_events import ReportedEvent, take_events
from app.watch.stages.usual import Baselines
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, KEYS, OPS, REHEARSAL, SHOP, TEN, minutes
from tests.deployment.maker import published
from tests.deployment.orders import new_order, new_orders

POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=False, coupon_low_at=0, sms_per_day=1, sms_per_client_per_day=1
)
PAID = {"status": "paid", "paid_at": (TEN - minutes(4)).isoformat(), "transaction_id": "4200"}
BOUGHT = {"placed_at": (TEN - minutes(5)).isoformat(), "payment": PAID}
_serial = count()


@pytest.fixture(autouse=True)
def _a_main_system_that_tells(deployment: Deployment) -> None:
    tell(deployment, "OTHER", Mark.CANCELLED, TEN - minutes(60))


def tell(deployment: Deployment, ref: str, mark: Mark, at: datetime, *, source: str = "erp") -> None:
    event = ReportedEvent(
        index=0, source=source, event_id=str(next(_serial)), order=ref, channel="天猫", mark=mark, at=at
    )
    take_events(deployment.store, [event], now=deployment.clock.now())


def took(deployment: Deployment, *orders: NewOrder) -> list[str]:
    """Accept and compose orders, and let the watch hear of them."""
    deployment.notices.composed(*orders)
    hear(deployment)
    return [one.number for one in orders]


def hear(deployment: Deployment) -> None:
    while tell_own_orders(deployment.store, KEYS, now=deployment.clock.now()):
        pass
    assert deployment.rows.count(FlowNote) == 0


def way(deployment: Deployment, ref: str) -> tuple[str, int | None]:
    (row,) = deployment.rows.all(select(OrderFlow).where(OrderFlow.order_ref == ref))
    return row.standing, row.stage


def told(deployment: Deployment, ref: str) -> list[tuple[str, datetime]]:
    query = select(StoredEvent).join(OrderFlow, OrderFlow.id == StoredEvent.flow_id)
    mine = query.where(OrderFlow.order_ref == ref, StoredEvent.source == OWN_SOURCE).order_by(StoredEvent.at)
    return [(one.mark, one.at) for one in deployment.rows.all(mine)]


def brought_home(deployment: Deployment, number: str, result: Result = "imported", *mains: str) -> None:
    batch = published(deployment.maker.run(HALF_PAST, by=IT)).name
    line = ResultLine(2, number, result, mains[0] if mains else None, None, mains[1:])
    import_results(deployment.store, batch, ResultFile((line,), (), "a" * 64), by=IT, now=HALF_PAST + minutes(9))
    hear(deployment)


# ---- what is told


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("paid", [TEN + minutes(3), None])
def test_a_payment_that_the_shop_tells_afterwards_is_told_also_where_a_file_has_the_order(
    deployment: Deployment, paid: datetime | None, *, batched: bool
):
    took(deployment, new_order("SHOP-1", **{**BOUGHT, "payment": {"status": "unpaid"}}))
    number = new_order("SHOP-1").number
    if batched:
        deployment.maker.run(HALF_PAST, by=IT)
    wish = Wish(kind=ChangeKind.PAID, transaction_id="4200", paid_at=paid)
    with deployment.store.writing() as uow:
        preflight = deployment.maker.preflight()
        ask(uow, KEYS, number, wish, client_id="c1", preflight=preflight, by=IT, now=HALF_PAST)
    deployment.clock.at = HALF_PAST
    hear(deployment)
    assert told(deployment, "SHOP-1")[-1] == ("paid", paid or HALF_PAST)


def test_an_order_that_the_shop_cancels_has_come_to_its_end(deployment: Deployment):
    took(deployment, new_order("SHOP-1", **BOUGHT))
    with deployment.store.writing() as uow:
        preflight, wish = deployment.maker.preflight(), Wish(kind=ChangeKind.CANCEL)
        number = new_order("SHOP-1").number
        ask(uow, KEYS, number, wish, client_id="c1", preflight=preflight, by=IT, now=HALF_PAST)
    deployment.clock.at = HALF_PAST
    hear(deployment)
    assert told(deployment, "SHOP-1")[-1] == ("cancelled", HALF_PAST)


def test_a_paid_order_is_told_once_at_its_own_times(deployment: Deployment):
    took(deployment, new_order("SHOP-1", **BOUGHT))
    assert told(deployment, "SHOP-1") == [("placed", TEN - minutes(5)), ("paid", TEN - minutes(4))]
    assert way(deployment, "SHOP-1") == ("under_way", 2)
    deployment.notices.composed()
    with deployment.store.writing() as uow:  # as if the worker had died before the note was removed
        uow.flow_notes.leave([1])
    hear(deployment)
    assert len(told(deployment, "SHOP-1")) == 2


@pytest.mark.parametrize(
    ("payment", "at"),
    [
        (Payment(status="paid", paid_at=TEN), TEN),
        (Payment(status="paid"), TEN + minutes(1)),
        (Payment(paid_at=TEN), TEN),
        (Payment(transaction_id="4200"), TEN + minutes(1)),
        (Payment(status="unpaid", transaction_id="4200"), None),
        (Payment(status="cod"), None),
        (Payment(), None),
    ],
)
def test_an_order_counts_as_paid_where_somebody_says_so(payment: Payment, at: datetime | None):
    assert paid_at(payment, known_at=TEN + minutes(1)) == at


def test_an_order_without_times_was_placed_when_we_took_it_and_evidence_of_a_payment_is_told(deployment: Deployment):
    took(deployment, new_order("SHOP-1", payment={"status": "unpaid", "transaction_id": "4200-13800138000"}))
    assert told(deployment, "SHOP-1") == [("placed", TEN)]
    assert way(deployment, "SHOP-1") == ("under_way", 1)
    (row,) = deployment.rows.all(select(OrderFlow).where(OrderFlow.order_ref == "SHOP-1"))
    assert (row.said, row.channel, row.high) == ({"transaction_id": "known"}, "旗舰店", True)


def test_nothing_of_the_customer_enters_an_event(deployment: Deployment):
    took(deployment, new_order("SHOP-1", **BOUGHT, note="请打 13911112222"))
    with deployment.store.engines.reader.connect() as connection:
        said = str(connection.execute(text("SELECT * FROM lifecycle_event")).all())
    assert not [word for word in ("138", "139", "张三", "文三路", "4200", "跑步鞋") if word in said]


def test_an_order_that_nobody_can_read_is_told_by_what_its_row_says(deployment: Deployment):
    deployment.door.take(*new_orders(2, **BOUGHT))
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(OrderRow).where(OrderRow.client_order_id == "K0").values(sealed=b"?"))
    took(deployment)
    assert told(deployment, "K0") == [("placed", TEN)]
    assert way(deployment, "K1") == ("under_way", 2)


def test_a_drill_is_never_told(deployment: Deployment):
    (number,) = took(deployment, new_order("SHOP-1", caller=REHEARSAL, **BOUGHT))
    with deployment.store.writing() as uow:
        decide.cancel(uow, number, reason="演练", by=IT, now=TEN)
    hear(deployment)
    assert [one.order_ref for one in deployment.rows.all(select(OrderFlow))] == ["OTHER"]


def test_where_no_main_system_tells_of_its_orders_nobody_waits_for_ours(deployment: Deployment):
    with deployment.engines.writer.begin() as connection:
        connection.execute(text("DELETE FROM feed_channel"))
    took(deployment, new_order("SHOP-1", **BOUGHT))
    assert told(deployment, "SHOP-1") == []


def test_we_are_no_source_that_could_be_blind(deployment: Deployment):
    took(deployment, new_order("SHOP-1", **BOUGHT))
    assert told(deployment, "SHOP-1")
    with deployment.store.reading() as uow:
        assert list(uow.health.feeds()) == ["erp"]


# ---- under which name


def test_an_order_goes_on_under_the_number_that_the_main_system_gives_it(deployment: Deployment):
    """That is the number which an ERP's events name; what it then tells is one way with what we told."""
    (number,) = took(deployment, new_order("SHOP-1", **BOUGHT))
    brought_home(deployment, number, "imported", "JY2026")
    assert way(deployment, "SHOP-1") == ("merged", None)
    assert way(deployment, "JY2026") == ("home", None)  # in the main system, which has said nothing of it
    tell(deployment, "JY2026", Mark.PLACED, TEN - minutes(5))
    assert way(deployment, "JY2026") == ("under_way", 2)
    tell(deployment, "JY2026", Mark.QUEUED, HALF_PAST + minutes(5))
    assert way(deployment, "JY2026") == ("under_way", 3)


def test_an_import_without_a_number_is_home_under_the_name_it_has_and_is_not_queued(deployment: Deployment):
    (number,) = took(deployment, new_order("SHOP-1", **BOUGHT))
    brought_home(deployment, number)
    assert way(deployment, "SHOP-1") == ("home", None)
    assert [mark for mark, _ in told(deployment, "SHOP-1")] == ["placed", "paid", "hold"]


def test_a_split_order_goes_on_under_each_number(deployment: Deployment):
    (number,) = took(deployment, new_order("SHOP-1", **BOUGHT))
    brought_home(deployment, number, "imported", "JY1", "JY2")
    assert [way(deployment, ref)[0] for ref in ("SHOP-1", "JY1", "JY2")] == ["split", "home", "home"]


def test_a_number_that_a_person_corrects_is_told_of(deployment: Deployment):
    (number,) = took(deployment, new_order("SHOP-1", **BOUGHT))
    brought_home(deployment, number, "imported", "JY1")
    with deployment.store.writing() as uow:
        correct(uow, number, to=OrderState.IMPORTED, main="JY2", reason="抄错了", by=OPS, now=HALF_PAST + minutes(30))
    hear(deployment)
    assert way(deployment, "JY2") == ("home", None)


def test_two_shops_that_count_alike_are_not_one_way(deployment: Deployment):
    other = replace(SHOP, client_id="c2", name="分店")
    first, second = new_order("1001", **BOUGHT), new_order("1001", caller=other, **BOUGHT)
    deployment.notices.composed(first)
    took(deployment, second)
    assert [len(told(deployment, ref)) for ref in ("1001", second.number)] == [2, 2]
    assert told(deployment, first.number) == []


def test_an_order_without_a_number_of_the_shops_goes_by_ours(deployment: Deployment):
    long = "S" * 81
    (number,) = took(deployment, new_order(long, **BOUGHT))
    assert len(told(deployment, number)) == 2


# ---- how it ends


def test_a_cancelled_order_leaves_the_flow(deployment: Deployment):
    (number,) = took(deployment, new_order("SHOP-1", **BOUGHT))
    with deployment.store.writing() as uow:
        decide.cancel(uow, number, reason="不要了", by=IT, now=TEN + minutes(3))
    hear(deployment)
    assert way(deployment, "SHOP-1") == ("cancelled", None)


def test_one_of_two_orders_of_one_name_that_is_cancelled_does_not_end_the_other(deployment: Deployment):
    one, other = new_order("SHOP-1", **BOUGHT), new_order("SHOP-1", note="第二次", **BOUGHT)._replace(number="LB9")
    took(deployment, one, other)
    for number, standing in ((one.number, "under_way"), (other.number, "cancelled")):
        with deployment.store.writing() as uow:
            decide.cancel(uow, number, reason="重复", by=IT, now=TEN + minutes(3))
        hear(deployment)
        assert way(deployment, "SHOP-1")[0] == standing


def test_what_the_main_system_has_taken_itself_is_not_ended_by_us(deployment: Deployment):
    """The customer ordered at both sides; ours is cancelled."""
    (number,) = took(deployment, new_order("SHOP-1", **BOUGHT))
    tell(deployment, "SHOP-1", Mark.QUEUED, TEN)
    with deployment.store.writing() as uow:
        decide.cancel(uow, number, reason="主系统已有", by=IT, now=TEN + minutes(3))
    hear(deployment)
    assert way(deployment, "SHOP-1") == ("under_way", 3)


def test_a_repeat_goes_on_as_the_order_it_repeats(deployment: Deployment):
    first, again = new_orders(2, **BOUGHT)
    took(deployment, first, again)
    with deployment.store.writing() as uow:
        ids = [deployment.rows.order_id(again.number)]
        uow.orders.hold(ids, kind=decide.HeldKind.LOOK_ALIKE, looks_like=first.number, reason="像")
    with deployment.store.writing() as uow:
        decide.mark_duplicate(uow, again.number, by=IT, now=TEN + minutes(3))
    hear(deployment)
    assert (way(deployment, "K0"), way(deployment, "K1")) == (("under_way", 2), ("merged", None))


# ---- that nothing is skipped


def test_an_order_whose_note_commits_late_is_told_all_the_same(deployment: Deployment):
    """On PostgreSQL rows of later ids are seen first; a mark of how far one has read would pass over the other."""
    if deployment.engines.is_sqlite:
        pytest.skip("SQLite has one writer: nothing commits late")
    deployment.door.take(*new_orders(2, **BOUGHT))
    with deployment.engines.writer.connect() as slow:
        slow.begin()
        slow.execute(text("INSERT INTO flow_note (order_id) SELECT id FROM orders WHERE client_order_id = 'K0'"))
        with deployment.store.writing() as uow:
            uow.flow_notes.leave([deployment.rows.all(select(OrderRow.id).where(OrderRow.client_order_id == "K1"))[0]])
        hear(deployment)
        assert told(deployment, "K0") == []
        slow.commit()
    hear(deployment)
    assert [len(told(deployment, ref)) for ref in ("K0", "K1")] == [2, 2]


def test_a_note_that_was_left_while_one_was_told_is_not_lost_with_it(deployment: Deployment):
    took(deployment, new_order("SHOP-1"))
    with deployment.store.writing() as uow:
        uow.flow_notes.leave([1])
    with deployment.store.reading() as uow:
        (first,) = uow.flow_notes.waiting(limit=9)
    with deployment.store.writing() as uow:
        uow.flow_notes.forget([first])
    with deployment.store.writing() as uow:
        uow.flow_notes.leave([1])
    with deployment.store.writing() as uow:
        uow.flow_notes.forget([first])  # another leader, late: it must not take the new one for that
    assert deployment.rows.count(FlowNote) == 1


def test_more_orders_than_a_look_takes_are_told_look_by_look(deployment: Deployment):
    deployment.notices.composed(*new_orders(AT_A_LOOK + 1))
    looks = [tell_own_orders(deployment.store, KEYS, now=TEN) for _ in range(3)]
    assert looks == [AT_A_LOOK, 1, 0]


# ---- an outage


class Outage:
    """A main system that is away for two hours while orders come to us, and the patrol looks on."""

    RATE = 10
    """A minute: every rule has enough orders to judge by, and the backlog passes its line. A hundred take minutes."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.baselines = deployment, Baselines(HOME)
        self.serial = count()

    def minute(self, *, orders: int = 0) -> None:
        """Let a minute pass; its orders come, one in ten of them is not paid."""
        d = self.deployment
        d.clock.at += minutes(1)
        if orders:
            with d.store.writing() as uow:
                uow.flow_notes.leave(self._arrive(orders))
            hear(d)
        now = d.clock.now()
        looks = LooksAtOrders(d.store, now=now, baselines=self.baselines)
        patrol_orders(Situation(store=d.store, now=now, policy=POLICY, folders=(), spool=SpoolCounts, orders=looks))

    def _arrive(self, orders: int) -> list[int]:
        now = self.deployment.clock.now().isoformat()
        paid = {"placed_at": now, "payment": {"status": "paid", "paid_at": now}}
        new = [new_order(f"O{next(self.serial)}", **(paid if n % 10 else {})) for n in range(orders)]
        before = self.deployment.rows.count(OrderRow)
        self.deployment.door.take(*new)
        return list(range(before + 1, before + orders + 1))

    def come_home(self) -> None:
        """The main system has all of them, by its own numbers, and the warehouse gets them a few minutes later."""
        d, now = self.deployment, self.deployment.clock.now()
        with d.engines.writer.begin() as connection:
            settled = {"state": "imported", "settled_at": now, "main_order_number": text("'JY' || client_order_id")}
            connection.execute(update(OrderRow).values(**settled))
        ids = d.rows.all(select(OrderRow.id))
        with d.store.writing() as uow:
            uow.flow_notes.leave(ids)
        hear(d)
        steps = [(Mark.PAID, now - minutes(100)), *((mark, now) for mark in (Mark.QUEUED, Mark.PACKED, Mark.COLLECTED))]
        events = [
            ReportedEvent(
                index=0, source="erp", event_id=str(next(_serial)), order=f"JYO{n}", channel="天猫", mark=mark, at=at
            )
            for n in range(len(ids))
            for mark, at in steps
        ]
        assert take_events(d.store, events, now=now).applied == len(events)

    def rung(self) -> set[str]:
        """The rules whose alerts anybody was told of, or would be."""
        with self.deployment.store.writing() as uow:
            return {one.rule for one, _ in uow.alerts.claim_untold(now=self.deployment.clock.now())}


@pytest.fixture
def outage(deployment: Deployment) -> Iterator[Outage]:
    return Outage(deployment)


def test_two_hours_of_outage_ring_nothing_of_their_own_orders_neither_during_it_nor_after(outage: Outage):
    """Facts 4 and 5: gate and silence are inhibited, and what counts are orders overdue for a batch; here none is.

    Batches go out in time: what is overdue is told by its own rule, and has its own tests.
    """
    deployment = outage.deployment
    if not deployment.engines.is_sqlite:
        pytest.skip("rules look at sums; that these are the same on both engines has its own tests")
    for minute in range(120):
        outage.minute(orders=outage.RATE)
        if minute % 30 == 29:
            with deployment.engines.writer.begin() as connection:
                connection.execute(update(OrderRow).values(state="batched"))
        assert outage.rung() == set()
    assert way(deployment, "O1") == ("under_way", 2)  # they are seen where they are
    outage.come_home()
    assert way(deployment, "JYO1") == ("done", None)
    with deployment.store.writing() as uow:
        incident = uow.incidents.open_one(drill=False)
        assert incident is not None
        uow.incidents.close(incident, by="IT", now=deployment.clock.now())
    for _ in range(45):
        outage.minute()
        assert outage.rung() == set()
