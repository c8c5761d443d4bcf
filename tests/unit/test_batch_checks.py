"""Which orders may go into a file, as a table."""

from typing import Any

import pytest

from app.batch.checks import (
    Destroyed,
    HoldDecision,
    LooksLike,
    MissingFields,
    SameShopNumber,
    Ship,
    Unpaid,
    Unreadable,
    decide,
    unseen_due,
)

UNFIT = MissingFields("聚水潭", ("收件人",))

TABLE = [
    # released, looks like, missing
    (False, None, [], Ship()),
    (False, "LB1", [], LooksLike("LB1")),
    (False, None, ["收件人"], UNFIT),
    (False, "LB1", ["收件人"], LooksLike("LB1")),
    (True, None, [], Ship()),
    (True, "LB1", ["收件人"], Ship()),
    (False, None, None, Unreadable()),
    (False, "LB1", None, Unreadable()),
    (True, "LB1", None, Unreadable()),
]


@pytest.mark.parametrize(("released", "looks_like", "missing", "decision"), TABLE)
def test_an_order_ships_unless_a_person_must_see_it_and_a_release_is_final(
    *, released: bool, looks_like: str | None, missing: list[str] | None, decision: HoldDecision
):
    assert decide(released=released, looks_like=looks_like, missing=missing, program="聚水潭") == decision


DUE = [
    # released, looks like, missing, due
    (False, None, [], "unpaid", Unpaid("聚水潭", "unpaid")),
    (False, None, [], "cod", Unpaid("聚水潭", "cod")),
    (False, None, [], "", Unpaid("聚水潭", "")),
    (False, "LB1", [], "unpaid", LooksLike("LB1")),
    (False, None, ["收件人"], "unpaid", UNFIT),
    (True, "LB1", [], "unpaid", Unpaid("聚水潭", "unpaid")),
    (True, None, None, "unpaid", Unreadable()),
]


@pytest.mark.parametrize(("released", "looks_like", "missing", "due", "decision"), DUE)
def test_money_that_the_file_cannot_tell_of_holds_whatever_else_was_released(
    *, released: bool, looks_like: str | None, missing: list[str] | None, due: str, decision: HoldDecision
):
    found = decide(released=released, looks_like=looks_like, missing=missing, program="聚水潭", payment_due=due)
    assert found == decision


BOTH = frozenset({"unpaid", "cod"})


@pytest.mark.parametrize(
    ("status", "shown", "hold_unknown", "due"),
    [
        ("unpaid", BOTH, False, None),
        ("unpaid", BOTH, True, None),
        ("unpaid", {"cod"}, False, "unpaid"),
        ("cod", {"cod"}, False, None),
        ("cod", (), False, "cod"),
        ("paid", (), True, None),
        (None, BOTH, False, None),
        (None, BOTH, True, ""),
        (None, (), False, None),
    ],
)
def test_a_payment_is_unseen_where_the_layout_shows_it_not_and_no_word_is_no_word(
    *, status: str | None, shown: frozenset[str], hold_unknown: bool, due: str | None
):
    assert unseen_due(status, shown=shown, hold_unknown=hold_unknown) == due


TABLE_OF_MORE = [
    # released, shop twin, looks like, missing, destroyed
    (False, "LB1", None, [], [], SameShopNumber("LB1")),
    (False, "LB1", "LB2", ["收件人"], ["详细地址"], SameShopNumber("LB1")),
    (False, None, "LB2", [], ["详细地址"], LooksLike("LB2")),
    (False, None, None, ["收件人"], ["详细地址"], UNFIT),
    (False, None, None, [], ["详细地址"], Destroyed(("详细地址",))),
    (True, "LB1", "LB2", [], ["详细地址"], Ship()),
    (False, "LB1", None, None, [], Unreadable()),
]


@pytest.mark.parametrize(("released", "shop_twin", "looks_like", "missing", "destroyed", "decision"), TABLE_OF_MORE)
def test_a_shops_number_weighs_more_than_likeness_and_what_is_destroyed_is_asked_last(
    *, released: bool, shop_twin: str | None, looks_like: str | None, missing: Any, destroyed: Any, decision: Any
):
    more = {"shop_twin": shop_twin, "destroyed": destroyed}
    assert decide(released=released, looks_like=looks_like, missing=missing, program="聚水潭", **more) == decision


def test_every_reason_to_hold_is_a_chinese_sentence():
    assert LooksLike("LB1").reason == "疑似重复单：手机号、商品与金额同 LB1"
    assert MissingFields("聚水潭", ("收件人", "单价")).reason == "不符合聚水潭导入要求，缺少：收件人、单价"
    assert "SEAL_KEY" in Unreadable().reason
    assert Unpaid("旺店通", "unpaid").reason.startswith("未付款，而旺店通的文件没有位置标明")
    assert Unpaid("自有", "cod").reason.startswith("货到付款，而自有的文件没有位置标明")
    assert Unpaid("旺店通", "").reason.startswith("付款状态未知")
