"""The main system's own words as they may be told: short, harmless, and without anything of the customer's."""

from app.domain.harmless_text import harmless_text
from app.domain.order import Order
from app.main_system.port import LONGEST_WORDS
from app.telemetry.logging import redacted

_HIDDEN = "***"
_SHORTEST = 2
"""Characters of a value that is looked for: one character stands in every sentence."""


def told_words(words: str, order: Order | None = None) -> str:
    """Return what was said; a refusal likes to repeat the very name or address that it refuses."""
    for value in sorted(_private_in(order), key=len, reverse=True) if order is not None else ():
        words = words.replace(value, _HIDDEN)
    return redacted(harmless_text(words))[:LONGEST_WORDS]


def _private_in(order: Order) -> set[str]:
    to = order.recipient
    values = (order.phone, order.buyer, order.note, to and to.name, to and to.address)
    return {value for value in values if value and len(value) >= _SHORTEST}
