"""Which orders may go into a file, as a table."""

from typing import Any

import pytest

from app.batch.checks import Destroyed, HoldDecision, LooksLike, MissingFields, SameShopNumber, Ship, Unreadable, decide

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
