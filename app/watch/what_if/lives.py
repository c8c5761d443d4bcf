"""Alerts that nobody was told of: the same lives as those in rows, from pending to resolved, in memory."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from app.domain.alert_life import FLAPS_WITHIN, Inhibitor, Sight, after, is_flapping
from app.domain.health_lines import HealthLines
from app.domain.states import AlertState
from app.domain.times import EARLIEST
from app.store.alert_steps import TroubleSighting, changes_of
from app.store.repositories.alerts import fingerprint_of
from app.store.tables import Alert
from app.watch.inhibit import inhibited
from app.watch.patrol import EXPIRES_AFTER, sighting_of
from app.watch.rule import Found, alert_subject

MOST_EPISODES = 300
"""Episodes that are told one by one; of more the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An alert that would have rung: of what, from when to when (None: it lasts), and what it would have said.

    ``untold`` is why nobody would have heard of it by itself, None where somebody would.
    """

    rule: str
    level: str
    kind: str
    stage: int | None
    begins: datetime
    ends: datetime | None
    text: str
    untold: Inhibitor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldRing:
    """What lines would have told: the episodes by rule, how many of them in all, and how many nobody would hear of."""

    counts: dict[str, int]
    untold: int
    episodes: tuple[Episode, ...]

    @property
    def rung(self) -> int:
        """How many alerts somebody would have been told of."""
        return sum(self.counts.values()) - self.untold


class LivesInMind:
    """The lives of the alerts by one set of lines."""

    def __init__(self, lines: HealthLines) -> None:
        self._lines = lines
        self._open: dict[tuple[str, str], Alert] = {}
        self._said: dict[int, str] = {}
        self._began: dict[str, list[datetime]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._untold = 0
        self._episodes: list[Episode] = []
        self._ids = count(1)

    def see(self, found: Sequence[Found], *, now: datetime, incident: bool) -> None:
        """Carry every life on by what a look found; an open ``incident`` inhibits some."""
        for one in found:
            if one.troubles is not None:
                self._see(one, now)
        if self._open:
            self._tell(found, now, incident=incident)

    def result(self) -> WouldRing:
        """Return what would have rung; what still does has no end."""
        lasting = [self._episode(alert, None) for alert in self._open.values() if alert.firing_since is not None]
        counts = self._counts + Counter(one.rule for one in lasting)
        known = sorted([*self._episodes, *lasting], key=lambda one: (one.begins, one.rule, one.kind))
        untold = self._untold + sum(one.untold is not None for one in lasting)
        return WouldRing(counts=dict(sorted(counts.items())), untold=untold, episodes=tuple(known[-MOST_EPISODES:]))

    def _see(self, found: Found, now: datetime) -> None:
        rule = found.rule
        holding = {alert_subject(one): one for one in found.troubles or ()}
        gone = [subject for of, subject in self._open if of == rule.name and subject not in holding]
        for subject, trouble in holding.items():
            if trouble.sight is Sight.WRONG or (rule.name, subject) in self._open:
                self._go_on(sighting_of(rule, subject, trouble, lines=self._lines), now)
        for subject in gone:
            self._go_on(sighting_of(rule, subject, None, lines=self._lines), now)

    def _go_on(self, sighting: TroubleSighting, now: datetime) -> None:
        key = (sighting.rule, sighting.subject)
        seen = self._open.get(key)
        if seen is None:
            self._begin(sighting, now)
            return
        values = changes_of(seen, sighting, now=now)
        if values is None:
            del self._open[key]
            return
        for name, value in values.items():
            setattr(seen, name, value)
        if "firing_since" in values:
            self._fires(seen, now)
        if seen.state == AlertState.RESOLVED or (seen.firing_since and seen.firing_since < now - EXPIRES_AFTER):
            self._end(seen, now)

    def _begin(self, sighting: TroubleSighting, now: datetime) -> None:
        life = after(None, sighting.sight, now=now, patience=sighting.patience)
        if life is None:
            return
        alert = Alert(
            id=next(self._ids),
            fingerprint=fingerprint_of(sighting.rule, sighting.subject),
            rule=sighting.rule,
            subject=sighting.subject,
            stage=sighting.stage,
            level=sighting.level,
            text=sighting.text or "",
            state=life.state,
            pending_since=life.pending_since,
            firing_since=life.firing_since,
            judged_by=sighting.judged_by,
            flapping=False,
        )
        self._open[sighting.rule, sighting.subject] = alert
        if life.firing_since is not None:
            self._fires(alert, now)

    def _fires(self, alert: Alert, now: datetime) -> None:
        lately = [at for at in self._began[alert.fingerprint] if at > now - FLAPS_WITHIN]
        alert.flapping = is_flapping(len(lately))
        self._began[alert.fingerprint] = [*lately, now]
        self._said[alert.id or 0] = alert.text

    def _tell(self, found: Sequence[Found], now: datetime, *, incident: bool) -> None:
        wanted = inhibited(list(self._open.values()), found, incident=incident)
        for alert in self._open.values():
            alert.inhibited_why = wanted.get(alert.id or 0)
            if alert.inhibited_why is None and alert.firing_since is not None and alert.told_at is None:
                alert.told_at = now

    def _end(self, alert: Alert, now: datetime) -> None:
        episode = self._episode(alert, now)
        self._counts[episode.rule] += 1
        self._untold += episode.untold is not None
        self._episodes = [*self._episodes[-MOST_EPISODES:], episode]
        del self._open[alert.rule, alert.subject]
        self._said.pop(alert.id or 0, None)

    def _episode(self, alert: Alert, ends: datetime | None) -> Episode:
        why = alert.inhibited_why or Inhibitor.INCIDENT
        return Episode(
            rule=alert.rule,
            level=alert.level,
            kind=alert.subject.partition(":")[2] if alert.stage is not None else alert.subject,
            stage=alert.stage,
            begins=alert.firing_since or EARLIEST,
            ends=ends,
            text=self._said.get(alert.id or 0, alert.text),
            untold=None if alert.told_at is not None else Inhibitor(why),
        )
