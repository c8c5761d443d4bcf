"""Opens the channels that the settings name, and says how messages are composed for them."""

import hashlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from app.channels.base import GroupChannel, MailChannel, SmsChannel, SmsTemplate
from app.channels.group.dry_run import DryRunGroup
from app.channels.kinds import KINDS, WECOM
from app.channels.sms.dry_run import DryRunSms
from app.channels.sms.request import ProviderTemplate
from app.domain.clock import Clock
from app.domain.contact import ContactWay
from app.notify.policy import DRY, Destination, MessagePolicy
from app.settings import Settings


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
        groups=_destinations(settings),
        coupon=settings.sms_coupon,
        coupon_template=settings.sms_provider == "dry_run" or bool(settings.sms_coupon_template),
        sms_sent=settings.sms_provider != "dry_run",
        duty_texts=settings.sms_provider == "dry_run" or bool(settings.sms_duty_template),
        alert_texts=settings.sms_provider == "dry_run" or bool(settings.sms_alert_template),
        codes_by=codes_by(settings),
        mail_sent=bool(settings.smtp_url.get_secret_value() and settings.alert_emails),
        sms_per_day=settings.sms_per_day,
        sms_per_client_per_day=settings.sms_per_client_per_day,
        coupons_per_client_per_hour=settings.coupons_per_client_per_hour,
        shop=settings.shop_name,
        public_url=settings.public_base,
        alert_emails=settings.alert_emails,
        summary_at=settings.alert_summary_at,
        escalations=settings.escalations,
    )


def codes_by(settings: Settings) -> frozenset[ContactWay]:
    """Return the ways by which codes really reach people; what only records messages brings none."""
    text = settings.sms_provider != "dry_run" and bool(settings.sms_code_template)
    mail = bool(settings.smtp_url.get_secret_value())
    return frozenset(way for way, is_open in ((ContactWay.PHONE, text), (ContactWay.EMAIL, mail)) if is_open)


def open_channels(settings: Settings, clock: Clock) -> Channels:
    """Open the channels; a provider's SDK is imported only where it was chosen.

    Raises:
        MissingExtra: the chosen provider's SDK is not installed.
        WrongMailServer: the mail server's address cannot be read.
    """
    # Here and not above: the web process sends nothing and need not hold what sends.
    from app.channels.email import Mailer  # noqa: PLC0415

    mail = Mailer(settings.smtp_url, settings.smtp_from) if settings.smtp_url.get_secret_value() else None
    return Channels(open_robots(settings, clock), _sms_channel(settings, clock), DryRunSms(), mail)


def open_robots(settings: Settings, clock: Clock) -> Mapping[Destination, GroupChannel]:
    """Open the groups' channels; without a robot there is one that records and sends nothing."""
    robots: dict[Destination, GroupChannel] = {
        destination: importlib.import_module(KINDS[destination.channel].module).open_robot(address, clock)
        for destination, address in _groups(settings)
    }
    return {destination: robots.get(destination) or DryRunGroup() for destination in _destinations(settings)}


def robots_of(settings: Settings) -> Mapping[str, SecretStr]:
    """Return the address of each robot by its name, ``channel:target``."""
    return {f"{destination.channel}:{destination.target}": address for destination, address in _groups(settings)}


def _sms_channel(settings: Settings, clock: Clock) -> SmsChannel:
    if settings.sms_provider == "dry_run":
        return DryRunSms()
    templates: dict[SmsTemplate, ProviderTemplate] = {}
    chosen: tuple[tuple[SmsTemplate, str, str], ...] = (
        ("notice", settings.sms_notice_template, settings.sms_notice_variables),
        ("coupon", settings.sms_coupon_template, settings.sms_coupon_variables),
        ("combined", settings.sms_combined_template, settings.sms_combined_variables),
        ("code", settings.sms_code_template, settings.sms_code_variables),
        ("duty", settings.sms_duty_template, settings.sms_duty_variables),
        ("alert", settings.sms_alert_template, settings.sms_alert_variables),
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


def _destinations(settings: Settings) -> tuple[Destination, ...]:
    """Return where group messages go; where no everyday group has a robot, they are recorded."""
    groups = tuple(destination for destination, _ in _groups(settings))
    return groups if any(not group.emergency for group in groups) else (DRY, *groups)


def _groups(settings: Settings) -> list[tuple[Destination, SecretStr]]:
    """Return every group there is a robot for, with the robot's address; one that is everyday's is no emergency's."""
    everyday = [
        (Destination(channel, _robot_name(address), robots.mentions), address)
        for channel, robots in settings.robots.items()
        for address in robots.addresses
    ]
    known = {destination.target for destination, _ in everyday}
    emergency = [
        (Destination(WECOM.name, name, settings.wecom_mentions, emergency=True), address)
        for address in settings.emergency_robots
        if (name := _robot_name(address)) not in known
    ]
    return [*everyday, *emergency]


def _robot_name(webhook: SecretStr) -> str:
    """Return the name of a robot, which stays when only its signing secret (behind ``#``) is replaced."""
    address, _, _ = webhook.get_secret_value().partition("#")
    return hashlib.sha256(address.encode()).hexdigest()[:12]
