"""Sources are polled on both engines, from fakes that check signatures and have the vendors' traps; nothing is lost."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.domain.marks import Mark
from app.store.unit_of_work import Store
from app.watch.sources import poll
from app.watch.sources.check import check_source
from app.watch.sources.event_map import RowEvents
from app.watch.sources.poll import MOST_ODD, OTHERS, with_odd
from app.watch.stages.take_events import ReportedEvent
from tests.deployment.facts import TEN, hours, minutes, seconds
from tests.deployment.sources import GUANYI, JUSHUITAN, WANGDIANTONG, SourceRig, rig
from tests.fakes.erp import ErpFake

__all__ = ["rig"]

WAY = {
    "placed": TEN - minutes(50),
    "paid": TEN - minutes(48),
    "queued": TEN - minutes(40),
    "picking_printed": TEN - minutes(30),
    "packed": TEN - minutes(20),
    "shipped": TEN - minutes(15),
}


def _so_far(*marks: str) -> dict[str, datetime]:
    return {mark: WAY[mark] for mark in marks}


# ---- what each ERP tells


async def test_wangdiantong_tells_the_way_of_an_order(rig: SourceRig):
    rig.wdt.add("JY1", **WAY)
    rig.wdt.add("JY2", **_so_far("placed", "paid"))
    polled = await rig.caught_up(rig.source(WANGDIANTONG))
    assert polled.trouble is None
    assert rig.marks("JY1") == ["placed", "paid", "queued", "waybill", "picking_printed", "packed", "shipped"]
    assert rig.marks("JY2") == ["placed", "paid"]
    row = rig.row("wdt")
    assert (row.stands_at, row.trouble, row.newest_at, row.odd) == (TEN - seconds(120), "", WAY["shipped"], {})
    stands = {name: word for said in rig.stands("JY1") for name, word in said.items()}
    assert stands.pop("status") in {"wdt:95", "wdt:110"}
    assert stands == {"stockout_status": "wdt:110", "logistics_print_status": "wdt:2", "freeze_reason": ""}
    assert row.events == 12
    assert rig.wdt.writes == 0


async def test_times_are_the_steps_own_where_the_erp_has_them(rig: SourceRig):
    rig.wdt.add("JY1", **WAY)
    await rig.caught_up(rig.source(WANGDIANTONG))
    with rig.deployment.store.reading() as uow:
        (flow_id,) = uow.flows.ids_of(["JY1"]).values()
        told = {str(one.mark): one for one in uow.flows.events_of([flow_id])[flow_id]}
    assert {mark: told[mark].at for mark in ("placed", "paid", "queued", "shipped")} == _so_far(
        "placed", "paid", "queued", "shipped"
    )
    assert told["shipped"].attributes == {"waybill": "YTJY1", "carrier": "圆通速递"}
    assert told["picking_printed"].attributes == {"quality": "seen"}
    assert told["queued"].channel in {"天猫旗舰店", ""}
    assert told["placed"].channel == "天猫旗舰店"


async def test_jushuitan_tells_the_way_of_an_order(rig: SourceRig):
    rig.jst.add("1001", shop="抖音小店", **WAY)
    polled = await rig.caught_up(rig.source(JUSHUITAN))
    assert polled.trouble is None
    marks = rig.marks("1001")
    assert [mark for mark in marks if mark != "waybill"] == ["placed", "paid", "queued", "picking_printed", "shipped"]
    assert rig.jst.writes == 0
    assert not any("action" in str(heard["path"]) for heard in rig.jst.heard)


async def test_guanyi_is_read_once_it_was_tried_also_what_is_void(rig: SourceRig):
    source = rig.source(GUANYI)
    rig.gy.add("SO1", **WAY)
    rig.gy.add("SO2", **WAY)
    rig.gy.add("SO3", **_so_far("placed", "paid"), cancelled=TEN - minutes(5))
    rig.gy.together = {"SO1": "SO2"}
    polled = await rig.poll(source)
    assert polled.trouble is not None
    assert (polled.trouble.code, rig.gy.heard) == ("untried", [])
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert checked.is_ok
    await rig.caught_up(source)
    assert "shipped" in rig.marks("SO1")
    assert "shipped" in rig.marks("SO2")
    assert rig.marks("SO3")[-1] == "cancelled"
    assert rig.row("gy").trouble == ""


async def test_a_log_that_nobody_has_tried_is_off_until_it_was(rig: SourceRig):
    source = rig.source(JUSHUITAN)
    rig.jst.closed = {"/open/order/action/query"}
    rig.jst.add("1001", **WAY)
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert [(one.name, one.code) for one in checked.readings] == [
        ("orders", ""),
        ("outs", ""),
        ("actions", "permission"),
    ]
    assert rig.row("jst").tried == ["orders", "outs"]
    rig.jst.closed = set()
    rig.jst.has_next = False
    await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert rig.row("jst").tried == ["actions", "orders", "outs"]
    await rig.caught_up(source)
    assert rig.row("jst").odd is not None
    names = set(rig.row("jst").odd or {})
    assert names <= {"name=取消打印快递单", "name=打印快递单失败", "name=其他"}


async def test_only_a_name_of_the_log_that_is_whole_is_progress(rig: SourceRig):
    """取消打印快递单 and 打印快递单失败 are no print."""
    source = rig.source(JUSHUITAN, printed="waybill")
    rig.jst.orders["1"] = order = rig.jst.add(
        "1", placed=WAY["placed"], x=WAY["paid"], y=WAY["queued"], z=WAY["packed"]
    )
    order.history.append((TEN - minutes(10), "w"))
    await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    await rig.caught_up(source)
    assert rig.marks("1") == ["placed"]


@pytest.mark.parametrize("at_top", [True, False])
async def test_the_log_of_an_order_gives_its_steps_their_own_times(rig: SourceRig, at_top: bool):  # noqa: FBT001
    rig.wdt.log_at_top, rig.wdt.bits = at_top, False
    rig.wdt.add("JY1", **WAY, picked=TEN - minutes(25))
    source = rig.source(WANGDIANTONG, logs_per_round=5)
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert checked.is_ok
    assert "log" in (rig.row("wdt").tried or [])
    await rig.caught_up(source)
    with rig.deployment.store.reading() as uow:
        (flow_id,) = uow.flows.ids_of(["JY1"]).values()
        told = [one for one in uow.flows.events_of([flow_id])[flow_id] if one.attributes.get("quality") == "log"]
    assert {str(one.mark): one.at for one in told}["packed"] == WAY["packed"]
    assert {str(one.mark): one.at for one in told}["picked"] == TEN - minutes(25)
    assert rig.row("wdt").coverage == {"log": {"asked": 1, "wanted": 1}}
    asked = [heard for heard in rig.wdt.heard if heard["method"] == "sales.TradeQuery.getLog"]
    rig.deployment.clock.at += minutes(2)
    await rig.poll(source)
    assert [heard for heard in rig.wdt.heard if heard["method"] == "sales.TradeQuery.getLog"] == asked


async def test_what_two_documents_tell_in_seconds_and_milliseconds_is_one_event(rig: SourceRig):
    rig.wdt.add("JY1", **{mark: at + timedelta(milliseconds=400) for mark, at in WAY.items()})
    await rig.caught_up(rig.source(WANGDIANTONG))
    assert sorted(rig.marks("JY1")) == sorted({*rig.marks("JY1")})


# ---- back, held, cancelled


async def test_an_order_that_is_sent_back_begins_its_stage_again(rig: SourceRig):
    order = rig.wdt.add("JY1", **_so_far("placed", "paid", "queued"))
    source = rig.source(WANGDIANTONG)
    await rig.caught_up(source)
    order.history.append((TEN + minutes(1), "reopened"))
    rig.deployment.clock.at = TEN + minutes(5)
    await rig.poll(source)
    assert rig.marks("JY1") == ["placed", "paid", "queued", "reopened"]
    order.history.append((TEN + minutes(6), "touched"))
    rig.deployment.clock.at = TEN + minutes(10)
    await rig.poll(source)
    assert rig.marks("JY1") == ["placed", "paid", "queued", "reopened"]
    order.history.append((TEN + minutes(11), "queued"))
    rig.deployment.clock.at = TEN + minutes(15)
    await rig.poll(source)
    assert rig.marks("JY1") == ["placed", "paid", "queued", "reopened", "queued"]


async def test_a_presale_waits_outside_the_flow_and_comes_back_into_it(rig: SourceRig):
    order = rig.wdt.add("JY1", **_so_far("placed", "paid"))
    rig.wdt.presale = {"JY1"}
    source = rig.source(WANGDIANTONG)
    await rig.caught_up(source)
    rig.wdt.presale = set()
    order.history.append((TEN + minutes(1), "touched"))
    rig.deployment.clock.at = TEN + minutes(5)
    await rig.poll(source)
    assert rig.marks("JY1") == ["placed", "paid", "hold", "resumed"]


async def test_what_is_only_seen_again_is_not_stored_again(rig: SourceRig):
    order = rig.wdt.add("JY1", **_so_far("placed", "paid", "queued", "picking_printed"))
    source = rig.source(WANGDIANTONG)
    await rig.caught_up(source)
    before = rig.row("wdt").events
    for minute in range(1, 5):
        order.history.append((TEN + minutes(minute), "touched"))
        rig.deployment.clock.at = TEN + minutes(minute + 3)
        await rig.poll(source)
    assert rig.row("wdt").events == before


# ---- nothing lost


@pytest.mark.parametrize("fake", ["wdt", "jst"])
async def test_nothing_is_lost_while_pages_shift(rig: SourceRig, monkeypatch: pytest.MonkeyPatch, fake: str):
    """Orders are changed and added between the pages of every window; each is known once the feed has caught up."""
    chance = random.Random(fake)
    erp: ErpFake = getattr(rig, fake)
    source = rig.source({"wdt": WANGDIANTONG, "jst": JUSHUITAN}[fake])
    small = tuple(_with_size(one, 7) for one in source.kind.readings)
    source = _with_readings(source, small)
    clock = rig.deployment.clock
    for n in range(60):
        erp.add(f"A{n}", placed=TEN - minutes(40) + seconds(n // 3))

    def move(_pages: int) -> None:
        clock.at += seconds(chance.choice((0, 1, 3)))
        for order in chance.sample(list(erp.orders.values()), 3):
            order.history.append((clock.at, chance.choice(("paid", "touched"))))
        if len(erp.orders) < 120:
            erp.add(f"B{len(erp.orders)}", placed=clock.at)

    erp.between_pages = move
    erp.empty_pages = 1
    for _ in range(12):
        polled = await rig.poll(source)
        assert polled.trouble is None, polled.trouble
        clock.at += seconds(45)
    erp.between_pages = None
    clock.at += minutes(10)
    await rig.caught_up(source)
    missing = [
        (name, what)
        for name, order in erp.orders.items()
        for what in {"placed", "paid"} & order.so_far(clock.at).keys()
        if what not in rig.marks(name)
    ]
    assert missing == []


def _with_size(reading, size):  # noqa: ANN001 - a reading
    from dataclasses import replace  # noqa: PLC0415 - only here

    return replace(reading, size=size)


def _with_readings(source, readings):  # noqa: ANN001 - a source
    from dataclasses import replace  # noqa: PLC0415 - only here

    return replace(source, kind=replace(source.kind, readings=readings))


async def test_a_row_that_was_committed_late_is_found_by_the_overlap(rig: SourceRig):
    source = rig.source(WANGDIANTONG)
    await rig.caught_up(source)
    order = rig.wdt.add("JY1", placed=TEN - minutes(3))
    order.late = minutes(5)
    rig.deployment.clock.at = TEN + minutes(3)
    await rig.poll(source)
    assert rig.marks("JY1") == ["placed"]


async def test_where_a_source_stands_moves_only_after_its_events_are_stored(
    rig: SourceRig, monkeypatch: pytest.MonkeyPatch
):
    rig.wdt.add("JY1", **WAY)
    source = rig.source(WANGDIANTONG)

    def dies(_store: Store, _events: object, *, now: datetime) -> None:
        raise KeyboardInterrupt

    event = ReportedEvent(
        index=0, source="wdt", event_id="1", order="JY1", channel="", mark=Mark.PLACED, at=WAY["placed"]
    )
    with monkeypatch.context() as patch:
        patch.setattr(poll, "take_events", dies)
        with pytest.raises(KeyboardInterrupt):
            poll.keep_window(
                rig.deployment.store,
                source,
                poll.ReadingWindow(TEN - hours(1), TEN, catching_up=False),
                RowEvents([event]),
                now=TEN,
            )
    with rig.deployment.store.reading() as uow:
        row = uow.sources.get("wdt")
    assert row is None or row.stands_at is None
    rig.restart()
    await rig.caught_up(source)
    assert rig.marks("JY1")[0] == "placed"


async def test_a_window_ends_behind_the_other_sides_clock(rig: SourceRig):
    rig.wdt.ahead = -seconds(90)
    source = rig.source(WANGDIANTONG)
    await rig.caught_up(source)
    assert rig.row("wdt").stands_at == TEN - seconds(90) - seconds(120)


# ---- trouble


Spoil = Callable[[SourceRig], None]


def _wrong_key(rig: SourceRig) -> None:
    rig.wdt.secret = "another"


def _throttled(rig: SourceRig) -> None:
    rig.wdt.per_minute, rig.wdt.comma = 0, ","


def _throttled_otherwise(rig: SourceRig) -> None:
    rig.wdt.per_minute, rig.wdt.comma = 0, "，"


def _clock(rig: SourceRig) -> None:
    rig.wdt.ahead, rig.wdt.tells_date = hours(1), False


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_wrong_key, "key"),
        (_throttled, "throttled"),
        (_throttled_otherwise, "throttled"),
        (_clock, "clock"),
        (lambda rig: rig.wdt.faults.order(every="html200"), "not_json"),
        (lambda rig: rig.wdt.faults.order(every="html502"), "http_502"),
        (lambda rig: rig.wdt.faults.order(every="json_list"), "bad_answer"),
        (lambda rig: rig.wdt.faults.order(every="empty_object"), "bad_answer"),
    ],
)
async def test_what_is_wrong_is_kept_with_its_code_and_nothing_moves(rig: SourceRig, spoil: Spoil, code: str):
    source = rig.source(WANGDIANTONG)
    spoil(rig)
    polled = await rig.poll(source)
    assert polled.trouble is not None
    row = rig.row("wdt")
    assert (row.trouble, row.stands_at, row.ok_at, row.failing_since) == (code, None, None, TEN)
    rig.deployment.clock.at += minutes(1)
    await rig.poll(source)
    assert (rig.row("wdt").failing_since, rig.row("wdt").failed_at) == (TEN, TEN + minutes(1))


async def test_once_it_works_again_the_trouble_is_over_and_nothing_was_lost(rig: SourceRig):
    source = rig.source(WANGDIANTONG)
    await rig.caught_up(source)
    rig.wdt.faults.order(every="html502")
    rig.wdt.add("JY1", placed=TEN + minutes(1))
    rig.deployment.clock.at = TEN + minutes(90)
    await rig.poll(source)
    assert rig.row("wdt").trouble == "http_502"
    rig.wdt.faults.order()
    await rig.caught_up(source)
    assert rig.marks("JY1") == ["placed"]
    assert (rig.row("wdt").trouble, rig.row("wdt").failing_since) == ("", None)


async def test_one_error_on_the_way_is_asked_again(rig: SourceRig):
    rig.wdt.faults.order("html502", "html200")
    assert (await rig.poll(rig.source(WANGDIANTONG))).trouble is None


async def test_a_source_without_its_secret_says_which(rig: SourceRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WDT_SECRET")
    polled = await rig.poll(rig.source(WANGDIANTONG))
    assert polled.trouble is not None
    assert (polled.trouble.code, polled.trouble.words) == ("no_secret", "WDT_SECRET")
    assert rig.wdt.heard == []


async def test_another_source_is_read_whatever_is_wrong_with_one(rig: SourceRig):
    rig.wdt.faults.order(every="html502")
    rig.jst.add("1001", **WAY)
    await rig.poll(rig.source(WANGDIANTONG))
    await rig.caught_up(rig.source(JUSHUITAN))
    assert "shipped" in rig.marks("1001")


async def test_a_code_that_nobody_knows_is_counted_and_guessed_by_nobody(rig: SourceRig):
    rig.wdt.add("JY1", **_so_far("placed", "paid"))
    rig.wdt.stray_status = {"JY1": 777}
    await rig.caught_up(rig.source(WANGDIANTONG))
    assert rig.row("wdt").odd == {"trade_status=777": 1}
    assert rig.marks("JY1") == ["placed", "paid"]


async def test_a_shop_without_rights_is_silently_absent(rig: SourceRig):
    """Which is why a check tells the shops that were seen."""
    rig.wdt.add("JY1", **WAY)
    rig.wdt.add("JY2", shop="002", **WAY)
    rig.wdt.hidden_shops = {"001"}
    source = rig.source(WANGDIANTONG)
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert checked.is_ok
    assert checked.shops == {"002": 1}


def test_names_of_odd_things_are_bounded():
    kept = with_odd(None, {f"status={n}": 1 for n in range(MOST_ODD + 7)})
    assert len(kept) == MOST_ODD + 1
    assert kept[OTHERS] == 7


async def test_a_clock_that_is_off_is_told_by_a_check(rig: SourceRig):
    rig.wdt.ahead = seconds(90)
    source = rig.source(WANGDIANTONG)
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert checked.is_ok
    assert checked.clock_is_off
    assert checked.clock_ahead is not None
    assert abs(checked.clock_ahead - timedelta(seconds=90)) <= seconds(1)


async def test_a_clock_that_is_refused_is_made_good_by_the_time_that_the_refusal_tells(rig: SourceRig):
    rig.wdt.ahead = hours(1)
    polled = await rig.poll(rig.source(WANGDIANTONG))
    assert polled.trouble is None
    assert polled.until is not None
    assert polled.until < TEN + hours(1)


async def test_a_window_of_too_many_rows_is_read_in_parts(rig: SourceRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.watch.sources.read_back.MOST_ROWS", 30)
    for n in range(100):
        rig.wdt.add(f"JY{n}", placed=TEN - minutes(55) + seconds(30 * n))
    polled = await rig.caught_up(rig.source(WANGDIANTONG))
    assert polled.trouble is None
    assert all(rig.marks(f"JY{n}") == ["placed"] for n in range(100))
