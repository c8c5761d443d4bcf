"""A call of another program's API and what came of it, as values; who only describes calls need not hold a client."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call; ``body`` goes out as it stands, since it may be signed."""

    url: str = field(repr=False)
    method: Literal["GET", "POST"] = "POST"
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What was said; ``server_at`` is the other side's clock if it told it."""

    said: Any
    status: int
    server_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why nothing was heard: ``unreachable``, ``timeout``, ``not_json``, ``too_large`` or ``http_502``."""

    code: str
    server_at: datetime | None = None


Ask = Callable[[ApiCall], Awaitable[ApiAnswer | NoAnswer]]
"""Makes a call; :func:`app.outbound.api.ask` with its client and its time limit given."""
