"""By which channels a person of ours can be told of something now: every way he has verified that is open."""

from app.channels.kinds import EMAIL, SMS
from app.domain.contact import ContactWay
from app.domain.person_target import for_person
from app.notify.policy import MessagePolicy
from app.store.contacts import reachable_at
from app.store.sealing import Keyring
from app.store.tables import User


def exits_of(user: User | None, keyring: Keyring, policy: MessagePolicy, *, texts: bool) -> list[tuple[str, str]]:
    """Return the channels and targets of a person; with ``texts`` there is a template for what he is to be sent."""
    ways = (
        (SMS.name, ContactWay.PHONE, texts),
        (EMAIL.name, ContactWay.EMAIL, ContactWay.EMAIL in policy.codes_by),
    )
    return [
        (channel, for_person(user.id or 0))
        for channel, way, is_open in ways
        if user is not None and is_open and reachable_at(keyring, user, way) is not None
    ]
