"""The English twins of ``app.words``, as far as the command line says them: each table has the same codes."""

from collections.abc import Mapping

from app.cli import words_compare_en, words_main_en, words_watch_en
from app.domain.ledger import Ledger
from app.domain.subject import Subject
from app.words.labels import Label, Labels, Sentences

CHECK_VERDICTS = words_main_en.CHECK_VERDICTS
MAIN_ANSWERS = words_main_en.MAIN_ANSWERS
REPLAY_STATES = words_main_en.REPLAY_STATES
MAIN_CHECKS = words_main_en.MAIN_CHECKS
MAIN_TROUBLES = words_main_en.MAIN_TROUBLES
main_trouble = words_main_en.main_trouble
DISCREPANCIES = words_compare_en.DISCREPANCIES
DISCREPANCY_OWNERS = words_compare_en.DISCREPANCY_OWNERS
MOVED = words_compare_en.MOVED
PLACED = words_compare_en.PLACED
RUNGS = words_compare_en.RUNGS
MARKS = words_watch_en.MARKS
SOURCE_KINDS = words_watch_en.SOURCE_KINDS
SOURCE_TROUBLES = words_watch_en.SOURCE_TROUBLES
WHAT_IF_DOUBTS = words_watch_en.WHAT_IF_DOUBTS
source_trouble = words_watch_en.source_trouble

ORDER_STATES = Labels(
    {
        "accepted": Label("waiting for a batch", "blue"),
        "held": Label("held for a person", "orange"),
        "batched": Label("in a batch", "cyan"),
        "imported": Label("imported", "green"),
        "duplicate": Label("duplicate", "secondary"),
        "rejected": Label("rejected", "secondary"),
        "cancelled": Label("cancelled", "secondary"),
    }
)
CHANGES = Sentences({"cancel": "cancelled", "paid": "paid"})
CHANGE_STATES = Labels(
    {
        "applied": Label("applied", "green"),
        "noted": Label("waits", "orange"),
        "done": Label("followed", "green"),
        "refused": Label("could not be followed", "red"),
    }
)
HELD_KINDS = {
    "look_alike": Label("look-alike", "orange"),
    "incomplete": Label("incomplete", "orange"),
    "broken": Label("broken", "red"),
    "unpaid": Label("unpaid", "orange"),
    "main_may_have": Label("the main system may have it", "orange"),
}
VERDICTS = Sentences(
    {
        "few": "fewer than 10 orders are stuck: no verdict",
        "scattered": "what is stuck has nothing in common",
        "incomparable": "what is stuck has something in common, and no order that is well can be compared",
        "systemic": "probably systemic",
    }
)
DIMENSIONS = Sentences(
    {
        "stage": "stage",
        "type": "type",
        "channel": "channel",
        "sku": "SKU",
        "warehouse": "warehouse",
        "carrier": "carrier",
        "pay": "payment",
    }
)
WEEKDAYS = Sentences({"1": "Mon", "2": "Tue", "3": "Wed", "4": "Thu", "5": "Fri", "6": "Sat", "7": "Sun"})
HAPPENINGS = Sentences({"change": "change", "job": "job", "heartbeat": "heartbeat", "dependency": "dependency"})
BEATS = Labels(
    {
        "new": Label("never heard of", "secondary"),
        "up": Label("up", "green"),
        "late": Label("late", "orange"),
        "down": Label("down", "red"),
    }
)
MAIN_STATES = Labels({"up": Label("up", "green"), "down": Label("down", "red"), "unknown": Label("unknown", "orange")})
PRIORITIES = {"high": Label("high", "red"), "normal": Label("normal", "secondary")}
MESSAGE_STATES = {
    "pending": Label("pending", "blue"),
    "sending": Label("sending", "blue"),
    "settling": Label("asking", "orange"),
    "sent": Label("sent", "green"),
    "simulated": Label("simulated", "purple"),
    "merged": Label("merged", "secondary"),
    "cancelled": Label("taken back", "secondary"),
    "dead": Label("dead", "red"),
}
CHANNEL_CONDITIONS = Labels(
    {
        "well": Label("well", "green"),
        "held": Label("held by a person", "orange"),
        "fault": Label("fault", "red"),
        "limited": Label("limited, recovers by itself", "orange"),
        "recorded": Label("not connected, recorded only", "secondary"),
    }
)
CUSTOMER_MESSAGES = {Subject.NOTICE: "notice by text message", Subject.COUPON: "coupon by text message"}
GROUP_MESSAGES = {
    Subject.DIGEST: "digest of new orders",
    Subject.BATCH: "batch, told to a group",
    Subject.ALERT: "alert, told to a group",
}
STAFF_MESSAGES = {Subject.CODE: "verification code", Subject.DUTY: "hand-over"}
DUTY_PLACES = {"1": "first", "2": "second"}
DUTY_SOURCES = {"shift": "shift", "override": "override", "gap": "gap"}
OUTCOMES = {
    "delivered": "delivered",
    "simulated": "simulated",
    "throttled": "throttled, sent later",
    "deferred": "this number is limited, sent later",
    "unreachable": "not delivered, tried again",
    "rejected": "rejected",
    "unknown": "unknown",
}
RESULTS = {
    "imported": Label("imported", "green"),
    "duplicate": Label("duplicate", "secondary"),
    "failed": Label("failed", "red"),
}
CONTRADICTIONS = Labels(
    {
        "open": Label("open", "orange"),
        "kept": Label("kept", "secondary"),
        "corrected": Label("corrected", "green"),
    }
)
JOB_OUTCOMES = Sentences(
    {"ok": "ok", "failed": "failed", "running": "running", "cut_off": "cut off", "never": "not yet run"}
)
LEDGER = {
    **{state: ORDER_STATES[state].text for state in ("imported", "duplicate", "rejected", "cancelled", "batched")},
    "waiting": ORDER_STATES["accepted"].text,
    "held": ORDER_STATES["held"].text,
    "spooled": "in the spool",
}
SPOOL_FILES = {"open": "in use", "damaged": "damaged, to be salvaged"}
QUARANTINED = {"damaged": "record damaged", "idempotency_conflict": "same number, other content"}
SPOOL_TROUBLES = {
    "refused": "The database is away again: orders that could be read are in the spool and are written once it is "
    "back; then run this command again.",
    "full": "The disk has no room for the orders that were salvaged; make room first.",
    "damaged": "The spool file is damaged and was put by; salvage it with lifeboat spool salvage.",
}
BATCH_KINDS = {"regular": "regular", "repair": "repair"}
ALERT_LEVELS = Sentences({"notice": "notice", "yellow": "yellow", "orange": "orange", "red": "red"})
TOLD_TO = Sentences(
    {"group": "group", "owner": "owner by e-mail", "duty": "duty by SMS", "emergency": "emergency group"}
)
ALERT_STATES = Sentences(
    {
        "pending": "pending",
        "firing": "firing",
        "acknowledged": "acknowledged",
        "recovering": "recovering",
        "resolved": "resolved",
    }
)
_TURNS = {"acknowledged": "claimed", "resolved": "over", "forgotten": "forgotten", "announced": "told later"}
ALERT_TURNS = Sentences({**ALERT_STATES, **_TURNS})
PAYMENTS = Sentences({"paid": "paid", "unpaid": "unpaid", "cod": "cash on delivery"})
ROLES = {"viewer": "viewer", "service": "service", "ops": "operations", "it": "IT", "admin": "administrator"}
INCIDENT_KINDS = {False: "incident", True: "drill"}

PROBLEMS = {
    "malformed": "The body is not what its media type says.",
    "bad_idempotency_key": "The Idempotency-Key has not the published form.",
    "unauthenticated": "There is no key, or none that we know.",
    "forbidden": "This key has not the scope for it.",
    "not_found": "There is no such thing.",
    "method_not_allowed": "The address is right, the method is not.",
    "conflict": "As things are, this cannot be done.",
    "confirmation_required": "Nothing has changed; it needs a number to confirm.",
    "request_timeout": "The body did not arrive in time.",
    "body_too_large": "There are more bytes than we read.",
    "unsupported_media_type": "This media type is not read here.",
    "invalid_order": "Fields of the order are wrong.",
    "invalid_results": "The import results cannot be read.",
    "idempotency_conflict": "The same key came before with another body.",
    "change_conflict": "The order was changed so before, and told something else.",
    "too_many_requests": "Too many requests; wait a while.",
    "quota_exceeded": "This client has sent its share of a minute.",
    "no_room": "The disk has no more room than is kept for orders.",
    "busy": "Too much waits already; try again soon.",
    "store_away": "The order may be here; it cannot be looked at now.",
    "intake_unavailable": "No order can be taken now.",
    "internal_error": "A mistake of ours; try again with the same key.",
}
"""What each problem says, by its code; the details stay in Chinese."""


def said(code: str) -> str:
    """Return what people call a result of the main system, or the state that it contradicts."""
    return RESULTS[code].text if code in RESULTS else ORDER_STATES[code].text


def row_of(sheet: str, row: int) -> str:
    """Return where a line of a file stands, as its reader would look for it."""
    return f"sheet “{sheet}” row {row}" if sheet else f"row {row}"


def message_name(subject: str, channel: str, _label: str) -> str:
    """Return what people call a kind of message; its channel goes by its name, for its label is Chinese."""
    if subject in CUSTOMER_MESSAGES:
        return CUSTOMER_MESSAGES[Subject(subject)]
    if subject in STAFF_MESSAGES:
        return STAFF_MESSAGES[Subject(subject)]
    if channel == "email":
        return "alert by e-mail"
    return GROUP_MESSAGES.get(Subject(subject), f"message to {channel}") if subject in set(Subject) else subject


def ledger_sentence(ledger: Ledger, *parts: str) -> str:
    """Return ``parts`` of a ledger as people read them: "waiting for a batch 3, in a batch 9"."""
    return ", ".join(f"{LEDGER[part]} {getattr(ledger, part)}" for part in parts)


def due_sentence(payments: Mapping[str, int]) -> str:
    """Return how many orders are not known to be paid, by state (``unknown`` is one); empty if none is."""
    states = {"unpaid": PAYMENTS["unpaid"], "cod": PAYMENTS["cod"], "unknown": "payment unknown"}
    return ", ".join(f"{word} {payments[state]}" for state, word in states.items() if payments.get(state))


def held_sentence(held_by: Mapping[str, int]) -> str:
    """Return held orders by kind as people read them: "look-alike 2, incomplete 1"."""
    return ", ".join(f"{HELD_KINDS[kind].text if kind in HELD_KINDS else kind} {n}" for kind, n in held_by.items())
