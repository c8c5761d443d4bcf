"""Tells what is told of alerts after their first word: steps of an escalation, owners' e-mails, the day's summary."""

from datetime import datetime

from app.notify.escalate import escalate
from app.notify.group_alerts import tell_groups
from app.notify.policy import MessagePolicy
from app.notify.summary import tell_summary
from app.store.sealing import Keyring
from app.store.unit_of_work import Store


def tell_on(store: Store, keyring: Keyring, policy: MessagePolicy, *, now: datetime) -> int:
    """Tell all that is due now, the most urgent first; return how much it was. Where nothing is nothing is written."""
    taken = escalate(store, keyring, policy, now=now)
    taken += tell_groups(store, policy, now=now)
    return taken + tell_summary(store, keyring, policy, now=now)
