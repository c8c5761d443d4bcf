"""Why a group of alerts is told of by one message: what its members are now beside what this channel has heard.

Several alerts of one owner that come together are one message; a member that begins, one that ends while others go on
and the last one that ends are told apart, since whoever reads "over" and finds one still going on trusts neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class GroupReason(StrEnum):
    """Why a message is due."""

    FIRST = "first"
    NEW_MEMBER = "new_member"
    """One has begun, or there is something new of it, beside what was heard of before."""
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPatience:
    """How long a word waits for others to come with it, and after how long what nobody takes on is told again."""

    wait: timedelta
    repeat: timedelta


GROUPED: Mapping[str, GroupPatience] = {
    "yellow": GroupPatience(wait=timedelta(minutes=5), repeat=timedelta(hours=24)),
}
"""By level. The others wait for nothing, and are told again by their escalation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMember:
    """An alert as it stands; ``heard`` where an earlier message to this channel told of it.

    ``owed_since`` is since when its beginning, or what is new of it, is to be told. One that is ``quiet`` (silenced,
    inhibited, in somebody's hands, no more the owner's) asks for no message; its end is told all the same.
    """

    id: int
    heard: bool
    owed_since: datetime | None = None
    ended_at: datetime | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWord:
    """What the next message says: which have begun, which have ended since, and which go on as was heard of before."""

    reason: GroupReason
    new: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    going_on: tuple[int, ...] = ()


def next_word(
    members: Sequence[GroupMember], *, told_at: datetime | None, patience: GroupPatience, now: datetime
) -> GroupWord | None:
    """Return what is to be told now, None for nothing; ``told_at`` is when this channel heard of the group last.

    What ends before anybody heard of it is told to nobody. Only the last end waits for no company.
    """
    new = [one for one in members if one.ended_at is None and one.owed_since is not None and not one.quiet]
    ended = [one for one in members if one.ended_at is not None and one.heard]
    going_on = [one for one in members if one.ended_at is None and one.heard and one not in new]
    is_last = bool(ended) and not new and not going_on
    waits = [one.owed_since for one in new] + [one.ended_at for one in ended]
    is_ripe = is_last or any(_is_past(since, patience.wait, now=now) for since in waits)
    asks_again = any(not one.quiet for one in going_on) and _is_past(told_at, patience.repeat, now=now)
    if not is_ripe and not asks_again:
        return None
    return GroupWord(
        reason=_reason(new, ended, going_on),
        new=tuple(one.id for one in new),
        ended=tuple(one.id for one in ended),
        going_on=tuple(one.id for one in going_on),
    )


def _reason(new: Sequence[GroupMember], ended: Sequence[GroupMember], going_on: Sequence[GroupMember]) -> GroupReason:
    if new:
        known = ended or going_on or any(one.heard for one in new)
        return GroupReason.NEW_MEMBER if known else GroupReason.FIRST
    if ended:
        return GroupReason.SOME_RESOLVED if going_on else GroupReason.ALL_RESOLVED
    return GroupReason.REPEAT


def _is_past(since: datetime | None, wait: timedelta, *, now: datetime) -> bool:
    """Tell whether a wait is over; one that begins ahead of now was written before the clock was set back, and is."""
    return since is not None and (since > now or now - since >= wait)
