"""When a warehouse works, as people write it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.warehouse_hours import (
    DAY,
    MOST_SPANS,
    WarehouseHours,
    WrongHours,
    hours_of,
    span_words,
    spans_of,
    special_days_of,
)

EIGHT_TO_EIGHT = (8 * 60, 20 * 60)
MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("08:00-20:00", (EIGHT_TO_EIGHT,)),
        (" 8:00 至 20:00 ", (EIGHT_TO_EIGHT,)),
        ("０８：００～２０：００", (EIGHT_TO_EIGHT,)),  # noqa: RUF001 - as an input method types it
        ("13:00-20:00、08:00-12:00", ((480, 720), (780, 1200))),
        ("08:00-12:00, 13:00-20:00", ((480, 720), (780, 1200))),
        ("20:00-04:00", ((1200, DAY + 240),)),
        ("20:00到次日04:00", ((1200, DAY + 240),)),
        ("20:00-00:00", ((1200, DAY),)),
        ("22:00-08:00、08:00-20:00", (EIGHT_TO_EIGHT, (1320, DAY + 480))),
        ("00:00-24:00", ((0, DAY),)),
        ("全天", ((0, DAY),)),
        ("休", ()),
        ("休息", ()),
        (" ", ()),
    ],
)
def test_hours_are_read_as_people_write_them(typed: str, meant: tuple[tuple[int, int], ...]):
    assert spans_of(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "8-20",
        "08:00",
        "08:00-08:00",
        "08:60-20:00",
        "08:00-20:60",
        "24:00-08:00",
        "08:00-24:01",
        "08:00-12:00、11:00-13:00",
        "22:00-09:00、08:00-20:00",
        "08:00-次日10:00",
        "、",
        "早八点到晚八点",
        "、".join(f"{n:02d}:00-{n:02d}:30" for n in range(MOST_SPANS + 1)),
    ],
)
def test_what_is_no_time_of_a_day_is_refused_in_words(typed: str):
    with pytest.raises(WrongHours, match="“"):
        spans_of(typed)


@given(st.lists(st.integers(0, DAY - 1), min_size=2, max_size=2 * MOST_SPANS, unique=True).map(sorted))
def test_what_is_written_down_is_read_again_as_it_was(edges: list[int]):
    spans = tuple(zip(edges[::2], edges[1::2], strict=False))
    assert spans_of(span_words(spans)) == spans
    night = ((edges[-1], edges[0] + DAY),)
    assert spans_of(span_words(night)) == night


def test_a_special_day_stands_in_place_of_its_weekday():
    hours = hours_of(["08:00-20:00"] * 6 + ["休"], special_days_of("2026-11-23 休\n\n2026-11-29　09:00-15:00\n"))
    assert hours.on(MONDAY) == ()
    assert hours.on(date(2026, 11, 24)) == (EIGHT_TO_EIGHT,)
    assert hours.on(date(2026, 11, 22)) == ()
    assert hours.on(date(2026, 11, 29)) == ((540, 900),)
    assert hours == WarehouseHours(
        ((EIGHT_TO_EIGHT,),) * 6 + ((),), ((MONDAY, ()), (date(2026, 11, 29), ((540, 900),)))
    )


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("2026-11-23", "每行一天"),
        ("11月23日 休", "不是日期"),
        ("2026-11-23 休\n2026-11-23 08:00-20:00", "写了两次"),
        ("2026-11-23 八点", "看不懂"),
    ],
)
def test_a_special_day_that_is_none_is_refused(typed: str, why: str):
    with pytest.raises(WrongHours, match=why):
        special_days_of(typed)


def test_a_warehouse_that_never_opens_is_none():
    for week, why in ((["休"] * 7, "至少要有一天"), (["08:00-20:00"] * 6, "七天")):
        with pytest.raises(WrongHours, match=why):
            hours_of(week, {})
    with pytest.raises(WrongHours, match="最多 100"):
        hours_of(["08:00-20:00"] * 7, {date.fromordinal(738000 + n).isoformat(): "" for n in range(101)})
