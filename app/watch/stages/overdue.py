"""Notes, minute by minute of an incident, how many of its orders have waited for a batch for too long."""

from datetime import datetime, timedelta

from app.store.unit_of_work import Store

TOO_LONG = timedelta(minutes=31)
"""A period and a tick: whoever waits longer has been missed by a batch."""

KEPT_FOR = timedelta(days=15)
"""As far as anybody asks what other lines would have said, and a day more."""


def note_overdue(store: Store, *, now: datetime) -> None:
    """Note it for this minute, once, while a live incident is open."""
    minute = now.replace(second=0, microsecond=0)
    with store.reading() as uow:
        if uow.incidents.open_one(drill=False) is None or uow.health.overdue(minute):
            return
        orders, waiting = uow.health.overdue_orders(since_before=minute - TOO_LONG)
    with store.writing() as uow:
        uow.health.note_overdue(minute, orders, waiting, keep_since=minute - KEPT_FOR)
