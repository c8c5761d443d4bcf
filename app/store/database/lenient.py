"""What SQLite hands back where a row was damaged: a column there holds anything, and one bad value is one bad value.

A text that is no time reads as :data:`NO_TIME`, and one that is no JSON as nothing. Left to themselves both end the
whole query, and with it every page, list and claim that the row is in. PostgreSQL stores neither.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect

NO_TIME = datetime(1, 1, 1)  # noqa: DTZ001 - as SQLite stores it, without a zone; the year 1 is nobody's time

Read = Callable[[Any], Any]


def _lenient(read: Read | None, instead: object) -> Read | None:
    if read is None:
        return None

    def read_or_not(value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
        try:
            return read(value)
        except (ValueError, TypeError):
            return instead

    return read_or_not


class LenientTime(sqlite.DATETIME):
    """A time, or none."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Read | None:
        """Return what reads a value."""
        return _lenient(super().result_processor(dialect, coltype), NO_TIME)


class LenientJson(sqlite.JSON):
    """A document, or nothing."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Read | None:
        """Return what reads a value."""
        return _lenient(super().result_processor(dialect, coltype), None)


def read_leniently(engine: Engine) -> None:
    """Let the columns of an engine for SQLite be read so."""
    engine.dialect.colspecs = {**engine.dialect.colspecs, DateTime: LenientTime, JSON: LenientJson}
