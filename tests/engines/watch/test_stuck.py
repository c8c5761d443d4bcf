"""What orders are stuck on, by what is said of them, and the wording of the table; on both engines."""

from collections.abc import Iterable

import pytest
from sqlalchemy import select

from app.domain.actor import Actor, Way
from app.domain.marks import Mark
from app.domain.problems import NotFound, NotInThisState
from app.store.tables import StageTotal, TriageWording
from app.watch.stages.take_events import ReportedEvent, take_events
from app.watch.triage.look import StuckNow, stuck_now
from app.watch.triage.review import LineWording, is_stale, review_line
from app.watch.triage.table import shipped_table
from tests.deployment import Deployment
from tests.deployment.events import reported
from tests.deployment.facts import TEN, hours, minutes, seconds

MEI = Actor("mei", Way.CONSOLE)
WORDS = LineWording(owner="财务部", meaning="在等财审", say="请您稍等", next="去催")


def _tell(deployment: Deployment, events: Iterable[ReportedEvent]) -> None:
    assert take_events(deployment.store, list(events), now=deployment.clock.now()).rejected == []


def _look(deployment: Deployment) -> StuckNow:
    with deployment.store.reading() as uow:
        return stuck_now(uow, shipped_table(), now=deployment.clock.now())


def _told(found: StuckNow) -> dict[str, list[str]]:
    return {one.line.code: [order.ref for order in one.orders] for one in found.groups}


@pytest.fixture
def later(deployment: Deployment) -> Deployment:
    deployment.clock.at = TEN + hours(2)
    return deployment


def test_orders_over_their_limit_are_grouped_by_what_is_said_of_them_longest_first(later: Deployment):
    paid = [reported(f"P{n}", Mark.PAID, TEN + minutes(n)) for n in range(3)]
    frozen = reported("P1", Mark.STATUS, TEN + minutes(30), status="wdt:30", freeze_reason="地址异常")
    review = reported("P2", Mark.STATUS, TEN + minutes(30), status="wdt:35")
    _tell(later, [*paid, frozen, review, reported("NEW", Mark.PAID, TEN + minutes(100))])
    _tell(later, [reported("U", Mark.PLACED, TEN), reported("W", Mark.PLACED, TEN, transaction_id="T1")])
    found = _look(later)
    assert _told(found) == {
        "unclassified": ["P0"],
        "risk": ["P1"],
        "review": ["P2"],
        "payment_unconfirmed": ["W"],
        "unpaid": ["U"],
    }
    assert found.stuck == 4
    assert found.groups[-1].line.code == "unpaid"
    assert found.groups[0].orders[0].waited >= minutes(90)


def test_printing_that_hangs_is_seen_after_a_quarter_of_an_hour_and_by_one_line_alone(deployment: Deployment):
    deployment.clock.at = TEN + minutes(20)
    queued = {"Q0": 5, "Q1": 6, "Q2": 5, "Q3": 5, "Q4": 5}
    _tell(deployment, [reported(ref, Mark.QUEUED, TEN + minutes(at)) for ref, at in queued.items()])
    said = {"Q0": {"wdt:1": ""}, "Q1": {"wdt:1": ""}, "Q2": {"wdt:2": ""}, "Q3": {"wdt:1": "冻结"}}
    standing = [
        reported(ref, Mark.STATUS, TEN + minutes(7), logistics_print_status=code, freeze_reason=freeze)
        for ref, one in said.items()
        for code, freeze in one.items()
    ]
    _tell(deployment, standing)
    assert _told(_look(deployment)) == {"waybill": ["Q0"]}  # a frozen one is the risk's, and not stuck yet
    deployment.clock.at = TEN + minutes(65) + seconds(1)
    assert _told(_look(deployment)) == {
        "waybill": ["Q0", "Q1"],
        "risk": ["Q3"],
        "queued_not_packed": ["Q2", "Q4"],
    }


def test_what_is_said_last_counts_and_an_empty_word_takes_it_back(later: Deployment):
    _tell(later, [reported("P", Mark.PAID, TEN)])
    late = reported("P", Mark.STATUS, TEN + minutes(50), status="wdt:30", freeze_reason="")
    early = reported("P", Mark.STATUS, TEN + minutes(20), status="wdt:30", freeze_reason="黑名单", question="")
    _tell(later, [late])
    _tell(later, [early])  # it comes late, and was said before
    assert _told(_look(later)) == {"review": ["P"]}


def test_how_an_order_stands_moves_it_nowhere(later: Deployment):
    _tell(later, [reported("P", Mark.PAID, TEN)])
    before = later.rows.all(select(StageTotal))[0].model_dump()
    _tell(later, [reported("P", Mark.STATUS, TEN + minutes(n), status=f"wdt:{n}") for n in range(20, 30)])
    found = _look(later)
    assert [(order.stage, order.waited) for one in found.groups for order in one.orders] == [(2, hours(2))]
    assert [one.model_dump() for one in later.rows.all(select(StageTotal))] == [before]


def test_a_code_that_nobody_has_named_is_shown(later: Deployment):
    _tell(later, [reported("P", Mark.PAID, TEN, status="wdt:77"), reported("Q", Mark.PAID, TEN, status="wdt:30")])
    assert dict(_look(later).unnamed) == {("status", "wdt:77"): 1}


def test_odd_things_said_are_words_and_stop_nothing(later: Deployment):
    odd: list[object] = [7, True, None, {"a": 1}, ["x"], "长" * 500]
    _tell(later, [reported(f"P{n}", Mark.PAID, TEN, status=one) for n, one in enumerate(odd)])
    (group,) = _look(later).groups
    assert len(group.orders) == len(odd)
    assert all(len(word) <= 80 for order in group.orders for word in order.said.values())


def _review(deployment: Deployment, code: str = "review", words: LineWording = WORDS, *, seen: int = 0) -> None:
    with deployment.store.writing() as uow:
        review_line(uow, shipped_table(), code, words, seen=seen, by=MEI, now=deployment.clock.now())


def test_a_wording_holds_at_once_is_kept_and_is_recorded(later: Deployment):
    _tell(later, [reported("P", Mark.PAID, TEN, status="wdt:35")])
    (group,) = _look(later).groups
    assert group.line.owner == "运营 / 财务"
    assert is_stale(group.reviewed, now=later.clock.now())
    _review(later)
    (group,) = _look(later).groups
    assert (group.line.owner, group.line.say, group.line.type) == ("财务部", "请您稍等", "人工审核卡点")
    assert not is_stale(group.reviewed, now=later.clock.now() + hours(24 * 90))
    assert is_stale(group.reviewed, now=later.clock.now() + hours(24 * 90 + 1))
    _review(later, words=LineWording(owner="运营部", meaning="在等", say="稍等", next="催"), seen=1)
    kept = later.rows.all(select(TriageWording).where(TriageWording.code == "review"))
    assert sorted((one.version, one.owner) for one in kept) == [(1, "财务部"), (2, "运营部")]
    with later.store.reading() as uow:
        assert uow.audit.page()[0].action == "triage.review"


def test_two_who_word_a_line_at_once_do_not_overwrite_each_other(later: Deployment):
    _review(later)
    with pytest.raises(NotInThisState, match="刚被别人改过"):
        _review(later, seen=0)
    with pytest.raises(NotInThisState, match="刚被别人改过"):
        _review(later, seen=5)


def test_what_is_empty_too_long_or_no_line_is_refused(later: Deployment):
    with pytest.raises(NotFound):
        _review(later, "no_such")
    with pytest.raises(NotInThisState, match="都要填写"):
        _review(later, words=LineWording(owner=" ", meaning="a", say="b", next="c"))
    with pytest.raises(NotInThisState, match="最多 500 字"):
        _review(later, words=LineWording(owner="a", meaning="a", say="x" * 501, next="c"))
