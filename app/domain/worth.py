"""How long a text message is worth sending: a calming notice that comes a day late calms nobody."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.domain.subject import Subject

WORTH: Mapping[str, timedelta] = {
    # A number's daily limit is a rolling day: what it held back at once may still go when the day is over, once.
    Subject.NOTICE: timedelta(hours=26),
    # Waits for the morning, or for codes; three days after the order nobody knows any more what it makes up for.
    Subject.COUPON: timedelta(days=3),
    Subject.CODE: timedelta(minutes=10),
    Subject.DUTY: timedelta(hours=2),
}
"""By subject; what goes to groups and by mail keeps its worth for whoever has to catch up."""


def worth_until(subject: str, *, created_at: datetime, due_at: datetime) -> datetime | None:
    """Return when a message is worth nothing any more; None if never.

    No schedule of ours makes a message due after that moment, so one that is due then was asked for by a person.
    """
    worth = WORTH.get(subject)
    if worth is None or due_at > created_at + worth:
        return None
    return created_at + worth
