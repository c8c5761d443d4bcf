"""Three witnesses of one incident, on both engines: what is planted is found, exactly that, and nothing is changed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from app.domain.discrepancy import Discrepancy
from app.domain.order_number import derive
from app.domain.passed_on import PassedOn, SentBefore
from app.domain.states import HeldKind, OrderState
from app.orders import decide
from app.reconcile.compare.before_export import FOUND, HELD, keep_out
from app.reconcile.compare.lay import UnreadableList, WitnessFile
from app.reconcile.compare.record import COMPARED
from app.reconcile.compare.run import CompareRequest, IncidentComparison, NoRoomToCompare, NothingToCompare, compare
from app.store.ledger import NoSuchIncident
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, TEN, ZONE, minutes

LIST = "内部订单号,线上订单号,状态,应付金额,商品编码,数量,手机,付款日期"
BILL = (
    "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,应结订单金额,微信退款单号,退款金额,订单金额,申请退款金额"
)
BILL_END = "总交易单数,应结订单总金额,退款总金额,订单总金额,申请退款总金额"


def listed(*rows: str) -> WitnessFile:
    return WitnessFile("list.csv", "\n".join((LIST, *rows)).encode("gb18030"))


def billed(*rows: Sequence[object]) -> WitnessFile:
    """Return a WeChat statement of rows (provider's number, number, kind, yuan paid, yuan given back)."""
    lines = [
        f"`2026-11-22 10:05:00,`wx,`190,`{provider},`{number},`{kind},`{paid},`{'R' + str(n) if back != '0.00' else 0},"
        f"`{back},`{paid},`{back}"
        for n, (provider, number, kind, paid, back) in enumerate(rows)
    ]
    paid = sum(float(str(row[3])) for row in rows)
    end = f"`{len(rows)},`{paid:.2f},`0.00,`{paid:.2f},`0.00"
    return WitnessFile("bill.csv", "\r\n".join((BILL, *lines, BILL_END, end, "")).encode())


def compared(deployment: Deployment, **asked: Any) -> IncidentComparison:
    with deployment.store.reading() as uow:
        incident = uow.incidents.latest()
    assert incident is not None
    deployment.settings.data_dir.mkdir(parents=True, exist_ok=True)
    return compare(
        deployment.store,
        KEYS,
        CompareRequest(incident=incident.name, **asked),
        folder=deployment.settings.data_dir,
        by=IT,
        now=deployment.clock.now(),
        zone=ZONE,
    )


def kinds_of(found: IncidentComparison) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for one in found.discrepancies():
        kinds.setdefault(one["kind"], []).append(one["order"])
    return kinds


def move(deployment: Deployment, number: str, *states: OrderState, **also: object) -> None:
    with deployment.store.writing() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        for state in states:
            assert uow.orders.move([row.id or 0], state, **also) == 1


def imported(deployment: Deployment, count: int, **fields: Any) -> list[str]:
    """Accept paid orders, cut a batch of them, and call each imported."""
    numbers = deployment.door.some(count, at=TEN + minutes(1), **fields)
    deployment.clock.at = TEN + minutes(31)
    deployment.maker.run(deployment.clock.now())
    for number in numbers:
        move(deployment, number, OrderState.IMPORTED)
    return numbers


def row(
    number: str, main: str, *, state: str = "已发货", yuan: str = "100.00", sku: str = "A-1", pieces: int = 1
) -> str:
    return f"{main},{number},{state},{yuan},{sku},{pieces},,"


def test_what_agrees_needs_nobody(deployment: Deployment):
    numbers = imported(deployment, 5)
    rows = [row(number, f"M{n}") for n, number in enumerate(numbers)]
    money = [(f"42000000{n}", number, "SUCCESS", "100.00", "0.00") for n, number in enumerate(numbers)]
    with compared(deployment, main=[listed(*rows)], money=[billed(*money)]) as found:
        assert found.balances
        assert (found.counts["matched"], found.counts["paid"], found.counts["missing"]) == (5, 5, 0)
        assert kinds_of(found) == {}
    with deployment.store.reading() as uow:
        (deed,) = uow.audit.of(found.incident, COMPARED)
    assert [one["name"] for one in deed.detail["files"]] == ["list.csv", "bill.csv"]
    assert "对上 5 笔" in deed.detail["sentence"]


def test_every_planted_discrepancy_is_found_and_nothing_else(deployment: Deployment):
    home = imported(deployment, 14)
    refund_due, waiting, there = deployment.door.some(3, at=deployment.clock.now())
    unpaid = deployment.door.some(1, payment={"status": "unpaid"})[0]
    move(deployment, refund_due, OrderState.CANCELLED)
    rows = {number: row(number, f"M{n}") for n, number in enumerate(home)}
    planted: dict[str, Discrepancy] = {
        home[0]: Discrepancy.DOUBLED,
        home[1]: Discrepancy.PAID_NOWHERE,
        home[2]: Discrepancy.CANCELLED_THERE,
        home[3]: Discrepancy.AMOUNT_DIFFERS,
        home[4]: Discrepancy.GOODS_DIFFER,
        home[5]: Discrepancy.UNPAID_THERE,
        home[6]: Discrepancy.PASSED_ON_THERE,
        home[7]: Discrepancy.UNCLEAR_STATE,
        home[8]: Discrepancy.DOUBLE_PAYMENT,
        home[9]: Discrepancy.PAYMENT_DIFFERS,
        home[10]: Discrepancy.REFUNDED,
        home[11]: Discrepancy.NOT_PAID,
        home[12]: Discrepancy.LOST,
        refund_due: Discrepancy.REFUND_DUE,
        waiting: Discrepancy.NOT_EXPORTED,
        there: Discrepancy.ALREADY_THERE,
        unpaid: Discrepancy.PAID_MEANWHILE,
        "M99": Discrepancy.NOT_OURS,
        "LBZZZZZZZZZZZZ": Discrepancy.MONEY_WITHOUT_ORDER,
    }
    del rows[home[1]], rows[home[12]]
    rows[home[2]] = row(home[2], "M2", state="已取消")
    rows[home[3]] = row(home[3], "M3", yuan="99.00")
    rows[home[4]] = row(home[4], "M4", pieces=2)
    rows[home[5]] = row(home[5], "M5", state="等待买家付款")
    rows[home[6]] = row(home[6], "M6", state="被合并")
    rows[home[7]] = row(home[7], "M7", state="乾坤大挪移")
    main = [*rows.values(), row(home[0], "M77"), row(there, "M78"), row(unpaid, "M79"), row("X-1", "M99")]
    planted_twice = {unpaid: Discrepancy.ALREADY_THERE}  # it is in no file either
    money = [(f"42{n:08d}", number, "SUCCESS", "100.00", "0.00") for n, number in enumerate(home)]
    del money[11:13]  # home[12] is lost, and nobody paid for it either
    money[9] = (money[9][0], home[9], "SUCCESS", "90.00", "0.00")
    money += [
        ("4299990001", home[8], "SUCCESS", "100.00", "0.00"),
        (money[10][0], home[10], "REFUND", "0.00", "100.00"),
        *((f"429999100{n}", one, "SUCCESS", "100.00", "0.00") for n, one in enumerate((refund_due, there, unpaid))),
        ("4299990009", "LBZZZZZZZZZZZZ", "SUCCESS", "100.00", "0.00"),
    ]
    with compared(deployment, main=[listed(*main)], money=[billed(*money)]) as found:
        kinds = {number: {kind for kind, some in kinds_of(found).items() if number in some} for number in planted}
        expected = {number: {str(kind)} for number, kind in planted.items()}
        for number, kind in planted_twice.items():
            expected[number].add(str(kind))
        for number in (home[12], waiting):
            expected[number].add(str(Discrepancy.NOT_PAID))
        assert kinds == expected
        assert sum(found.kinds.values()) == sum(map(len, expected.values()))
        assert not found.balances
    with deployment.store.reading() as uow:
        assert {uow.orders.numbered(number).state for number in home} == {"imported"}  # type: ignore[union-attr]


def test_a_list_alone_says_nothing_of_money_and_a_statement_alone_nothing_of_the_list(deployment: Deployment):
    number, other = imported(deployment, 2)
    with compared(deployment, main=[listed(row(number, "M1"))]) as found:
        assert kinds_of(found) == {"lost": [other]}
    with compared(deployment, money=[billed(("420001", number, "SUCCESS", "100.00", "0.00"))]) as found:
        assert kinds_of(found) == {"not_paid": [other]}
        assert found.counts["missing"] == 0


def test_both_sides_stand_beside_each_other(deployment: Deployment):
    (number,) = imported(deployment, 1)
    with compared(deployment, main=[listed(row(number, "M1", yuan="99.00"))]) as found:
        (one,) = found.discrepancies()
    assert (one["order"], one["owner"]) == (number, "ops")
    (ours,), (theirs,) = one["ours"], one["main"]
    assert (ours["state"], ours["total_fen"], ours["payment"]) == ("imported", 10000, "paid")
    assert (theirs["number"], theirs["said"], theirs["amount_fen"], theirs["by"]) == (
        "M1",
        "已发货",
        9900,
        "our_number",
    )
    assert theirs["rows"] == [{"file": "list.csv", "row": 2}]
    assert ours["at"] == "2026-11-22T10:00:00+08:00"


def test_a_row_without_a_number_of_ours_that_looks_like_an_order_goes_to_a_person(deployment: Deployment):
    door = deployment.door
    (first,) = door.some(1, at=TEN + minutes(1))
    phone = "13800000001"
    rows = [
        f"M1,T-1,已付款待审核,100.00,A-1,1,{phone},2026-11-22 10:20:00",
        "M2,T-2,已付款待审核,100.00,A-1,1,138****0002,",
    ]
    with compared(deployment, main=[listed(*rows)]) as found:
        assert kinds_of(found) == {"likely_there": [first], "not_ours": ["M2"]}
        assert (found.counts["ambiguous"], found.counts["missing"], found.counts["unexpected"]) == (1, 0, 1)
    late = f"M1,T-1,已付款待审核,100.00,A-1,1,{phone},2026-11-24 10:20:00"
    with compared(deployment, main=[listed(late)]) as found:
        assert kinds_of(found) == {"not_exported": [first], "not_ours": ["M1"]}


def test_orders_of_other_incidents_are_none_of_this_one(deployment: Deployment):
    (number,) = imported(deployment, 1)
    with deployment.store.writing() as uow:
        incident = uow.incidents.latest()
        assert incident is not None
        uow.incidents.close(incident, by="it", now=deployment.clock.now())
    deployment.clock.at += timedelta(hours=5)
    (other,) = imported(deployment, 1)
    with compared(deployment, main=[listed(row(number, "M1"), row(other, "M2"))]) as found:
        assert found.balances
        assert (found.counts["elsewhere"], found.counts["matched"]) == (1, 1)


def test_a_number_that_only_we_give_and_none_of_ours_has_is_told_apart(deployment: Deployment):
    (number,) = imported(deployment, 1)
    nobodys, others = derive(KEYS.number, "c1", "nobody"), derive(KEYS.number, "c1", "x", prefix="AD")
    rows = listed(row(number, "M1"), row(nobodys, "M2"), row(others, "M3"))
    with compared(deployment, main=[rows]) as found:
        assert kinds_of(found) == {"unknown_number": [nobodys], "not_ours": ["M3"]}


def test_a_day_that_no_statement_tells_of_is_not_money_that_is_missing(deployment: Deployment):
    paid = {"status": "paid", "paid_at": (TEN + timedelta(days=1)).isoformat(), "transaction_id": None}
    (late,) = deployment.door.some(1, payment=paid)
    with compared(deployment, money=[billed(("420001", "Q", "REFUND", "0.00", "1.00"))]) as found:
        assert found.balances
        assert found.counts["not_covered"] == 1
    assert late


def test_a_payment_with_two_refunds_is_one_order_that_was_refunded(deployment: Deployment):
    (number,) = imported(deployment, 1)
    money = [
        ("42", number, "SUCCESS", "100.00", "0.00"),
        *(("42", number, "REFUND", "0.00", f"{n}.00") for n in (1, 2)),
    ]
    with compared(deployment, main=[listed(row(number, "M1"))], money=[billed(*money)]) as found:
        (one,) = found.discrepancies()
    assert (one["kind"], one["order"]) == ("refunded", number)
    assert [(row["kind"], row["amount_fen"]) for row in one["payments"]] == [
        ("payment", 10000),
        ("refund", 100),
        ("refund", 200),
    ]


def test_a_cell_that_names_several_orders_is_of_each_and_says_no_more_of_them(deployment: Deployment):
    first, second = imported(deployment, 2)
    with compared(deployment, main=[listed(f'M1,"{first},{second}",已发货,200.00,A-1,2,,')]) as found:
        assert found.balances
        assert found.counts["matched"] == 2


def test_the_main_system_may_have_taken_orders_itself(deployment: Deployment):
    (number,) = imported(deployment, 1)
    rows = listed(row(number, "M1"), row("T-1", "M2"))
    with compared(deployment, main=[rows], others=True) as found:
        assert found.balances
        assert found.counts["unexpected"] == 1
    with compared(deployment, main=[rows]) as found:
        assert kinds_of(found) == {"not_ours": ["M2"]}


def test_one_file_given_twice_and_two_that_overlap_count_a_row_once(deployment: Deployment):
    first, second, third = imported(deployment, 3)
    one = listed(row(first, "M1"), row(second, "M2"))
    two = WitnessFile("later.csv", listed(row(second, "M2", state="已取消"), row(third, "M3")).data)
    with compared(deployment, main=[one, WitnessFile("copy.csv", one.data), two]) as found:
        assert kinds_of(found) == {"cancelled_there": [second]}  # the later export knows better
        assert found.files[1].same_as == "list.csv"
        assert found.repeated == 1


def test_a_duplicate_that_the_main_system_has_is_home_and_one_that_a_person_closed_is_not(deployment: Deployment):
    there, closed = deployment.door.some(2, at=TEN + minutes(1))
    for number, also in ((there, {"main_order_number": "M7"}), (closed, {})):
        with deployment.store.writing() as uow:
            found = uow.orders.numbered(number)
            assert found is not None
            uow.orders.hold([found.id or 0], kind=HeldKind.MAIN_MAY_HAVE, looks_like=None, reason="")
        move(deployment, number, OrderState.DUPLICATE, **also)
    rows = ["M7,T-1,已发货,100.00,A-1,1,,", f"M8,{closed},已发货,100.00,A-1,1,,"]
    with compared(deployment, main=[listed(*rows)]) as found:
        assert kinds_of(found) == {"closed_but_there": [closed]}
        assert found.counts["matched"] == 2


@pytest.mark.parametrize(
    ("asked", "error", "sentence"),
    [
        ({}, NothingToCompare, "--main"),
        ({"main": [WitnessFile("x.csv", b"a,b\n1,2\n")]}, UnreadableList, "x.csv"),
        ({"main": [WitnessFile("x.csv", billed().data)]}, UnreadableList, "--payments"),
        ({"money": [listed()]}, UnreadableList, "--main"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_sentence(
    deployment: Deployment, asked: Mapping[str, Any], error: type[Exception], sentence: str
):
    deployment.door.some(1)
    with pytest.raises(error, match=sentence):
        compared(deployment, **asked)
    with deployment.store.reading() as uow:
        incident = uow.incidents.latest()
        assert incident is not None
        assert not uow.audit.of(incident.name, COMPARED)


def test_an_incident_that_is_none_is_refused(deployment: Deployment):
    asked = CompareRequest(incident="INC-0", main=[listed()])
    with pytest.raises(NoSuchIncident, match="INC-0"):
        compare(deployment.store, KEYS, asked, folder=deployment.folder, by=IT, now=TEN, zone=ZONE)


def test_a_disk_that_refuses_is_told_and_nothing_is_recorded(deployment: Deployment):
    deployment.door.some(1)
    with deployment.store.reading() as uow:
        incident = uow.incidents.latest()
    assert incident is not None
    asked = CompareRequest(incident=incident.name, main=[listed()])
    with pytest.raises(NoRoomToCompare, match="临时文件"):
        compare(deployment.store, KEYS, asked, folder=deployment.folder / "none", by=IT, now=TEN, zone=ZONE)


# ---- before the next file --------------------------------------------------------------------------------------------


def kept_out(deployment: Deployment, *rows: str) -> tuple[int, int, int]:
    with compared(deployment, main=[listed(*rows)]) as found:
        done = keep_out(deployment.store, found, by=IT, now=deployment.clock.now())
    return done.duplicates, done.held, done.left


def stands(deployment: Deployment, number: str) -> tuple[str, str | None, str | None]:
    with deployment.store.reading() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        return row.state, row.held_kind, row.main_order_number


def test_what_the_list_has_by_its_number_is_closed_and_what_is_like_it_is_held(deployment: Deployment):
    known, like, fine, differs = deployment.door.some(4, at=TEN + minutes(1))
    rows = [
        row(known, "M1"),
        "M2,T-2,已付款待审核,100.00,A-1,1,13800000002,2026-11-22 10:20:00",
        row(differs, "M4", pieces=3),
    ]
    assert kept_out(deployment, *rows) == (1, 1, 1)
    assert stands(deployment, known) == ("duplicate", "main_may_have", "M1")
    assert stands(deployment, like) == ("held", "main_may_have", None)
    assert (stands(deployment, fine)[0], stands(deployment, differs)[0]) == ("accepted", "accepted")
    with deployment.store.reading() as uow:
        (closed,), (held,) = uow.audit.of(known, FOUND), uow.audit.of(like, HELD)
        noted = uow.passed_on.of(like)
    assert "M1，list.csv 第 2 行" in closed.detail["sentence"]
    assert "M2，list.csv 第 3 行" in held.detail["sentence"]
    assert noted is not None
    assert noted.is_open
    assert kept_out(deployment, *rows) == (0, 0, 2)  # again, nothing is done twice


def test_a_person_who_has_decided_is_not_asked_again_and_what_is_in_a_file_stays_there(deployment: Deployment):
    like, decided, gone = deployment.door.some(3, at=TEN + minutes(1))
    rows = [f"M{n},T-{n},已付款待审核,100.00,A-1,1,1380000000{n},2026-11-22 10:20:00" for n in (1, 2, 3)]
    with compared(deployment, main=[listed(*rows)]) as found:
        with deployment.store.writing() as uow:
            for number in (decided, gone):
                one = uow.orders.numbered(number)
                assert one is not None
                uow.orders.hold([one.id or 0], kind=HeldKind.LOOK_ALIKE, looks_like=None, reason="")
            assert one is not None
            uow.orders.move([one.id or 0], OrderState.CANCELLED)
        assert release(deployment, decided) == decided
        done = keep_out(deployment.store, found, by=IT, now=deployment.clock.now())
    assert (done.duplicates, done.held, done.left) == (0, 1, 2)
    assert [stands(deployment, number)[0] for number in (like, decided, gone)] == ["held", "accepted", "cancelled"]


def release(deployment: Deployment, number: str) -> str:
    with deployment.store.writing() as uow:
        preflight = deployment.maker.preflight()
        released = decide.release(uow, number, preflight=preflight, by=IT, now=deployment.clock.now())
    return released.number


def test_a_held_order_that_the_list_has_by_its_number_is_settled(deployment: Deployment):
    (number,) = deployment.door.some(1)
    with deployment.store.writing() as uow:
        found = uow.orders.numbered(number)
        assert found is not None
        uow.passed_on.note(number, PassedOn(SentBefore.YES, "504"), now=deployment.clock.now())
        uow.orders.hold([found.id or 0], kind=HeldKind.MAIN_MAY_HAVE, looks_like=None, reason="")
    assert kept_out(deployment, row(number, "M1")) == (1, 0, 0)
    with deployment.store.reading() as uow:
        noted = uow.passed_on.of(number)
    assert noted is not None
    assert (noted.main_may_have, noted.said.sent) == ("yes", SentBefore.YES)
