"""/a: an alert is taken on by whoever was told of it, with a code or his own link; nothing to a guesser."""

import asyncio
import re
from collections import Counter

import httpx
import pytest

from app.access import accounts
from app.access.lookups import GUESSES_AN_HOUR
from app.domain.contact import ContactWay
from app.domain.person_target import for_person
from app.notify.escalate import escalate
from app.store.ack import ALPHABET, Claimant, ack_code, ack_token, typed_code
from app.store.contacts import sealed_contact
from app.watch import roster
from app.watch.roster import WantedTurn
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, TEN, ZONE, hours
from tests.deployment.notices import a_policy

POLICY = a_policy(alert_texts=True)


class Duty:
    """An alert, mei who is told of it by text, and lan who is not."""

    def __init__(self, deployment: Deployment, address: str = "198.51.100.7") -> None:
        self.deployment = deployment
        self.ids: dict[str, int] = {}
        with deployment.store.writing() as uow:
            for name in ("mei", "lan"):
                accounts.add_user(uow, name, role="ops", by=IT, now=self.now, password="boat-in-the-storm-7")
                user = uow.access.user_named(name)
                assert user
                self.ids[name] = user.id or 0
                user.phone = sealed_contact(KEYS, user.id or 0, ContactWay.PHONE, "13912345678")
                user.phone_verified_at = TEN
            roster.set_fallback(uow, "lan", by=IT, now=self.now)
            turn = WantedTurn(name="mei", starts_at=self.now, ends_at=self.now + hours(12))
            roster.add_shift(uow, turn, zone=ZONE, by=IT, now=self.now)
            uow.alerts.fire("backlog", level="orange", text="积压 <b>230</b> 单", now=self.now)
        deployment.notices.composed(policy=POLICY)
        escalate(deployment.store, KEYS, POLICY, now=self.now)
        for message in deployment.rows.messages(state="pending"):
            deployment.rows.alter(message.id, state="sent")
        transport = httpx.ASGITransport(deployment.web, client=(address, 50000))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test")

    @property
    def now(self):  # type: ignore[no-untyped-def]
        return self.deployment.clock.now()

    def code(self, name: str = "mei") -> str:
        return ack_code(self.deployment.boat.keyring, Claimant(1, self.ids[name]))

    def link(self, name: str = "mei") -> str:
        return f"/a/{ack_token(self.deployment.boat.keyring, Claimant(1, self.ids[name]))}"

    async def types(self, code: str) -> httpx.Response:
        return await self.http.post("/a", data={"code": code})

    @property
    def holder(self) -> str | None:
        return self.deployment.rows.alerts()[0].acknowledged_by

    def end(self) -> None:
        with self.deployment.store.writing() as uow:
            uow.alerts.resolve("backlog", now=self.now)


def _status(page: httpx.Response) -> str:
    found = re.search(r'<main data-status="([a-z]+)">', page.text)
    assert found
    return found[1]


@pytest.fixture
def duty(at_noon: Deployment) -> Duty:
    return Duty(at_noon)


async def test_a_code_shows_the_alert_and_the_button_alone_takes_it_on(duty: Duty):
    page = await duty.types(f" {duty.code().lower()} ")
    assert (page.status_code, _status(page)) == (200, "ask")
    assert "积压 &lt;b&gt;230&lt;/b&gt; 单" in page.text
    assert "mei" in page.text
    assert duty.holder is None
    action = re.search(r'action="(/a/[^"]+)"', page.text)
    assert action
    done = await duty.http.post(action[1])
    assert (done.status_code, _status(done)) == (200, "done")
    assert duty.holder == "mei"
    with duty.deployment.store.reading() as uow:
        deed = uow.audit.page()[0]
    assert (deed.action, deed.actor, deed.way, deed.address) == ("alert.claim", "mei", "link", "198.51.100.7")


async def test_a_link_that_a_program_opens_takes_nothing_on(duty: Duty):
    for method in ("GET", "HEAD"):
        page = await duty.http.request(method, duty.link())
        assert page.status_code == 200
    assert duty.holder is None
    assert _status(await duty.http.post(duty.link())) == "done"
    assert duty.holder == "mei"


async def test_a_link_is_one_persons_and_one_alerts(duty: Duty):
    alert, user, signature = duty.link().removeprefix("/a/").split(".")
    for forged in (f"{alert}.{duty.ids['lan']}.{signature}", f"2.{user}.{signature}", f"{alert}.{user}.", "x", "1.1.é"):
        page = await duty.http.post(f"/a/{forged}")
        assert (page.status_code, _status(page)) == (404, "unknown")
    assert duty.holder is None


async def test_the_code_of_somebody_who_was_not_told_is_none(duty: Duty):
    page = await duty.types(duty.code("lan"))
    assert (page.status_code, _status(page)) == (404, "unknown")


async def test_guessing_ends_in_waiting_also_for_the_right_code(duty: Duty):
    guesses = [await duty.types("222222") for _ in range(GUESSES_AN_HOUR + 1)]
    assert [page.status_code for page in guesses] == [404] * GUESSES_AN_HOUR + [429]
    page = await duty.types(duty.code())
    assert (page.status_code, _status(page)) == (429, "wait")
    assert int(page.headers["retry-after"]) > 0
    assert duty.code() not in page.text


async def test_a_right_code_is_no_guess(duty: Duty):
    for _ in range(GUESSES_AN_HOUR + 2):
        assert (await duty.types(duty.code())).status_code == 200


async def test_a_hundred_guesses_at_once_are_a_hundred_guesses(duty: Duty):
    pages = await asyncio.gather(*(duty.types("333333") for _ in range(30)))
    answers = Counter(page.status_code for page in pages)
    assert answers[404] <= GUESSES_AN_HOUR  # some find four others looking, and are counted all the same
    assert answers == Counter({404: answers[404], 503: GUESSES_AN_HOUR - answers[404], 429: 30 - GUESSES_AN_HOUR})


async def test_guessing_costs_the_door_no_write(duty: Duty, monkeypatch: pytest.MonkeyPatch):
    def refuses() -> None:
        raise AssertionError

    monkeypatch.setattr(duty.deployment.boat.store, "writing", refuses)
    assert (await duty.types("222222")).status_code == 404
    assert (await duty.types(duty.code())).status_code == 200


async def test_while_the_database_is_away_it_says_so(duty: Duty, monkeypatch: pytest.MonkeyPatch):
    def away() -> None:
        raise OSError

    for name in ("writing", "reading"):
        monkeypatch.setattr(duty.deployment.boat.store, name, away)
    for page in (await duty.types(duty.code()), await duty.http.get(duty.link()), await duty.http.post(duty.link())):
        assert (page.status_code, _status(page)) == (503, "away")
        assert page.headers["retry-after"] == "5"


async def test_who_else_has_it_in_hand_is_said_and_it_can_be_taken_over(duty: Duty):
    await duty.http.post(duty.link("lan"))
    page = await duty.http.get(duty.link())
    assert "lan 已在处理" in page.text
    await duty.http.post(duty.link())
    assert duty.holder == "mei"


async def test_what_is_over_stays_over(duty: Duty):
    link, code = duty.link(), duty.code()
    duty.end()
    assert _status(await duty.types(code)) == "over"
    assert _status(await duty.http.get(link)) == "over"
    taken = await duty.http.post(link)
    assert (taken.status_code, _status(taken)) == (409, "over")
    assert duty.holder is None
    duty.deployment.clock.at += hours(25)
    assert _status(await duty.types(code)) == "unknown"


async def test_a_closed_account_takes_nothing_on(duty: Duty):
    with duty.deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user
        user.disabled_at = duty.now
    assert (await duty.http.post(duty.link())).status_code == 404
    assert (await duty.types(duty.code())).status_code == 404
    assert duty.holder is None


async def test_the_page_is_for_no_search_engine_and_remembers_nobody(duty: Duty):
    for page in (await duty.http.get("/a"), await duty.types("x"), await duty.http.get(duty.link())):
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert page.headers["cache-control"] == "no-store"
        assert "set-cookie" not in page.headers
        assert "script" not in page.text


async def test_what_is_no_form_is_refused(duty: Duty):
    page = await duty.http.post("/a", content=b"x" * 10_000)
    assert page.status_code == 400


def test_codes_are_of_six_characters_that_nobody_takes_for_one_another():
    codes = {ack_code(KEYS, Claimant(alert, user)) for alert in range(1, 60) for user in range(1, 60)}
    assert len(codes) == 59 * 59
    assert all(len(code) == 6 and set(code) <= set(ALPHABET) for code in codes)
    assert not set("01OIL") & set(ALPHABET)
    assert typed_code("ab2-3 4c") == "AB234C"
    assert typed_code("AB234") == typed_code("AB2340") == ""


def test_a_message_holds_neither_code_nor_link(duty: Duty):
    kept = str([message.content for message in duty.deployment.rows.messages()])
    assert for_person(duty.ids["mei"]) in {message.target for message in duty.deployment.rows.messages()}
    assert duty.code() not in kept
    assert duty.link() not in kept
    assert "/a" in kept
