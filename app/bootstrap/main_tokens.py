"""Keeps the token of a main system's account for every process, sealed in the store; one process renews it at a time.

What it is renewed with works once: two that renewed it together would lock the account, and so would a token that is
lost before it is kept. Nothing stands between getting and keeping it.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from app.bootstrap.lifeboat import Lifeboat
from app.bootstrap.main_accounts import NoSecret, account_name, secrets_of
from app.main_system.document import WrongMainFile, read_main_file
from app.main_system.tokens import AccessToken, Getting
from app.store.sealing import CannotUnseal
from app.store.tables import MainAccess
from app.watch.sources.document import Source

HELD = timedelta(seconds=60)
"""Longer than a call may take."""

_ROUNDS = 60
_ROUND = 1.0


def first_token(secrets: Mapping[str, str]) -> AccessToken:
    """Return the token that the merchant's settings hold."""
    return AccessToken(secrets.get("access_token", ""), secrets.get("refresh_token", ""))


class KeptToken:
    """The token of one account; ``first`` is what the merchant's settings say, and begins anew where they change."""

    def __init__(
        self, boat: Lifeboat, name: str, first: AccessToken, *, wait: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._boat = boat
        self._name = name
        self._first = first
        self._seed = hashlib.sha256(f"{first.access}\n{first.refresh}".encode()).hexdigest()[:16]
        self._wait = wait

    async def current(self) -> AccessToken:
        """Return the token that was renewed last, or the first."""
        return await asyncio.to_thread(self._read)

    async def renew(self, stale: AccessToken, get: Getting) -> bool:
        """Renew the token unless somebody has; while another process does, wait for what it comes to."""
        holder = secrets.token_hex(16)
        for _ in range(_ROUNDS):
            if await self.current() != stale:
                return True
            if await asyncio.to_thread(self._take_turn, holder):
                break
            await self._wait(_ROUND)
        else:
            return False
        try:
            now_holds = await self.current()
            if now_holds != stale:
                return True
            found = await get(now_holds)
            if found is not None:
                await asyncio.to_thread(self._keep, found)
            return found is not None
        finally:
            await asyncio.to_thread(self._end_turn, holder)

    def _read(self) -> AccessToken:
        with self._boat.store.reading() as uow:
            row = uow.main_access.get(self._name)
        return self._first if row is None else self._unsealed(row)

    def _unsealed(self, row: MainAccess) -> AccessToken:
        if row.seed != self._seed or row.sealed is None:
            return self._first
        try:
            kept = json.loads(self._boat.keyring.seal.unseal(row.sealed, self._bound))
        except CannotUnseal:
            return self._first
        return AccessToken(kept["access"], kept["refresh"], row.expires_at)

    def _keep(self, token: AccessToken) -> None:
        text = json.dumps({"access": token.access, "refresh": token.refresh})
        sealed = self._boat.keyring.seal.seal(text.encode(), self._bound)
        with self._boat.store.writing() as uow:
            uow.main_access.keep_token(self._name, seed=self._seed, sealed=sealed, expires_at=token.expires_at)

    def _take_turn(self, holder: str) -> bool:
        now = self._boat.clock.now()
        with self._boat.store.writing() as uow:
            return uow.leases.take(self._lease, holder=holder, now=now, until=now + HELD)

    def _end_turn(self, holder: str) -> None:
        with self._boat.store.writing() as uow:
            uow.leases.give_up(self._lease, holder=holder)

    @property
    def _lease(self) -> str:
        return f"token:{self._name}"[:64]

    @property
    def _bound(self) -> str:
        return f"main_access:{self._name}"


async def shared_token(boat: Lifeboat, source: Source) -> str | None:
    """Return the token that a source of the ERP's own account is to be read with, None where it has its own.

    Once the way home has renewed a token, the one in the settings is none any more.
    """
    settings = boat.settings
    if settings.main_system is None:
        return None
    try:
        document = await asyncio.to_thread(read_main_file, settings.main_system, hosts=settings.outbound_hosts)
        if "refresh_token" not in document.secrets:
            return None
        if document.account != (source.kind.name, source.plain.get(source.kind.key, "")):
            return None
        kept = KeptToken(boat, account_name(document), first_token(secrets_of(document.secrets)))
    except (WrongMainFile, NoSecret):
        return None
    return (await kept.current()).access
