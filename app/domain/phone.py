"""Which telephone numbers we accept, and how little of one we show."""

import re
import unicodedata

_PLAIN = re.compile(r"1[3-9][0-9]{9}(?:-[0-9]{1,6})?")
_PREFIX = re.compile(r"(?:\+|00)?86(?=1[3-9][0-9]{9}(?:-|$))")
_NOISE = str.maketrans("", "", " \t\u00a0\u3000()")
_EXTENSION_MARKS = str.maketrans({"转": "-", ",": "-", "#": "-"})


class NotAPhone(ValueError):
    """The value is not a mainland mobile number."""


class MaskedPhone(NotAPhone):
    """The number has been masked with asterisks: nobody can be reached by it."""


def phone_of(value: str) -> str:
    """Return ``value`` as eleven digits, with ``-extension`` for a marketplace's privacy number.

    Accepts ``+86``, ``0086`` and ``86`` in front, blanks, dashes between groups and full-width digits.

    Raises:
        MaskedPhone: it holds an asterisk, as in ``138****1234``.
        NotAPhone: it is no mainland mobile number.
    """
    if _PLAIN.fullmatch(value):
        return value
    text = unicodedata.normalize("NFKC", value).translate(_NOISE)
    if "*" in text:
        raise MaskedPhone
    text = _PREFIX.sub("", text.translate(_EXTENSION_MARKS), count=1)
    if _PLAIN.fullmatch(text):
        return text
    text = _PREFIX.sub("", text.replace("-", ""), count=1)
    if len(text) == 11 and _PLAIN.fullmatch(text):  # noqa: PLR2004 - written 138-0013-8000
        return text
    raise NotAPhone


def last4(phone: str) -> str:
    """Return the last four of the eleven digits, by which a customer identifies himself."""
    return phone[7:11]


def masked(phone: str) -> str:
    """Return ``phone`` as people may see it: 138****1234, an extension kept back as well."""
    return f"{phone[:3]}****{phone[7:11]}"
