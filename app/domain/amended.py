"""An order whose content a person has changed, as the store keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amended:
    """New values of the columns that follow an order's content, and ``fields``: the paths that were changed."""

    columns: Mapping[str, object]
    fields: tuple[str, ...]
