"""Opens what every process has: settings, clock, database, keys, figures."""

import os
import socket
from dataclasses import dataclass, field

from app.bootstrap.data_folder import machine_of_folder, secret_of_folder
from app.bootstrap.kept import KeptSettings
from app.domain.clock import Clock, SystemClock
from app.settings import Settings
from app.store.commit.order_writer import OrderWriter
from app.store.database.engine import Engines, open_engines, settle_log
from app.store.database.migrate import migrate
from app.store.sealing import Keyring
from app.store.unit_of_work import Store
from app.telemetry.metrics import Metrics


class ForeignSecrets(Exception):
    """The secrets at hand are not those the database's rows were made with."""


@dataclass(frozen=True, slots=True)
class Lifeboat:
    """One process's parts, ready to use; nothing has been asked of the database yet."""

    settings: Settings
    clock: Clock
    engines: Engines
    store: Store
    keyring: Keyring
    metrics: Metrics
    kept: KeptSettings = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Follow what is set without a shell; ``settings`` stays what the process was started with."""
        object.__setattr__(self, "kept", KeptSettings(self.store, self.keyring.seal, self.settings))

    @property
    def live(self) -> Settings:
        """What is set now: ``settings``, with what was changed without a shell in it. It may look at the database."""
        return self.kept.now().settings

    @property
    def holder(self) -> str:
        """The name of this process in leases."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @property
    def machine(self) -> str:
        """The name of this machine in alerts."""
        return machine_of_folder(self.settings.data_dir)

    def writer(self) -> OrderWriter:
        """Return what inserts orders."""
        return OrderWriter(self.engines, zone=self.settings.zone)

    def prepare_store(self) -> None:
        """Bring the database to the newest shape and make sure the secrets belong to it.

        Raises:
            ForeignSecrets: other secrets would give other order numbers, and could not unseal what is there.
        """
        migrate(self.engines)
        settle_log(self.engines)  # only now: who comes first makes the file, and must be alone with it
        with self.store.writing() as uow:
            for name, mark in self.keyring.names:
                known = uow.access.fact(name)
                if known is None:
                    uow.access.keep_fact(name, mark)
                elif known != mark:
                    raise ForeignSecrets(
                        f"LIFEBOAT_{name.upper()} 与数据库不符：数据库中的订单由另一把密钥生成。"
                        "请找回原密钥（数据目录 secrets/ 或其备份）。"
                    )

    def close(self) -> None:
        """Let go of the database."""
        self.engines.dispose()


def open_lifeboat(settings: Settings, *, clock: Clock | None = None) -> Lifeboat:
    """Put the parts together for ``settings``."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engines = open_engines(settings.url_of_store)
    return Lifeboat(
        settings=settings,
        clock=clock or SystemClock(),
        engines=engines,
        store=Store(engines),
        keyring=Keyring.from_secrets(
            settings.secret_key.get_secret_value() or secret_of_folder(settings.data_dir, "secret_key"),
            settings.seal_key.get_secret_value() or secret_of_folder(settings.data_dir, "seal_key"),
        ),
        metrics=Metrics(),
    )
