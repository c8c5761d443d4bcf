"""Tells a name or an address that no parcel can be sent to, because its text was destroyed or masked on the way."""

import codecs
import re
from collections.abc import Iterator

from app.domain.order import Recipient

LABELS = {"name": "收件人姓名", "province": "省", "city": "市", "district": "区县", "address": "详细地址"}
"""The parts of a recipient that are looked at, and what people call them."""

_STAR = "[*\uff0a\ufe61\u2731]"
_LOST = re.compile(
    "\ufffd"  # what a decoder puts where it understood nothing
    "|锟斤|斤拷|烫烫烫|屯屯屯"  # the former read as GBK; memory nobody had written to
    "|[\u25a1\u25af]"  # a box where a font has no character
    "|[?？]\\s*[?？]"  # each character that an encoding had no place for
    "|(?:%[0-9A-Fa-f]{2}){3}|&#x?[0-9A-Fa-f]{4,6};|\\\\u[0-9A-Fa-f]{4}"  # escapes that nobody took off
    f"|{_STAR}\\s*{_STAR}|[•●○×]{{2}}"  # masked
    f"|[\u4e00-\u9fff]{_STAR}|{_STAR}[\u4e00-\u9fff]"  # 浙江省*路*号; 3*5 is none
)
_IN_NO_NAME = re.compile(f"[?？]|{_STAR}")
"""One is enough where nobody writes it: in a person's name, a province, a city, a district."""

_LATIN = re.compile("[\u0080-\u00ff]")
_LATIN_PAIR = re.compile("[\u00e4-\u00e9][\u0080-\u00b6\u00b8-\u00bf]")
_LATIN_TRIPLE = re.compile("[\u00e4-\u00e9][\u0080-\u00bf]{2}")
"""Bytes of a Chinese character in UTF-8, shown as Latin-1; an accent beside a middle dot (José·Maria) is none."""

_HAN = re.compile("[\u4e00-\u9fff]")
_NOTHING = frozenset({"null", "undefined", "NaN", "[object Object]"})
"""What programs write where they had nothing; a surname Null begins with a capital."""


def destroyed_fields(recipient: Recipient | None) -> tuple[str, ...]:
    """Return which parts of a recipient are destroyed, by their Chinese labels."""
    return tuple(_destroyed(recipient)) if recipient is not None else ()


def _destroyed(recipient: Recipient) -> Iterator[str]:
    for field, label in LABELS.items():
        text = getattr(recipient, field)
        if text and (is_destroyed(text) or (field != "address" and _IN_NO_NAME.search(text))):
            yield label


def is_destroyed(text: str) -> bool:
    """Tell whether a text lost its characters on the way, or was masked."""
    if _LOST.search(text) or text in _NOTHING:
        return True
    if ("?" in text or "？" in text) and not any(character.isalpha() for character in text):
        return True
    if _LATIN.search(text) and not _HAN.search(text):
        return _read_as(text, "latin-1") or bool(_LATIN_TRIPLE.search(text)) or len(_LATIN_PAIR.findall(text)) > 1
    return _read_as(text, "gb18030")


def _read_as(text: str, encoding: str) -> bool:
    """Tell whether this is Chinese in UTF-8 that somebody read as ``encoding``, perhaps without its last byte."""
    if text.isascii():
        return False
    try:
        meant = codecs.getincrementaldecoder("utf-8")().decode(text.encode(encoding))
    except UnicodeError:
        return False
    return len(_HAN.findall(meant)) > 1
