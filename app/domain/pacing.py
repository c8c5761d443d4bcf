"""How many messages may leave now without ever exceeding a provider's limit in any window.

A sliding window and not a token bucket: a full bucket that refills may pass twice its size within one window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``limit`` sends in any ``window``."""

    limit: int
    window: timedelta

    def free(self, sent_at: Iterable[datetime], *, now: datetime) -> int:
        """Return how many sends are free at ``now``, given the moments of earlier ones.

        A moment in the future (the clock was set back) still counts as used: waiting is safe, a refusal is not.
        """
        used = sum(1 for at in sent_at if at > now - self.window)
        return max(self.limit - used, 0)


WECOM_PACE = Pace(limit=18, window=timedelta(seconds=62))
"""WeCom refuses the 21st message of a robot in 60 s; two are kept back, and two seconds for messages under way."""
