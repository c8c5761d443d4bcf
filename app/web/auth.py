"""Finds the client behind a storefront key, in memory, so that the door opens also while the database is away."""

import asyncio
import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from app.access.clients import note_uses
from app.domain.caller import Caller
from app.domain.clock import Clock, SystemClock
from app.domain.problems import Unauthenticated
from app.store.unit_of_work import Store
from app.web.threads import on_a_thread

log = structlog.get_logger()

REFRESH_EVERY = 5.0
"""Seconds until a revoked key is refused everywhere."""

NOTE_USES_EVERY = 30.0
"""Seconds between notes of which keys are in use: one small commit, however many orders came."""

LOOK_AGAIN_AFTER = 0.5
"""Seconds between look-ups of unknown keys, so that guessing keys does not become load on the database.

A caller in between waits for the next one: the key may have been made a moment ago.
"""

_KEY = re.compile(r"lbk_([0-9a-z]{4,16})_([0-9A-Za-z_\-]{20,80})")
Known = dict[str, tuple[bytes, Caller]]


class Access:
    """The keys that open the door.

    Reloaded every few seconds; an unknown key is looked up at once, so that a new one works immediately. A copy with
    hashes only lies beside the spool, for a start while the database is away.
    """

    def __init__(self, store: Store, snapshot: Path, *, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._used: set[str] = set()
        """Keys that opened the door since the last note."""
        self._noted_at = -NOTE_USES_EVERY
        self._snapshot = snapshot
        self.look_again_after = LOOK_AGAIN_AFTER
        self._known: Known = {}
        self._looked_at = 0.0
        """When the last look-up that has ended began."""
        self._looking: asyncio.Task[None] | None = None

    def find(self, token: str) -> Caller | None:
        """Return who holds this key, as far as we know now."""
        match = _KEY.fullmatch(token)
        if match is None:
            return None
        key, secret = match.groups()
        known = self._known.get(key)
        if known is None or not hmac.compare_digest(known[0], hashlib.sha256(secret.encode()).digest()):
            return None
        self._used.add(key)
        return known[1]

    async def caller(self, token: str) -> Caller:
        """Return who holds this key.

        Raises:
            Unauthenticated: nobody does.
        """
        caller = self.find(token)
        if caller is None and _KEY.fullmatch(token):
            came = time.monotonic()
            while self._looked_at < came:  # one that has begun before may have missed the key
                await asyncio.sleep(
                    self._looked_at + self.look_again_after - time.monotonic()
                )  # not at all where it passed
                if self._looked_at < came:
                    await self.refresh()
            caller = self.find(token)
        if caller is None:
            raise Unauthenticated
        return caller

    async def refresh(self) -> None:
        """Read the keys from the store; all who ask meanwhile wait for the same answer."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._refresh())
        await asyncio.shield(self._looking)

    async def _refresh(self) -> None:
        began = time.monotonic()
        try:
            self._known = await on_a_thread("keys", self._load)
        except Exception as error:  # noqa: BLE001 - the store is away: the keys in memory still count
            log.warning("keys_not_refreshed", reason=type(error).__name__)
            if not self._known:
                self._known = self._from_snapshot()
        self._looked_at = began  # only now: for callers that came since, this answer may lack their key

    async def keep_fresh(self) -> None:
        """Refresh until cancelled; a note of uses that hangs keeps no revoked key alive."""
        noting: asyncio.Task[None] | None = None
        try:
            while True:
                await asyncio.sleep(REFRESH_EVERY)
                await self.refresh()
                if (noting is None or noting.done()) and time.monotonic() - self._noted_at >= NOTE_USES_EVERY:
                    noting = asyncio.create_task(self.note_uses())
        finally:
            if noting is not None:
                noting.cancel()

    async def note_uses(self) -> None:
        """Write down which keys opened the door; where the store is away they are noted at the next look."""
        used, self._used, self._noted_at = self._used, set(), time.monotonic()
        if not used:
            return
        try:
            await on_a_thread("key uses", lambda: self._note(used))
        except Exception as error:  # noqa: BLE001 - refused, locked, hung: nobody waits for it
            log.warning("key_uses_not_noted", reason=type(error).__name__)
            self._used |= used

    def _note(self, used: set[str]) -> None:
        with self._store.writing() as uow:
            note_uses(uow, used, now=self._clock.now())

    def by_name(self, name: str) -> Caller | None:
        """Return a client by its name, for a profile that trusts its network."""
        return next((caller for _, caller in self._known.values() if name in {caller.name, caller.client_id}), None)

    def _load(self) -> Known:
        with self._store.reading() as uow:
            rows = uow.access.active_keys()
        known = {
            key.id: (bytes(key.secret_sha256), Caller(client.id, client.name, client.scope, client.drill))
            for key, client in rows
        }
        if known != self._known:
            try:
                self._keep_snapshot(known)
            except OSError as error:  # a full disk must not keep a revoked key alive
                log.warning("keys_not_kept", reason=type(error).__name__)
        return known

    def _keep_snapshot(self, known: Known) -> None:
        rows = [[key, digest.hex(), c.client_id, c.name, c.scope, c.drill] for key, (digest, c) in known.items()]
        self._snapshot.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._snapshot.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(rows), encoding="utf-8")
        draft.replace(self._snapshot)

    def _from_snapshot(self) -> Known:
        try:
            rows = json.loads(self._snapshot.read_text(encoding="utf-8"))
            return {
                key: (bytes.fromhex(digest), Caller(client, name, scope, drill))
                for key, digest, client, name, scope, drill in rows
            }
        except (OSError, ValueError, TypeError):
            return {}


def bearer_of(fields: Mapping[bytes, bytes]) -> str | None:
    """Return the key among raw header fields (``Authorization: Bearer`` or ``X-API-Key``)."""
    value = fields.get(b"authorization", b"")
    if value[:7].lower() == b"bearer ":
        return value[7:].strip().decode("latin-1")
    value = fields.get(b"x-api-key", b"")
    return value.strip().decode("latin-1") if value else None
