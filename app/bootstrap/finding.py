"""A finding of the check-up: what was looked at, and how it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: ``ok``, ``warn`` (works, but), ``fail``; ``rule`` is the watch's that found it, if one did."""

    name: str
    status: str
    detail: str
    rule: str = ""
