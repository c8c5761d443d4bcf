"""What a message is about. Together with its channel it decides what the message holds and how it reads."""

from enum import StrEnum


class Subject(StrEnum):
    """The subjects of messages."""

    ORDER = "order"
    """A new order, told to a group."""
    DIGEST = "digest"
    """Several new orders in one group message."""
    BATCH = "batch"
    """A published batch, told to a group."""
    ALERT = "alert"
    """Something somebody should know of, told to groups and by e-mail."""
    NOTICE = "notice"
    """The calming text message to a customer."""
    COUPON = "coupon"
    """The text message that brings a customer a coupon."""
    CODE = "code"
    """The code by which a person of ours shows that a phone or an e-mail address is his."""
    DUTY = "duty"
    """A hand-over, told to whoever comes on duty or goes off it."""


def kind_of(subject: str, channel: str) -> str:
    """Return the public name of a kind of message: ``order_wecom``, ``order_sms``, ``alert_email``."""
    return f"{Subject.ORDER if subject == Subject.NOTICE else subject}_{channel}"
