"""Dead letters: messages were given up, and somebody has not heard what they were owed."""

from collections.abc import Iterator
from datetime import timedelta

from app.channels.kinds import label_of
from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        dead = uow.dead_letters.by_channel()
    for channel, count in sorted(dead.items()):
        text = f"有 {count} 条消息发送失败（{label_of(channel)}），请在控制台“消息”里查看原因并重发。"
        yield Trouble("dead_letters", text, subject=channel)


DEAD_LETTERS = Rule(name="dead_letters", level="yellow", find=_find, again=timedelta(hours=1))
