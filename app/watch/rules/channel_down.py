"""Channel down: a destination refuses for a reason of its own, so its messages wait until a person mends it."""

from collections.abc import Iterator

from app.channels.kinds import label_of
from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        faults = uow.pauses.faults()
    for fault in faults:
        label = label_of(fault.name.partition(":")[0])
        text = f"通知渠道 {label} 不可用（{fault.reason}），消息已保留，请检查配置。"
        yield Trouble("channel_down", text, subject=fault.name)


CHANNEL_DOWN = Rule(name="channel_down", level="orange", find=_find)
