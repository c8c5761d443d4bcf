"""What a proxy says of an order that it passes on to us: whether it may have reached the main system before.

A comparison may say so, too: the main system's own list has an order that looks much like it.

The fields, and what nginx, HAProxy, Envoy and Caddy put into them: docs/switching.md.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

SENT, REASON, ATTEMPTS = b"x-lifeboat-sent", b"x-lifeboat-reason", b"x-envoy-attempt-count"
FIELDS = frozenset({SENT, REASON, ATTEMPTS})
"""Header fields, in small letters."""

LONGEST_REASON = 300

HEARD = "handed_over"
"""The heartbeat that says when an order last came by a proxy that says anything of it."""


class SentBefore(StrEnum):
    """Whether any byte of an order went to the main system before it came to us."""

    NO = "0"
    YES = "1"
    UNKNOWN = "unknown"
    LISTED = "listed"
    """Nobody says that it was sent; the main system's own list has one much like it."""


class MainMayHave(StrEnum):
    """What is known of the main system's having an order that may have reached it; it goes back to ``MAYBE`` alone."""

    MAYBE = "maybe"
    YES = "yes"
    SETTLED_NO = "settled_no"


class PassedOn(NamedTuple):
    """An order came by a proxy that says so: whether it was sent before, and why the proxy passed it on."""

    sent: SentBefore
    reason: str = ""

    @property
    def main_may_have(self) -> bool:
        """Whether the main system may have it."""
        return self.sent is not SentBefore.NO


def passed_on(fields: Mapping[bytes, bytes], *, unsaid: SentBefore | None = None) -> PassedOn | None:
    """Return what the head of a request says, None where it says nothing; ``unsaid`` is meant where it does not say.

    Whatever is no clear "0" may have been sent: an order too many for a person to look at is better than one doubled.
    A field that was added twice is a list; one "0" in it does not hide what else is said.
    """
    said, why = _values(fields.get(SENT, b"")), fields.get(REASON, b"")
    if b"1" in said:
        sent = SentBefore.YES
    elif _tried_again(fields.get(ATTEMPTS, b"1")) or (said - {b"0"} or (why and not said)):
        sent = SentBefore.UNKNOWN
    elif said:
        sent = SentBefore.NO
    elif unsaid is not None:
        sent = unsaid
    else:
        return None
    return PassedOn(sent, _legible(why))


def graver(one: PassedOn, other: PassedOn) -> PassedOn:
    """Return the one of two reports of the same order that says more of the main system's having it; else the first."""
    gravity = (SentBefore.NO, SentBefore.LISTED, SentBefore.UNKNOWN, SentBefore.YES)
    return other if gravity.index(other.sent) > gravity.index(one.sent) else one


def sentence_of(said: PassedOn, *, inside: bool = False) -> str:
    """Return why such an order is held, for people; the proxy's reason, which names our addresses, for those inside."""
    if said.sent is SentBefore.LISTED:
        seen = "主系统清单里有很像的一单"
    else:
        seen = "代理转来前已发给主系统" if said.sent is SentBefore.YES else "代理转来前可能已发给主系统"
    return f"{seen}，主系统可能已有此单" + (f"（{said.reason}）" if inside and said.reason else "")


def _tried_again(attempts: bytes) -> bool:
    """Tell whether Envoy counts more than one attempt; the first may have been the main system's."""
    return _values(attempts) != {b"1"}


def _values(field: bytes) -> set[bytes]:
    """Return the members of a field that may be a list; of an empty one none."""
    return {member.strip() for member in field.split(b",")} - {b""}


def _legible(reason: bytes) -> str:
    return "".join(c for c in reason.decode("latin-1") if c.isprintable()).strip()[:LONGEST_REASON]
