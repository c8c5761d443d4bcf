"""Finds our order numbers beside the rows of a message, and not those that it only mentions."""

import re
from collections.abc import Iterator

from app.domain.order_number import is_number

_LABEL = (
    r"(?:线上订?单号|原始单号|平台单号|应急单号|外部单号|交易编?号|订单编?号|单号|订单|\btid|\bso_id"
    r"|\border(?:\s*(?:no\.?|number|id))?)"
)
_NUMBER = re.compile(
    rf"(?:{_LABEL}\s*[:=#]?\s*)?[\[(【「<]?\s*(?<![0-9A-Za-z])(?P<number>[A-Za-z][0-9A-Za-z]{{12,19}})(?![0-9A-Za-z])\s*[\])】」>]?",
    re.IGNORECASE,
)
_NEAR = 30
"""Characters before a number in which a word may stand that makes it a mere mention."""

_OF_OURS = re.compile(
    r"(?:线上订?单号|原始单号|平台单号|应急单号)\s*(?:[:=]\s*[\[(【「<]?|[\[(【「<])\s*(?P<value>[0-9A-Za-z][0-9A-Za-z_-]{3,63})"
)
_MENTIONED = re.compile(
    r"(?:与|和|同|跟|及|见|已有|原|被|\bof|\bwith|\bas)\s*(?:订单|单号|线上订?单号)?\s*[\[(【「<]?\s*$"
    r"|(?:系统|内部|erp|快递|物流|运|支付|退款|生成)(?:订?单号?|编号)\s*[:=]?\s*[\[(【「<]?\s*$|单据编号\s*[:=]?\s*$",
    re.IGNORECASE,
)


def ours_in(text: str) -> tuple[str, ...]:
    """Return our order numbers that stand beside rows; those of other orders, as in 与 LB… 重复, are not among them."""
    return tuple(dict.fromkeys(match["number"].upper() for match in _beside(text)))


def without_ours(text: str) -> str:
    """Return a text without the order numbers beside its rows."""
    kept, end = [], 0
    for match in _beside(text):
        kept.append(text[end : match.start()])
        end = match.end()
    return " ".join("".join([*kept, text[end:]]).split())


def _beside(text: str) -> Iterator[re.Match[str]]:
    for match in _NUMBER.finditer(text):
        start = match.start("number")
        if is_number(match["number"].upper()) and not _MENTIONED.search(text[max(0, start - _NEAR) : start]):
            yield match


def foreign_in(text: str) -> str | None:
    """Return what stands where an importing program writes our number, and is none of ours."""
    found = _OF_OURS.search(text)
    return found["value"] if found and not is_number(found["value"].upper()) else None
