"""How an alert lives, from the first sign of a trouble to its end, by what each look at the trouble finds.

A trouble begins an alert once it has lasted, and ends it once it has been over for a while, below a line of its own:
with one line and no wait, a figure that trembles about it would ring each minute. What cannot be seen ends nothing, and
neither does a warehouse that closes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.states import AlertState

AT_ONCE = timedelta()

FLAPS_AT = 4
FLAPS_WITHIN = timedelta(minutes=60)
"""So many beginnings in this time are a flapping: the last of them stays until the trouble has been over for longer."""

QUIET_AFTER_FLAPPING = timedelta(minutes=30)


GRAVITY = {"red": 3, "orange": 2, "yellow": 1}
"""How grave an alert of a level is; whatever is not named is the least."""


class Sight(StrEnum):
    """What a look at a trouble finds."""

    WRONG = "wrong"
    BETWEEN = "between"
    """Not wrong enough for an alert to begin, and not well enough for one to end."""
    WELL = "well"
    UNSEEN = "unseen"
    """Nobody can tell now: what is told of it does not arrive."""
    RESTING = "resting"
    """There is nothing to tell of now: the warehouse is closed, or has only just opened."""


class Inhibitor(StrEnum):
    """Why an alert is not told although it goes on: something graver says the same."""

    RED = "red"
    """A red alert of the same stage."""
    INCIDENT = "incident"
    """An open incident: the main system is down, so nothing can be as it should."""
    CLOSED = "closed"
    """The warehouse is closed: nobody could do anything about it, and how it stands is seen when it opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLife:
    """How far an episode has come; ``acknowledged`` where somebody has it in hand."""

    state: AlertState
    pending_since: datetime | None = None
    firing_since: datetime | None = None
    clear_since: datetime | None = None
    acknowledged: bool = False
    flapping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPatience:
    """How long a trouble lasts before it is one, and is over before it has ended."""

    hold: timedelta = AT_ONCE
    clear: timedelta = AT_ONCE


IMPATIENT = AlertPatience()


def after(life: AlertLife | None, sight: Sight, *, now: datetime, patience: AlertPatience) -> AlertLife | None:
    """Return an episode as it stands after a look; None where there is none, or one that was pending is forgotten.

    Times that lie ahead, written before the clock was set back, count from now.
    """
    if life is None:
        return _begun(now, patience) if sight is Sight.WRONG else None
    match life.state:
        case AlertState.PENDING:
            return _pending(life, sight, now=now, patience=patience)
        case AlertState.FIRING | AlertState.ACKNOWLEDGED:
            return _lasting(life, sight, now=now, patience=patience)
        case AlertState.RECOVERING:
            return _recovering(life, sight, now=now, patience=patience)
        case _:
            return life


def is_flapping(earlier: int) -> bool:
    """Tell whether an alert that begins to fire is flapping, after so many that did within :data:`FLAPS_WITHIN`."""
    return earlier + 1 >= FLAPS_AT


def _begun(now: datetime, patience: AlertPatience) -> AlertLife:
    if patience.hold > AT_ONCE:
        return AlertLife(state=AlertState.PENDING, pending_since=now)
    return AlertLife(state=AlertState.FIRING, firing_since=now)


def _pending(life: AlertLife, sight: Sight, *, now: datetime, patience: AlertPatience) -> AlertLife | None:
    since = min(life.pending_since or now, now)
    match sight:
        case Sight.WRONG if now - since >= patience.hold:
            return replace(life, state=AlertState.FIRING, pending_since=since, firing_since=now)
        case Sight.WRONG:
            return replace(life, pending_since=since)
        case Sight.UNSEEN | Sight.RESTING:
            return replace(life, pending_since=None)  # it has to be seen for as long as it has to last
        case _:
            return None


def _lasting(life: AlertLife, sight: Sight, *, now: datetime, patience: AlertPatience) -> AlertLife:
    if sight is not Sight.WELL:
        return life
    if _clear_after(life, patience) > AT_ONCE:
        return replace(life, state=AlertState.RECOVERING, clear_since=now)
    return replace(life, state=AlertState.RESOLVED)


def _recovering(life: AlertLife, sight: Sight, *, now: datetime, patience: AlertPatience) -> AlertLife:
    since = min(life.clear_since or now, now)
    match sight:
        case Sight.WELL if now - since >= _clear_after(life, patience):
            return replace(life, state=AlertState.RESOLVED, clear_since=since)
        case Sight.WELL:
            return replace(life, clear_since=since)
        case Sight.UNSEEN | Sight.RESTING:
            return replace(life, clear_since=None)
        case _:
            again = AlertState.ACKNOWLEDGED if life.acknowledged else AlertState.FIRING
            return replace(life, state=again, clear_since=None)


def _clear_after(life: AlertLife, patience: AlertPatience) -> timedelta:
    return max(patience.clear, QUIET_AFTER_FLAPPING) if life.flapping else patience.clear
