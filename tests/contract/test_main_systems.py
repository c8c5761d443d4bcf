"""Every adapter against every fault: an order comes home, and is there exactly once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.main_system import AccessRefused, ExistsInMain, MainThrottled, OrderRefused
from app.domain.way_home import ComesHome, PersonDecides, StaysRefused, StopEverybody
from tests.contract.main_systems import NUMBER, ORDER, Rig, by_profile, erp, sent
from tests.fakes.main_wire import COMMITTED, LOST

ADAPTERS = ("jushuitan", "wangdiantong", "guanyi", "http")
Rigs = Callable[[str], Rig]


@pytest.fixture
def rigs(tmp_path: Path) -> Rigs:
    return lambda name: by_profile(tmp_path) if name == "http" else erp(name)


@pytest.fixture(params=ADAPTERS)
def rig(request: pytest.FixtureRequest, rigs: Rigs) -> Rig:
    return rigs(request.param)


async def test_an_order_comes_home_once_and_is_found_under_its_number(rig: Rig):
    assert isinstance(await rig.home(sent()), ComesHome)
    again = await rig.home(sent())
    assert isinstance(again, ComesHome)
    assert again.was_there
    assert again.main_numbers
    assert (rig.fake.created, rig.fake.updated) == ({rig.number: 1}, {})


@pytest.mark.parametrize("fault", COMMITTED)
async def test_what_was_taken_without_an_answer_is_found_and_never_sent_again(rig: Rig, fault: str):
    rig.wire.order("create", fault)
    assert isinstance(await rig.home(sent()), ComesHome)
    assert (rig.fake.created, rig.fake.updated) == ({rig.number: 1}, {})


@pytest.mark.parametrize("fault", LOST)
async def test_what_was_not_taken_is_sent_again_once_three_looks_have_not_found_it(rig: Rig, fault: str):
    rig.wire.order("create", fault)
    assert isinstance(await rig.home(sent()), ComesHome)
    assert rig.fake.created == {rig.number: 1}
    assert sorted(rig.waits) == rig.waits
    assert len(rig.waits) == 3


@pytest.mark.parametrize("fault", ["commit_then_hang", *LOST, "commit_then_html200", "commit_then_empty"])
async def test_a_look_without_an_answer_sends_nothing(rig: Rig, fault: str):
    rig.wire.order("find", *[fault] * 3)
    assert isinstance(await rig.home(sent()), ComesHome)
    assert rig.fake.created == {rig.number: 1}


async def test_an_index_that_lags_is_waited_for(rig: Rig):
    rig.fake.lag = 2
    rig.wire.order("create", "commit_then_hang")
    assert isinstance(await rig.home(sent()), ComesHome)
    assert (rig.fake.created, rig.fake.updated) == ({rig.number: 1}, {})


async def test_a_number_that_lags_too_long_is_doubled_by_nobody(rig: Rig):
    """Where it is sent again after three looks, the main system updates or refuses, as the port says it does."""
    rig.fake.lag = 20
    rig.wire.order("create", "commit_then_hang")
    await rig.home(sent(), most=8)
    assert rig.fake.created == {rig.number: 1}


async def test_where_a_second_sending_doubles_a_person_decides(tmp_path: Path):
    rig = by_profile(tmp_path, doubles=True)
    rig.fake.lag = 20
    rig.wire.order("create", "commit_then_hang")
    assert isinstance(await rig.home(sent()), PersonDecides)
    assert rig.fake.created == {rig.number: 1}


async def test_too_many_calls_are_no_failure_and_lose_nothing(rig: Rig):
    rig.fake.throttles_at = 2
    assert isinstance(await rig.home(sent(shop=sent().names.shop)), ComesHome)
    assert rig.fake.created == {rig.number: 1}
    assert rig.waits
    assert max(rig.waits) >= timedelta(seconds=2)


async def test_a_refusal_has_the_main_systems_own_words_and_nothing_of_the_customer(rig: Rig):
    rig.fake.refuses[rig.number] = "商品不存在：张三 13800138000 文三路 1 号"
    refused = await rig.home(sent())
    assert isinstance(refused, StaysRefused)
    assert "商品不存在" in refused.words
    assert not any(private in refused.words for private in ("张三", "13800138000", "文三路"))
    assert rig.fake.created == {}


async def test_an_order_that_a_person_changed_there_is_not_overwritten(rig: Rig):
    await rig.home(sent())
    content = rig.fake.taken[rig.number].content
    for lines in ("items", "details"):
        for line in content.get(lines, []):
            for quantity in ("qty", "num"):
                if quantity in line:
                    line[quantity] += 1
    if "receivable" in content:
        content["receivable"] += 1
    assert isinstance(await rig.home(sent(), may_be_there=True), PersonDecides)
    assert rig.fake.updated == {}


@pytest.mark.parametrize("name", ["jushuitan", "guanyi", "http"])
async def test_an_order_that_was_cancelled_there_is_a_persons(rigs: Rigs, name: str):
    """The raw orders of 旺店通 say nothing of being cancelled."""
    rig = rigs(name)
    await rig.home(sent())
    rig.fake.taken[rig.number].void = True
    assert isinstance(await rig.home(sent()), PersonDecides)


async def test_a_wrong_key_stops_everybody_and_charges_no_order(rig: Rig):
    rig.fake.secret = rig.fake.app_secret = "another"
    stopped = await rig.home(sent())
    assert isinstance(stopped, StopEverybody)
    assert stopped.code in {"key", "token"}
    assert rig.fake.created == {}


async def test_sending_blindly_ends_in_a_value_too(rig: Rig):
    await rig.main.create(sent())
    outcome = await rig.main.create(sent())
    assert isinstance(outcome, ExistsInMain) or rig.name == "jushuitan"
    assert rig.fake.created == {rig.number: 1}


async def test_a_clock_that_is_off_is_put_right_by_their_own(rig: Rig):
    rig.fake.ahead = timedelta(hours=1)
    assert isinstance(await rig.home(sent()), ComesHome)
    clock = next(one for one in await rig.main.probe() if one.what == "clock")
    assert (clock.verdict, clock.code) == ("wrong", "clock_is_off")
    assert int(clock.words) in {3599, 3600}  # a date has no parts of a second


async def test_all_is_well_before_anything_was_sent(rig: Rig):
    found = await rig.main.probe()
    assert [one.verdict for one in found if one.what != "shop"] == ["well", "well"]
    assert rig.fake.created == {}


async def test_nothing_that_keys_sign_or_customers_are_called_shows(rig: Rig):
    shown = repr([await rig.main.create(sent()), await rig.main.find(sent().names), *await rig.main.probe()])
    assert not any(one in shown for one in ("lbsecret", "lb-secret", "lb-token", "张三", "13800138000"))


@pytest.mark.parametrize("name", ["wangdiantong", "guanyi"])
async def test_an_archived_order_is_found(rigs: Rigs, name: str):
    rig = rigs(name)
    await rig.home(sent())
    rig.fake.taken[rig.number].archived = True
    assert isinstance(await rig.home(sent()), ComesHome)
    assert (rig.fake.created, rig.fake.updated) == ({rig.number: 1}, {})


@pytest.mark.parametrize("name", ["jushuitan", "wangdiantong", "guanyi"])
async def test_what_lies_there_under_the_shops_number_comes_home_if_it_agrees(rigs: Rigs, name: str):
    """An order that a proxy had sent before: the main system has it under the shop's own number."""
    rig = rigs(name)
    assert isinstance(await rig.home(sent(number=sent().names.shop or "", shop=None)), ComesHome)
    home = await rig.home(sent(), may_be_there=True)
    assert isinstance(home, ComesHome)
    assert home.was_there
    assert NUMBER not in rig.fake.created


async def test_outcomes_of_one_call_are_what_the_port_says(rigs: Rigs):
    rig = rigs("guanyi")
    rig.fake.throttles_at = 1
    assert isinstance(await rig.main.find(sent().names), MainThrottled)
    rig.fake.session = "another"
    assert isinstance(await rig.main.find(sent().names), AccessRefused)
    unpaid = await rig.main.create(sent(replace(ORDER, payment=None)))
    assert unpaid == OrderRefused(
        "不是已付款的订单，接口只送已付款的；请补全付款状态，或用文件导入", "payment.status", ours=True
    )
