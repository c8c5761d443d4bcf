"""Runs the web process: uvicorn with the settings the door needs."""

import asyncio
import gc
import resource
import socket
import sys
from functools import partial
from types import FrameType

import uvicorn

from app.bootstrap import Lifeboat
from app.web.application import WebApp
from app.web.door.fast_path import FastProtocol, look_at_all

KEEP_ALIVE = 30
"""Seconds an idle connection is kept; longer than nginx waits between orders of a busy shop."""

LOCK_TURN = 0.0005
"""Seconds a thread may keep Python's lock while another wants it: at the default of 5 ms the thread that commits would
wait that long for each of its turns while the loop is busy, and every order of its batch with it."""

DRAIN_WITHIN = 15
"""Seconds for requests under way when we are told to stop."""


class Server(uvicorn.Server):
    """Tells the health check first when it is told to stop, so that load balancers turn away before the door closes."""

    def __init__(self, config: uvicorn.Config, app: WebApp) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain."""
        self._app.parts.health.draining = True
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Look once a second at the clocks of all connections."""
        if counter % 10 == 0:
            look_at_all(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of open pages first: they would last as long as somebody looks."""
        self._app.parts.lookout.close()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell the garbage collector that what lives now lives for good: its pauses are an order's wait."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 100)


def serve_web(boat: Lifeboat, listener: socket.socket, *, slot: int = 0) -> None:
    """Serve until told to stop."""
    _raise_file_limit()
    sys.setswitchinterval(LOCK_TURN)
    app = WebApp(boat, slot=slot)
    config = uvicorn.Config(
        app,
        http=partial(FastProtocol, door=app.parts.door),  # type: ignore[arg-type]
        log_config=None,
        access_log=boat.settings.access_log,
        limit_concurrency=boat.settings.limit_concurrency,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=DRAIN_WITHIN,
        server_header=False,
        proxy_headers=bool(boat.settings.trusted_proxies),
        forwarded_allow_ips=list(boat.settings.trusted_proxies),
        lifespan="on",
        ws="none",  # nothing here speaks it, and a connection that asks for it would leave our protocol and its limits
    )
    Server(config, app).run(sockets=[listener])


def _raise_file_limit() -> None:
    """Use every descriptor we may: slow clients cost one each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
