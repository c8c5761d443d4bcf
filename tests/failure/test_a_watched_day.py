"""P16: a day on watch, from the ERPs' pages to the phone of whoever is on duty, with the worker killed all along.

Fourteen healthy days precede. Then, from ten on, one warehouse prints nothing for 50 minutes, 聚水潭 cannot be read for
half an hour, and the payment callbacks of one storefront fail for 40 minutes. What is to ring by that, when, and when it
is over is computed by a reference of the facts' definitions over what is true (``watched_day``), and nothing else may.

What is shortened: the clock, which is told the time, so that a minute takes as long as its work; the hours before 9:40,
which are read in one go; and the days before, whose sums are written down at once (``watched_day/before.py``). The day
itself comes page by page through the vendors' fakes, at every minute, with their signatures, limits and moods. Of a
thinned day (fewer orders a minute) the rules see the same as of a full one, as far as each has enough orders to judge.
"""

import asyncio
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import select
from sqlmodel import SQLModel

from app.domain.marks import Mark
from app.store.tables import StageMinute, StageTotal
from app.watch.stages.take_events import ReportedEvent, take_events
from tests.deployment import Deployment
from tests.failure.watched_day.before import HoursBefore, lay_down, visits_of, write_sums
from tests.failure.watched_day.judge import STEPS as ESCALATES
from tests.failure.watched_day.judge import Deeds, judge
from tests.failure.watched_day.place import FIRST, KEEPERS, LEAD, SECOND, Place, place
from tests.failure.watched_day.reference import Episode, Reference
from tests.failure.watched_day.truth import (
    CARRIER,
    FEED_BLIND,
    JST,
    MARKS,
    MINUTE,
    WDT,
    TrueOrder,
    at_clock,
    moment,
    orders_of,
    tell,
)
from tests.failure.watched_day.vendors import Shelves
from tests.harness.away import NoPostgres
from tests.harness.mortal import SOURCES
from tests.harness.trial import Trial, skipped

BEGINS, ENDS = at_clock("09:40") // MINUTE, at_clock("14:00") // MINUTE
WARM_UP = 5
"""Minutes before anything is compared: the first rounds read what lies behind."""

INTO = 5
"""Seconds into a minute at which its round begins."""

CATCHES_UP = 2 * MINUTE
"""Seconds in which all is read that was missed, with more calls than 聚水潭 allows in a minute: a worker that keeps its
pace, which here costs no time, takes some minutes for that."""

STEPS = (SOURCES, "watch", "compose", "escalate", "sweep", "settle", "groups", "sms", "mail", "duty")
UNREADABLE = {
    at_clock("09:52") // MINUTE: "html200",
    at_clock("12:55") // MINUTE: "html502",
    at_clock("13:20") // MINUTE: "not_json",
}
"""Minutes at which 旺店通 answers nonsense, and is read a minute later."""


@dataclass
class Day:
    """The bad day as it goes on."""

    scene: Place
    orders: Sequence[TrueOrder]
    chance: random.Random
    runner: asyncio.Runner
    kill_every: int
    """The worker is killed in every so manieth round."""
    shelves: Shelves
    deeds: Deeds = field(default_factory=Deeds)
    instants: int = 0
    refused: int = 0
    """Pushes with a wrong signature that were refused."""
    _mails_read: int = 0

    def begins(self) -> None:
        """Let the vendors have their orders, and the watch read what lies behind."""
        fakes = self.scene.fakes
        self.shelves.all_that_came(BEGINS)
        for order in self.orders:
            if len(order.at) == len(MARKS):
                fakes.kd.collected[f"YT{order.number}"] = moment(order.at[5])
        gone = sum(len(order.known) > 4 and order.known[4] <= BEGINS * MINUTE + INTO for order in self.orders)
        for _ in range(len(self.orders)):
            self.scene.worker.round(fakes.clock.at, [SOURCES])
            if len(fakes.kd.subscribed) >= gone:
                break
        assert len(fakes.kd.subscribed) == gone, "the carrier has not been asked to tell of every parcel"

    def passes(self, rounds: Sequence[int]) -> None:
        """Go through the day; the carrier, the watch and people have their turn at each of these minutes."""
        pushes: dict[int, list[TrueOrder]] = {}
        for order in self.orders:
            if len(order.at) == len(MARKS):
                pushes.setdefault(order.known[5] // MINUTE, []).append(order)
        for number, minute in enumerate(rounds, start=1):
            self._is(minute)
            self._carrier_tells(pushes.get(minute, ()))
            self._patrols(minute, killed=number % self.kill_every == 0)
            self._people_act(minute)

    def _is(self, minute: int) -> None:
        """Turn the clock, and let the vendors be in the mood that is meant for this minute."""
        fakes, at = self.scene.fakes, minute * MINUTE
        fakes.clock.at = moment(at + INTO)
        fakes.jst.faults.order(every="html502" if FEED_BLIND[0] <= at < FEED_BLIND[1] else None)
        fakes.wdt.faults.order(every=UNREADABLE.get(minute))
        fakes.wdt.empty_pages = fakes.jst.empty_pages = int(minute % 7 == 0)
        fakes.wdt.per_minute = 60
        fakes.jst.per_minute = None if FEED_BLIND[1] <= at < FEED_BLIND[1] + CATCHES_UP else 100
        self.shelves.only_lately_changed(minute)

    def _carrier_tells(self, orders: Sequence[TrueOrder]) -> None:
        """Push the tracks that are due, now and then twice, or first under a signature that is none."""
        for order in orders:
            form = self.scene.fakes.kd.push_of(f"YT{order.number}")
            forms = [form, form] if self.chance.random() < 0.05 else [form]
            if self.chance.random() < 0.02:
                forms.insert(0, {**form, "sign": "0" * 32})
            for one in forms:
                answer = self._asked("POST", self.scene.push_path, one)
                wrong = one["sign"] == "0" * 32
                assert answer.status_code == (400 if wrong else 200), answer.text
                self.refused += wrong

    def _patrols(self, minute: int, *, killed: bool) -> None:
        """Take a round; where the worker is killed at some instant of it, the next one takes it anew."""
        now, worker = self.scene.fakes.clock.at, self.scene.worker
        if killed:
            died = worker.round(now, STEPS, dies_at=self.chance.randint(1, self.instants))
            self.deeds.deaths[minute, str(died["died"])] += 1
        self.instants = int(worker.round(now, STEPS)["instants"])

    def _asked(self, method: str, path: str, form: dict[str, str] | None = None) -> httpx.Response:
        return self.runner.run(self.scene.ask(method, path, form))

    # ---- people ------------------------------------------------------------------------------------------------------

    def _people_act(self, minute: int) -> None:
        """The first on duty takes a blind feed on by its code, the second a red alert, but only once all are asked."""
        for level, rule, asked, who in (
            ("橙灯告警", "feed_blind", FIRST, FIRST),
            ("红灯告警", "backlog_growing", LEAD, SECOND),
        ):
            if rule not in self.deeds.taken and self._codes(asked, level):
                self._types(self._codes(who, level)[-1], rule)
                self.deeds.taken[rule] = (minute, who)
        accepted = self.scene.fakes.mail.accepted
        for letter in accepted[self._mails_read :]:
            link = re.search(r"https://boat\.example\.com(/a/\S+)", letter.message.get_content())
            if letter.recipients[0].startswith(KEEPERS[1]) and link and "stage_slow" not in self.deeds.taken:
                assert _status(self._asked("GET", link[1])) == "ask", "a mail scanner takes nothing on"
                assert _status(self._asked("POST", link[1])) == "done"
                self.deeds.taken["stage_slow"] = (minute, KEEPERS[1])
        self._mails_read = len(accepted)

    def _codes(self, name: str, level: str) -> list[str]:
        texts = [one for one in self.scene.fakes.aliyun.accepted if one["phone"] == self.scene.phones[name]]
        return [one["values"]["code"] for one in texts if one["values"]["level"] == level]  # type: ignore[index]

    def _types(self, code: str, rule: str) -> None:
        """Type a code on a phone, and press the button."""
        page = self._asked("POST", "/a", {"code": code.lower()})
        action = re.search(r'action="(/a/[^"]+)"', page.text)
        assert action, f"{rule}: {_status(page)}"
        assert _status(self._asked("POST", action[1])) == "done"


def a_watched_day(
    home: Path,
    *,
    per_minute: float = 100.0,
    seed: int = 4,
    engine: str = "sqlite",
    thinned: bool = False,
    until: int = ENDS,
) -> Trial:
    """Play the day with so many orders a minute, and kill the worker in every second round of its patrol.

    A ``thinned`` one leaves rounds out where by the reference nothing begins or ends, kills in every fifth, and lets
    five minutes of the days before share a row: as after a worker that was away for some minutes. ``until`` is the
    minute at which the story is broken off; what is open then is still open.
    """
    trial = Trial("P16", f"a day on watch at {per_minute:g} orders a minute, with kills in its rounds ({engine})")
    orders = list(orders_of(0, seed=seed, per_minute=per_minute, bad=True))
    before = HoursBefore(grain=5 if thinned else 1)
    every_minute = range(BEGINS, until + 1)
    try:
        with (
            place(home, engine=engine, start=moment(BEGINS * MINUTE + INTO), busy=not thinned) as scene,
            asyncio.Runner() as runner,
        ):
            lay_down(scene.house.store, before, seed=seed, per_minute=per_minute)
            tell(orders, reads=_readings(every_minute))
            episodes = Reference(orders, before).goes_through(every_minute[WARM_UP:]).episodes
            rounds = [one for one in every_minute if not thinned or one in _turning_points(episodes)]
            tell(orders, reads=_readings(rounds))
            day = Day(scene, orders, random.Random(seed), runner, 5 if thinned else 2, Shelves(scene.fakes, orders))
            day.begins()
            day.passes(rounds)
            with scene.house.store.reading() as uow:
                alerts = uow.alerts.page(limit=200)
            judge(trial, scene, day.deeds, episodes, alerts)
            asks = {one.key[0] for one in episodes if one.level in ESCALATES or one.key[1] == 1} - {"stage_bottleneck"}
            trial.demand(asks and asks <= day.deeds.taken.keys(), f"{day.deeds.taken} of {asks} were taken on")
            trial.demand(not scene.fakes.wdt.writes + scene.fakes.jst.writes, "a shop was written to")
            calls = f"{len(scene.fakes.wdt.heard)} + {len(scene.fakes.jst.heard)} + {scene.fakes.kd.calls} calls"
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    trial.notes.append(f"{len(orders)} orders, {len(rounds)} rounds, {day.deeds.deaths.total()} kills, {calls}")
    return trial


def _readings(rounds: Sequence[int]) -> dict[str, list[int]]:
    """Return when each feed can be read with success."""
    at = [minute * MINUTE + INTO for minute in rounds]
    return {
        WDT.name: [one for one in at if one // MINUTE not in UNREADABLE],
        JST.name: [one for one in at if not FEED_BLIND[0] <= one < FEED_BLIND[1]],
        CARRIER: at,
    }


def _turning_points(episodes: Sequence[Episode]) -> set[int]:
    """Return the minutes about which something begins, is told, escalates or ends, and every third beside them."""
    found = set(range(BEGINS, ENDS + 1, 3)) | {BEGINS + 1, ENDS} | UNREADABLE.keys()
    found |= {at // MINUTE + more for at in FEED_BLIND for more in (-1, 0, 1)}
    for one in episodes:
        for turn in (one.pending, one.fires, one.told, one.clear_since, one.ends):
            found |= {turn - 1, turn, turn + 1} if turn is not None else set()
        if one.level in ESCALATES and one.fires is not None:
            found |= set(range(one.fires, one.fires + 14))
    over = max(one.ends or ENDS for one in episodes) + 3
    return {minute for minute in found if minute <= over}


def _status(page: httpx.Response) -> str:
    found = re.search(r'<main data-status="([a-z]+)">', page.text)
    assert found, page.text[:500]
    return found[1]


def test_a_morning_on_watch_rings_for_what_is_wrong_and_for_nothing_else(tmp_path: Path):
    """The warehouse's hour, thinned; ``make torture`` plays the whole day (rows ``a-watched-day``, ``-pg``, ``-thinned``)."""
    a_watched_day(tmp_path, per_minute=3.0, thinned=True, until=at_clock("11:12") // MINUTE).prove()


def test_what_is_laid_down_is_what_events_would_have_left(tmp_path: Path):
    """The sums that stand for the days before are those that the same orders leave when they are reported."""
    orders = [order for order in orders_of(-3, seed=7, per_minute=0.2) if order.at[0] % 2]
    found = []
    for way in ("laid down", "told"):
        with closing(Deployment(tmp_path / way)) as deployment:
            if way == "told":
                take_events(deployment.store, list(_events_of(orders)), now=moment(0))
            else:
                write_sums(deployment.store, [visit for order in orders for visit in visits_of(order)])
            rows = deployment.rows
            found.append((_sums(rows.all(select(StageMinute))), _sums(rows.all(select(StageTotal)))))
    assert found[0] == found[1]
    assert len(found[0][0]) > 100


def _events_of(orders: Sequence[TrueOrder]) -> Iterator[ReportedEvent]:
    for order in orders:
        for n, mark in enumerate(MARKS):
            yield ReportedEvent(
                index=0,
                source=order.feed.name,
                event_id=f"{order.number}-{mark}",
                order=order.number,
                channel=order.channel,
                mark=Mark(mark),
                at=moment(order.told(n)),
            )


def _sums(rows: Sequence[SQLModel]) -> list[list[tuple[str, object]]]:
    return sorted(sorted((name, value) for name, value in row.model_dump().items()) for row in rows)
