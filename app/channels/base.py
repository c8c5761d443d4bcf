"""What every way out has in common: the messages it takes and the promise never to raise for a provider's failure."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from app.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class GroupNotice:
    """One message to a group.

    ``content`` is plain text when there is somebody to mention (mentions by phone exist only there), else markdown.
    ``mentions`` holds what its kind of robot calls people by (user ids, phones, open ids), or ``@all``. ``bare`` is the
    message without what strangers wrote, for a provider that refuses such words; empty if there are none.
    ``reference`` names the message, the same at each attempt, for a provider that tells a repeat by it. ``again`` is
    told how the first call ended before a second one is made for the same message: both count in the robot's pace.
    """

    content: str
    mentions: tuple[str, ...] = ()
    bare: str = ""
    reference: str = ""
    again: Callable[[Outcome], Awaitable[None]] | None = field(default=None, compare=False, repr=False)


SmsTemplate = Literal["notice", "coupon", "combined", "code", "duty", "alert"]


@dataclass(frozen=True, slots=True)
class Sms:
    """One text message to one person: a customer, or somebody of ours.

    ``reference`` is our own id for it (sent along as OutId or SessionContext), ``phone`` eleven digits, ``values`` the
    facts a template may use (``order_number``, ``order_tail``, ``coupon``, …), ``text`` what a reader would see.
    """

    reference: str
    phone: str = field(repr=False)  # a repr ends up in tracebacks
    template: SmsTemplate
    text: str = field(repr=False)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail."""

    to: tuple[str, ...]
    subject: str
    text: str


class GroupChannel(Protocol):
    """A chat group."""

    async def send(self, message: GroupNotice) -> Outcome:
        """Deliver ``message``; every failure is an outcome, never an exception."""
        ...

    async def aclose(self) -> None:
        """Let go of the connections."""
        ...


class SmsChannel(Protocol):
    """A provider of text messages."""

    async def send(self, message: Sms) -> Outcome:
        """Deliver ``message``; every failure is an outcome, never an exception."""
        ...

    async def settle(self, message: Sms, sent_at: datetime) -> Outcome:
        """Ask the provider what became of a send at ``sent_at`` that had an unknown outcome.

        Delivered if the provider knows it, Unreachable if the provider surely never took it (so that it may be sent
        again), Unknown while that cannot be told.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the connections."""
        ...


class MailChannel(Protocol):
    """A mail server."""

    async def send(self, message: Mail) -> Outcome:
        """Deliver ``message``; every failure is an outcome, never an exception."""
        ...

    async def aclose(self) -> None:
        """Let go of the connections."""
        ...
