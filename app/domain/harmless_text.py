"""Untrusted text for group messages: nobody can ping people, colour words or plant links with a product's name."""

import unicodedata

_DEFUSED = str.maketrans({"<": "\uff1c", "`": "'"})  # <@userid> and <font color> begin with <, code with a backtick


def harmless_text(text: str) -> str:
    """Return ``text`` on one line, without mentions, font tags, code marks, links or invisible characters.

    Characters are replaced, not cut out, so that no mark can form from what is left.
    """
    seen = "".join(_visible(character) for character in text)
    return " ".join(seen.translate(_DEFUSED).replace("](", "] (").split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:  # line ends and other controls
        return " "
    if category in {"Cf", "Cs"}:  # text direction, zero width, half a surrogate pair
        return ""
    return character
