"""What a worker does for fail-over: it asks the main system, and keeps this machine's switch files as the rows say."""

import structlog

from app.bootstrap import Lifeboat, policy_of
from app.channels.probe import probe_all
from app.domain.dependency import Probed
from app.files.switch_folder import SwitchFolder
from app.notify.main_system import keep_main, tell_switches
from app.reconcile.switches import end_run_out
from app.store.tables import Switched
from app.worker.alone import Alone

log = structlog.get_logger()

REFUSED_FROM = 300
"""A health page that sends its reader elsewhere, such as to a login, has not said that it is well."""


class Failover:
    """The steps of one worker; all they know stands in rows, so that another one can go on."""

    def __init__(self, boat: Lifeboat) -> None:
        self._boat = boat
        self._looks, self._switches = Alone(), Alone()

    async def ask_main(self) -> int:
        """Ask the main system once, and tell what has changed; one look a tick."""
        settings = self._boat.settings
        probes: list[Probed] = []
        if settings.main_asked:
            probes = await probe_all(settings.main_asked, hosts=settings.watch_hosts, broken=REFUSED_FROM)
        await self._looks.run(lambda: self._keep(probes))
        return 0

    def _keep(self, probes: list[Probed]) -> None:
        boat = self._boat
        keep_main(boat.store, policy_of(boat.live), probes, window=boat.settings.main_window, now=boat.clock.now())

    async def keep_switches(self) -> int:
        """Bring the files in step with the rows, end what has run out, and tell what has changed."""
        await self._switches.run(self._keep_switches)
        return 0

    def _keep_switches(self) -> None:
        boat, now = self._boat, self._boat.clock.now()
        folder = SwitchFolder(boat.settings.switch_dir) if boat.settings.switch_dir else None
        try:
            wanted = self._wanted()
        except Exception:
            if folder is not None:  # whose time is over goes home also while nobody can ask the rows
                folder.drop_run_out(now)
            raise
        end_run_out(boat.store, now=now)
        tell_switches(boat.store, policy_of(boat.live), now=now)
        # Last: a folder that cannot be written keeps nobody from hearing of the switch.
        if folder is not None and (changed := folder.mend({row.channel: row.until for row in wanted})):
            log.info("switch_files_mended", files=changed)

    def _wanted(self) -> list[Switched]:
        with self._boat.store.reading() as uow:
            return uow.switched.now(self._boat.clock.now())
