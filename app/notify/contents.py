"""What messages are made from: one frozen class a subject, versioned, kept as JSON without personal data.

A message may be written by one version of the program and sent by another. Each class can read what every earlier
version wrote; what it cannot read goes to the dead letters with a sentence, and never holds up another message.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from app.domain.contact import ContactWay
from app.domain.order import Priority
from app.domain.subject import Subject

VERSION = 1
"""Rows of the first release carry no version and have the shape of this one."""


class UnreadableContent(ValueError):
    """A message's content cannot be read; the Chinese sentence says why, and holds nothing of the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderContent:
    """A new order as a group hears of it; ``total`` in fen, ``at`` on the merchant's wall clock."""

    number: str
    client_order_id: str = ""
    priority: Priority
    total: int | None
    pieces: int
    goods: str
    phone: str
    client: str
    at: str
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HighDigestContent:
    """High-priority orders in one message; every one is named."""

    high: tuple[OrderContent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestContent:
    """Many orders in one message: sums, and the lines of the first of them."""

    count: int
    total: int
    unpriced: int
    first_at: str
    last_at: str
    lines: tuple[str, ...]
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchContent:
    """A published batch."""

    batch: str
    kind: Literal["regular", "repair"]
    orders: int
    rows: int
    total: int
    high: int
    held: int
    sha256: str | None
    url: str
    unpaid: int = 0
    cod: int = 0
    unknown_payment: int = 0
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertContent:
    """An alert; ``ended`` says that the trouble it was about is over, ``taken_by`` who has taken it on.

    ``level`` and ``at`` (hour and minute on the merchant's wall clock) are for a person, who is sent a code beside them
    that he types at ``claim_at``; the code is made when the message is sent and stands nowhere. ``more`` is the number
    of alerts that one message speaks for where a person's share of messages is used up.
    """

    sentence: str
    ended: bool = False
    taken_by: str = ""
    level: str = ""
    at: str = ""
    claim_at: str = ""
    shop: str = ""
    more: int = 0
    drill: bool = False


LineState = Literal["new", "going_on", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """An alert among others: whether it is new to the reader, goes on or has ended; ``lasted`` in minutes."""

    alert_id: int
    sentence: str
    state: LineState
    at: str = ""
    lasted: int = 0
    taken_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGroupContent:
    """Alerts of one owner in one message: how many there are of each state, and the first of them as ``lines``."""

    reason: Literal["first", "new_member", "some_resolved", "all_resolved", "repeat", "summary"]
    level: str
    new: int = 0
    going_on: int = 0
    ended: int = 0
    lines: tuple[AlertLine, ...]
    claim_at: str = ""
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerContent:
    """A text message to a customer; its phone is read from the sealed order when it is sent, and kept nowhere else."""

    number: str
    shop: str
    template: Literal["notice", "coupon", "combined"]
    coupon: str = ""
    worth: str = ""
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeContent:
    """A code for a person of ours; it is made when it is sent, from what stands here and the address."""

    way: ContactWay
    nonce: str
    minutes: int
    shop: str
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyContent:
    """A hand-over for one person: ``at`` on the merchant's wall clock, ``alerts`` the first of the ``open_alerts``.

    ``other`` is who goes, for whoever comes, and who comes, for whoever goes; empty for nobody. ``stands_in`` says that
    the fallback person comes because nobody is on duty; ``ahead``, that it is still to come; ``person`` is named where
    a group is told in his place.
    """

    comes: bool
    ahead: bool
    place: int
    at: str
    other: str
    stands_in: bool = False
    open_alerts: int
    alerts: tuple[str, ...]
    person: str = ""
    drill: bool = False


Digest = DigestContent | HighDigestContent
GroupContent = OrderContent | Digest | BatchContent | AlertContent | AlertGroupContent | DutyContent
Content = GroupContent | CustomerContent | CodeContent

_READERS: dict[str, TypeAdapter[Any]] = {
    Subject.ORDER: TypeAdapter(OrderContent),
    Subject.DIGEST: TypeAdapter(DigestContent | HighDigestContent),
    Subject.BATCH: TypeAdapter(BatchContent),
    Subject.ALERT: TypeAdapter(AlertContent),
    Subject.NOTICE: TypeAdapter(CustomerContent),
    Subject.COUPON: TypeAdapter(CustomerContent),
    Subject.CODE: TypeAdapter(CodeContent),
    Subject.DUTY: TypeAdapter(DutyContent),
}


_ALERTS: TypeAdapter[Any] = TypeAdapter(AlertGroupContent)
"""Of a message of several alerts, which is told by its lines."""


def as_row(content: Content) -> dict[str, Any]:
    """Return a content as it is kept in a message's row."""
    return {"v": VERSION, **asdict(content)}


def read_content(subject: str, row: object) -> Content:
    """Return what a row holds.

    Raises:
        UnreadableContent: the subject is not known here, a newer program wrote it, or something is missing.
    """
    of_several = subject == Subject.ALERT and isinstance(row, dict) and "lines" in row
    reader = _ALERTS if of_several else _READERS.get(subject)
    if reader is None:
        raise UnreadableContent(f"不认识的消息类型 {subject!r}")
    if not isinstance(row, dict):
        raise UnreadableContent("消息内容不是一个 JSON 对象")
    fields = dict(row)
    version = fields.pop("v", VERSION)
    if version != VERSION:
        raise UnreadableContent(f"消息内容是版本 {version}，本程序只读版本 {VERSION}")
    try:
        content: Content = reader.validate_python(fields)
    except ValidationError as error:
        where = "、".join(sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()}))
        raise UnreadableContent(f"消息内容缺少或写错了字段：{where}"[:200]) from None
    return content
