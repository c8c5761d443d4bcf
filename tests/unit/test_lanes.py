import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lanes import KEPT_FOR_ALERTS, KEPT_FOR_HIGH, MERGE_AFTER, Lane, Plan, Waiting, plan
from tests.builders import seconds

FRESH, OLD = seconds(1), MERGE_AFTER + seconds(1)
WAITING = st.builds(Waiting, st.integers(0, 5000), st.integers(0, 3600).map(seconds))


@given(st.sampled_from(Lane), WAITING, st.integers(0, 30))
def test_no_lane_plans_more_than_its_share_of_what_is_free(lane: Lane, waiting: Waiting, free: int):
    todo = plan(lane, waiting, free=free)
    kept = {Lane.ALERT: 0, Lane.HIGH: KEPT_FOR_ALERTS, Lane.NORMAL: KEPT_FOR_ALERTS + KEPT_FOR_HIGH}[lane]
    assert 0 <= todo.single + todo.digests <= max(free - kept, 0)
    assert todo.single <= waiting.count
    assert not (todo.digests and not waiting.count)


@given(st.sampled_from([Lane.HIGH, Lane.NORMAL]), st.integers(1, 5000), st.integers(9, 30))
def test_whatever_has_waited_a_few_seconds_leaves_now_when_there_is_room(lane: Lane, count: int, free: int):
    todo = plan(lane, Waiting(count, OLD), free=free)
    assert todo == Plan(digests=1)


@pytest.mark.parametrize(
    ("lane", "waiting", "free", "todo"),
    [
        (Lane.ALERT, Waiting(3, FRESH), 18, Plan(single=3)),
        (Lane.ALERT, Waiting(3, OLD), 2, Plan(single=2)),
        (Lane.ALERT, Waiting(1, OLD), 0, Plan()),
        (Lane.HIGH, Waiting(3, FRESH), 18, Plan(single=3)),
        (Lane.HIGH, Waiting(16, FRESH), 18, Plan(single=16)),
        (Lane.HIGH, Waiting(17, FRESH), 18, Plan()),  # too many to go one by one: in a moment they go together
        (Lane.HIGH, Waiting(17, OLD), 18, Plan(digests=1)),
        (Lane.HIGH, Waiting(1, OLD), 2, Plan()),  # two are kept for alerts
        (Lane.HIGH, Waiting(1, OLD), 3, Plan(digests=1)),
        (Lane.HIGH, Waiting(0, FRESH), 18, Plan()),
        (Lane.NORMAL, Waiting(10, FRESH), 18, Plan(single=10)),
        (Lane.NORMAL, Waiting(11, FRESH), 18, Plan()),
        (Lane.NORMAL, Waiting(1, FRESH), 8, Plan()),  # two for alerts, six for high priority
        (Lane.NORMAL, Waiting(1, MERGE_AFTER), 9, Plan(single=1)),
    ],
)
def test_the_table_of_lanes(lane: Lane, waiting: Waiting, free: int, todo: Plan):
    assert plan(lane, waiting, free=free) == todo
