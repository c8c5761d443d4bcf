"""There is always somebody who may let people in, also where two take each other's role at once; on both engines."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.access.accounts import LastAdministrator, add_user, disable_user, enable_user, set_role
from app.domain.role import Role
from tests.deployment import Deployment
from tests.deployment.facts import IT, TEN


def people(deployment: Deployment, **roles: Role) -> None:
    with deployment.store.writing() as uow:
        for name, role in roles.items():
            add_user(uow, name, role=role, by=IT, now=TEN)


def admins(deployment: Deployment) -> list[str]:
    with deployment.store.reading() as uow:
        return [user.name for user in uow.access.users() if user.role == Role.ADMIN and user.disabled_at is None]


def test_two_who_take_each_others_role_leave_one_administrator(deployment: Deployment):
    people(deployment, boss=Role.ADMIN, chef=Role.ADMIN)
    together = Barrier(2)

    def demote(name: str) -> bool:
        together.wait()
        try:
            with deployment.store.writing() as uow:
                set_role(uow, name, Role.VIEWER, by=IT, now=TEN)
        except LastAdministrator:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(demote, ("boss", "chef"))) == [False, True]
    assert len(admins(deployment)) == 1


def test_a_closed_account_of_an_administrator_counts_for_nothing(deployment: Deployment):
    people(deployment, boss=Role.ADMIN, chef=Role.ADMIN)
    with deployment.store.writing() as uow:
        disable_user(uow, "chef", by=IT, now=TEN)
    with pytest.raises(LastAdministrator, match="boss"), deployment.store.writing() as uow:
        disable_user(uow, "boss", by=IT, now=TEN)
    with deployment.store.writing() as uow:
        disable_user(uow, "chef", by=IT, now=TEN)  # it is closed already
        enable_user(uow, "chef", by=IT, now=TEN)
        disable_user(uow, "boss", by=IT, now=TEN)
    assert admins(deployment) == ["chef"]


def test_the_same_role_again_is_no_deed(deployment: Deployment):
    people(deployment, boss=Role.ADMIN)
    with deployment.store.writing() as uow:
        assert not set_role(uow, "boss", "admin", by=IT, now=TEN)
        assert uow.audit.of("boss", "user.set_role") == []
