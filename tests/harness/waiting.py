"""Waits for what happens elsewhere, for minutes if need be: the limit is there against hanging, and proves nothing."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 180.0
"""Seconds. On an idle machine most of what is waited for takes one; a busy machine has all of them."""


class NotInTime(AssertionError):
    """Something that should come did not come."""


def until(what: Callable[[], Any], *, within: float = PATIENCE, every: float = 0.05, why: str = "") -> Any:
    """Return the first true answer of ``what``.

    Raises:
        NotInTime: there was none, and ``why`` says what is missing.
    """
    give_up_at = time.monotonic() + within
    while True:
        if found := what():
            return found
        if time.monotonic() > give_up_at:
            raise NotInTime(why or getattr(what, "__name__", "it"))
        time.sleep(every)
