"""Is the process in which an upload of results is read: ``python -m app.handback.reader``, plain data in, lines out."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from app.domain.problems import Malformed, TooLarge
from app.files.reading_process import serve
from app.files.sheet_reader import Limits, UnreadableSheet
from app.handback.find_results import Asked, find_results
from app.handback.found_results import as_lines, as_refusal
from app.handback.headings import Headings


def as_request(asked: Asked) -> dict[str, Any]:
    """Return how an upload is to be read, as plain data."""
    return asdict(asked)


def read(request: dict[str, Any], data: bytes) -> Iterator[str]:
    """Yield what is found in a file, or why nothing is, as lines of JSON."""
    headings = Headings(
        {field: tuple(names) for field, names in request["headings"]["names"].items()},
        {heading: tuple(names) for heading, names in request["headings"]["beside"].items()},
        request["headings"]["trouble"],
    )
    asked = Asked(headings, request["content_type"], Limits(**request["limits"]))
    try:
        yield from as_lines(find_results(data, asked))
    except (Malformed, TooLarge, UnreadableSheet) as error:
        yield as_refusal(error)


if __name__ == "__main__":
    serve(read)
