"""Talks to a running web process as programs do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from app.access.clients import Scope, add_client
from app.bootstrap import Lifeboat
from app.web.application import WebApp
from tests.deployment.facts import IT
from tests.fakes.serving import lifespan


class Web(httpx.AsyncClient):
    """Talks to a running web process; ``app`` is its application."""

    def __init__(self, app: WebApp) -> None:
        super().__init__(transport=httpx.ASGITransport(app), base_url="http://lifeboat.test")  # type: ignore[arg-type]
        self.app = app
        self.boat = app.runtime.boat

    async def key(self, name: str = "tmall", *, scope: Scope = "intake", drill: bool = False) -> str:
        """Make a client and return its key, which the door knows by then."""
        with self.boat.store.writing() as uow:
            issued = add_client(uow, name, scope=scope, drill=drill, by=IT, now=self.boat.clock.now())
        await self.app.runtime.access.refresh()
        return issued.key

    async def order(self, key: str, body: object, **headers: str) -> httpx.Response:
        """Send a canonical order; underscores in header names stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.post("/v1/orders", json=body, headers={"authorization": f"Bearer {key}", **named})


@asynccontextmanager
async def running(boat: Lifeboat) -> AsyncIterator[Web]:
    """Run a web process and yield what talks to it."""
    app = WebApp(boat)
    async with lifespan(app), Web(app) as client:
        yield client
