"""Channel paused: a destination takes nothing, for a fault, a limit that lasts or a person's order; messages wait."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.channels.kinds import COUPONS, SMS, label_of
from app.channels.reasons import in_words
from app.store.repositories.pauses import PERSON
from app.store.tables import Pause
from app.store.unit_of_work import UnitOfWork
from app.watch.rule import Rule, Situation, Trouble

LONG = timedelta(minutes=3)
"""A limit of a minute or two belongs to the day's work of a busy robot, and is over before anybody has looked."""

AGAIN_WITHIN = timedelta(minutes=1)
"""After a limit the next message is tried within seconds; where that is refused, the trouble has not ended between."""


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        for pause in uow.pauses.of_channels():
            if pause.fault or _lasts(pause, situation.now):
                sentence = _sentence(pause, _waiting(uow, pause.name, situation.now), situation)
                yield Trouble("channel_paused", sentence, subject=pause.name)
        for pause in uow.pauses.of_people(now=situation.now):
            waiting = _waiting(uow, pause.name.removeprefix(PERSON), situation.now)
            yield Trouble("channel_paused", _order(pause, waiting, situation), subject=pause.name)


def _waiting(uow: UnitOfWork, name: str, now: datetime) -> int:
    channel, _, target = name.partition(":")
    which = {"target": target} if channel != SMS.name else {"subject": target or None}
    return uow.messages.held_back_count(channel, now=now, **which)


def _lasts(pause: Pause, now: datetime) -> bool:
    return pause.until - pause.since > LONG and now < pause.until + AGAIN_WITHIN


def _label(name: str) -> str:
    return label_of(COUPONS if name == COUPONS else name.partition(":")[0])


def _order(pause: Pause, waiting: int, situation: Situation) -> str:
    zone, label = situation.policy.zone, _label(pause.name.removeprefix(PERSON))
    kept = f"，{waiting} 条消息在等" if waiting else ""
    until = f"{pause.until.astimezone(zone):%m-%d %H:%M}"
    return f"通知渠道 {label} 由 {pause.by} 暂停：{pause.reason}{kept}。{until} 自动恢复，也可随时人工恢复。"


def _sentence(pause: Pause, waiting: int, situation: Situation) -> str:
    zone, label = situation.policy.zone, _label(pause.name)
    since = pause.since.astimezone(zone).strftime("%m-%d %H:%M")
    if pause.fault:
        after = "消息已保留，请检查配置；恢复后自动发出"
    else:
        after = f"消息已保留，预计 {pause.until.astimezone(zone):%m-%d %H:%M} 恢复"
    kept = f"，{waiting} 条消息在等" if waiting else ""
    return f"通知渠道 {label} 发不出去：{in_words(pause.reason)}，{since} 起{kept}。{after}。"


CHANNEL_PAUSED = Rule(name="channel_paused", level="orange", find=_find)
