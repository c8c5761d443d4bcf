"""What a look at a trouble changes in the row of its episode: the one way in which alerts live, in rows or in mind."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.alert_life import IMPATIENT, AlertLife, AlertPatience, Sight, after
from app.domain.states import AlertState
from app.store.tables import Alert

LONGEST_SILENCE = timedelta(hours=24)
"""One that reaches further ahead was written before the clock was set back, and counts no more."""

LONGEST_TEXT = 500

RULE_CHANGED = "rule_changed"
"""The end of an episode that is none by lines that somebody has turned since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleSighting:
    """What a look found of one trouble; ``text`` is None where there is nothing new to be said of it.

    ``again`` is how long it rests between two tellings where its text changes, None if it is told once. ``judged_by``
    tells the lines it was seen by from others, None where they cannot be turned.
    """

    rule: str
    subject: str = ""
    level: str
    sight: Sight = Sight.WRONG
    text: str | None = None
    stage: int | None = None
    patience: AlertPatience = IMPATIENT
    again: timedelta | None = None
    judged_by: str | None = None


def changes_of(seen: Alert, sighting: TroubleSighting, *, now: datetime) -> dict[str, Any] | None:
    """Return what a look changes in an episode's row, None where the episode is to be forgotten."""
    before = life_of(seen)
    judged_anew = sighting.judged_by != seen.judged_by and sighting.sight is not Sight.UNSEEN
    if judged_anew and _no_longer_applies(seen, sighting):
        return {"state": AlertState.RESOLVED, "ended_at": now, "end_reason": RULE_CHANGED}
    life = after(before, sighting.sight, now=now, patience=sighting.patience)
    if life is None:
        return None
    times = ("state", "pending_since", "firing_since", "clear_since")
    values = {name: getattr(life, name) for name in times if getattr(life, name) != getattr(before, name)}
    if life.state is AlertState.RESOLVED:
        values |= {"ended_at": now, "end_reason": "over"}
    if (unseen := sighting.sight is Sight.UNSEEN) != (seen.unseen_since is not None):
        values["unseen_since"] = now if unseen else None
    if judged_anew:
        values["judged_by"] = sighting.judged_by
    return values | _news(seen, sighting, now=now)


def _no_longer_applies(seen: Alert, sighting: TroubleSighting) -> bool:
    """Tell whether an episode would not be one by the lines in force now: between two lines is no wrong yet.

    Without this an alert that was told by lower lines would go on for as long as its figures stay above the new lower
    one. What began before lines had marks goes on as it did.
    """
    told = seen.firing_since is not None and seen.judged_by is not None
    return told and sighting.sight is not Sight.WRONG


def life_of(alert: Alert) -> AlertLife:
    """Return how far an episode has come by its row."""
    return AlertLife(
        state=AlertState(alert.state),
        pending_since=alert.pending_since,
        firing_since=alert.firing_since,
        clear_since=alert.clear_since,
        acknowledged=alert.acknowledged_by is not None,
        flapping=alert.flapping,
    )


def _news(seen: Alert, sighting: TroubleSighting, *, now: datetime) -> dict[str, Any]:
    """Return a text that is new, and whether it is to be told: not while it rests, is silenced or is in hand."""
    text = seen.text if sighting.text is None else sighting.text[:LONGEST_TEXT]
    if text == seen.text:
        return {}
    values: dict[str, Any] = {"text": text, "level": sighting.level}
    quiet = silenced(seen, now=now) or seen.state == AlertState.ACKNOWLEDGED
    if sighting.again is None or seen.told_at is None or quiet:
        return values
    return {} if rests(seen, again=sighting.again, now=now) else values | {"told_at": None}


def rests(alert: Alert, *, again: timedelta | None, now: datetime) -> bool:
    """Tell whether an alert that is told of again at most every ``again`` was told of more recently than that."""
    return again is not None and alert.told_at is not None and now - alert.told_at < again


def silenced(alert: Alert, *, now: datetime) -> bool:
    """Tell whether an alert is silenced now."""
    return alert.silenced_until is not None and now < alert.silenced_until <= now + LONGEST_SILENCE


def hushed(alert: Alert, *, now: datetime) -> bool:
    """Tell whether nobody is to be told of an alert now: it is silenced, or something graver says the same."""
    return alert.inhibited_why is not None or silenced(alert, now=now)
