"""Opens the sources of lifecycle events of a deployment: their secrets, one client, and one pace for each account."""

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import httpx
from dotenv import dotenv_values

from app.bootstrap.lifeboat import Lifeboat
from app.bootstrap.source_files import sources_of
from app.channels.api import ask
from app.outbound import STANDARD, outbound_client
from app.watch.sources.caller import SourceCaller, Wait
from app.watch.sources.document import Source, Sources
from app.watch.sources.pace import CallPace
from app.watch.sources.parcels import ask_parcels
from app.watch.sources.poll import Polled, poll_once
from app.watch.sources.trouble import SourceTrouble


def secret_of(variable: str) -> str | None:
    """Return a secret from the environment, from the file that ``VARIABLE_FILE`` names, or from ``.env``."""
    if value := os.environ.get(variable, "").strip():
        return value
    if path := os.environ.get(f"{variable}_FILE", "").strip():
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError):
            return None
    return (dotenv_values(".env").get(variable) or "").strip() or None


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

    def caller(self, source: Source) -> SourceCaller:
        """Return the way to a source, the same each time: it knows how far the other side's clock is ahead."""
        if source.name not in self._callers:
            account = (source.kind.name, source.plain.get(source.kind.key) or source.name)
            pace = self._paces.setdefault(account, self._make_pace(source.per_minute))
            self._callers[source.name] = SourceCaller(
                source,
                ask=partial(ask, self._http, time_limit=STANDARD.total),
                access=partial(_access_of, source),
                pace=pace,
                clock=self._boat.clock,
                wait=self._wait,
            )
        return self._callers[source.name]

    async def poll(self, source: Source) -> Polled:
        """Read what is next of a source, and store it."""
        caller = self.caller(source)
        step = poll_once if source.kind.readings else ask_parcels
        return await step(self._boat.store, caller, self._boat.clock)

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


def _access_of(source: Source) -> Mapping[str, str]:
    found = dict(source.plain)
    for name, variable in source.secrets.items():
        value = secret_of(variable)
        if value is None:
            raise SourceTrouble("no_secret", variable)
        found[name] = value
    return found
