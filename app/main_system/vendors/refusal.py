"""What a vendor refused, as a stable code that all vendors share, with its own words."""

from datetime import timedelta
from typing import NamedTuple


class VendorRefusal(NamedTuple):
    """``app.words.SOURCE_TROUBLES`` has the sentence for each code; ``refused`` is what the code does not tell."""

    code: str
    words: str = ""
    wait: timedelta = timedelta()
