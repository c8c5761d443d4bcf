"""Why a source could not be read: a stable code, the vendor's own words, and how long to leave it alone."""

from datetime import timedelta

from app.domain.harmless_text import harmless_text
from app.main_system.vendors.refusal import VendorRefusal

LONGEST_WORDS = 200


class SourceTrouble(Exception):
    """A source could not be read; ``app.words.SOURCE_TROUBLES`` has the sentence for each code."""

    def __init__(self, code: str, words: str = "", *, wait: timedelta = timedelta()) -> None:
        super().__init__(code)
        self.code = code
        self.words = harmless_text(words)[:LONGEST_WORDS]
        self.wait = wait


class TooManyRows(SourceTrouble):
    """A window holds more rows than are read at once; a shorter one may do."""

    def __init__(self) -> None:
        super().__init__("too_many_rows")


def unlike(what: str) -> SourceTrouble:
    """Return the trouble that an answer has not the form it should have; ``what`` names the field."""
    return SourceTrouble("bad_answer", what)


def refused(refusal: VendorRefusal) -> SourceTrouble:
    """Return the trouble that a vendor refused a call."""
    return SourceTrouble(refusal.code, refusal.words, wait=refusal.wait)
