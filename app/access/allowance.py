"""How often somebody may try something for which no account is needed: so often a while, then only as it comes back.

Kept in the memory of each process and bounded: whoever comes from a million addresses makes the oldest
forgotten, and is not stopped by this.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class _Left:
    tries: float
    filled_at: datetime


class Allowance:
    """``tries`` for each key, given back evenly over ``every`` seconds. Belongs to one event loop."""

    def __init__(self, tries: int, *, every: float, now: Callable[[], datetime], most_keys: int = 10_000) -> None:
        self._tries = tries
        self._every = every
        self._most_keys = most_keys
        self._now = now
        self._left: OrderedDict[str, _Left] = OrderedDict()

    def allows(self, key: str) -> bool:
        """Tell whether there is a try left, without using it."""
        return self._current(key).tries >= 1.0

    def take(self, key: str) -> bool:
        """Use a try; tell whether there was one."""
        left = self._current(key)
        if left.tries < 1.0:
            return False
        left.tries -= 1.0
        self._left[key] = left
        self._left.move_to_end(key)
        if len(self._left) > self._most_keys:
            self._left.popitem(last=False)
        return True

    def _current(self, key: str) -> _Left:
        now = self._now()
        left = self._left.get(key)
        if left is None:
            return _Left(float(self._tries), now)
        passed = max((now - left.filled_at).total_seconds(), 0.0)  # a clock that was set back takes nothing away
        left.tries = min(self._tries, left.tries + passed * self._tries / self._every)
        left.filled_at = now
        return left
