"""Where an order is: the same whatever order its events arrived in, and its stages leave no gap between them."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.flow import OWN_SOURCE, Flow, LifecycleEvent, Standing, Visit, believed, flow_of
from app.domain.marks import REACHED, STAGES, WAY, Mark
from tests.deployment.facts import TEN, minutes

_SERIAL = iter(range(10**9))


def event(mark: str, minute: float, *, source: str = "wdt", channel: str = "", **attributes: Any) -> LifecycleEvent:
    return LifecycleEvent(
        source=source,
        event_id=f"{mark}@{minute}/{next(_SERIAL)}",
        mark=Mark(mark),
        at=TEN + minutes(minute),
        channel=channel,
        attributes=attributes,
    )


def flow(*events: LifecycleEvent) -> Flow:
    return flow_of(events)


def spent(known: Flow) -> list[tuple[int, float, str]]:
    """Return each visit as stage, minutes and what it counts for."""
    return [
        (
            one.stage,
            ((one.left_at or TEN) - one.entered_at) / timedelta(minutes=1) if one.left_at else -1,
            "inferred" if one.inferred else "told",
        )
        for one in known.visits
    ]


WHOLE = (
    event("placed", 0),
    event("paid", 2),
    event("queued", 12),
    event("picking_printed", 40),
    event("packed", 100),
    event("collected", 200),
)


def test_the_five_stages_touch_each_other():
    assert [stage.number for stage in STAGES] == [1, 2, 3, 4, 5]
    assert [one.ends for one in STAGES[:-1]] == [one.begins for one in STAGES[1:]]
    assert [REACHED[mark] for mark in WAY] == [0, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5]


def test_an_order_that_goes_its_way_is_done_and_each_stage_has_its_time():
    known = flow(*WHOLE)
    assert (known.standing, known.stage) == (Standing.DONE, None)
    assert spent(known) == [(1, 2, "told"), (2, 10, "told"), (3, 28, "told"), (4, 60, "told"), (5, 100, "told")]


def test_an_order_under_way_is_in_one_stage_since_the_mark_that_began_it():
    known = flow(*WHOLE[:3])
    assert (known.standing, known.stage) == (Standing.UNDER_WAY, 3)
    assert known.visits[-1] == Visit(3, TEN + minutes(12))


def test_what_nobody_told_is_inferred_and_in_no_mean():
    """A later mark closes the earlier stages."""
    known = flow(event("placed", 0), event("paid", 1), event("packed", 61))
    assert spent(known) == [
        (1, 1, "told"),
        (2, 60, "inferred"),
        (3, 0, "inferred"),
        (4, 0, "inferred"),
        (5, -1, "told"),
    ]


def test_a_finer_mark_proves_a_stage_and_tells_no_end_of_it():
    """发货 is not 揽收: the waybill is filled in, and the carrier has not seen the parcel."""
    known = flow(*WHOLE[:4], event("shipped", 90))
    assert known.stage == 5
    assert spent(known) == [(1, 2, "told"), (2, 10, "told"), (3, 28, "told"), (4, 50, "inferred"), (5, -1, "inferred")]


def test_an_order_that_is_sent_back_is_in_that_stage_again():
    known = flow(*WHOLE[:5], event("reopened", 110, stage=4), event("packed", 130))
    assert (known.stage, known.reworks) == (5, 1)
    assert [(stage, spent) for stage, spent, _ in spent(known)] == [
        (1, 2),
        (2, 10),
        (3, 28),
        (4, 60),
        (5, 10),
        (4, 20),
        (5, -1),
    ]


@pytest.mark.parametrize("stage", [0, 6, 5, "4", True, None, 2.0])
def test_a_stage_that_it_cannot_be_sent_back_to_changes_nothing(stage: object):
    assert flow(*WHOLE[:3], event("reopened", 20, stage=stage)) == flow(*WHOLE[:3])


@pytest.mark.parametrize(("mark", "standing"), [("cancelled", Standing.CANCELLED), ("hold", Standing.ON_HOLD)])
def test_an_order_that_does_not_count_has_no_visits(mark: str, standing: Standing):
    known = flow(*WHOLE[:3], event(mark, 20))
    assert (known.standing, known.stage, known.visits) == (standing, None, ())


def test_a_presale_waits_in_no_stage():
    known = flow(event("placed", 0), event("hold", 1), event("resumed", 1001), event("paid", 1004))
    assert (known.standing, known.stage) == (Standing.UNDER_WAY, 2)
    assert spent(known) == [(1, 1, "inferred"), (1, 3, "told"), (2, -1, "told")]


@pytest.mark.parametrize(("mark", "standing"), [("merged", Standing.MERGED), ("split", Standing.SPLIT)])
def test_the_clock_goes_on_with_what_it_became(mark: str, standing: Standing):
    known = flow(*WHOLE[:3], event(mark, 20), event("packed", 50))
    assert (known.standing, known.stage) == (standing, None)
    assert spent(known)[-1] != (5, -1, "told")


def test_two_sources_that_tell_the_same_change_nothing():
    again = [event(str(one.mark), 3 + n, source="jst") for n, one in enumerate(WHOLE[:2])]
    assert spent(flow(*WHOLE, *again)) == spent(flow(*WHOLE))


def test_an_order_of_which_nothing_more_will_be_told_is_in_no_stage_and_keeps_what_it_was_told():
    known = flow(event("placed", 0), event("paid", 2), event("queued", 12, last=True))
    assert (known.standing, known.stage) == (Standing.UNDER_WAY, None)
    assert spent(known) == [(1, 2, "told"), (2, 10, "told"), (3, 0, "inferred")]


def test_what_is_told_of_it_nevertheless_is_taken_as_if_nobody_had_said_so():
    said = (event("placed", 0), event("paid", 2, last=True), event("queued", 12))
    assert spent(flow(*said)) == [(1, 2, "told"), (2, 10, "told"), (3, -1, "told")]
    assert flow(*said).stage == 3
    assert flow(event("paid", 2, last="yes")).stage == 2  # only the word itself counts


def test_the_last_channel_and_priority_that_were_told_count():
    known = flow(
        event("placed", 0, channel="天猫"), event("paid", 1, priority="high"), event("queued", 2, channel="抖音")
    )
    assert (known.channel, known.high) == ("抖音", True)


def test_a_clock_that_is_ahead_is_not_believed():
    assert believed(TEN + minutes(2), received_at=TEN) == TEN + minutes(2)
    assert believed(TEN + minutes(3), received_at=TEN) == TEN
    assert believed(TEN - minutes(600), received_at=TEN) == TEN - minutes(600)


def _events(marks: st.SearchStrategy[Mark]) -> st.SearchStrategy[list[LifecycleEvent]]:
    one = st.builds(
        LifecycleEvent,
        source=st.sampled_from(["wdt", "jst"]),
        event_id=st.integers(0, 10**6).map(str),
        mark=marks,
        at=st.integers(0, 600).map(lambda minute: TEN + minutes(minute)),
        channel=st.sampled_from(["", "天猫", "抖音"]),
        attributes=st.fixed_dictionaries(
            {}, optional={"stage": st.integers(0, 6), "priority": st.just("high"), "last": st.booleans()}
        ),
    )
    return st.lists(one, max_size=14, unique_by=lambda event: (event.source, event.event_id))


@given(events=_events(st.sampled_from(Mark)), data=st.data())
def test_any_order_of_arrival_and_any_repetition_make_the_same_flow(events: list[LifecycleEvent], data: st.DataObject):
    known = flow_of(events)
    assert flow_of(data.draw(st.permutations(events))) == known
    again = data.draw(st.lists(st.sampled_from(events), max_size=5)) if events else []
    assert flow_of([*events, *again]).visits == known.visits


@given(events=_events(st.sampled_from([*WAY, Mark.REOPENED])))
def test_the_visits_of_an_order_leave_no_gap_and_overlap_nowhere(events: list[LifecycleEvent]):
    known = flow_of(events)
    for before, after in pairwise(known.visits):
        was_done = before.stage == len(STAGES)  # and was sent back later
        assert before.left_at == after.entered_at or (was_done and before.left_at < after.entered_at)
    for visit in known.visits:
        assert visit.left_at is None or visit.left_at >= visit.entered_at
        assert 1 <= visit.stage <= len(STAGES)
    inside = [visit for visit in known.visits if visit.left_at is None]
    assert [visit.stage for visit in inside] == ([known.stage] if known.stage else [])
    assert not inside or known.visits[-1] is inside[0]
    assert known.standing is Standing.UNDER_WAY or not inside


@given(events=_events(st.sampled_from(Mark)))
def test_what_is_cancelled_stays_out(events: list[LifecycleEvent]):
    known = flow_of([*events, event("cancelled", 601)])
    assert known.visits == () or known.standing in {Standing.MERGED, Standing.SPLIT}
    assert known.stage is None


# ---- orders that Lifeboat took


def ours(mark: str, minute: float, **attributes: Any) -> LifecycleEvent:
    return event(mark, minute, source=OWN_SOURCE, **attributes)


def test_an_order_of_ours_is_in_its_stage_and_in_no_mean_until_the_warehouse_has_it():
    """The hours it waited were the outage's, whoever tells of them and in whatever order."""
    waits = flow(ours("placed", 0), ours("paid", 2))
    assert (waits.stage, spent(waits)) == (2, [(1, 2, "inferred"), (2, -1, "inferred")])
    home = (event("paid", 1.5), event("queued", 150), event("picking_printed", 180))
    known = flow(ours("placed", 0), ours("paid", 2), *home)
    assert spent(known) == [(1, 1.5, "inferred"), (2, 148.5, "inferred"), (3, 30, "told"), (4, -1, "told")]


@pytest.mark.parametrize(
    ("word", "standing"),
    [("cancelled", "cancelled"), ("merged", "merged"), ("split", "split"), ("hold", "home")],
)
def test_our_word_that_an_order_is_over_or_home_holds_until_the_main_system_tells_of_it(word: str, standing: str):
    known = flow(ours("placed", 0), ours("paid", 2), ours(word, 60))
    assert (known.standing, known.stage, known.visits) == (standing, None, ())
    told = flow(ours("placed", 0), ours("paid", 2), ours(word, 60), event("queued", 30))
    assert (told.standing, told.stage) == (Standing.UNDER_WAY, 3)


def test_an_order_of_ours_that_comes_again_after_it_was_given_up_is_under_way():
    assert flow(ours("placed", 0), ours("cancelled", 60), ours("paid", 61)).stage == 2


def test_what_the_main_system_has_cancelled_stays_cancelled_whatever_we_say():
    known = flow(ours("placed", 0), ours("paid", 1), event("cancelled", 9), ours("hold", 60))
    assert known.standing is Standing.CANCELLED


def test_a_word_of_ours_that_ends_nothing_changes_nothing():
    assert flow(ours("placed", 0), ours("status", 5)).stage == 1


@given(st.permutations([*WHOLE, ours("placed", 0), ours("paid", 1), ours("hold", 90), ours("cancelled", 30)]))
def test_events_of_ours_too_may_come_in_any_order(shuffled: list[LifecycleEvent]):
    by_time = sorted(shuffled, key=lambda one: (one.at, one.event_id))
    assert flow_of(shuffled) == flow_of(by_time)
