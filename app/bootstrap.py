"""The composition root: the only place that chooses which concrete thing stands behind each name."""

import hashlib
import importlib
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from app.batch.maker import BatchMaker
from app.batch.policy import BatchPolicy
from app.channels.base import GroupChannel, MailChannel, SmsChannel, SmsTemplate
from app.channels.group.dry_run import DryRunGroup
from app.channels.kinds import KINDS
from app.channels.sms.dry_run import DryRunSms
from app.channels.sms.request import ProviderTemplate
from app.domain.clock import Clock, SystemClock
from app.files.export_folder import Exports
from app.notify.policy import DRY, Destination, MessagePolicy
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

    @property
    def holder(self) -> str:
        """The name of this process in leases."""
        return f"{socket.gethostname()}:{os.getpid()}"

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


@dataclass(frozen=True, slots=True)
class Channels:
    """Every channel of a deployment; without credentials they record and send nothing."""

    robots: Mapping[Destination, GroupChannel]
    sms: SmsChannel
    dry_sms: SmsChannel
    mail: MailChannel | None

    async def aclose(self) -> None:
        """Let go of the connections."""
        for channel in (*self.robots.values(), self.sms, self.mail):
            if channel is not None:
                await channel.aclose()


def policy_of(settings: Settings) -> MessagePolicy:
    """Return how messages are composed and sent."""
    return MessagePolicy(
        zone=settings.zone,
        groups=tuple(destination for destination, _ in _groups(settings)) or (DRY,),
        coupon=settings.sms_coupon,
        coupon_template=settings.sms_provider == "dry_run" or bool(settings.sms_coupon_template),
        sms_per_day=settings.sms_per_day,
        sms_per_client_per_day=settings.sms_per_client_per_day,
        shop=settings.shop_name,
        public_url=settings.public_base,
        alert_emails=settings.alert_emails,
    )


def open_channels(settings: Settings, clock: Clock) -> Channels:
    """Open the channels; a provider's SDK is imported only where it was chosen.

    Raises:
        MissingExtra: the chosen provider's SDK is not installed.
        WrongMailServer: the mail server's address cannot be read.
    """
    # Here and not above: the web process sends nothing and need not hold what sends.
    from app.channels.email import Mailer  # noqa: PLC0415

    robots: dict[Destination, GroupChannel] = {
        destination: importlib.import_module(KINDS[destination.channel].module).open_robot(address, clock)
        for destination, address in _groups(settings)
    }
    mail = Mailer(settings.smtp_url, settings.smtp_from) if settings.smtp_url.get_secret_value() else None
    return Channels(robots or {DRY: DryRunGroup()}, _sms_channel(settings, clock), DryRunSms(), mail)


def exports_of(settings: Settings) -> Exports:
    """Return the folder of batch files."""
    return Exports(settings.export_dir)


def batch_maker(boat: Lifeboat) -> BatchMaker:
    """Return what cuts batches.

    Raises:
        UnknownColumns: the settings name a file layout that does not exist.
    """
    settings = boat.settings
    rules = BatchPolicy(
        zone=settings.zone,
        every=settings.batch_every,
        look_alike_window=timedelta(minutes=settings.lookalike_window_minutes),
        columns=settings.batch_columns,
        xlsx=settings.batch_xlsx,
    )
    return BatchMaker(boat.store, boat.keyring, exports_of(settings), rules=rules)


def _sms_channel(settings: Settings, clock: Clock) -> SmsChannel:
    if settings.sms_provider == "dry_run":
        return DryRunSms()
    templates: dict[SmsTemplate, ProviderTemplate] = {}
    chosen: tuple[tuple[SmsTemplate, str, str], ...] = (
        ("notice", settings.sms_notice_template, settings.sms_notice_variables),
        ("coupon", settings.sms_coupon_template, settings.sms_coupon_variables),
        ("combined", settings.sms_combined_template, settings.sms_combined_variables),
    )
    for kind, template, variables in chosen:
        if template:
            pairs = (part.partition("=") for part in variables.split(",") if part.strip())
            templates[kind] = ProviderTemplate(
                template, tuple((name.strip(), value.strip()) for name, _, value in pairs)
            )
    protocol, _, endpoint = settings.sms_endpoint.rpartition("://")
    where = {"endpoint": endpoint, "protocol": protocol or "https"} if endpoint else {}
    if settings.sms_provider == "aliyun":
        aliyun = importlib.import_module("app.channels.sms.aliyun")
        account = aliyun.AliyunAccount(
            settings.sms_access_key_id, settings.sms_access_key_secret, settings.sms_sign_name, **where
        )
        return aliyun.AliyunSms(account, templates, clock=clock)  # type: ignore[no-any-return]
    tencent = importlib.import_module("app.channels.sms.tencent")
    account = tencent.TencentAccount(
        settings.sms_access_key_id,
        settings.sms_access_key_secret,
        settings.sms_sdk_app_id,
        settings.sms_sign_name,
        region=settings.sms_region,
        **where,
    )
    return tencent.TencentSms(account, templates, clock=clock)  # type: ignore[no-any-return]


def _groups(settings: Settings) -> list[tuple[Destination, SecretStr]]:
    """Return every group there is a robot for, with the robot's address."""
    return [
        (Destination(channel, _robot_name(address), robots.mentions), address)
        for channel, robots in settings.robots.items()
        for address in robots.addresses
    ]


def _robot_name(webhook: SecretStr) -> str:
    """Return the name of a robot, which stays when only its signing secret (behind ``#``) is replaced."""
    address, _, _ = webhook.get_secret_value().partition("#")
    return hashlib.sha256(address.encode()).hexdigest()[:12]


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
            settings.secret_key.get_secret_value() or _own_secret(settings.data_dir, "secret_key"),
            settings.seal_key.get_secret_value() or _own_secret(settings.data_dir, "seal_key"),
        ),
        metrics=Metrics(),
    )


def _own_secret(data_dir: Path, name: str) -> str:
    """Return a secret of the data folder, made at the first start: whole and durable before anybody reads it."""
    folder = data_dir / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where another process was first; then theirs counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        folder_descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(folder_descriptor)
        os.close(folder_descriptor)
    return path.read_text(encoding="ascii").strip()
