"""The loops that ask the main system: settle what it may have, and go on with the replay that runs."""

import asyncio

import structlog

from app.bootstrap import Lifeboat
from app.bootstrap.main_system import MainSystems
from app.handback.replay.run import Replayer
from app.orders.look_up import LookUps

log = structlog.get_logger()


class WayHome:
    """What a worker does by the main system's API; nothing where none is described."""

    def __init__(self, boat: Lifeboat) -> None:
        self._systems = MainSystems(boat)
        for sentence in self._systems.wrong:
            log.warning("main_system_file_wrong", reason=sentence)
        self._look_ups = LookUps(boat.store, boat.keyring, boat.clock, self._systems.main_of)
        self._replayer = Replayer(boat.store, boat.keyring, boat.clock, self._systems.main_of, holder=boat.holder)

    async def look_up(self) -> int:
        """Ask about the orders that it may have and that are due."""
        if self._systems.known:
            await self._look_ups.run_once()
        return 0  # one look a tick, however much it settled

    async def replay(self) -> int:
        """Go on with the replay that runs."""
        return await self._replayer.run_once() if self._systems.known else 0

    async def aclose(self) -> None:
        """Let go of the connections, and let another drive the replay at once."""
        await self._systems.aclose()
        await asyncio.to_thread(self._replayer.let_go)
