"""Accounts: somebody can always let people in, and nobody decides about himself; on both engines."""

import threading

import pytest

from app.access import accounts
from app.access.accounts import LastAdministrator, NoSuchAccount, OwnAccount
from app.domain.actor import Actor, Way
from app.domain.role import Role
from tests.deployment import Deployment
from tests.deployment.facts import IT

BOSS = Actor("boss", Way.CONSOLE, "10.0.0.1")


def _add(deployment: Deployment, name: str, role: Role) -> None:
    with deployment.store.writing() as uow:
        accounts.add_user(uow, name, role=role, by=IT, now=deployment.clock.now())


def _set_role(deployment: Deployment, name: str, role: Role, *, by: Actor = BOSS) -> None:
    with deployment.store.writing() as uow:
        accounts.set_role(uow, name, role, by=by, now=deployment.clock.now())


def _disable(deployment: Deployment, name: str, *, by: Actor = BOSS) -> None:
    with deployment.store.writing() as uow:
        accounts.disable_user(uow, name, by=by, now=deployment.clock.now())


def _role(deployment: Deployment, name: str) -> str:
    with deployment.store.reading() as uow:
        user = uow.access.user_named(name)
    assert user
    return user.role


def test_a_role_is_changed_and_the_audit_says_from_what(deployment: Deployment):
    _add(deployment, "mei", Role.VIEWER)
    _set_role(deployment, "mei", Role.OPS)
    assert _role(deployment, "mei") == "ops"
    with deployment.store.reading() as uow:
        (deed,) = uow.audit.of("mei", "user.set_role")
    assert (deed.actor, deed.detail) == ("boss", {"role": "ops", "before": "viewer"})


def test_nobody_changes_his_own_role_nor_shuts_himself_out(deployment: Deployment):
    _add(deployment, "boss", Role.ADMIN)
    _add(deployment, "other", Role.ADMIN)
    with pytest.raises(OwnAccount):
        _set_role(deployment, "boss", Role.VIEWER)
    with pytest.raises(OwnAccount):
        _disable(deployment, "boss")
    assert _role(deployment, "boss") == "admin"


def test_the_last_administrator_stays_one_also_by_the_command_line(deployment: Deployment):
    _add(deployment, "boss", Role.ADMIN)
    _add(deployment, "old", Role.ADMIN)
    _add(deployment, "mei", Role.OPS)
    _disable(deployment, "old")
    for by in (IT, Actor("mei", Way.CONSOLE)):
        with pytest.raises(LastAdministrator):
            _set_role(deployment, "boss", Role.IT, by=by)
        with pytest.raises(LastAdministrator):
            _disable(deployment, "boss", by=by)
    _set_role(deployment, "boss", Role.ADMIN, by=IT)  # which is no change
    _disable(deployment, "mei")  # an account that is no administrator's
    assert _role(deployment, "boss") == "admin"


def test_two_administrators_who_close_each_other_at_once_do_not_both_succeed(deployment: Deployment):
    _add(deployment, "boss", Role.ADMIN)
    _add(deployment, "other", Role.ADMIN)
    refused: list[Exception] = []

    def close_boss() -> None:
        try:
            _disable(deployment, "boss", by=Actor("other", Way.CONSOLE))
        except LastAdministrator as error:
            refused.append(error)

    second = threading.Thread(target=close_boss)
    with deployment.store.writing() as uow:
        accounts.disable_user(uow, "other", by=BOSS, now=deployment.clock.now())
        second.start()
        second.join(timeout=0.5)
        assert second.is_alive()  # it waits for what we do
    second.join()
    assert len(refused) == 1


def test_a_closed_account_is_opened_again_and_counts_again(deployment: Deployment):
    _add(deployment, "boss", Role.ADMIN)
    _add(deployment, "other", Role.ADMIN)
    _disable(deployment, "other")
    with deployment.store.writing() as uow:
        accounts.enable_user(uow, "other", by=BOSS, now=deployment.clock.now())
    _disable(deployment, "boss", by=IT)
    with pytest.raises(NoSuchAccount):
        _set_role(deployment, "nobody", Role.OPS)
