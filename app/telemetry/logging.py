"""Logs are events with fields, one JSON object a line, and never hold what must stay private.

Private are phone numbers, webhook addresses (they are keys), storefront keys and raw bodies. Two nets: fields with
such names are blanked, and every text is searched for such shapes.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_PRIVATE_FIELDS = frozenset(
    {"phone", "body", "webhook", "password", "secret", "authorization", "cookie", "name", "address", "key", "url"}
)
_SHAPES = (
    (re.compile(r"(?<![0-9A-Za-z])((?:86|0086)?1[3-9][0-9])[0-9]{4}([0-9]{4})(?![0-9])"), r"\1****\2"),
    (re.compile(r"([?&](?:key|access_token|sign)=)[^&\s\"']+"), r"\1***"),
    (re.compile(r"(/hook/)[^\s\"']+"), r"\1***"),
    (re.compile(r"lbk_([0-9A-Za-z]+)_[0-9A-Za-z_\-]+"), r"lbk_\1_***"),
    (re.compile(r"(://[^/\s:@]+:)[^@/\s]+@"), r"\1***@"),
)

Event = MutableMapping[str, Any]


def redacted(text: str) -> str:
    """Return ``text`` with phones masked and keys blanked."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Blank private fields and search all others; the last processor before rendering."""
    for name, value in event.items():
        if name in _PRIVATE_FIELDS:
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = redacted(value)
        elif not isinstance(value, int | float | bool | None):
            event[name] = redacted(repr(value))
    return event


def configure(level: str = "info", *, process: str, stream: TextIO | None = None) -> None:
    """Send our events, and those of the libraries, to ``stream`` (standard error) as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _stamp(process),
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "httpx",
        "httpcore",
        "apscheduler",
        "alembic",
        "Tea",
        "alibabacloud",
    ):  # httpx prints webhook addresses
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _stamp(process: str) -> Any:  # noqa: ANN401 - a structlog processor
    def stamp(_logger: object, _method: str, event: Event) -> Event:
        event["process"] = process
        return event

    return stamp
