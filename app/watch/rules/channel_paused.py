"""Channel paused: a destination takes nothing, for a fault or a limit that lasts, and its messages wait."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.channels.kinds import COUPONS, SMS, label_of
from app.channels.reasons import in_words
from app.store.tables import Pause
from app.watch.rule import Rule, Situation, Trouble

LONG = timedelta(minutes=3)
"""A limit of a minute or two belongs to the day's work of a busy robot, and is over before anybody has looked."""

AGAIN_WITHIN = timedelta(minutes=1)
"""After a limit the next message is tried within seconds; where that is refused, the trouble has not ended between."""


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        for pause in uow.pauses.of_channels():
            if pause.fault or _lasts(pause, situation.now):
                channel, _, target = pause.name.partition(":")
                which = {"target": target} if channel != SMS.name else {"subject": target or None}
                waiting = uow.messages.held_back_count(channel, now=situation.now, **which)
                yield Trouble("channel_paused", _sentence(pause, waiting, situation), subject=pause.name)


def _lasts(pause: Pause, now: datetime) -> bool:
    return pause.until - pause.since > LONG and now < pause.until + AGAIN_WITHIN


def _sentence(pause: Pause, waiting: int, situation: Situation) -> str:
    zone = situation.policy.zone
    label = label_of(COUPONS if pause.name == COUPONS else pause.name.partition(":")[0])
    since = pause.since.astimezone(zone).strftime("%m-%d %H:%M")
    if pause.fault:
        after = "消息已保留，请检查配置；恢复后自动发出"
    else:
        after = f"消息已保留，预计 {pause.until.astimezone(zone):%m-%d %H:%M} 恢复"
    kept = f"，{waiting} 条消息在等" if waiting else ""
    return f"通知渠道 {label} 发不出去：{in_words(pause.reason)}，{since} 起{kept}。{after}。"


CHANNEL_PAUSED = Rule(name="channel_paused", level="orange", find=_find)
