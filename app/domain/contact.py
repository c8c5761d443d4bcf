"""By which ways a person of ours is reached, and how little of an address we show."""

from enum import StrEnum

DIGITS = 6
"""Of a code: short enough to be typed from a telephone; five tries at one find it once in two hundred thousand."""


class ContactWay(StrEnum):
    """A way to a person."""

    PHONE = "phone"
    EMAIL = "email"


def masked_email(address: str) -> str:
    """Return an e-mail address as people may see it: ``m***@example.com``."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}"
