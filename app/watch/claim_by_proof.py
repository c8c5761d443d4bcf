"""Who may take which alert on by what he shows: a code typed from a text message, or a link that was sent to him."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.actor import Actor, Way
from app.domain.person_target import person_id
from app.store.ack import Claimant, is_code_of, read_ack_token, typed_code
from app.store.sealing import Keyring
from app.store.tables import Alert, User
from app.store.unit_of_work import UnitOfWork
from app.watch.attend import claim_alert

REMEMBERED = timedelta(days=1)
"""How long after its end an alert's code still says that it is over, and not that there is none."""


@dataclass(frozen=True, slots=True)
class Claimable:
    """A person and the alert he was told of."""

    alert: Alert
    user: User

    @property
    def by_somebody_else(self) -> str:
        """Who else has it in hand; empty if nobody has."""
        name = self.alert.acknowledged_by or ""
        return "" if name == self.user.name else name


def by_link(uow: UnitOfWork, keyring: Keyring, token: str) -> Claimable | None:
    """Return what a link was made for, None if it is none of ours or the account is closed."""
    claimant = read_ack_token(keyring, token)
    return _claimable(uow, claimant) if claimant is not None else None


def by_code(uow: UnitOfWork, keyring: Keyring, typed: str, *, now: datetime) -> Claimable | None:
    """Return what a code was made for, among the alerts that people were told of by text message."""
    code = typed_code(typed)
    if not code:
        return None
    for alert in uow.alerts.during(now - REMEMBERED, now):
        for claimant in _claimants(uow, alert):
            if is_code_of(keyring, claimant, code):
                return _claimable(uow, claimant)
    return None


def claim(uow: UnitOfWork, found: Claimable, *, address: str, now: datetime) -> Alert:
    """Take the alert on for its person.

    Raises:
        NotInThisState: it is over.
    """
    by = Actor(found.user.name, Way.LINK, address)
    return claim_alert(uow, found.alert.id or 0, by=by, now=now, take_over=True)


def _claimable(uow: UnitOfWork, claimant: Claimant) -> Claimable | None:
    alert, user = uow.alerts.get(claimant.alert_id), uow.access.user(claimant.user_id)
    if alert is None or user is None or user.disabled_at is not None:
        return None
    return Claimable(alert, user)


def _claimants(uow: UnitOfWork, alert: Alert) -> Iterator[Claimant]:
    for target in {target for _, target in uow.outbox_of_alerts.people(alert.id or 0)}:
        yield Claimant(alert.id or 0, person_id(target))
