"""Reads the rows of an uploaded list in a process of its own, and refuses a list that does not come to its end."""

import json
from collections.abc import Iterator
from typing import Any

import structlog

from app.domain.problems import Refusal
from app.files.reading_process import STANDARD_CONFINEMENT, Confinement, ReaderFailed, stream_reader

log = structlog.get_logger()

AS_CSV = "请另存为 CSV 后重新导入。"
NOT_READ = "文件过于复杂或已损坏，没有读完；"
"""What a list is refused with, before what helps, where its reader answers what it never should."""


def rows_apart(
    module: str,
    data: bytes,
    confinement: Confinement = STANDARD_CONFINEMENT,
    *,
    refusal: type[Refusal],
    advice: str = AS_CSV,
) -> list[dict[str, Any]]:
    """Return what :func:`stream_rows_apart` yields, once all of it is there."""
    return list(stream_rows_apart(module, data, confinement, refusal=refusal, advice=advice))


def stream_rows_apart(
    module: str,
    data: bytes,
    confinement: Confinement = STANDARD_CONFINEMENT,
    *,
    refusal: type[Refusal],
    advice: str = AS_CSV,
    request: object = None,
) -> Iterator[dict[str, Any]]:
    """Yield what ``python -m module`` answers to a file, a document for each of its lines, while it reads on.

    A list that is refused in its middle is refused as a whole: what was yielded before counts for nothing.

    Raises:
        refusal: the reader refuses the list, and says why, or did not come to its end; then ``advice`` says what helps.
        Busy: the machine has no room for another process.
    """
    for line in _documents(stream_reader(module, request, data, confinement)):
        if sentence := line.get("refused"):
            raise refusal(str(sentence))
        if "broken" in line:
            log.warning("list_reader_broke", reader=module, reason=str(line["broken"])[:100])
            raise refusal(NOT_READ + advice)
        yield line


def _documents(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    try:
        yield from map(json.loads, lines)
    except (ReaderFailed, ValueError):
        yield {"broken": "killed"}
