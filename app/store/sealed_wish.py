"""What a storefront tells of a change rests sealed, like what an order says; times and sums do not, as in its row."""

import json

from app.domain.order_change import ChangeKind, Wish
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import OrderChange


def seal_words(keyring: Keyring, wish: Wish, number: str) -> bytes:
    """Return the words of a wish about the order ``number``: its reason, or the number of the payment."""
    words = {"reason": wish.reason, "transaction_id": wish.transaction_id}
    return keyring.seal.seal(json.dumps(words, ensure_ascii=False).encode(), number)


def open_wish(keyring: Keyring, change: OrderChange, number: str) -> Wish:
    """Return what was asked for of the order ``number``; without its words where nobody can read them any more."""
    try:
        words = json.loads(keyring.seal.unseal(change.sealed, number))
    except CannotUnseal:
        words = {}
    return Wish(
        kind=ChangeKind(change.kind),
        reason=words.get("reason"),
        amount_fen=change.amount_fen,
        transaction_id=words.get("transaction_id"),
        paid_at=change.paid_at,
    )
