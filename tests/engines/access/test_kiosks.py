"""A screen's link: used once, by one screen, and good until it is revoked, ninety days at most."""

from datetime import timedelta

import pytest

from app.access import kiosks
from app.access.kiosks import LASTS, LINK_LASTS, BadKioskName, LinkUsed, NoSuchKiosk
from tests.deployment import Deployment
from tests.deployment.facts import IT


def _made(deployment: Deployment, name: str = "仓库大屏") -> kiosks.IssuedLink:
    with deployment.store.writing() as uow:
        return kiosks.make_kiosk(uow, name, by=IT, now=deployment.clock.now())


def _connected(deployment: Deployment, token: str) -> str:
    with deployment.store.writing() as uow:
        return kiosks.connect_kiosk(uow, token, address="10.0.0.9", now=deployment.clock.now())[1]


def _known(deployment: Deployment, cookie: str) -> bool:
    with deployment.store.reading() as uow:
        return kiosks.kiosk_of(uow, cookie, now=deployment.clock.now()) is not None


def test_a_link_connects_one_screen(deployment: Deployment):
    link = _made(deployment)
    assert _known(deployment, _connected(deployment, link.token))
    with pytest.raises(LinkUsed):
        _connected(deployment, link.token)


def test_two_screens_that_open_a_link_at_once_do_not_both_get_in(deployment: Deployment):
    """Both have read the unused row; the guarded update lets one through."""
    link = _made(deployment)
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        assert uow.kiosks.take(link.kiosk_id, cookie_sha256=b"1", address="a", now=now)
        assert not uow.kiosks.take(link.kiosk_id, cookie_sha256=b"2", address="b", now=now)


def test_a_link_left_lying_opens_nothing(deployment: Deployment):
    link = _made(deployment)
    deployment.clock.at += LINK_LASTS
    with pytest.raises(LinkUsed):
        _connected(deployment, link.token)


@pytest.mark.parametrize("token", ["", ".", "1", "1.", "1.x", "9999999999.x", "²." + "x" * 20, "-1.x", "1.\ud800"])
def test_nonsense_opens_nothing_and_shows_nothing(deployment: Deployment, token: str):
    _made(deployment)
    with pytest.raises(LinkUsed):
        _connected(deployment, token)
    assert not _known(deployment, token)


def test_a_screen_shows_for_days_and_ends_after_ninety(deployment: Deployment):
    cookie = _connected(deployment, _made(deployment).token)
    deployment.clock.at += timedelta(hours=13)
    assert _known(deployment, cookie)
    deployment.clock.at += LASTS - timedelta(hours=14)
    assert _known(deployment, cookie)
    deployment.clock.at += timedelta(hours=1)
    assert not _known(deployment, cookie)


def test_a_revoked_screen_is_over_and_so_is_an_unused_link(deployment: Deployment):
    shown, unused = _made(deployment), _made(deployment, "另一块")
    cookie = _connected(deployment, shown.token)
    for link in (shown, unused):
        with deployment.store.writing() as uow:
            kiosks.revoke_kiosk(uow, link.kiosk_id, by=IT, now=deployment.clock.now())
    assert not _known(deployment, cookie)
    with pytest.raises(LinkUsed):
        _connected(deployment, unused.token)
    with pytest.raises(NoSuchKiosk), deployment.store.writing() as uow:
        kiosks.revoke_kiosk(uow, shown.kiosk_id, by=IT, now=deployment.clock.now())


def test_each_step_is_in_the_audit_and_neither_link_nor_cookie_is(deployment: Deployment):
    link = _made(deployment)
    cookie = _connected(deployment, link.token)
    with deployment.store.writing() as uow:
        kiosks.revoke_kiosk(uow, link.kiosk_id, by=IT, now=deployment.clock.now())
    with deployment.store.reading() as uow:
        deeds = uow.audit.of(f"kiosk:{link.kiosk_id}")
        kept = str([deed.model_dump() for deed in deeds]) + str(uow.kiosks.all())
    assert [deed.action for deed in deeds] == ["kiosk.make", "kiosk.connect", "kiosk.revoke"]
    assert deeds[1].address == "10.0.0.9"
    for secret in (link.token, cookie):
        assert secret.partition(".")[2] not in kept


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\x00b", "a\nb"])
def test_a_screen_needs_a_name_that_can_be_read(deployment: Deployment, name: str):
    with pytest.raises(BadKioskName):
        _made(deployment, name)
