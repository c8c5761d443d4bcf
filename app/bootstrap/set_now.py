"""What is set now as people read it, and the ways to change it: what the console and the command line share."""

import hashlib
from asyncio import timeout
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import SecretStr

from app.access.kept_settings import CheckedValue, KeepingRules, WrongValue, change_setting, forget_setting
from app.bootstrap.batches import layouts_of
from app.bootstrap.channels import open_robots, robots_of
from app.bootstrap.kept import keeping_rules
from app.bootstrap.lifeboat import Lifeboat
from app.channels.base import GroupNotice, Mail
from app.channels.kinds import EMAIL
from app.channels.reasons import without_code
from app.domain.actor import Actor
from app.domain.outcome import Delivered, Outcome, Simulated, Unknown
from app.domain.problems import Refusal
from app.domain.times import local_text
from app.settings import Settings
from app.settings.kept import KEPT, told, told_robot

LONGEST_TEST = 20.0
"""Seconds somebody waits for the answer to a test message."""


@dataclass(frozen=True, slots=True)
class TriedExit:
    """A robot or an address that a test message can be sent to."""

    name: str
    told: str


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting that can be changed without a shell, and where its value comes from."""

    name: str
    word: str
    kind: Literal["robots", "people", "one", "lines"]
    hint: str
    told: str
    text: str
    """The value as it is typed; empty for robots, whose addresses are shown to nobody."""
    targets: tuple[TriedExit, ...]
    changed_by: str
    changed_at: datetime | None
    wrong: bool
    """Whether what was kept cannot be used any more, so that what ``.env`` says stands."""


def setting_lines(boat: Lifeboat) -> list[SettingLine]:
    """Return every setting that can be changed without a shell."""
    known = boat.kept.now(at_once=True)
    rows = {row.name: row for row in known.rows}
    lines = []
    for name, one in KEPT.items():
        value, row = getattr(known.settings, name), rows.get(name)
        lines.append(
            SettingLine(
                name,
                one.word,
                one.kind,
                one.hint,
                told(name, value),
                "" if one.kind == "robots" else _typed(value),
                _targets(known.settings, name),
                row.changed_by if row else "",
                row.changed_at if row else None,
                name in known.wrong,
            )
        )
    return lines


def change(boat: Lifeboat, name: str, value: str | Callable[[str | None], str], *, by: Actor) -> CheckedValue:
    """Change a setting; this process follows at once, the others within seconds.

    Raises:
        WrongValue: it cannot be this, or cannot be set here.
    """
    with boat.store.writing() as uow:
        checked = change_setting(uow, name, value, rules=rules_of(boat), by=by, now=boat.clock.now())
    boat.kept.now(at_once=True)
    return checked


def add_robots(boat: Lifeboat, name: str, typed: str, *, by: Actor) -> CheckedValue:
    """Add robots to those there are, wherever they come from.

    Raises:
        WrongValue: one of them is not the address of a robot.
    """
    if not typed.strip(" ,，"):
        raise WrongValue("请填写机器人的 Webhook 地址。")
    return change(boat, name, lambda kept: ",".join(filter(None, (_text_or_first(boat, name, kept), typed))), by=by)


def remove_robot(boat: Lifeboat, name: str, target: str, *, by: Actor) -> CheckedValue:
    """Take one robot out; what waits for it goes to the first one that is left.

    Raises:
        WrongValue: it is not there.
    """
    channel = name.partition("_")[0]

    def without(kept: str | None) -> str:
        there = [one.strip() for one in _text_or_first(boat, name, kept).replace("，", ",").split(",") if one.strip()]
        left = [one for one in there if f"{channel}:{_hashed(one)}" != target]
        if len(left) == len(there):
            raise WrongValue("没有这个机器人，可能刚被移除。")
        return ",".join(left)

    return change(boat, name, without, by=by)


def forget(boat: Lifeboat, name: str, *, by: Actor) -> None:
    """Return a setting to what ``.env`` says.

    Raises:
        NothingKept: it is so already.
    """
    with boat.store.writing() as uow:
        forget_setting(uow, name, rules=rules_of(boat), by=by, now=boat.clock.now())
    boat.kept.now(at_once=True)


def rules_of(boat: Lifeboat) -> KeepingRules:
    """Return how values are judged here."""
    names = lambda: [layout.name for layout in layouts_of(boat.settings)]  # noqa: E731 - read only when asked
    return keeping_rules(boat.keyring.seal, boat.settings, names)


def target_named(boat: Lifeboat, name: str) -> TriedExit:
    """Return what a test message is to be sent to.

    Raises:
        Refusal: it is not set, or not any more.
    """
    settings = boat.kept.now(at_once=True).settings
    for setting in KEPT:
        for target in _targets(settings, setting):
            if target.name == name:
                return target
    raise Refusal("没有这个机器人或邮箱，可能刚被移除。")


async def send_test(boat: Lifeboat, target: TriedExit) -> Outcome:
    """Send one test message now; every failure is an outcome."""
    try:
        async with timeout(LONGEST_TEST):
            return await _send(boat, target)
    except TimeoutError:
        return Unknown("timeout")


def answer_in_words(outcome: Outcome) -> str:
    """Return what became of a test message."""
    match outcome:
        case Delivered():
            return "对方已收下"
        case Simulated():
            return "未接通，只记录、没有发出"
        case Unknown():
            return f"没有得到明确的答复（{without_code(outcome.reason)}）"
        case _:
            return f"没有发出：{without_code(outcome.reason)}"


async def _send(boat: Lifeboat, target: TriedExit) -> Outcome:
    settings = boat.kept.now().settings
    at = local_text(boat.clock.now(), settings.zone)
    text = f"【订单救生艇】测试消息：{at} 从控制台发出，看到即表示这里能收到通知，不用处理。"
    if target.name.startswith(f"{EMAIL.name}:"):
        return await _send_mail(settings, target, text)
    address = robots_of(settings).get(target.name)
    channel = target.name.partition(":")[0]
    if address is None:
        return Simulated()
    alone = settings.model_copy(update={name: () for name in KEPT if name.endswith(("_robots", "_mentions"))})
    (robot,) = open_robots(alone.model_copy(update={f"{channel}_robots": (address,)}), boat.clock).values()
    try:
        return await robot.send(GroupNotice(text))
    finally:
        await robot.aclose()


async def _send_mail(settings: Settings, target: TriedExit, text: str) -> Outcome:
    from app.channels.email import Mailer  # noqa: PLC0415 - a process that shows pages need not hold what sends

    to = next((one for one in settings.alert_emails if f"{EMAIL.name}:{_hashed(one)}" == target.name), None)
    if to is None or not settings.smtp_url.get_secret_value():
        return Simulated()
    mailer = Mailer(settings.smtp_url, settings.smtp_from)
    try:
        return await mailer.send(Mail((to,), "Lifeboat 测试消息", text))
    finally:
        await mailer.aclose()


def _targets(settings: Settings, name: str) -> tuple[TriedExit, ...]:
    if name == "alert_emails":
        return tuple(TriedExit(f"{EMAIL.name}:{_hashed(one)}", _masked(one)) for one in settings.alert_emails)
    if KEPT[name].kind != "robots":
        return ()
    channel = name.partition("_")[0]
    return tuple(
        TriedExit(target, told_robot(address))
        for target, address in robots_of(settings).items()
        if target.startswith(f"{channel}:")
    )


def _text_or_first(boat: Lifeboat, name: str, kept: str | None) -> str:
    """Return the text of a setting: what is kept, or what ``.env`` says."""
    return kept if kept is not None else _typed(getattr(boat.settings, name))


def _typed(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(one.get_secret_value() if isinstance(one, SecretStr) else str(one) for one in value)
    return str(value)


def _hashed(address: str) -> str:
    """Return the name of a robot or an address, as the worker names robots (see ``channels.py``)."""
    return hashlib.sha256(address.partition("#")[0].encode()).hexdigest()[:12]


def _masked(address: str) -> str:
    name, _, host = address.rpartition("@")
    return f"{name[:1]}…@{host}"
