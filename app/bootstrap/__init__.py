"""The composition root: the only place that chooses which concrete thing stands behind each name.

What only the web process has stands in ``order_path.py`` and is imported from there: a worker need not hold it.
"""

from app.bootstrap.batches import (
    batch_maker,
    change_publisher,
    exports_of,
    headings_of,
    layouts_of,
    reserve_of,
    result_words_of,
)
from app.bootstrap.channels import Channels, codes_by, open_channels, open_robots, policy_of, robots_of
from app.bootstrap.lifeboat import ForeignSecrets, Lifeboat, open_lifeboat
from app.bootstrap.watch import situation_of, watch_policy

__all__ = [
    "Channels",
    "ForeignSecrets",
    "Lifeboat",
    "batch_maker",
    "change_publisher",
    "codes_by",
    "exports_of",
    "headings_of",
    "layouts_of",
    "open_channels",
    "open_lifeboat",
    "open_robots",
    "policy_of",
    "reserve_of",
    "result_words_of",
    "robots_of",
    "situation_of",
    "watch_policy",
]
