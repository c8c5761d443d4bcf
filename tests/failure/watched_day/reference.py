"""Which alerts are to ring on the bad day, whom they concern and when they end: by the facts alone, from what is true.

It knows the definitions (facts/watch-and-drill.md §2-§5, §8) and nothing of Lifeboat's own rules: levels and lines are
written here once more, and a life of an alert too.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.failure.watched_day.before import HoursBefore
from tests.failure.watched_day.figures import HALF_HOUR, LIMITS, Known, StageFigures, Usual
from tests.failure.watched_day.truth import CARRIER, CHANNELS, HOUR, MINUTE, TrueOrder

Sight = str
WRONG, BETWEEN, WELL, UNSEEN = "wrong", "between", "well", "unseen"

LEVELS = {
    "stage_slow": "yellow",
    "stage_bottleneck": "notice",
    "gate_blocked": "orange",
    "orders_silent": "orange",
    "feed_blind": "orange",
    "backlog_growing": "red",
}
HOLDS = {"stage_slow": 10, "stage_bottleneck": 5, "backlog_growing": 3}
CLEARS = {"gate_blocked": 10, "orders_silent": 10, "feed_blind": 10}
CLEAR = 15
"""Minutes that a trouble lasts before it rings (the others ring at once), and that it is over before it ends."""

Key = tuple[str, int | None, str]
"""Rule, stage, storefront or feed."""


@dataclass(slots=True)
class Episode:
    """A life of an alert; times are minutes of the bad day."""

    key: Key
    pending: int
    fires: int | None = None
    told: int | None = None
    """From when people are to hear of it; None where something graver says the same all along."""
    clear_since: int | None = None
    ends: int | None = None
    inhibited: bool = False

    @property
    def level(self) -> str:
        return LEVELS[self.key[0]]


@dataclass
class Reference:
    """Goes through the bad day; ``episodes`` are those that rang, in turn."""

    orders: Sequence[TrueOrder]
    before: HoursBefore
    blind_at: dict[str, list[int]] = field(default_factory=dict)
    episodes: list[Episode] = field(default_factory=list)
    _open: dict[Key, Episode] = field(default_factory=dict)

    def goes_through(self, minutes: range) -> "Reference":
        """Look at each of these minutes of the day, five seconds into it."""
        known, usual = Known(self.orders), Usual(self.before)
        for minute in minutes:
            known.at(minute * MINUTE + 5)
            self._look(minute, dict(_sights(known, usual, minute * MINUTE // HOUR)))
        return self

    def _look(self, minute: int, sights: dict[Key, Sight]) -> None:
        for key, sight in sights.items():
            if sight == WRONG and key[0] == "feed_blind":
                self.blind_at.setdefault(key[2], []).append(minute)
            self._live(key, sight, minute)
        red = [one for one in self._open.values() if one.level == "red" and one.fires is not None]
        for one in self._open.values():
            one.inhibited = bool(red) and one.level in {"yellow", "orange"} and one.key[1] in {2, 3}
            rings = one.fires is not None and one.clear_since is None
            if rings and not one.inhibited and one.told is None:
                one.told = minute

    def _live(self, key: Key, sight: Sight, minute: int) -> None:
        one = self._open.get(key)
        if one is None:
            if sight != WRONG:
                return
            one = self._open[key] = Episode(key, minute)
        if one.fires is None:
            self._pend(one, sight, minute)
        elif sight == UNSEEN:
            one.clear_since = minute if one.clear_since is not None else None  # must be seen to be over, all along
        elif sight != WELL:
            one.clear_since = None
        else:
            one.clear_since = minute if one.clear_since is None else one.clear_since
            if minute - one.clear_since >= CLEARS.get(key[0], CLEAR):
                one.ends = minute
                del self._open[key]

    def _pend(self, one: Episode, sight: Sight, minute: int) -> None:
        if sight == UNSEEN:
            one.pending = minute
        elif sight != WRONG:
            del self._open[one.key]
        elif minute - one.pending >= HOLDS.get(one.key[0], 0):
            one.fires = minute
            self.episodes.append(one)


def _sights(known: Known, usual: Usual, hour: int) -> Iterator[tuple[Key, Sight]]:
    """Yield how each rule sees each of its kinds at this minute."""
    feeds = {feed.name: [name for name, (of, _) in CHANNELS.items() if of is feed] for feed, _ in CHANNELS.values()}
    feeds[CARRIER] = list(CHANNELS)
    blind: set[str] = set()
    for feed, channels in feeds.items():
        is_blind = known.silent(feed) >= max(10.0, 3 * known.usual_gap(feed))
        blind |= set(channels) if is_blind else set()
        yield ("feed_blind", None, feed), WRONG if is_blind else WELL
    seen = [name for name in CHANNELS if name not in blind]
    upstream = False
    for stage, limit in LIMITS.items():
        figures = {name: known.figures(name, stage) for name in CHANNELS}
        for name, one in figures.items():
            sight = _slow(one, usual.mean(name, stage, hour), limit) if name in seen else UNSEEN
            yield ("stage_slow", stage, name), sight
        sight = _bottleneck([figures[name] for name in seen], limit, upstream=upstream)
        upstream = sight == WRONG
        yield ("stage_bottleneck", stage, ""), UNSEEN if blind and sight != WRONG else sight
    for name in CHANNELS:
        yield from _orange(known, usual, name, hour, seen=name in seen)
    sight = _red(known.backlog(seen), usual.backlog(hour))
    yield ("backlog_growing", None, ""), UNSEEN if blind and sight != WRONG else sight


def _slow(one: StageFigures, baseline: float | None, limit: int) -> Sight:
    base = baseline if baseline is not None else limit
    if one.n >= 30 and one.mean > 1.5 * base and one.mean > 0.5 * limit:
        return WRONG if one.surely_above > base else BETWEEN
    return WELL if one.mean < 1.25 * base else BETWEEN


def _bottleneck(seen: Sequence[StageFigures], limit: int, *, upstream: bool) -> Sight:
    mean = sum(one.spent for one in seen) / max(1, sum(one.exits for one in seen))
    n, inside = sum(one.n for one in seen), sum(one.inside for one in seen)
    if mean > 2 * limit and n >= 10 and inside >= 3:
        return BETWEEN if upstream and not any(one.entered for one in seen) else WRONG
    return WELL if mean < 1.5 * limit else BETWEEN


def _orange(known: Known, usual: Usual, name: str, hour: int, *, seen: bool) -> Iterator[tuple[Key, Sight]]:
    since = known.now // MINUTE * MINUTE - HALF_HOUR * MINUTE
    gate = known.visits[name, 2].values()
    through = any(one.left is not None and since <= one.left for one in gate)
    blocked = not through and known.over(name, 2) >= 3
    yield ("gate_blocked", 2, name), UNSEEN if not seen else WRONG if blocked else WELL
    came = any(one.entered >= since for stage in (1, 2) for one in known.visits[name, stage].values())
    silent = WELL if came else WRONG if usual.came(name, hour) >= 7 else BETWEEN
    yield ("orders_silent", 1, name), silent if seen else UNSEEN


def _red(backlog: tuple[list[int], int, int], usual: float) -> Sight:
    samples, came, went = backlog
    line = max(200.0, 1.5 * usual)
    slopes = [(b - a) / (n - m) for m, a in enumerate(samples) for n, b in enumerate(samples) if n > m]
    surely = came + went > 0 and (came - went) / math.sqrt(came + went) > 2
    grows = samples[-1] - samples[0] >= 10 and surely and median(slopes) > 0
    if grows and samples[-1] > line:
        return WRONG
    return BETWEEN if grows and samples[-1] >= 0.8 * line else WELL
