"""Opens the sources of lifecycle events of a deployment: their secrets, one client, and one pace for each account."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import httpx

from app.bootstrap.lifeboat import Lifeboat
from app.bootstrap.main_tokens import shared_token
from app.bootstrap.source_files import access_of, callback_of, sources_of
from app.outbound.api import ask
from app.outbound.client import STANDARD, outbound_client
from app.outbound.pace import CallPace
from app.watch.sources.caller import SourceCaller, Wait
from app.watch.sources.document import Source, Sources
from app.watch.sources.parcels import ask_parcels
from app.watch.sources.poll import Polled, poll_once


class OpenSources:
    """The sources of one process: one client for all, one pace for each account."""

    def __init__(
        self,
        boat: Lifeboat,
        sources: Sources | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        wait: Wait = asyncio.sleep,
        paces: Callable[[float], CallPace] = CallPace,
    ) -> None:
        self.sources = sources if sources is not None else sources_of(boat.settings)
        self._boat = boat
        self._http = outbound_client(transport=transport)
        self._wait = wait
        self._make_pace = paces
        self._paces: dict[tuple[str, str], CallPace] = {}
        self._callers: dict[str, SourceCaller] = {}
        self._tokens: dict[str, Mapping[str, str]] = {}

    def caller(self, source: Source) -> SourceCaller:
        """Return the way to a source, the same each time: it knows how far the other side's clock is ahead."""
        if source.name not in self._callers:
            account = (source.kind.name, source.plain.get(source.kind.key) or source.name)
            pace = self._paces.setdefault(account, self._make_pace(source.per_minute))
            self._callers[source.name] = SourceCaller(
                source,
                ask=partial(ask, self._http, time_limit=STANDARD.total),
                access=lambda: {**access_of(source), **self._tokens.get(source.name, {})},
                pace=pace,
                clock=self._boat.clock,
                wait=self._wait,
            )
        return self._callers[source.name]

    async def follow_token(self, source: Source) -> None:
        """Read a source from now on with the token of its account, where the way home renews it."""
        token = await shared_token(self._boat, source)
        self._tokens[source.name] = {} if token is None else {"access_token": token}

    async def poll(self, source: Source) -> Polled:
        """Read what is next of a source, and store it."""
        await self.follow_token(source)
        caller = self.caller(source)
        if source.kind.readings:
            return await poll_once(self._boat.store, caller, self._boat.clock)
        callback = callback_of(source, self._boat.settings)
        return await ask_parcels(self._boat.store, caller, self._boat.clock, callback=callback)

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()
