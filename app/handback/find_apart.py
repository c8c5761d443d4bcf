"""Finds the results in an upload in a process of its own, and tells in a sentence where that gave up."""

import structlog

from app.domain.problems import TooLarge
from app.files.reading_process import STANDARD_CONFINEMENT, Confinement, ReaderFailed, ReaderOverdue, run_reader
from app.files.sheet_reader import UnreadableSheet
from app.handback.find_results import Asked
from app.handback.found_results import FoundResults, from_lines
from app.handback.reader import as_request

log = structlog.get_logger()

_SMALLER = "请只保留结果所在的工作表和单号、结果、原因等列，另存为 CSV 后上传，或分成几个文件。"


def find_results_apart(data: bytes, asked: Asked, confinement: Confinement = STANDARD_CONFINEMENT) -> FoundResults:
    """Find the results in an upload; :func:`~app.handback.find_results.find_results` does it, elsewhere.

    Raises:
        Malformed: it is called JSON and is none.
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole, or would take too much memory or time; the sentence says why.
        Busy: the machine has no room for another process.
    """
    if len(data) > asked.limits.bytes:  # not worth a process
        raise TooLarge(f"文件超过 {asked.limits.bytes // 1024 // 1024} MB。")
    try:
        lines = run_reader("app.handback.reader", as_request(asked), data, confinement)
        found = from_lines(lines)
    except ReaderOverdue:
        raise UnreadableSheet(f"文件过于复杂，没有在规定时间内读完；{_SMALLER}") from None
    except ReaderFailed as error:
        found, lines = None, [str(error).encode()]
    if found is None:
        log.warning("upload_reader_broke", reason=lines[-1][:100].decode("utf-8", "replace") if lines else "killed")
        raise UnreadableSheet(f"文件过于复杂或已损坏，没有读完；{_SMALLER}")
    return found
