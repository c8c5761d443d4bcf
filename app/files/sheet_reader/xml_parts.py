"""Reads one part of a workbook as a stream of XML events: small in memory, without entities, stopped at any moment."""

from collections.abc import Callable, Mapping
from typing import IO
from xml.parsers import expat

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_OWN = f"{MAIN} "
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships "
_CHUNK = 64 * 1024

Start = Callable[[str, Mapping[str, str]], None]
"""Told of an element: its name within the spreadsheet's own namespace (others are passed over), its attributes."""

End = Callable[[str], None]


class BrokenPart(Exception):
    """A part is no well-formed XML, or has what no spreadsheet writes into it."""


class TooMuch(Exception):
    """A part unpacks to more than is read."""


class Enough(Exception):
    """What was looked for is found; the rest of a part is not read."""


def stream(
    part: IO[bytes], *, most: int, start: Start, end: End | None = None, text: Callable[[str], None] | None = None
) -> int:
    """Read a part of at most ``most`` bytes; return how many it had.

    Declarations of entities are refused, so that a few bytes cannot become many.

    Raises:
        BrokenPart: it is not well-formed.
        TooMuch: it has more bytes.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = _own_elements(start)
    if end is not None:
        parser.EndElementHandler = _own_ends(end)
    if text is not None:
        parser.CharacterDataHandler = text
    size = 0
    try:
        while chunk := part.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise TooMuch
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except Enough:
        pass
    except (expat.ExpatError, ValueError, LookupError) as error:  # LookupError: an encoding nobody knows
        raise BrokenPart(str(error)) from None
    return size


def _own_elements(start: Start) -> Callable[[str, dict[str, str]], None]:
    def started(name: str, attributes: dict[str, str]) -> None:
        if name.startswith(_OWN):
            start(name[len(_OWN) :], attributes)
        elif name.startswith(_PACKAGE):
            start(name[len(_PACKAGE) :], attributes)

    return started


def _own_ends(end: End) -> Callable[[str], None]:
    def ended(name: str) -> None:
        if name.startswith(_OWN):
            end(name[len(_OWN) :])

    return ended


def _refuse_doctype(*_: object) -> None:
    raise BrokenPart("a document type")
