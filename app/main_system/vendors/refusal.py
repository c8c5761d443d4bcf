"""What a vendor refused, as a stable code that all vendors share, with its own words."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

_DOUBTFUL = ("超时", "系统异常", "系统错误", "系统繁忙", "服务繁忙", "内部错误", "稍后", "timeout")
"""Words of a refusal that may have come after the deed was done."""


class VendorRefusal(NamedTuple):
    """``app.words.SOURCE_TROUBLES`` has the sentence for each code; ``refused`` is what the code does not tell."""

    code: str
    words: str = ""
    wait: timedelta = timedelta()


def code_in(words: str, texts: Sequence[tuple[str, str]]) -> str | None:
    """Return the code of the first text that words hold; one of letters only as a word: "vip" is not "ip"."""
    lower = words.casefold()
    return next((code for text, code in texts if _stands_in(text, lower)), None)


def is_doubtful(words: str) -> bool:
    """Tell whether a refusal leaves open that something was done."""
    lower = words.casefold()
    return any(text in lower for text in _DOUBTFUL)


def _stands_in(text: str, lower: str) -> bool:
    return text in lower if not text.isascii() else re.search(rf"(?<![a-z]){text}(?![a-z])", lower) is not None
