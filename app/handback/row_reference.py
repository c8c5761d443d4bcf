"""Finds the rows that a message is about, and not those it only mentions.

第 2 行, 第2、3行, 第 2 至 5 行, 第十二行, 行号：2,3 and Row 2 are known; 与第 5 行重复 only mentions row 5.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DIGITS = "零一二三四五六七八九"
_HAN = "零〇一二两三四五六七八九十百千万"
_NUM = rf"(?:[0-9]{{1,7}}|[{_HAN}]{{1,9}})"
_OPEN, _CLOSE = r"[\[(【「<#]?\s*", r"\s*[\])】」>]?"
_RANGE = r"(?:-|~|—+|–|至|到|\.\.+)"
_JOIN = rf"\s*(?:{_RANGE}|[、,和及或&/;]|以及)\s*"
_ONE = rf"第?\s*{_OPEN}{_NUM}{_CLOSE}\s*行?"

_LAST = rf"第?\s*{_OPEN}{_NUM}{_CLOSE}\s*行"
COUNTED = re.compile(rf"第\s*(?:{_ONE}{_JOIN})*?{_OPEN}{_NUM}{_CLOSE}\s*行(?:{_JOIN}(?:{_ONE}{_JOIN})*?{_LAST})*")
"""第 2 行, 第2、3行, 第2行、第3行, 第 2 行至第 5 行: it may stand anywhere."""

_LIST = r"[0-9]{1,7}(?:\s*(?:-|~|—+|–|至|到|、|,|&|和|\band\b|\bto\b)\s*[0-9]{1,7})*"
LABELLED = re.compile(
    rf"(?:excel\s*)?(?:所在行号?|出错行号?|错误行号?|失败行号?|成功行号?|行号|行|\b(?:rows?|lines?))\s*(?:no\.?|number|num)?"
    rf"\s*[:=#]?\s*{_OPEN}(?P<list>{_LIST})(?![0-9.]*[0-9]){_CLOSE}(?:\s*行)?",
    re.IGNORECASE,
)
"""行号：2,3, 失败行号 2、5, Row 2, Lines 2-5: it begins a message."""

BARE = re.compile(rf"(?P<list>{_LIST})\s*行(?=\s*(?:[:,，。|\])】-]|$)|\s+\S)")
"""2 行: 缺货; it begins a message, and is no count."""

_LATER = re.compile(
    rf"(?:行号|\brows?)\s*(?:no\.?|#)?\s*[:=#]?\s*{_OPEN}(?P<list>{_LIST}){_CLOSE}|(?<![0-9、,&~-])(?P<bare>{_LIST})\s*行(?=\s*:)"
)
"""The same further on in a text, where 行 and line may be of an address."""

_MENTIONS = re.compile(
    r"(?:与|和|同|跟|及|见|参见|参考|参照|于|到|至|在|从|比|对|按|以|像|如|被|或|为|是|原"
    r"|\b(?:of|with|as|from|see|to|than|by|in|at|and))\s*$"
)
_NEAR = 30
"""Characters before rows in which a word may stand that makes them a mere mention."""

_SEPARATED = re.compile(r"[,，、;；。|\])】>}!！]\s*[\[(【「<{]?\s*$")
_NOT_THESE = re.compile(
    r"\s*(?:以外|之外|外|以后|之后|后|以前|之前|前|起|开始|以上|以下|以内|为止|除外|后面|前面|附近|左右|为空行|是空行)"
)
_MORE = re.compile(r"\s*(?:等(?!于|待|级|值)|\.\.\.|…)")


@dataclass(frozen=True, slots=True)
class RowReference:
    """Rows that a message is about, as the importing program counts them, and where they stand in the text."""

    rows: tuple[int, ...]
    start: int
    end: int
    more: bool = False
    """Whether it says that there are further rows: 第 2、3 行等 5 行."""


class UnclearReference(ValueError):
    """Which rows are meant cannot be told; the message is a Chinese sentence."""


def references(text: str) -> list[RowReference]:
    """Return the rows that ``text`` is about, in order; rows inside a reason are not among them.

    ``text`` is of half width and small letters.

    Raises:
        UnclearReference: rows are named in a way that we do not surely understand.
    """
    found: list[RowReference] = []
    opening = LABELLED.match(text) or BARE.match(text)
    if opening:
        found.append(_reference(text, opening, listed=opening["list"]))
    later = opening.end() if opening else 0
    places = [*COUNTED.finditer(text, later), *_LATER.finditer(text, later)]
    for match in sorted(places, key=lambda place: place.start()):
        before = text[max(0, match.start() - _NEAR) : match.start()]
        how_many_more = found and found[-1].more and text[found[-1].end : match.start()].strip() == "等"
        if match.start() < later or how_many_more or (found and _MENTIONS.search(before.rstrip())):
            continue
        if found and not _SEPARATED.search(before):
            raise UnclearReference(f"“{match[0].strip()}”是出错的行，还是原因里提到的行，无法判断")
        found.append(_reference(text, match, listed=match[0]))
        later = match.end()
    return found


def _reference(text: str, match: re.Match[str], *, listed: str) -> RowReference:
    if _NOT_THESE.match(text, match.end()):
        raise UnclearReference(f"“{text[match.start() : match.end() + 4].strip()}”指哪些行，无法判断")
    spaced = match.re is LABELLED and re.search(r"[0-9],\s+[0-9]", listed)
    if spaced and not re.match(r"\s*(?:[:\])】-]|$)", text[match.end() :]):
        raise UnclearReference(f"“{listed}”是几行，还是一行和一个数，无法判断")
    rows = tuple(dict.fromkeys(_rows(listed)))
    return RowReference(rows, match.start(), match.end(), bool(_MORE.match(text, match.end())))


_PARTS = re.compile(rf"{_NUM}|{_RANGE}|\bto\b")


def _rows(listed: str) -> Iterator[int]:
    parts = _PARTS.findall(listed)
    for place, part in enumerate(parts):
        if re.fullmatch(rf"{_RANGE}|to", part):
            low, high = as_number(parts[place - 1]), as_number(parts[place + 1])
            if not low < high <= low + MOST_ROWS:
                raise UnclearReference(f"“{listed}”不是有效的行号范围")
            yield from range(low + 1, high)
        else:
            yield as_number(part)


MOST_ROWS = 100_000
"""In one range: more than any file of ours has."""


def as_number(text: str) -> int:
    """Return what a number of digits or Chinese characters says, below a hundred million.

    Raises:
        UnclearReference: it is no number.
    """
    if text.isascii():
        return int(text)
    total = section = digit = 0
    for char in text.replace("\u3007", "零").replace("两", "二"):
        if char in _DIGITS:
            digit = digit * 10 + _DIGITS.index(char)  # 二三 as in 一二三行 is read digit by digit
        elif char == "万":
            total, section, digit = (total + section + digit) * 10_000, 0, 0
        else:
            section += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[char]
            digit = 0
    return total + section + digit
