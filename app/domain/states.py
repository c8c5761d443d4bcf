"""The states of orders, batches, messages and alerts, and which state of an order may follow which."""

from enum import StrEnum


class OrderState(StrEnum):
    """Where an order stands; the last four are final."""

    ACCEPTED = "accepted"
    HELD = "held"
    BATCHED = "batched"
    IMPORTED = "imported"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class HeldKind(StrEnum):
    """Why an order is set aside; what a person may do with it follows from this."""

    LOOK_ALIKE = "look_alike"
    """Perhaps a second request for another order."""
    INCOMPLETE = "incomplete"
    """The importing program would refuse it."""
    BROKEN = "broken"
    """It cannot be read, or something in it breaks what writes the file."""
    UNPAID = "unpaid"
    """Nobody has paid, and the file has no place to say so."""
    MAIN_MAY_HAVE = "main_may_have"
    """The main system may have it already."""


FINAL = frozenset({OrderState.IMPORTED, OrderState.DUPLICATE, OrderState.REJECTED, OrderState.CANCELLED})

FOLLOWS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.ACCEPTED: frozenset({OrderState.HELD, OrderState.BATCHED, OrderState.CANCELLED}),
    OrderState.HELD: frozenset({OrderState.ACCEPTED, OrderState.DUPLICATE, OrderState.CANCELLED, OrderState.REJECTED}),
    # back to held only out of a batch that has no file yet (``BatchRepository.let_leave``)
    OrderState.BATCHED: frozenset(
        {OrderState.HELD, OrderState.IMPORTED, OrderState.DUPLICATE, OrderState.REJECTED, OrderState.CANCELLED}
    ),
    **dict.fromkeys(FINAL, frozenset()),
}

CORRECTIONS: dict[OrderState, frozenset[OrderState]] = {
    before: (FINAL | {OrderState.BATCHED}) - {before} for before in (*FINAL, OrderState.BATCHED)
}
"""Where an order may be put beyond that: by a named person with a reason, until the incident is signed off; and by the
main system where it has called an order there already that it has imported itself."""


def may_follow(before: OrderState, after: OrderState) -> bool:
    """Tell whether an order may go from ``before`` to ``after``."""
    return after in FOLLOWS[before]


def may_be_corrected(before: OrderState, after: OrderState) -> bool:
    """Tell whether an order that is ``before`` may be put to ``after`` although its word was final."""
    return after in CORRECTIONS.get(before, frozenset())


def may_be_undone(decided: OrderState, before: OrderState) -> bool:
    """Tell whether a person who has made a held order ``decided`` may take that back: within seconds, see the verb."""
    return before is OrderState.HELD and decided in (OrderState.ACCEPTED, OrderState.DUPLICATE)


class BatchState(StrEnum):
    """How far a batch has come; the last two are final."""

    CLAIMING = "claiming"
    WRITING = "writing"
    PUBLISHED = "published"
    EMPTIED = "emptied"


class MessageState(StrEnum):
    """What became of a message; the first three are open, ``settling`` asks the provider about an unknown outcome."""

    PENDING = "pending"
    SENDING = "sending"
    SETTLING = "settling"
    SENT = "sent"
    SIMULATED = "simulated"
    MERGED = "merged"
    CANCELLED = "cancelled"
    """It never left: what it was to tell had been settled by then."""
    DEAD = "dead"


class AlertState(StrEnum):
    """How far an alert's episode has come; ``resolved`` ends it."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RECOVERING = "recovering"
    RESOLVED = "resolved"


HOLDING = frozenset({AlertState.FIRING, AlertState.ACKNOWLEDGED})
"""In which the trouble of an alert holds, and somebody has been told of it or is."""
