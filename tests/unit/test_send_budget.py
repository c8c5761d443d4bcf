import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.send_budget import KEPT_FOR_ALERTS, KEPT_FOR_HIGH, MERGE_AFTER, Backlog, Plan, Urgency, plan
from tests.deployment.facts import seconds

FRESH, OLD = seconds(1), MERGE_AFTER + seconds(1)
WAITING = st.builds(Backlog, st.integers(0, 5000), st.integers(0, 3600).map(seconds))


@given(st.sampled_from(Urgency), WAITING, st.integers(0, 30))
def test_no_lane_plans_more_than_its_share_of_what_is_free(lane: Urgency, waiting: Backlog, free: int):
    todo = plan(lane, waiting, free=free)
    kept = {Urgency.ALERT: 0, Urgency.HIGH: KEPT_FOR_ALERTS, Urgency.NORMAL: KEPT_FOR_ALERTS + KEPT_FOR_HIGH}[lane]
    assert 0 <= todo.single + todo.digests <= max(free - kept, 0)
    assert todo.single <= waiting.count
    assert not (todo.digests and not waiting.count)


@given(st.sampled_from([Urgency.HIGH, Urgency.NORMAL]), st.integers(1, 5000), st.integers(9, 30))
def test_whatever_has_waited_a_few_seconds_leaves_now_when_there_is_room(lane: Urgency, count: int, free: int):
    todo = plan(lane, Backlog(count, OLD), free=free)
    assert todo == Plan(digests=1)


@pytest.mark.parametrize(
    ("lane", "waiting", "free", "todo"),
    [
        (Urgency.ALERT, Backlog(3, FRESH), 18, Plan(single=3)),
        (Urgency.ALERT, Backlog(3, OLD), 2, Plan(single=2)),
        (Urgency.ALERT, Backlog(1, OLD), 0, Plan()),
        (Urgency.HIGH, Backlog(3, FRESH), 18, Plan(single=3)),
        (Urgency.HIGH, Backlog(16, FRESH), 18, Plan(single=16)),
        (Urgency.HIGH, Backlog(17, FRESH), 18, Plan()),  # too many to go one by one: in a moment they go together
        (Urgency.HIGH, Backlog(17, OLD), 18, Plan(digests=1)),
        (Urgency.HIGH, Backlog(1, OLD), 2, Plan()),  # two are kept for alerts
        (Urgency.HIGH, Backlog(1, OLD), 3, Plan(digests=1)),
        (Urgency.HIGH, Backlog(0, FRESH), 18, Plan()),
        (Urgency.NORMAL, Backlog(10, FRESH), 18, Plan(single=10)),
        (Urgency.NORMAL, Backlog(11, FRESH), 18, Plan()),
        (Urgency.NORMAL, Backlog(1, FRESH), 8, Plan()),  # two for alerts, six for high priority
        (Urgency.NORMAL, Backlog(1, MERGE_AFTER), 9, Plan(single=1)),
    ],
)
def test_the_table_of_lanes(lane: Urgency, waiting: Backlog, free: int, todo: Plan):
    assert plan(lane, waiting, free=free) == todo
