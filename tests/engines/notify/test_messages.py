"""The outbox: written once, claimed by one, recovered when its sender dies."""

import threading
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.states import MessageState
from app.store.tables import Attempt, Message
from app.store.unit_of_work import UnitOfWork
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours, minutes, seconds
from tests.deployment.orders import new_order


def _row(once: str, **fields: Any) -> dict[str, Any]:
    fixed: dict[str, Any] = {
        "once": once,
        "subject": "order",
        "channel": "wecom",
        "target": "r1",
        "lane": 2,
        "content": {"n": once},
        "state": MessageState.PENDING,
    }
    return {
        **fixed,
        "created_at": TEN,
        "due_at": TEN,
        "attempts": 0,
        "asked": 0,
        "incident_id": None,
        "order_id": None,
        "batch_id": None,
        **fields,
    }


def _add(deployment: Deployment, *rows: dict[str, Any]) -> set[str]:
    with deployment.store.writing() as uow:
        return uow.messages.add_new(rows)


def test_a_fact_is_told_once_however_often_it_is_composed(deployment: Deployment):
    """P9"""
    assert _add(deployment, _row("a"), _row("b"), _row("a")) == {"a", "b"}
    assert _add(deployment, _row("b"), _row("c")) == {"c"}
    assert [message.once for message in deployment.rows.messages()] == ["a", "b", "c"]
    with deployment.store.reading() as uow:
        assert uow.messages.template_of("a") == ""
        assert uow.messages.template_of("d") is None


def test_more_rows_than_one_statement_takes_are_written_whole(deployment: Deployment):
    assert len(_add(deployment, *(_row(f"m{n}") for n in range(1203)))) == 1203
    assert deployment.rows.count(Message) == 1203
    assert _add(deployment) == set()


def test_claims_at_the_same_time_are_disjoint_and_complete(deployment: Deployment):
    """P9: no message is sent by two workers, and none is passed over."""
    _add(deployment, *(_row(f"m{n}") for n in range(90)))
    mine: list[list[int]] = [[], [], [], []]

    def work(taken: list[int]) -> None:
        while True:
            with deployment.store.writing() as uow:
                claimed = uow.messages.claim("wecom", now=TEN, lease_until=TEN + minutes(1), limit=7)
                taken += [message.id or 0 for message in claimed]
            if not claimed:
                return

    threads = [threading.Thread(target=work, args=(taken,)) for taken in mine]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    together = sorted(i for taken in mine for i in taken)
    assert together == sorted(set(together))
    # On PostgreSQL a claimer skips what another has locked; whoever comes last finds the rest.
    assert together == [message.id for message in deployment.rows.messages()]
    assert {(message.state, message.attempts) for message in deployment.rows.messages()} == {(MessageState.SENDING, 1)}


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({}, True),
        ({"due_at": TEN + seconds(1)}, False),
        ({"channel": "sms"}, False),
        ({"target": "r2"}, False),
        ({"state": MessageState.SENDING}, False),
        ({"state": MessageState.DEAD}, False),
    ],
)
def test_what_is_due_is_pending_on_its_channel_and_its_time_has_come(
    deployment: Deployment, row: dict[str, Any], *, found: bool
):
    _add(deployment, _row("a", **row))
    with deployment.store.writing() as uow:
        assert uow.messages.anything_due("wecom", now=TEN, target="r1") is found
        assert bool(uow.messages.claim("wecom", now=TEN, lease_until=TEN, limit=9, target="r1")) is found


def test_a_claim_takes_the_urgent_lane_first_and_then_the_oldest(deployment: Deployment):
    _add(
        deployment, _row("normal"), _row("high", lane=1), _row("alert", lane=0, subject="alert"), _row("high-2", lane=1)
    )
    with deployment.store.writing() as uow:
        claimed = uow.messages.claim("wecom", now=TEN, lease_until=TEN, limit=3)
        assert [message.once for message in claimed] == ["alert", "high", "high-2"]


def test_waiting_counts_one_kind_of_one_lane_and_knows_the_oldest(deployment: Deployment):
    _add(
        deployment,
        _row("a", created_at=TEN - minutes(1)),
        _row("b"),
        _row("c", lane=1),
        _row("d", subject="digest"),
        _row("e", due_at=TEN + seconds(9)),
    )
    with deployment.store.reading() as uow:
        assert uow.messages.waiting("wecom", "r1", 2, subject="order", now=TEN) == (2, TEN - minutes(1))
        assert uow.messages.waiting("wecom", "r9", 2, subject="order", now=TEN) == (0, None)


def test_a_digest_speaks_for_its_members_and_for_no_other(deployment: Deployment):
    _add(deployment, *(_row(f"m{n}") for n in range(601)), _row("late", due_at=TEN + hours(1)))
    with deployment.store.writing() as uow:
        members = uow.messages.claim_for_digest("wecom", "r1", 2, subject="order", now=TEN, limit=2000)
        digest = uow.messages.add(Message(**_row("digest", subject="digest", state=MessageState.SENDING)))
        uow.messages.merge(members, into=digest, now=TEN)
    merged = deployment.rows.messages(state="merged")
    assert [message.once for message in merged] == [f"m{n}" for n in range(601)]
    assert {(message.merged_into, message.finished_at) for message in merged} == {(digest.id, TEN)}
    assert [message.once for message in deployment.rows.messages(state=MessageState.PENDING)] == ["late"]


@pytest.mark.parametrize(
    ("lease_until", "back"),
    [
        (TEN - seconds(1), True),
        (TEN + seconds(60), False),
        (TEN + hours(1), True),
    ],  # the last was written before the clock was set back
)
def test_a_message_whose_sender_died_comes_back(deployment: Deployment, lease_until: datetime, *, back: bool):
    _add(deployment, _row("a", state=MessageState.SENDING))
    deployment.rows.alter(1, lease_until=lease_until)
    with deployment.store.writing() as uow:
        found = uow.messages.recover_stalled(
            "wecom", now=TEN, longest=TEN + minutes(2), state=MessageState.PENDING, reason="sender_died"
        )
        assert (
            uow.messages.recover_stalled("sms", now=TEN, longest=TEN, state=MessageState.PENDING, reason="sender_died")
            == 0
        )
    assert found == back
    (message,) = deployment.rows.messages()
    assert (message.state, message.last_reason) == (
        (MessageState.PENDING, "sender_died") if back else (MessageState.SENDING, None)
    )


def test_what_no_schedule_could_have_put_so_far_ahead_is_pulled_forward(deployment: Deployment):
    """P11"""
    _add(
        deployment,
        _row("far", due_at=TEN + hours(30)),
        _row("settling", due_at=TEN + hours(30), state=MessageState.SETTLING),
        _row("near", channel="sms", due_at=TEN + hours(20)),
    )
    with deployment.store.writing() as uow:
        assert _pulled_forward(uow) == 2
    assert [message.due_at for message in deployment.rows.messages()] == [TEN, TEN, TEN + hours(20)]


def _pulled_forward(uow: UnitOfWork) -> int:
    return uow.messages.pull_forward(now=TEN, furthest=TEN + hours(26), longest_retry=TEN + minutes(46))


def test_what_was_due_before_the_clock_was_set_back_does_not_wait_for_it(deployment: Deployment):
    """P11: a daytime text and a provider's tomorrow stay where they are; an hour ahead is too far for a retry."""
    _add(
        deployment,
        _row("at once", created_at=TEN + minutes(10), due_at=TEN + minutes(10)),
        _row("retry", due_at=TEN + minutes(47)),
        _row("soon", due_at=TEN + minutes(45)),
        _row("daytime", channel="sms", created_at=TEN + hours(1), due_at=TEN + hours(11)),
        _row("tomorrow", channel="sms", due_at=TEN + hours(20)),
        _row("asked about", channel="sms", state=MessageState.SETTLING, due_at=TEN + minutes(47)),
    )
    with deployment.store.writing() as uow:
        assert _pulled_forward(uow) == 3
    assert [(message.once, message.due_at - TEN) for message in deployment.rows.messages()] == [
        ("at once", minutes(0)),
        ("retry", minutes(0)),
        ("soon", minutes(45)),
        ("daytime", hours(11)),
        ("tomorrow", hours(20)),
        ("asked about", minutes(0)),
    ]


def test_messages_of_a_robot_that_is_gone_go_to_one_that_is_there(deployment: Deployment):
    _add(
        deployment,
        _row("a", target="gone"),
        _row("b", target="r1"),
        _row("c", target="gone", state="sent"),
        _row("d", target="", channel="sms"),
    )
    with deployment.store.writing() as uow:
        assert uow.messages.retarget("wecom", known=[("wecom", "r1"), ("feishu", "gone")], to=("wecom", "r1")) == 1
    assert [message.target for message in deployment.rows.messages()] == ["r1", "r1", "gone", ""]


def test_a_message_is_changed_only_from_the_state_one_knows_it_in(deployment: Deployment):
    _add(deployment, _row("a", attempts=1))
    message_id = deployment.rows.messages()[0].id or 0
    sending, pending, dead = MessageState.SENDING, MessageState.PENDING, MessageState.DEAD
    with deployment.store.writing() as uow:
        assert not uow.messages.finish(message_id, dead, from_states=(sending,), now=TEN)
        assert not uow.dead_letters.requeue([message_id], now=TEN)
        for _ in range(2):
            assert uow.messages.put_off(
                message_id, pending, from_states=(pending,), until=TEN, reason="r" * 300, uncount=True
            )
        assert uow.messages.finish(message_id, dead, from_states=(pending,), now=TEN, reason="why")
    (message,) = deployment.rows.messages()
    assert (message.state, message.attempts, message.last_reason) == (dead, 0, "why")  # never below none


def test_messages_of_unknown_fate_are_asked_about_by_one_at_a_time(deployment: Deployment):
    _add(
        deployment,
        _row("a", channel="sms", state=MessageState.SETTLING),
        _row("b", channel="sms", state=MessageState.SETTLING, due_at=TEN + seconds(9)),
    )
    with deployment.store.writing() as uow:
        assert [
            message.once for message in uow.messages.claim_to_settle(now=TEN, lease_until=TEN + minutes(1), limit=9)
        ] == ["a"]
    with deployment.store.writing() as uow:
        assert uow.messages.claim_to_settle(now=TEN, lease_until=TEN + minutes(1), limit=9) == []
    assert [(message.asked, message.due_at) for message in deployment.rows.messages()] == [
        (1, TEN + minutes(1)),
        (0, TEN + seconds(9)),
    ]


def test_attempts_are_written_before_and_completed_after(deployment: Deployment):
    _add(deployment, _row("a"), _row("b"))
    with deployment.store.writing() as uow:
        claimed = uow.messages.claim("wecom", now=TEN, lease_until=TEN + minutes(1), limit=2)
        ids = uow.attempts.begin(claimed, now=TEN)
    a, b = (message.id or 0 for message in deployment.rows.messages())
    with deployment.store.writing() as uow:
        uow.attempts.end(ids[a], now=TEN + seconds(2), outcome="rejected", reason="r" * 300, reference="")
        assert uow.attempts.last_of(b).id == ids[b]  # type: ignore[union-attr]
        assert uow.attempts.last_of(10**6) is None
    first, second = deployment.rows.all(select(Attempt).order_by(Attempt.id))
    assert (first.outcome, first.reason, first.reference, first.finished_at) == (
        "rejected",
        "r" * 200,
        None,
        TEN + seconds(2),
    )
    assert (second.number, second.started_at, second.finished_at) == (1, TEN, None)
    with deployment.store.reading() as uow:
        assert [attempt.id for attempt in uow.attempts.of_messages([a, b])] == [ids[a], ids[b]]
        since = TEN - seconds(62)
        # An attempt that nobody completed may have arrived as late as its sender could take.
        assert uow.attempts.sends_since("wecom", "r1", since, slowest=seconds(18)) == [
            TEN + seconds(2),
            TEN + seconds(18),
        ]
        assert uow.attempts.sends_since("wecom", "r1", TEN + seconds(10), slowest=seconds(18)) == [TEN + seconds(18)]
        assert uow.attempts.sends_since("wecom", "r2", since, slowest=seconds(18)) == []
        assert uow.attempts.sent_counts_since("wecom", TEN - seconds(1), targets=["r1", "r2"]) == {"r1": 2}
        assert uow.attempts.sent_counts_since("wecom", TEN, targets=["r1", "r2"]) == {}


def test_messages_that_wait_or_are_dead_are_counted_by_channel_and_state_and_listed_newest_first(
    deployment: Deployment,
):
    deployment.door.take(new_order("A"))
    _add(
        deployment,
        _row("a"),
        _row("b", state=MessageState.DEAD),
        _row("c", state=MessageState.DEAD),
        _row("d", channel="sms", order_id=1),
        _row("e", state=MessageState.SENT),
    )
    with deployment.store.reading() as uow:
        assert uow.messages.count_unfinished() == {
            ("wecom", MessageState.PENDING): 1,
            ("wecom", MessageState.DEAD): 2,
            ("sms", MessageState.PENDING): 1,
        }
        assert [message.once for message in uow.messages.in_state(MessageState.DEAD)] == ["c", "b"]
        assert [message.once for message in uow.messages.of_order(1)] == ["d"]
        assert uow.messages.get(10**6) is None
