"""The small rules of the domain, a table each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import problems
from app.domain.clock import SystemClock
from app.domain.idempotency import read_idempotency_key
from app.domain.ledger import Ledger
from app.domain.names import batch_name, incident_name
from app.domain.order import priority_of, total_of
from app.domain.problems import BadIdempotencyKey, FieldError, Problem
from app.domain.states import FINAL, FOLLOWS, OrderState, may_follow
from app.store.sealing import Marker
from tests.deployment.facts import KEYS, ZONE, minutes

COUNTS = st.integers(0, 10**6)
PLACES = ("imported", "duplicate", "rejected", "cancelled", "batched", "waiting", "held", "spooled")
GOODS = st.lists(st.tuples(st.text(max_size=8), st.integers(1, 99)), min_size=1, max_size=5)


# ---- the ledger


@given(st.lists(COUNTS, min_size=len(PLACES), max_size=len(PLACES)))
def test_a_ledger_balances_when_every_accepted_order_is_somewhere(counts: list[int]):
    """P7, P10"""
    places = dict(zip(PLACES, counts, strict=True))
    ledger = Ledger(incident="E1", accepted=sum(counts), **places)
    assert ledger.accounted == ledger.accepted
    assert ledger.balanced


@given(st.lists(COUNTS, min_size=len(PLACES), max_size=len(PLACES)), st.sampled_from(PLACES), st.sampled_from([-1, 1]))
def test_one_order_too_many_or_too_few_anywhere_shows(counts: list[int], place: str, off: int):
    places = dict(zip(PLACES, counts, strict=True))
    places[place] += off
    assert not Ledger(incident="E1", accepted=sum(counts), **places).balanced


# ---- states


def test_nothing_follows_a_final_state_and_every_state_can_reach_one():
    assert all(not FOLLOWS[state] for state in FINAL)
    assert set(FOLLOWS) == set(OrderState)
    for state in set(OrderState) - FINAL:
        reached, before = {state}, set()
        while reached != before:
            before, reached = reached, reached | {after for one in reached for after in FOLLOWS[one]}
        assert reached & FINAL


@pytest.mark.parametrize(
    ("before", "after", "may"),
    [
        ("accepted", "batched", True),
        ("accepted", "imported", False),  # nothing comes home that never left
        ("held", "accepted", True),
        ("held", "batched", False),  # a person must let it go first
        ("batched", "accepted", False),
        ("batched", "imported", True),
        ("imported", "cancelled", False),
    ],
)
def test_which_state_may_follow_which(before: str, after: str, *, may: bool):
    assert may_follow(OrderState(before), OrderState(after)) is may


# ---- priority and totals


@pytest.mark.parametrize(
    ("fen", "priority"), [(None, "normal"), (0, "normal"), (49_999, "normal"), (50_000, "normal"), (50_001, "high")]
)
def test_above_five_hundred_yuan_is_high_and_five_hundred_is_not(fen: int | None, priority: str):
    assert priority_of(fen, above_fen=50_000) == priority


@pytest.mark.parametrize(
    ("stated", "prices", "freight", "discount", "total"),
    [
        (59_900, [(None, 1)], None, None, 59_900),
        (0, [(100, 1)], 5, None, 0),
        (None, [(100, 2), (50, 1)], None, None, 250),
        (None, [(100, 2)], 10, 30, 180),
        (None, [(100, 1), (None, 1)], 10, None, None),
        (None, [(100, 1)], None, 500, 0),
    ],
)
def test_a_missing_total_is_the_sum_or_unknown(
    stated: int | None,
    prices: list[tuple[int | None, int]],
    freight: int | None,
    discount: int | None,
    total: int | None,
):
    assert total_of(stated=stated, prices=prices, freight=freight, discount=discount) == total


# ---- look-alikes


@given(GOODS, st.randoms(use_true_random=False))
def test_the_order_of_the_goods_does_not_matter(goods: list[tuple[str, int]], random: object):
    shuffled = list(goods)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _mark(goods=goods) == _mark(goods=shuffled)


@pytest.mark.parametrize(
    "other",
    [
        {"phone": "13800138001"},
        {"goods": [("A", 2)]},
        {"goods": [("B", 1)]},
        {"goods": [("A", 1), ("A", 1)]},
        {"total_fen": 101},
        {"total_fen": None},
        {"secret": b"y"},
    ],
)
def test_another_phone_total_or_basket_is_another_order(other: dict[str, object]):
    assert _mark(**other) != _mark()


def _mark(
    secret: bytes = b"x", phone: str = "13800138000", goods: object = (("A", 1),), total_fen: int | None = 100
) -> bytes:
    keys = replace(KEYS, look_alike=Marker(secret))
    return keys.look_alike_of(phone=phone, goods=goods, total_fen=total_fen)  # type: ignore[arg-type]


# ---- keys, names, the clock


@pytest.mark.parametrize(
    ("header", "key"),
    [("a", "a"), ('"a"', "a"), ("A-z_0.9:", "A-z_0.9:"), ("k" * 128, "k" * 128), (f'"{"k" * 128}"', "k" * 128)],
)
def test_a_key_is_the_same_bare_and_quoted(header: str, key: str):
    assert read_idempotency_key(header) == key


@pytest.mark.parametrize("header", ["", '"', '""', "a b", "键", "k" * 129, '"a', 'a"', "a\n", "a/b", "'a'"])
def test_a_key_of_another_form_is_refused(header: str):
    with pytest.raises(BadIdempotencyKey):
        read_idempotency_key(header)


def test_names_say_when_and_what_on_the_merchants_clock():
    night = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
    assert incident_name(night, 7, drill=False, zone=ZONE) == "E20261123-7"
    assert incident_name(night, 8, drill=True, zone=ZONE) == "D20261123-8"
    assert batch_name(night, 12, repair=False, zone=ZONE) == "B20261123-0030-12"
    assert batch_name(night, 13, repair=True, zone=ZONE) == "R20261123-0030-13"


def test_the_system_clock_tells_aware_utc():
    now = SystemClock().now()
    assert now.utcoffset() == timedelta()
    assert abs(datetime.now(UTC) - now) < minutes(1)


# ---- problems


def _leaves(kind: type[Problem]) -> list[type[Problem]]:
    return [
        leaf for child in kind.__subclasses__() for leaf in ([child] if not child.__subclasses__() else _leaves(child))
    ]


def test_every_problem_has_its_own_code_and_speaks_chinese():
    kinds = _leaves(Problem)
    assert kinds
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    for kind in kinds:
        problem = kind()
        assert problem.detail == kind.sentence == str(problem)
        assert any("\u4e00" <= character <= "\u9fff" for character in kind.title)
        assert kind.code in (problems.__doc__ or "")


def test_a_problem_may_say_more_and_point_at_fields():
    problem = problems.InvalidOrder("更多", errors=[FieldError("/phone", "phone", "手机号有误")])
    assert (problem.detail, problem.errors) == ("更多", (FieldError("/phone", "phone", "手机号有误"),))
