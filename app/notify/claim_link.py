"""Who may take an alert on by what a message brings him, and the link that does; made when it is sent, kept nowhere."""

from app.notify.contents import AlertContent, AlertGroupContent
from app.store.ack import Claimant, ack_token
from app.store.sealing import Keyring
from app.store.tables import Message


def claimant_of(message: Message, content: AlertContent, user_id: int) -> Claimant | None:
    """Return a person as one who may take on what a message tells of, None if there is nothing to take on any more."""
    if message.alert_id is None or content.ended or content.taken_by or not content.claim_at:
        return None
    return Claimant(message.alert_id, user_id)


def claim_link(keyring: Keyring, content: AlertContent, claimant: Claimant) -> str:
    """Return a person's own link to an episode."""
    return f"{content.claim_at}/{ack_token(keyring, claimant)}"


def claim_links(keyring: Keyring, content: AlertGroupContent, user_id: int) -> dict[int, str]:
    """Return a person's own links to the alerts of a message that nobody has in hand, by alert."""
    waiting = [line.alert_id for line in content.lines if line.state != "ended" and not line.taken_by]
    if not content.claim_at:
        return {}
    return {one: f"{content.claim_at}/{ack_token(keyring, Claimant(one, user_id))}" for one in waiting}
