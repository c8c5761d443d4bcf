"""Reads the rows of an uploaded list in a process of its own, and refuses a list that does not come to its end."""

import json
from typing import Any

import structlog

from app.domain.problems import Refusal
from app.files.reading_process import STANDARD_CONFINEMENT, Confinement, ReaderFailed, run_reader

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
    """Return what ``python -m module`` answers to a file, a document for each of its lines.

    Raises:
        refusal: the reader refuses the list, and says why, or did not come to its end; then ``advice`` says what helps.
        Busy: the machine has no room for another process.
    """
    try:
        lines = [json.loads(line) for line in run_reader(module, None, data, confinement)]
    except (ReaderFailed, ValueError):
        lines = [{"broken": "killed"}]
    for line in lines:
        if sentence := line.get("refused"):
            raise refusal(str(sentence))
        if "broken" in line:
            log.warning("list_reader_broke", reader=module, reason=str(line["broken"])[:100])
            raise refusal(NOT_READ + advice)
    return lines
