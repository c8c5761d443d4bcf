"""P16: an alert reaches each of its people exactly once, however often the worker is killed on the way."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app import settings as knobs
from app.access import accounts
from app.bootstrap import Lifeboat, open_lifeboat
from app.domain.actor import Actor, Way
from app.domain.contact import ContactWay
from app.store.ack import Claimant, ack_code
from app.store.contacts import sealed_contact
from app.store.repositories.leases import LEADER
from app.watch import roster
from app.watch.attend import claim_alert
from app.watch.roster import WantedTurn
from tests.harness.evidence import SqliteFile, message_counts
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.providers import NOTICE, Providers, providers, where_it_is_noon
from tests.harness.trial import Trial
from tests.harness.turns import Turns
from tests.harness.waiting import until

PEOPLE = ("mei", "lan", "boss")
"""First and second on duty, and whom the roster names for when neither answers."""

IT = Actor("it", Way.CLI)
NO_CODE = "无需"
BETWEEN_STEPS = 301.0
BETWEEN_ALERTS = 3 * 3600.0
"""Seconds: longer than any share of messages to one person counts."""

A_LEASE, NEVER_RECORDED = 61.0, 601.0
MOST_TURNS = 60
OPEN = ("pending", "sending", "settling")


@dataclass
class Ward:
    """A web process, the providers, a worker that is turned by hand, and what people were to hear."""

    lifeboat: Boat
    house: Lifeboat
    fakes: Providers
    worker: Turns
    ids: dict[str, int]
    chance: random.Random
    due: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By phone and code: how many texts each person is to get."""
    phones: dict[str, str] = field(default_factory=dict)
    alert: int = 0
    kills: int = 0

    def begin(self, n: int) -> None:
        """Let an alert begin to fire, with numbers that nobody was ever written to at."""
        with self.house.store.writing() as uow:
            for place, name in enumerate(PEOPLE):
                phone = f"139{place}{n:07d}"
                user = uow.access.user(self.ids[name])
                assert user is not None
                user.phone = sealed_contact(self.house.keyring, self.ids[name], ContactWay.PHONE, phone)
                user.phone_verified_at = self.now
                self.phones[name] = phone
            uow.alerts.fire("trial", level="orange", text=_text_of(n), subject=str(n), now=self.now)
            # A worker that is turned by hand leads nobody, and after three minutes the web process would call people.
            uow.leases.take(LEADER, holder="turned by hand", now=self.now, until=self.now + timedelta(days=2))
        with self.house.store.reading() as uow:
            self.alert = uow.alerts.open()[0].id or 0

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def is_to_hear(self, name: str, *, code: bool = True) -> None:
        claimant = Claimant(self.alert, self.ids[name])
        self.due[self.phones[name], ack_code(self.house.keyring, claimant) if code else NO_CODE] += 1

    def killed_while(self, *steps: str) -> None:
        """Kill the worker at some instant of its steps, then let the next one take them."""
        self.worker.begin(*steps)
        time.sleep(self.chance.uniform(0.0, 0.06))
        self.worker.kill()
        self.kills += 1
        self.worker.turn(*steps)

    def killed_while_sending(self) -> None:
        """Kill the worker when the provider has heard a text and answered nothing, whether it took it or not."""
        before = len(self.fakes.heard()[1])
        self.fakes.misbehave(aliyun="accept_then_hang" if self.kills % 2 else "hang")
        self.worker.begin("sms")
        until(lambda: len(self.fakes.heard()[1]) > before, every=0.05, why="no text was sent")
        self.worker.kill()
        self.kills += 1
        self.fakes.misbehave()

    def deliver(self) -> None:
        """Turn the worker until nothing is owed; no step of an escalation is taken meanwhile."""
        self.worker.let_pass(A_LEASE)
        self.worker.turn("sweep")
        self.worker.turn("settle")  # what was taken is found in the provider's record, before time makes it old
        self.worker.let_pass(NEVER_RECORDED)
        for _ in range(MOST_TURNS):
            self.worker.turn("sweep")
            self.worker.turn("settle", "groups", "sms")
            if not any(count for (_, state), count in message_counts(self.source).items() if state in OPEN):
                return
            self.worker.let_pass(A_LEASE)
        raise AssertionError(f"messages are still owed: {message_counts(self.source)}")

    @property
    def source(self) -> SqliteFile:
        return SqliteFile(self.lifeboat.database)

    @property
    def texts(self) -> Counter[tuple[str, str]]:
        """What the provider has taken, by phone and code."""
        return Counter((str(text["phone"])[-11:], str(text["values"]["number"])) for text in self.fakes.texts())


def _text_of(n: int) -> str:
    return f"试验告警 {n:03d}"


@contextmanager
def _ward(home: Path, *, seed: int) -> Iterator[Ward]:
    with providers("--wecom-per-minute", "1000000") as fakes:
        settings = {name.removeprefix("LIFEBOAT_").lower(): value for name, value in fakes.settings().items()}
        settings |= {"sms_alert_template": NOTICE, "sms_alert_variables": "number=code"}
        with boat(home, command="web", timezone=where_it_is_noon(), **settings) as lifeboat:
            knobs_of_it = knobs.load(data_dir=lifeboat.data_dir, export_dir=lifeboat.exports)
            with closing(open_lifeboat(knobs_of_it)) as house, Turns(lifeboat) as worker:
                yield Ward(lifeboat, house, fakes, worker, _people(house), random.Random(seed))


def _people(house: Lifeboat) -> dict[str, int]:
    now, ids = datetime.now(UTC), {}
    with house.store.writing() as uow:
        for name in PEOPLE:
            accounts.add_user(uow, name, role="ops", by=IT, now=now, password="boat-in-the-storm-7")
            user = uow.access.user_named(name)
            assert user is not None
            ids[name] = user.id or 0
        roster.set_fallback(uow, "boss", by=IT, now=now)
        for place, name in ((1, "mei"), (2, "lan")):
            turn = WantedTurn(
                name=name, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=2), place=place
            )
            roster.add_shift(uow, turn, zone=house.settings.zone, by=IT, now=now)
    return ids


def alerts_get_through(home: Path, *, alerts: int = 1, seed: int = 16) -> Trial:
    """Let alerts fire, escalate, be taken on and end, with the worker killed at every one of these steps."""
    trial = Trial("P16", f"{alerts} alerts that escalate, with kill -9 at each step and each text")
    with _ward(home, seed=seed) as ward:
        for n in range(alerts):
            _one_alert(ward, n, taken_on=n % 2 == 0)
            ward.worker.let_pass(BETWEEN_ALERTS)
        told, due = ward.texts, ward.due
        trial.trials = due.total()
        trial.lost = (due - told).total()
        trial.doubled = (told - due).total()
        trial.demand(not due - told, f"{trial.lost} texts never came: {list(due - told)[:3]}")
        trial.demand(not told - due, f"{trial.doubled} texts were too many: {list(told - due)[:3]}")
        group = Counter(str(message["content"]) for message in ward.fakes.group_messages())
        for n in range(alerts):
            heard = [text for text in group if _text_of(n) in text]
            beginnings = [text for text in heard if f"{_text_of(n)}（" not in text and "【告警】" in text]
            ends = [text for text in heard if "【已恢复】" in text]
            trial.demand(len(beginnings) == 1 and len(ends) == 1, f"the group heard of alert {n}: {heard}")
        trial.demand(not any(count > 1 for count in group.values()), "the group heard something twice")
        states = message_counts(ward.source)
        trial.demand(not any(state == "dead" for _, state in states), f"dead letters are left: {states}")
        trial.notes.append(f"{ward.kills} kills, {sum(group.values())} group messages")
    return trial


def _one_alert(ward: Ward, n: int, *, taken_on: bool) -> None:
    ward.begin(n)
    ward.killed_while("compose")
    heard = []
    for name in PEOPLE[:2] if taken_on else PEOPLE:
        ward.killed_while("escalate")
        ward.is_to_hear(name)
        heard.append(name)
        ward.killed_while_sending()
        ward.deliver()
        ward.worker.let_pass(BETWEEN_STEPS)
    if taken_on:
        with ward.house.store.writing() as uow:
            claim_alert(uow, ward.alert, by=Actor("lan", Way.LINK), now=ward.now)
        ward.killed_while("escalate")
        ward.is_to_hear("mei", code=False)
        ward.deliver()
    with ward.house.store.writing() as uow:
        uow.alerts.resolve("trial", subject=str(n), now=ward.now)
    ward.killed_while("compose")
    for name in heard:
        ward.is_to_hear(name, code=False)
    ward.killed_while_sending()
    ward.deliver()


def test_every_alert_reaches_its_people_once_whenever_the_worker_dies(tmp_path: Path):
    alerts_get_through(tmp_path).prove()
