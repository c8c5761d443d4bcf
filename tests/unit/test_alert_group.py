"""Why a group of alerts is told of: each case of the table, and that no word is lost or told twice."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.alert_group import GROUPED, GroupMember, GroupPatience, GroupReason, GroupWord, next_word
from tests.deployment.facts import TEN, hours, minutes, seconds

PATIENCE = GroupPatience(wait=minutes(5), repeat=hours(24))
AGO = TEN - minutes(5)
NEW = GroupMember(id=1, heard=False, owed_since=AGO)
FRESH = GroupMember(id=2, heard=False, owed_since=TEN - seconds(299))
ON = GroupMember(id=3, heard=True)
OVER = GroupMember(id=4, heard=True, ended_at=AGO)
JUST_OVER = GroupMember(id=5, heard=True, ended_at=TEN - seconds(299))
UNHEARD_OVER = GroupMember(id=6, heard=False, owed_since=AGO, ended_at=TEN)
MUTE = GroupMember(id=7, heard=False, owed_since=AGO, quiet=True)
IN_HAND = GroupMember(id=8, heard=True, quiet=True)


def word(*members: GroupMember, told_at: datetime | None = AGO) -> GroupWord | None:
    return next_word(members, told_at=told_at, patience=PATIENCE, now=TEN)


def said(reason: str, *, new: tuple[int, ...] = (), ended: tuple[int, ...] = (), on: tuple[int, ...] = ()) -> GroupWord:
    return GroupWord(reason=GroupReason(reason), new=new, ended=ended, going_on=on)


def test_yellow_alone_is_grouped_as_the_facts_say():
    assert GROUPED == {"yellow": PATIENCE}


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ((), None),
        ((FRESH,), None),
        ((NEW,), said("first", new=(1,))),
        ((NEW, FRESH), said("first", new=(1, 2))),
        ((UNHEARD_OVER,), None),
        ((UNHEARD_OVER, NEW), said("first", new=(1,))),
        ((MUTE,), None),
        ((MUTE, NEW), said("first", new=(1,))),
        ((ON,), None),
        ((ON, FRESH), None),
        ((ON, NEW), said("new_member", new=(1,), on=(3,))),
        ((IN_HAND, NEW), said("new_member", new=(1,), on=(8,))),
        ((replace(ON, owed_since=AGO),), said("new_member", new=(3,))),
        ((OVER, NEW), said("new_member", new=(1,), ended=(4,))),
        ((ON, OVER), said("some_resolved", ended=(4,), on=(3,))),
        ((ON, JUST_OVER), None),
        ((ON, JUST_OVER, OVER), said("some_resolved", ended=(5, 4), on=(3,))),
        ((JUST_OVER,), said("all_resolved", ended=(5,))),
        ((JUST_OVER, FRESH), None),
        ((JUST_OVER, MUTE), said("all_resolved", ended=(5,))),
        ((replace(OVER, quiet=True),), said("all_resolved", ended=(4,))),
    ],
)
def test_each_case_of_the_table(members: tuple[GroupMember, ...], told: GroupWord | None):
    assert word(*members) == told


@pytest.mark.parametrize(
    ("members", "told_at", "told"),
    [
        ((ON,), TEN - hours(24), said("repeat", on=(3,))),
        ((ON,), TEN - hours(24) + seconds(1), None),
        ((ON, IN_HAND), TEN - hours(24), said("repeat", on=(3, 8))),
        ((IN_HAND,), TEN - hours(48), None),
        ((MUTE,), None, None),
        ((ON,), TEN + hours(24), said("repeat", on=(3,))),
    ],
    ids=["a day", "less", "one asks", "in hand", "never told", "written before the clock was set back"],
)
def test_what_nobody_takes_on_is_told_again_after_a_day(
    members: tuple[GroupMember, ...], told_at: datetime | None, told: GroupWord | None
):
    assert word(*members, told_at=told_at) == told


def test_a_clock_set_back_makes_no_first_word_wait_for_it():
    assert word(replace(NEW, owed_since=TEN + hours(24))) == said("first", new=(1,))


WAITS = st.sampled_from([0, 1, 4, 5, 6, 1500])
"""Minutes: about as long as a word waits for others, and longer than anything does."""

STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["begin", "end", "quiet", "loud"]), WAITS), min_size=2, max_size=20
)


class Owner:
    """One address: the episodes that concern it, and what it has heard of each."""

    def __init__(self) -> None:
        self.now = TEN
        self.told_at: datetime | None = None
        self.members: dict[int, GroupMember] = {}
        self.episode: dict[int, int] = {}
        self.firsts: list[int] = []
        self.lasts: list[int] = []

    def befalls(self, place: int, what: str) -> None:
        """Let something happen to the alert of a place; one that has ended can begin again as another episode."""
        one = self.episode.get(place)
        known = self.members.get(one) if one is not None else None
        if what == "begin" and (known is None or known.ended_at is not None):
            one = self.episode[place] = len(self.members)
            self.members[one] = GroupMember(id=one, heard=False, owed_since=self.now)
        elif known is None or known.ended_at is not None:
            return
        elif what == "end":
            self.members[known.id] = replace(known, ended_at=self.now)
        else:
            self.members[known.id] = replace(known, quiet=what == "quiet")

    def look(self) -> None:
        going_on = [one for one in self.members.values() if one.id not in self.lasts]
        found = next_word(going_on, told_at=self.told_at, patience=PATIENCE, now=self.now)
        if found is None:
            return
        self.told_at = self.now
        self.firsts += found.new
        self.lasts += found.ended
        for one in found.new:
            self.members[one] = replace(self.members[one], heard=True, owed_since=None)


@given(STEPS)
def test_no_sequence_of_looks_loses_a_first_or_a_last_word_or_tells_one_twice(steps: list[tuple[int, str, int]]):
    """Alerts begin, end and are quiet for a while; somebody looks after each step, and a last time when all waits end."""
    owner = Owner()
    for place, what, waited in steps:
        owner.befalls(place, what)
        owner.look()
        owner.now += minutes(waited)
        owner.look()
    owner.now += minutes(5)
    owner.look()
    heard = {one.id for one in owner.members.values() if one.heard}
    assert sorted(owner.firsts) == sorted(heard)
    assert sorted(owner.lasts) == sorted(one for one in heard if owner.members[one].ended_at is not None)
    unheard = [one for one in owner.members.values() if not one.heard]
    assert all(one.quiet or one.ended_at is not None for one in unheard)
