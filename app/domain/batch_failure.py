"""Why a batch could not be finished, as a short code, and from which failure on somebody must look."""

from enum import StrEnum

FAILING_FROM = 3
"""Failures in a row, each a tick of ten seconds apart: one or two pass by themselves, as a share that comes back."""

UNDERWAY = " …"
"""Ends the code while a maker is at it again; one that finds it there knows that the last one died."""


class BatchFailure(StrEnum):
    """What kept a batch from being finished; a code begins with one of these, and an error's name may follow."""

    DISK = "disk"
    LAYOUT = "layout"
    CHECKS = "checks"
    ORDERS = "orders"
    PROGRAM = "program"
    DIED = "died"


def code_of(kind: BatchFailure, error: BaseException | None = None) -> str:
    """Return the code of a failure: its kind, and the name of the error, which holds nothing of an order."""
    return kind.value if error is None else f"{kind.value} {type(error).__name__}"


def kind_of(code: str) -> str:
    """Return the kind that a code begins with."""
    return code.split(" ", maxsplit=1)[0]


def taken_over(code: str, failures: int) -> tuple[str, int]:
    """Return code and count of a batch that another maker goes on with.

    Whoever gives a batch up says why; a maker that did not was killed, and that counts as a failure too.
    """
    if code and not code.endswith(UNDERWAY):
        return code + UNDERWAY, failures
    return (code or BatchFailure.DIED + UNDERWAY), failures + 1
