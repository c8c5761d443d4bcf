"""What a kind of source is: which calls it has, how one is written and signed, and how its answer is judged.

A kind knows no network and no store; it makes calls out of a window and a page number, and pages out of answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.outbound.api_call import ApiCall
from app.watch.sources.event_map import EventMap
from app.watch.sources.read_back import SourcePage
from app.watch.sources.reading_window import ReadingWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    """One query of a kind: a list of rows by the time they were changed."""

    name: str
    events: str
    """Whose name in the edition's file says what the rows mean."""
    first: int
    """The number of the first page."""
    size: int
    onwards: bool = False
    """A log, which only grows, is read from its first page on."""
    untried: bool = False
    """The vendor's documents leave something open: off until one page of it was read for this source."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that are always the same."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What a call is made for."""

    reading: SourceReading
    window: ReadingWindow
    page: int
    access: Mapping[str, str]
    """Keys and secrets by the name that the kind gives them."""
    address: str
    at: datetime
    """By the other side's clock as far as it is known: signatures hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """An ERP, or a JSON API that a file describes."""

    name: str
    title: str
    address: str
    hosts: frozenset[str]
    """Hosts of the vendor; another address must be allowed by ``LIFEBOAT_OUTBOUND_HOSTS``."""
    plain: tuple[str, ...]
    secrets: tuple[str, ...]
    optional: tuple[str, ...] = ()
    """Secrets that may be left out."""
    key: str
    """The name among these that stands for the account: its calls are counted together."""
    per_minute: float
    """Half of what the vendor allows, as far as that is known."""
    span: timedelta
    margin: timedelta = timedelta(seconds=120)
    readings: tuple[SourceReading, ...]
    maps: Callable[[], Mapping[str, EventMap]]
    write: Callable[[CallRequest], ApiCall]
    judge: Callable[[SourceReading, Any], SourcePage]
    """Raises SourceTrouble for a refusal, in whatever form it came."""
    log_of: Callable[[CallRequest, str], ApiCall] | None = None
    """Asks for the log of one order."""
    judge_log: Callable[[Any, str], list[Any]] | None = None


def objects_in(found: object) -> list[Any] | None:
    """Return a list as it stands, nothing for null, None for what is no list."""
    if found is None:
        return []
    return found if isinstance(found, list) else None
