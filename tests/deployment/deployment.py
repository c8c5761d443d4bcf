"""One Lifeboat for a test, made of parts, each of which is made when it is first asked for."""

from functools import cached_property
from pathlib import Path

from app.bootstrap import Lifeboat, open_lifeboat
from app.settings import Settings
from app.store.database.engine import Engines
from app.store.tables import METADATA
from app.store.unit_of_work import Store
from app.telemetry.metrics import Metrics
from app.web.application import WebApp
from tests.deployment.console import Console
from tests.deployment.door import Door
from tests.deployment.facts import KEYS, TEN, settings_in
from tests.deployment.maker import Maker
from tests.deployment.notices import Notices
from tests.deployment.rows import Rows
from tests.deployment.template import copy_migrated
from tests.fakes.clock import ClockAt


class Deployment:
    """What stands in ``folder``: on ``engines`` if they are given, else on a migrated SQLite file of its own."""

    def __init__(
        self, folder: Path, *, engines: Engines | None = None, clock: ClockAt | None = None, **chosen: object
    ) -> None:
        self.folder = folder
        self.clock = clock or ClockAt(TEN)
        self._given = engines
        self._chosen = chosen
        self._opened: list[Lifeboat] = []

    @cached_property
    def settings(self) -> Settings:
        return settings_in(self.folder, **self._chosen)

    def opened(self, **chosen: object) -> Lifeboat:
        """Open what one process has, with these settings; nothing has been asked of the database yet."""
        settings = settings_in(self.folder, **{**self._chosen, **chosen})
        copy_migrated(settings.data_dir / "lifeboat.db")
        self._opened.append(open_lifeboat(settings, clock=self.clock))
        return self._opened[-1]

    @cached_property
    def boat(self) -> Lifeboat:
        """What one process has, its database prepared."""
        if self._given is not None:
            return Lifeboat(self.settings, self.clock, self._given, self.store, KEYS, Metrics())
        boat = self.opened()
        boat.prepare_store()
        return boat

    @property
    def engines(self) -> Engines:
        return self._given or self.boat.engines

    @cached_property
    def store(self) -> Store:
        return self.boat.store if self._given is None else Store(self._given)

    @cached_property
    def rows(self) -> Rows:
        return Rows(self.store)

    @cached_property
    def door(self) -> Door:
        return Door(self.store, self.clock)

    @cached_property
    def maker(self) -> Maker:
        return Maker(self.store, self.settings.export_dir, self.clock)

    @cached_property
    def notices(self) -> Notices:
        return Notices(self.door, self.rows)

    @cached_property
    def web(self) -> WebApp:
        """The application of a web process that nobody has started."""
        return WebApp(self.boat)

    @cached_property
    def console(self) -> Console:
        return Console(self.boat, self.web)

    def emptied(self, folder: Path) -> "Deployment":
        """Forget everything and stand in another folder: far faster than another SQLite file with its empty statement cache."""
        with self.engines.writer.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())
        return Deployment(folder, engines=self.engines)

    def close(self) -> None:
        """Let go of every database that was opened here."""
        for boat in self._opened:
            boat.close()
