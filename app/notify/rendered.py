"""What a message says, as it went or would go, for whoever looks at it afterwards."""

from dataclasses import dataclass, replace

from app.channels.kinds import KINDS, SMS
from app.notify.contents import CodeContent, Content, CustomerContent, UnreadableContent, read_content
from app.notify.texts import code_text, customer_text, group_text
from app.store.tables import Message

NOT_DRAWN = "（发送时抽取）"
"""Stands for the code of a text message that has none yet."""

_UNLIMITED = 100_000


@dataclass(frozen=True, slots=True)
class Wording:
    """A message's text; ``trouble`` is a Chinese sentence where it cannot be read, and the text is empty then."""

    text: str
    trouble: str = ""


def rendered(message: Message, *, codes: bool) -> Wording:
    """Return the text of a message; without ``codes`` a coupon's code is masked, which is worth money."""
    try:
        content = read_content(message.subject, message.content)
    except UnreadableContent as error:
        return Wording("", str(error))
    return Wording(text_of(content, message.channel, codes=codes))


def text_of(content: Content, channel: str, *, codes: bool = True) -> str:
    """Return the text of a content on a channel, cut where the channel cuts it."""
    if isinstance(content, CustomerContent):
        code = content.coupon if codes else masked_code(content.coupon)
        return customer_text(replace(content, coupon=code or NOT_DRAWN))
    if isinstance(content, CodeContent):
        return code_text(content, "******")
    kind = KINDS.get(channel, SMS)
    return group_text(content, limit=kind.text_bytes or _UNLIMITED)


def masked_code(code: str) -> str:
    """Return a coupon's code of which its last four characters are left at most, and half of a short one."""
    shown = min(4, len(code) // 2)
    return "*" * (len(code) - shown) + code[len(code) - shown :]
