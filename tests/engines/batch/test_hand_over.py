"""A hand-over: one named download for one code, within minutes, for as long as its maker may download."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from app.access import accounts
from app.batch import download, hand_over
from app.batch.download import DOWNLOADED
from app.batch.hand_over import LASTS, LENGTH, LETTERS, BadCode, HandoverCode, make_handover, take_handover
from app.domain.actor import Actor, Way
from app.domain.problems import NotFound, NotInThisState
from app.store.tables import Audit, Handover
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS
from tests.deployment.orders import new_order

MEI = Actor("mei", Way.CONSOLE, "10.0.0.1")
PC = "10.0.0.99"


@pytest.fixture
def batch(deployment: Deployment) -> str:
    """A published batch, and the account of somebody who may download it."""
    with deployment.store.writing() as uow:
        accounts.add_user(uow, "mei", role="ops", password="boat-in-the-storm-7", by=IT, now=deployment.clock.now())
    order = new_order("A")
    deployment.door.take(order)
    return deployment.maker.publish([order.number])


def _made(deployment: Deployment, batch: str) -> HandoverCode:
    with deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user is not None
        return make_handover(uow, KEYS.handover, batch, user_id=user.id or 0, by=MEI, now=deployment.clock.now())


def _taken(deployment: Deployment, code: str, **how: Any) -> download.Download:
    fixed: dict[str, Any] = {"may_download": lambda _role: True, "address": PC, "now": deployment.clock.now()}
    kind = how.pop("kind", "csv")
    return take_handover(deployment.store, deployment.maker.exports, KEYS.handover, code, kind, **{**fixed, **how})


def _downloads(deployment: Deployment, batch: str) -> list[Audit]:
    with deployment.store.reading() as uow:
        return list(uow.audit.of(batch, DOWNLOADED))


def test_a_code_is_one_download_in_the_name_of_its_maker(deployment: Deployment, batch: str):
    code = _made(deployment, batch).code
    assert len(code) == LENGTH
    assert set(code) <= set(LETTERS)
    assert _taken(deployment, code).path.read_bytes() == b"a,b\r\n1,2\r\n"
    (deed,) = _downloads(deployment, batch)
    assert (deed.actor, deed.way, deed.address) == ("mei", "console", PC)
    assert deed.detail["handover"] == 1
    with pytest.raises(BadCode):
        _taken(deployment, code)
    assert len(_downloads(deployment, batch)) == 1


def test_a_code_may_be_typed_as_people_type(deployment: Deployment, batch: str):
    code = _made(deployment, batch).code
    assert _taken(deployment, f" {code[:4].lower()}-{code[4:]} ").batch == batch


def test_the_code_itself_is_kept_nowhere(deployment: Deployment, batch: str):
    code = _made(deployment, batch).code
    with deployment.store.reading() as uow:
        assert code not in str([deed.detail for deed in uow.audit.page(limit=9)])
        found = uow.handovers.marked(KEYS.handover.mark(code.encode()), now=deployment.clock.now())
    assert found is not None
    assert code.encode() not in bytes(found.code_mark)


def test_a_code_is_good_for_five_minutes(deployment: Deployment, batch: str):
    code = _made(deployment, batch).code
    deployment.clock.at += LASTS
    with pytest.raises(BadCode):
        _taken(deployment, code)
    assert _downloads(deployment, batch) == []


@pytest.mark.parametrize("code", ["", "AAAAAAAA", "x" * 500, "\ud800", "ABCD EFG\x00", "我要一个文件谢谢"])
def test_nonsense_gives_nothing(deployment: Deployment, batch: str, code: str):
    _made(deployment, batch)
    with pytest.raises(BadCode):
        _taken(deployment, code)


@pytest.mark.parametrize("end", [accounts.disable_user, accounts.end_sessions, accounts.set_password])
def test_a_code_ends_with_the_sessions_of_its_maker(deployment: Deployment, batch: str, end: Any):
    code = _made(deployment, batch).code
    with deployment.store.writing() as uow:
        end(uow, "mei", by=IT, now=deployment.clock.now())
    with pytest.raises(BadCode):
        _taken(deployment, code)


def test_a_code_of_somebody_who_may_download_no_more_gives_nothing(deployment: Deployment, batch: str):
    code = _made(deployment, batch).code
    with pytest.raises(BadCode):
        _taken(deployment, code, may_download=lambda role: role != "ops")


def test_a_new_code_takes_the_place_of_the_one_before(deployment: Deployment, batch: str):
    old, new = _made(deployment, batch).code, _made(deployment, batch).code
    with pytest.raises(BadCode):
        _taken(deployment, old)
    assert _taken(deployment, new)


def test_what_was_taken_since_the_code_was_made_is_told_and_not_given_again(deployment: Deployment, batch: str):
    code = _made(deployment, batch).code
    download.take_file(deployment.store, deployment.maker.exports, batch, "csv", by=IT, now=deployment.clock.now())
    with pytest.raises(NotInThisState, match="又被下载过"):
        _taken(deployment, code)


def test_a_code_whose_file_cannot_be_given_stays_good(deployment: Deployment, batch: str):
    code = _made(deployment, batch).code
    with pytest.raises(NotFound):
        _taken(deployment, code, kind="xlsx")
    path = deployment.maker.exports.file_of(deployment.maker.batch(batch).manifest, "csv")
    content = path.read_bytes()
    path.write_bytes(b"altered")
    with pytest.raises(NotInThisState, match="SHA-256"):
        _taken(deployment, code)
    path.write_bytes(content)
    assert _taken(deployment, code)


def test_of_two_replicas_that_race_for_one_code_one_gets_the_file(
    deployment: Deployment, batch: str, monkeypatch: pytest.MonkeyPatch
):
    """Both have found the code good before either uses it up."""
    code, both, outcomes = _made(deployment, batch).code, threading.Barrier(2), list[str]()
    verify = hand_over.verified_file

    def met(*args: Any) -> Any:
        both.wait(timeout=30)
        return verify(*args)

    monkeypatch.setattr(hand_over, "verified_file", met)

    def take() -> None:
        try:
            outcomes.append(_taken(deployment, code).batch)
        except (BadCode, NotInThisState):
            outcomes.append("refused")

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == sorted([batch, "refused"])
    assert len(_downloads(deployment, batch)) == 1


def test_a_code_is_used_up_by_a_guarded_update(deployment: Deployment, batch: str):
    _made(deployment, batch)
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        assert uow.handovers.take(1, address="a", now=now)
        assert not uow.handovers.take(1, address="b", now=now)


def test_codes_of_yesterday_are_forgotten(deployment: Deployment, batch: str):
    _made(deployment, batch)
    deployment.clock.at += timedelta(days=2)
    _made(deployment, batch)
    assert deployment.rows.count(Handover) == 1
