"""The token of a main system's account: kept sealed, renewed by one at a time, begun anew with other secrets."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.bootstrap.main_accounts import account_name
from app.bootstrap.main_tokens import KeptToken, shared_token
from app.bootstrap.sources import OpenSources
from app.main_system.document import read_main_file
from app.main_system.tokens import AccessToken
from app.outbound.pace import CallPace
from app.reconcile.main_access import note_check, tried_at
from app.store.tables import Lease, MainAccess
from app.watch.sources.document import Source, Sources, read_source
from tests.deployment import Deployment
from tests.deployment.main_files import JUSHUITAN
from tests.deployment.sources import JUSHUITAN as SOURCE
from tests.fakes.erp import Vendors
from tests.fakes.jushuitan import JushuitanFake

ACCOUNT = "jushuitan:0123456789abcdef"
FIRST = AccessToken("token-0", "refresh-0")


class Vendor:
    """Gives the next token once for each that it is shown, as they do."""

    def __init__(self) -> None:
        self.given = 0
        self.refused = False

    async def next(self, token: AccessToken) -> AccessToken | None:
        await asyncio.sleep(0)
        if self.refused or token.refresh != f"refresh-{self.given}":
            return None
        self.given += 1
        return AccessToken(f"token-{self.given}", f"refresh-{self.given}")


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


def keeper(deployment: Deployment, first: AccessToken = FIRST) -> KeptToken:
    return KeptToken(deployment.boat, ACCOUNT, first, wait=at_once)


async def test_a_token_is_renewed_once_for_all_who_found_it_expired(deployment: Deployment):
    vendor = Vendor()
    several = [keeper(deployment) for _ in range(3)]
    assert await asyncio.gather(*(one.renew(FIRST, vendor.next) for one in several)) == [True] * 3
    assert vendor.given == 1
    assert {(await one.current()).access for one in several} == {"token-1"}


async def test_a_token_that_was_renewed_meanwhile_is_used_and_not_renewed_again(deployment: Deployment):
    vendor = Vendor()
    await keeper(deployment).renew(FIRST, vendor.next)
    assert await keeper(deployment).renew(FIRST, vendor.next)
    assert vendor.given == 1


async def test_what_the_vendor_does_not_give_changes_nothing(deployment: Deployment):
    vendor = Vendor()
    vendor.refused = True
    assert not await keeper(deployment).renew(FIRST, vendor.next)
    assert await keeper(deployment).current() == FIRST
    vendor.refused = False
    assert await keeper(deployment).renew(FIRST, vendor.next)


async def test_other_secrets_in_the_settings_begin_anew(deployment: Deployment):
    await keeper(deployment).renew(FIRST, Vendor().next)
    authorised_anew = AccessToken("another", "refresh")
    assert await keeper(deployment, authorised_anew).current() == authorised_anew


async def test_while_another_process_renews_it_is_waited_for_and_not_for_ever(deployment: Deployment):
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        uow.leases.take(f"token:{ACCOUNT}", holder="another", now=now, until=now + timedelta(seconds=60))
    vendor = Vendor()
    assert not await keeper(deployment).renew(FIRST, vendor.next)
    assert vendor.given == 0


async def test_the_turn_of_a_process_that_died_ends_by_itself(deployment: Deployment):
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        past = now - timedelta(seconds=61)
        uow.leases.take(f"token:{ACCOUNT}", holder="dead", now=past, until=past + timedelta(seconds=60))
    assert await keeper(deployment).renew(FIRST, Vendor().next)
    with deployment.store.reading() as uow:
        assert uow.leases.get(f"token:{ACCOUNT}") is None


async def test_a_token_rests_sealed_with_its_end(deployment: Deployment):
    ends = deployment.clock.now() + timedelta(days=30)

    async def given(_token: AccessToken) -> AccessToken:
        return AccessToken("token-1", "refresh-1", ends)

    await keeper(deployment).renew(FIRST, given)
    assert await keeper(deployment).current() == AccessToken("token-1", "refresh-1", ends)
    with deployment.engines.reader.connect() as connection:
        (row,) = connection.execute(select(MainAccess)).all()
        assert connection.execute(select(Lease).where(Lease.name.like("token:%"))).all() == []
    assert not any(secret in str(row) for secret in ("token-1", "refresh-1", "token-0"))


async def test_a_token_that_cannot_be_unsealed_is_none(deployment: Deployment):
    await keeper(deployment).renew(FIRST, Vendor().next)
    with deployment.store.writing() as uow:
        row = uow.main_access.get(ACCOUNT)
        assert row is not None
        row.sealed = b"\x01damaged"
    assert await keeper(deployment).current() == FIRST


def test_an_account_is_untried_until_a_check_was_well_and_again_once_one_was_not(deployment: Deployment):
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        assert tried_at(uow, ACCOUNT) is None
        note_check(uow, ACCOUNT, well=True, now=now)
        assert tried_at(uow, ACCOUNT) == now
        note_check(uow, ACCOUNT, well=False, now=now)
        assert tried_at(uow, ACCOUNT) is None


async def test_a_source_of_the_same_account_is_read_with_the_renewed_token(
    on_sqlite: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Once the way home has renewed it, the token in the settings is none any more."""
    for name, value in {"JST_SECRET": "lb-secret-01", "JST_TOKEN": "token-0", "JST_REFRESH": "refresh-0"}.items():
        monkeypatch.setenv(name, value)
    file, beside = tmp_path / "erp.toml", tmp_path / "jst.toml"
    file.write_text(JUSHUITAN.replace('"JST_TOKEN"\n', '"JST_TOKEN"\nrefresh_token = "JST_REFRESH"\n'), "utf-8")
    beside.write_text(SOURCE, "utf-8")
    boat, source = on_sqlite.opened(main_system=file), read_source(beside)
    assert isinstance(source, Source)
    fake = JushuitanFake(now=on_sqlite.clock.now, token="token-1")
    opened = OpenSources(
        boat,
        Sources(),
        transport=Vendors({"openapi.jushuitan.com": fake}),
        wait=at_once,
        paces=lambda per_minute: CallPace(per_minute, now=lambda: 0.0, sleep=at_once),
    )
    trouble = (await opened.poll(source)).trouble
    assert trouble is not None
    assert trouble.code == "token"
    assert await KeptToken(boat, account_name(read_main_file(file)), FIRST).renew(FIRST, Vendor().next)
    assert (await opened.poll(source)).trouble is None
    await opened.aclose()


async def test_a_source_of_another_account_keeps_its_own(on_sqlite: Deployment, tmp_path: Path):
    beside = tmp_path / "jst.toml"
    beside.write_text(SOURCE.replace("lb-app-01", "another"), "utf-8")
    source = read_source(beside)
    assert isinstance(source, Source)
    file = tmp_path / "erp.toml"
    file.write_text(JUSHUITAN.replace('"JST_TOKEN"\n', '"JST_TOKEN"\nrefresh_token = "JST_REFRESH"\n'), "utf-8")
    for chosen in ({"main_system": file}, {"main_system": tmp_path / "none.toml"}, {}):
        assert await shared_token(on_sqlite.opened(**chosen), source) is None
