"""The English twins of :mod:`app.words.main_system`; part of :mod:`app.cli.words_en`."""

from collections.abc import Mapping

from app.cli.words_watch_en import source_trouble
from app.words.labels import Sentences

MAIN_CHECKS = Sentences({"access": "key, address and look-up", "clock": "clock", "shop": "shop"})
CHECK_VERDICTS = Sentences({"well": "well", "wrong": "wrong", "unproven": "cannot be told"})
MAIN_ANSWERS = Sentences(
    {
        "created": "the main system has created it",
        "exists": "the main system has it",
        "absent": "the main system does not have it",
        "refused_data": "the main system refuses this order",
        "refused_auth": "the main system refuses us",
        "throttled": "the main system wants us to wait",
        "unknown": "unknown: the main system gave no clear answer",
    }
)
REPLAY_STATES = Sentences(
    {"planned": "planned", "running": "running", "paused": "paused", "aborted": "given up", "done": "done"}
)
MAIN_TROUBLES: Mapping[str, str] = {
    "clock_is_off": "this machine's clock is off by so many seconds; set it (NTP)",
    "no_clock": "the answers tell no time; see to it that NTP sets this machine's clock",
    "no_shop": "they have no such shops as [shops] names, or this app has no right to them",
    "shop_by_first_order": "this API does not tell whether a shop is there; the first order shows it",
    "probe_found": "asked for a number that nobody has, they say it is there; see [lookup]",
    "unmarked": "no mark knows the answer; see the marks of the profile",
    "contradictory": "the answer contradicts itself: several marks hold, or an order and an error at once",
    "other_order": "the answer is of another order than was asked for",
    "no_number": "the answer has no number of theirs, so that nothing counts as created",
    "missing_in_answer": "the answer does not name this order, so that nothing counts as created",
    "several": "the main system has several orders of this number",
    "no_reference": "this order has no number that the main system could be asked for",
    "refused": "they refused, and it does not show whether this order is at fault; in their own words",
}


def main_trouble(code: str) -> str:
    """Return the sentence of what is wrong with an answer of a main system."""
    return MAIN_TROUBLES.get(code) or source_trouble(code)
